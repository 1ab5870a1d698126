"""Emptying a vault: every coin that is worth it, in as few withdrawals as the policy allows."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from world import World

from signer.build.select import Need, dust_limit, select
from signer.build.sweep import Batch, Limits, plan
from signer.chain.chain import FeeRate, UnspentCoin
from signer.core.errors import BadInput
from signer.core.names import Height, Sats, Txid
from signer.core.transaction import OutPoint, TxOut
from signer.core.vault import RECEIVE

WORLD = World()
OLD = WORLD.vault
SCRIPT = World(seed=5).vault.script(RECEIVE, 0).script_pubkey
WIDE = Limits(True, 500, Sats(10**15), Sats(10**9), 10_000)


def coin(number, amount):
    """A coin of the old vault."""
    place = OutPoint(Txid(f"{number:064x}"), 0)
    script = OLD.script(RECEIVE, 0).script_pubkey
    return UnspentCoin(place, Sats(amount), script, RECEIVE, 0, Height(1), coinbase=False)


def need(batch, rate):
    """What coin selection is asked for."""
    return Need(
        payments=(TxOut(batch.amount, SCRIPT),),
        anchor=batch.coins[0].outpoint,
        fee_rate=rate,
        fee_ceiling=batch.fee,
        input_weight=OLD.input_weight,
        change_script=OLD.script(1, 0).script_pubkey,
    )


@settings(max_examples=60, deadline=None)
@given(
    amounts=st.lists(st.integers(300, 10**9), min_size=1, max_size=40),
    most=st.integers(1, 12),
    rate=st.integers(1_000, 50_000),
)
def test_coin_selection_finds_the_same_coins_and_leaves_no_change(amounts, most, rate):
    """Whatever the coins: each batch is selected as planned, and all that is worth it goes."""
    coins = [coin(number, amount) for number, amount in enumerate(amounts, 1)]
    batches = plan(coins, OLD, SCRIPT, replace(WIDE, max_inputs=most), FeeRate(rate))
    left = list(coins)
    anchors = {batch.coins[0].outpoint for batch in batches}
    for batch in batches:
        assert 1 <= batch.inputs <= most
        own = batch.coins[0].outpoint  # each other request's anchor is reserved for it
        offered = [c for c in left if c.outpoint == own or c.outpoint not in anchors]
        found = select(offered, need(batch, FeeRate(rate)))
        # of coins that hold the same, any will do
        assert sorted(c.amount for c in found.coins) == sorted(c.amount for c in batch.coins)
        assert (found.change, found.fee) == (0, batch.fee)
        assert sum(c.amount for c in batch.coins) == batch.amount + batch.fee
        left = [c for c in left if c not in found.coins]
    # what stays behind would arrive as dust, or not at all, even alone
    alone = need(Batch((coin(1, 1),), Sats(0), Sats(0)), FeeRate(rate)).fee(1, change=False)
    assert all(c.amount < alone + dust_limit(SCRIPT) for c in left)


def test_a_limit_on_the_amount_leaves_change_for_the_next_one():
    """What one withdrawal may move is moved; the plan ends there, since the change is to come."""
    coins = [coin(1, 50_000_000), coin(2, 40_000_000), coin(3, 30_000_000)]
    allowed = replace(WIDE, most=Sats(60_000_000))
    (batch,) = plan(coins, OLD, SCRIPT, allowed, FeeRate(2_000))
    assert (batch.amount, batch.inputs) == (60_000_000, 2)
    found = select(coins, need(batch, FeeRate(2_000)))
    assert found.change > 0
    assert found.fee <= batch.fee


def test_a_limit_on_the_fee_makes_the_batches_smaller():
    """As many coins as the fee may cost."""
    coins = [coin(number, 10_000_000) for number in range(1, 8)]
    batches = plan(coins, OLD, SCRIPT, replace(WIDE, max_fee=Sats(1_000)), FeeRate(2_000))
    assert all(batch.fee <= 1_000 for batch in batches)
    assert sum(batch.inputs for batch in batches) == 7
    assert len(batches) > 1


def test_more_coins_than_nodes_relay_in_one_transaction():
    """The weight limit of nodes is one, too."""
    coins = [coin(number, 1_000_000) for number in range(1, 1_000)]
    batches = plan(coins, OLD, SCRIPT, replace(WIDE, max_inputs=5_000), FeeRate(1_000))
    assert sum(batch.inputs for batch in batches) == 999
    assert len(batches) == 2 or batches[0].inputs < 999


def test_nothing_and_dust_are_no_batches():
    """An empty vault, and coins that cost more than they hold."""
    assert plan([], OLD, SCRIPT, WIDE, FeeRate(1_000)) == ()
    assert plan([coin(1, 100)], OLD, SCRIPT, WIDE, FeeRate(10_000)) == ()


@pytest.mark.parametrize("limit", [{"max_rate": 1}, {"max_fee": Sats(10)}])
def test_a_fee_that_the_policy_does_not_allow_is_told(limit):
    """Before anybody approves anything."""
    with pytest.raises(BadInput, match="allows no such fee"):
        plan([coin(1, 1_000_000)], OLD, SCRIPT, replace(WIDE, **limit), FeeRate(2_000))
