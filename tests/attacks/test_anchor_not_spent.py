"""One approved withdrawal is paid twice, by two transactions that share no coin."""

import pytest
from defences import finished, paid, refused, signed, stolen
from world import FEE

from signer.chain.errors import NodeRejected
from signer.core.psbt import Psbt

HINT = "do not trust this coordinator"


def test_another_coin_than_the_anchor_is_refused(either):
    """Step 7 wants the very outpoint that the officers approved."""
    problem = refused(
        either, either.bundle(coins=either.coins[1:]), 7, "transaction.anchor", hint=HINT
    )
    assert problem.expected == f"an input {either.coins[0].tx.txid}:1"
    assert problem.found == "2 other inputs"


def test_another_output_of_the_anchors_transaction_is_refused(world):
    """The id alone is not the coin."""
    coin = world.coins[0]
    envelope = world.approve(
        world.withdrawal(anchor=type(world.withdrawal().anchor)(coin.tx.txid, coin.vout + 1))
    )
    refused(world, world.bundle(envelope), 7, "transaction.anchor", hint=HINT)


@pytest.fixture
def two_payments(ground, tmp_path):
    """A withdrawal, and what its honest transaction is; with a second coin in the vault."""
    anchor, other = ground.coin(), ground.coin()
    envelope = ground.withdrawal(anchor)
    raw = signed(ground.world, ground.world.bundle(envelope, coins=[anchor]), tmp_path / "honest")
    psbt = Psbt.parse(raw)
    honest = finished(ground.world, psbt.tx, [i.partial_sigs for i in psbt.inputs], [anchor])
    return envelope, anchor, other, honest


def test_without_that_rule_the_payee_is_paid_twice(ground, tmp_path, two_payments):
    """Signers with no memory sign the second one, and both are in blocks of Bitcoin Core."""
    envelope, _, other, honest = two_payments
    raw = ground.world.bundle(envelope, coins=[other])
    refused(ground.world, raw, 7, "transaction.anchor", hint=HINT)
    again = stolen(ground.world, raw, tmp_path / "weak", "transaction.anchor", coins=[other])
    ground.confirm(honest)
    ground.confirm(again)
    payee = ground.world.foreign_script(1)
    assert paid(honest, payee) + paid(again, payee) == 2 * ground.world.payment().amount


def test_with_the_anchor_consensus_lets_one_confirm(ground, tmp_path, two_payments):
    """Signers with no memory sign any number of versions; only one can ever be in the chain."""
    envelope, anchor, other, honest = two_payments
    raw = ground.world.bundle(envelope, coins=[anchor, other], fee=10 * FEE)
    psbt = Psbt.parse(signed(ground.world, raw, tmp_path / "again"))
    second = finished(ground.world, psbt.tx, [i.partial_sigs for i in psbt.inputs], [anchor, other])
    ground.confirm(honest)
    with pytest.raises(NodeRejected) as caught:
        ground.chain.broadcast(second.to_bytes())
    assert caught.value.found == "bad-txns-inputs-missingorspent"


def test_the_program_refuses(world, program_refuses):
    """Exit code 3, and nothing is written."""
    program_refuses(world.bundle(coins=world.coins[1:]), 7, "transaction.anchor")
