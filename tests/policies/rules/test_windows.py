"""Velocity: the window sums against a naive model."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_world import BTC, policy
from rule_world import ADDRESS, OTHER, earlier, payment, proposed
from value_world import YEN, valued, yen

from policies.decide import decide
from policies.rules import Amounts, Destinations, Fees, Internal
from policies.rules.destinations import Entry, Group
from policies.rules.windows import Window
from policies.value import Priced
from policies.withdrawal import Anchor, Withdrawal

ANCHOR = Anchor("0" * 64, 0)
LONG = 10_000
ADDRESSES = (ADDRESS, ADDRESS.upper(), OTHER, "bcrt1qthird")
PURPOSES = ("payment", "internal", "consolidation", "void")


@st.composite
def chains(draw):
    """Give earlier withdrawals with heights that never decrease, up to 1,000."""
    heights = sorted(draw(st.lists(st.integers(0, 1000), max_size=12)))
    found = []
    for height in heights:
        purpose = draw(st.sampled_from(PURPOSES))
        amounts = draw(st.lists(st.integers(1, 50), min_size=1, max_size=3))
        address = draw(st.sampled_from(ADDRESSES))
        paying = amounts if purpose in ("payment", "internal") else ()
        ceiling = draw(st.integers(0, 50))
        found.append(
            earlier(height, *paying, address=address, purpose=purpose, fee_ceiling=ceiling)
        )
    return tuple(found)


WINDOWS = st.lists(
    st.builds(Window, st.integers(1, 1200), st.integers(0, 200)), min_size=1, max_size=3
).map(tuple)


def naive(windows, now, left):
    """Count the windows that hold too much: one block after the other, one payment at a time."""
    full = 0
    for window in windows:
        total = now
        for height in range(1000 - window.blocks + 1, 1001):
            total += sum(amount for at, amount in left if at == height)
        full += total > window.limit
    return full


def refused(rule, spend, name):
    """Count the refusals of one name."""
    return sum(refusal.rule == name for refusal in rule.check(spend))


@settings(max_examples=150, deadline=None)
@given(chains(), WINDOWS, st.integers(1, 60), st.integers(0, 60))
def test_every_window_agrees_with_a_naive_model(history, windows, amount, ceiling):
    """Of amounts, of a destination, of a group, of fees, of internal moves."""
    there = proposed(amount, history=history, fee_ceiling=ceiling, fee=0)
    moved = proposed(amount, history=history, purpose="internal")
    paid = [(w.height, p) for w in history if w.purpose == "payment" for p in w.payments]
    moves = [(w.height, p.amount) for w in history if w.purpose == "internal" for p in w.payments]
    to_it = [(at, p.amount) for at, p in paid if p.address.lower() == ADDRESS]
    to_group = [(w.height, p.amount) for w in history for p in w.payments if p.address != OTHER]
    fees = [(w.height, w.fee_ceiling) for w in history]
    everybody = [(at, p.amount) for at, p in paid]

    limited = Amounts(10**9, None, windows, windows)
    assert refused(limited, there, "amounts.windows") == naive(windows, amount, everybody)
    assert refused(limited, there, "amounts.per_destination") == naive(windows, amount, to_it)
    limited = Internal(9, 10**9, 10**9, (), 10**9, windows)
    assert refused(limited, moved, "internal.windows") == naive(windows, amount, moves)
    limited = Fees(10**9, 10**9, None, windows)
    assert refused(limited, there, "fees.windows") == (
        naive(windows, ceiling, fees) if ceiling else 0
    )
    group = Group((Entry(ADDRESS, 0, 0), Entry("bcrt1qthird", 0, 0)), windows)
    limited = Destinations("listed", {"a": group})
    full = refused(limited, there, "destinations.windows")
    assert full == bool(naive(windows, amount, to_group))


def test_a_long_chain_is_judged_without_reading_it_again(monkeypatch):
    """10,000 withdrawals, all in every window: nothing is parsed again."""
    history = tuple(
        Withdrawal(
            coin="BTC",
            network="regtest",
            vault="0" * 64,
            policy="1" * 64,
            sequence=n + 1,
            previous=None,
            initiator="dave",
            why="refill",
            payments=(payment(1000, OTHER), payment(1000)),
            fee_ceiling=100,
            height=n // 10,
            expiry=n // 10,
            anchor=ANCHOR,
        )
        for n in range(LONG)
    )
    windows = (Window(144, 10**15), Window(1008, 10**15), Window(4320, 10**15))
    there = policy(
        rules=(
            Amounts(10**15, None, windows, windows),
            Destinations("listed", {"a": Group((Entry(ADDRESS, 0, 0),), windows)}),
            Fees(10**15, 10**15, None, windows),
            *policy().rules[2:],
        )
    )
    spend = proposed(1000, history=history)
    monkeypatch.setattr(Withdrawal, "parse", None)
    verdict = decide(there, spend)
    assert not [r for r in verdict.refusals if r.rule.endswith("windows")]
    assert {"amounts", "destinations", "fees"} <= {passed.rule for passed in verdict.passed}


def test_an_account_without_anything_now_is_not_looked_at():
    """Neither a full window of somebody else's, nor one of zero, refuses."""
    before = (earlier(999, 50, address=OTHER),)
    limited = Amounts(10**9, per_destination=(Window(10, 40),))
    assert limited.check(proposed(10, history=before)) == ()
    assert refused(limited, proposed(10, address=OTHER, history=before), "amounts.per_destination")


def test_what_a_window_sees():
    """Later than its start, however the chain is ordered."""
    chain = tuple(earlier(height, 1) for height in (899, 900, 901, 1000))
    there = proposed(1, history=chain)
    assert [w.height for w in there.since(100)] == [901, 1000]
    assert there.since(0) == []


@pytest.mark.parametrize(
    ("in_coins", "in_yen", "full"),
    [
        (BTC + BTC // 3, 20_000_000, []),
        (BTC + BTC // 3 - 1, 20_000_000, ["at most 133 333 332 sat"]),
        (BTC + BTC // 3, 19_999_999, ["at most 19 999 999 JPY"]),
        (1, 1, ["at most 1 sat", "at most 1 JPY"]),
    ],
)
def test_a_window_in_coins_beside_one_in_value(in_coins, in_yen, full):
    """Each counts in its own unit, whichever stands first: a coin, and now a third of one."""
    in_value = Priced.at(yen(in_yen), YEN["BTC"], BTC)
    windows = (Window(144, in_coins), Window(144, in_value))
    there = valued(BTC // 3, history=(earlier(990, BTC),))
    for order in (windows, windows[::-1]):
        refusals = Amounts(10**12, windows=order).check(there)
        assert sorted(refusal.expected for refusal in refusals) == sorted(full)
