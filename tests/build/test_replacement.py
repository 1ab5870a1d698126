"""What outbids an earlier version, and what returns everything to the vault."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from small_vault import HEIGHT, world
from test_select import coins, need

from policies.withdrawal import approve_check
from signer.build.draft import Replaced
from signer.build.select import MAX_STANDARD_WEIGHT, fee_for, gather, select
from signer.chain.chain import MIN_RELAY_FEE, FeeRate
from signer.core.errors import BadInput, Refused
from signer.core.names import Sats


@settings(max_examples=200, deadline=None)
@given(
    amounts=st.lists(st.integers(2_000, 3_000_000), min_size=1, max_size=15),
    payments=st.lists(st.integers(330, 1_000_000), max_size=3),
    rate=st.integers(1_000, 50_000),
    replaced=st.integers(0, 100_000),
)
def test_a_replacement_pays_for_itself(*, amounts, payments, rate, replaced):
    """BIP125, rules 3 and 4: what was paid before, and the node's least rate on top."""
    wanted = need(*payments, rate=rate, replaced=Sats(replaced))
    try:
        chosen = select(coins(*amounts), wanted)
    except (BadInput, Refused):
        assume(False)
    assert chosen.fee >= replaced + fee_for(chosen.vsize, MIN_RELAY_FEE)
    assert chosen.fee >= fee_for(chosen.vsize, FeeRate(rate))
    spent = sum(one.amount for one in chosen.coins)
    assert spent == sum(payments) + chosen.change + chosen.fee
    assert payments or chosen.change


def test_without_payments_something_must_return():
    """A transaction without outputs is none: the anchor alone may be too small for its fee."""
    wanted = need(rate=10_000)
    small = select(coins(10_000, 50_000), wanted)
    assert len(small.coins) == 1
    assert small.change == 10_000 - small.fee
    larger = select(coins(1_900, 50_000), wanted)
    assert [coin.amount for coin in larger.coins] == [1_900, 50_000]
    with pytest.raises(BadInput, match="short"):
        select(coins(1_900), wanted)


def test_gathering_takes_the_smallest_that_are_worth_it():
    """The anchor first, then the largest; what does not pay for its own input stays."""
    wanted = need(rate=1_000)
    found = gather(coins(5_000, 90_000, 100, 7_000, 80_000), wanted, 4)
    assert [coin.amount for coin in found.coins] == [5_000, 90_000, 80_000, 7_000]
    assert found.change == 182_000 - found.fee
    assert len(gather(coins(5_000, 90_000, 100, 7_000), wanted, 2).coins) == 2


def test_gathering_stops_at_the_ceiling():
    """As many as the approved fee lets in; not even one is refused with the reason."""
    purse = coins(*[50_000] * 20)
    one = gather(purse, need(rate=1_000), 1).fee
    all_of_them = gather(purse, need(rate=1_000), 20)
    some = gather(purse, need(rate=1_000, ceiling=(one + all_of_them.fee) // 2), 20)
    assert 1 < len(some.coins) < 20
    with pytest.raises(Refused) as caught:
        gather(purse, need(rate=1_000, ceiling=one - 1), 20)
    assert caught.value.refusals[0].rule == "fees.approved"


def test_gathering_stops_at_what_nodes_relay():
    """However many small coins there are."""
    found = gather(coins(*[50_000] * 2_000), need(rate=1_000), 2_000)
    assert 4 * found.vsize <= MAX_STANDARD_WEIGHT < 4 * found.vsize + need().input_weight


def test_gathering_nothing_but_dust_is_bad_input():
    """Nothing would be left to return."""
    with pytest.raises(BadInput, match="short"):
        gather(coins(300), need(rate=1_000), 5)


def test_a_draft_outbids_what_it_replaces():
    """The same withdrawal, a higher fee, the anchor in both."""
    small = world()
    first = small.draft(150_000, rate=2_000)
    fee, vsize = first.checked.facts.fee, first.checked.facts.vsize
    replaced = Replaced(fee, FeeRate(1000 * fee // vsize + 1))
    second = small.draft(150_000, rate=1_000, replaced=replaced)
    facts = second.checked.facts
    assert facts.fee >= fee + fee_for(facts.vsize, MIN_RELAY_FEE)
    assert facts.fee * vsize > fee * facts.vsize
    anchor = small.coins[0].outpoint
    for draft in (first, second):
        assert anchor in [coin.coin for coin in draft.checked.facts.inputs]
        assert draft.checked.approved.withdrawal == first.checked.approved.withdrawal


def test_a_replacement_stays_within_the_approved_ceiling():
    """Where nodes want more than the officers approved, there is none."""
    assert select(coins(50_000), need(1_000, ceiling=3_200, replaced=Sats(2_900))).fee <= 3_200
    with pytest.raises(Refused) as caught:
        select(coins(50_000), need(1_000, ceiling=3_000, replaced=Sats(2_900)))
    assert caught.value.refusals[0].rule == "fees.approved"


def test_a_void_is_drafted_from_its_anchor():
    """Everything returns, but the fee."""
    small = world()
    target = small.approved(150_000)
    terms = {"purpose": "void", "voids": target.withdrawal.id, "payments": ()}
    terms |= {"sequence": 2, "previous": target.withdrawal.id, "height": HEIGHT}
    void = small.approved(**terms)
    assert approve_check(void.envelope, small.trusted.policy) == void
    from signer.build.draft import draft

    made = draft(
        small.vault,
        void,
        predecessors=[target.withdrawal],
        trusted=small.trusted,
        policies=(small.trusted.envelope,),
        coins=small.coins,
        previous=lambda coin: small.transactions[coin.outpoint.txid],
        fee_rate=FeeRate(2_000),
        change_index=0,
        tip=HEIGHT,
    )
    facts = made.checked.facts
    assert [coin.coin for coin in facts.inputs] == [small.coins[0].outpoint]
    assert facts.externals == ()
    assert facts.change[0].amount == small.coins[0].amount - facts.fee
