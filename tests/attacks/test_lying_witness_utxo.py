"""`witness_utxo` says that a coin is small, beside its true previous transaction.

The fee is then larger than it looks. embit signs this.
"""

import pytest
from defences import claim, expect_each_alone_stops, refused
from two_rounds import burn_with_credulous_signers, rounds
from world import COIN_AMOUNT, FEE

from signer.core.names import Sats
from signer.core.transaction import TxOut

LOCKS = {
    "inputs.witness_utxo": 3,
    "fees.max_fee": 8,
    "fees.max_rate": 8,
    "fees.approved": 8,
}
"""The lie itself; and were it passed over, the fee that the true amounts give."""


def lie(spent):
    """Claim that the coin is worth nothing."""
    claim(spent, witness_utxo=spent.psbt.witness_utxo._replace(amount=Sats(0)))


def test_each_round_is_refused(either):
    """Step 3 compares the claim with the coin's own transaction."""
    for raw in rounds(either, lie):
        problem = refused(either, raw, 3, "inputs.witness_utxo", hint="burning money as a fee")
        assert f"{COIN_AMOUNT} sat" in problem.expected
        assert problem.found == "0 sat"


def test_a_signer_that_believes_it_burns_a_coin(either, tmp_path):
    """Two rounds, each with a fee of 2,000 sat on the screen: consensus takes 1,002,000."""
    assert burn_with_credulous_signers(either, lie, tmp_path) == COIN_AMOUNT + FEE


def test_the_true_amount_is_a_second_lock(world):
    """A signer that passed over the lie would still count with the true amounts."""
    expect_each_alone_stops(world, rounds(world, lie)[0], LOCKS)


@pytest.mark.parametrize("amount", [COIN_AMOUNT - 1, COIN_AMOUNT + 1])
def test_one_satoshi_is_a_lie(world, amount):
    """There is no tolerance."""

    def tamper(draft):
        claim(draft.inputs[0], witness_utxo=TxOut(Sats(amount), world.coins[0].output.script))

    raw = world.bundle(tamper=tamper)
    refused(world, raw, 3, "inputs.witness_utxo", hint="do not trust this coordinator")


def test_the_program_refuses(world, program_refuses):
    """Exit code 3, and nothing is written."""
    program_refuses(rounds(world, lie)[0], 3, "inputs.witness_utxo")
