"""Many withdrawals, each small enough: the vault is emptied by and by, and the past is hidden.

What was approved before is in the chain, and what was approved counts, whether it was paid or not.
"""

import pytest
from defences import expect_each_alone_stops, paid, refused, stolen
from world import HEIGHT, World

from policies.rules import Amounts, Fees
from policies.rules.windows import Window
from policies.withdrawal import Anchor
from signer.core.names import Height, Sats

LATER = "a later one"
DAY = Window(144, Sats(500_000))


def series(world, many, **changes):
    """Withdrawals of 300,000 sat each, block after block."""
    chain = []
    for at in range(many):
        coin = world.coins[at]
        height = Height(HEIGHT + at)
        terms = {"height": height, "expiry": Height(height + 100), **changes}
        chain.append(
            world.withdrawal(
                sequence=at + 1,
                previous=chain[-1].id if chain else None,
                anchor=Anchor(coin.tx.txid, coin.vout),
                **terms,
            )
        )
    return chain


def last_of(world, chain, first=0):
    """The bundle of the last one, with those before it from some place on."""
    before = [link.payload for link in chain[first:-1]]
    coin = world.coins[len(chain) - 1]
    return world.bundle(world.approve(chain[-1]), coins=[coin], predecessors=before)


@pytest.mark.parametrize(
    ("rule", "amounts"),
    [
        ("amounts.windows", Amounts(Sats(400_000), windows=(DAY,))),
        ("amounts.per_destination", Amounts(Sats(400_000), per_destination=(DAY,))),
    ],
)
def test_a_window_counts_what_was_approved_before(tmp_path, rule, amounts):
    """The second of one day is refused; in all, or for its destination."""
    world = World().rule(amounts)
    chain = series(world, 2)
    assert world.examine(last_of(world, chain[:1])).passed
    raw = last_of(world, chain)
    problem = refused(world, raw, 8, rule, hint=LATER)
    assert "0.006 000 00" in problem.found or "600 000" in problem.found
    assert paid(stolen(world, raw, tmp_path, rule), world.foreign_script(1)) == 300_000


def test_a_window_passes(tmp_path):
    """A day later there is room again; one block less, and there is none."""
    world = World().rule(Amounts(Sats(400_000), windows=(DAY,)))
    first = world.withdrawal()
    for age in (143, 144):
        second = world.withdrawal(
            sequence=2,
            previous=first.id,
            height=Height(HEIGHT + age),
            expiry=Height(HEIGHT + age + 100),
            anchor=Anchor(world.coins[1].tx.txid, world.coins[1].vout),
        )
        raw = last_of(world, [first, second])
        if age < DAY.blocks:
            refused(world, raw, 8, "amounts.windows", hint=LATER)
            stolen(world, raw, tmp_path, "amounts.windows")
        else:
            assert world.examine(raw).passed


def test_many_destinations_at_once_are_refused(tmp_path):
    """Each below the ceiling for one destination: the sum has its own."""
    world = World().rule(Amounts(Sats(400_000), per_withdrawal=Sats(500_000)))
    payments = (world.payment(), world.payment(payee=2))
    raw = world.bundle(world.approve(world.withdrawal(payments=payments)))
    refused(world, raw, 8, "amounts.per_withdrawal", hint="smaller withdrawals")
    stolen(world, raw, tmp_path, "amounts.per_withdrawal")


def test_approved_fees_are_counted_over_time(tmp_path):
    """Little by little to a miner: the ceilings that officers approved add up."""
    world = World().rule(Fees(Sats(100_000), 100, windows=(Window(144, Sats(99_999)),)))
    chain = series(world, 2)
    raw = last_of(world, chain)
    refused(world, raw, 8, "fees.windows", hint="a later withdrawal")
    stolen(world, raw, tmp_path, "fees.windows")


def test_a_past_that_is_left_out_is_missed(tmp_path):
    """Less of the chain than the window: a signer that knows the start still wants what it counts.

    One that knows nothing is behind, and says so.
    """
    world = World().rule(Amounts(Sats(400_000), windows=(Window(144, Sats(800_000)),)))
    chain = series(world, 3)
    assert refused(world, last_of(world, chain), 8, "amounts.windows", hint=LATER)
    raw = last_of(world, chain, first=1)
    refused(world, raw, 6, "chain.behind", hint="coldsign enrol --history")
    known = {"chain": {1: chain[0].id}, "height": chain[0].height}
    refused(world, raw, 6, "chain.window", hint="ask the other officers", **known)
    expect_each_alone_stops(world, raw, {"chain.window": 6, "policy.history": 8}, **known)
    stolen(world, raw, tmp_path, "chain.behind", "chain.window", "policy.history")
