"""The transaction that paid a coin is missing, is another one, or is dressed up.

Only that transaction proves the amount: its id is in the input, and the id covers the amount.
"""

from dataclasses import replace

import pytest
from defences import claim, expect_unreadable, refused, without
from two_rounds import burn_with_credulous_signers, rounds
from world import COIN_AMOUNT, FEE

from signer.carry.bundle import open_bundle
from signer.chain.whole import parse_transaction
from signer.core.errors import Refused
from signer.core.names import Sats
from signer.core.transaction import Outline, OutPoint, TxOut
from signer.sign import facts

PARSER = "previous transaction: is another one"


def missing(spent):
    """Leave it out; say that the coin is worth nothing."""
    script = spent.psbt.witness_utxo.script
    claim(spent, previous_tx=None, witness_utxo=TxOut(Sats(0), script))


def forged(spent):
    """Make another one up, which pays the same script nothing."""
    true = parse_transaction(spent.psbt.previous_tx.raw)
    outputs = tuple(
        output._replace(amount=Sats(0)) if at == spent.outpoint.vout else output
        for at, output in enumerate(true.outputs)
    )
    made = replace(true, outputs=outputs)
    claim(spent, previous_tx=Outline.parse(made.to_bytes()), witness_utxo=None)


def test_a_missing_previous_transaction_is_refused(either):
    """`witness_utxo` alone is the coordinator's word."""
    for raw in rounds(either, missing):
        problem = refused(
            either,
            raw,
            3,
            "inputs.previous",
            hint="build it again with whole previous transactions",
        )
        assert problem.found == "a claim about its amount only"


def test_another_previous_transaction_is_refused_twice(either):
    """The parser compares the id; step 3 does it again, should the parser ever not."""
    for raw in rounds(either, forged):
        problem = expect_unreadable(either, raw, PARSER)
        assert problem.expected in {coin.tx.txid for coin in either.coins}
        with without(PARSER):
            refused(either, raw, 3, "inputs.previous", hint="whole previous transactions")


@pytest.mark.parametrize("lie", [missing, forged])
def test_a_signer_that_believes_it_burns_a_coin(either, tmp_path, lie):
    """As with a lying `witness_utxo`: 1,002,000 sat of fee, and Bitcoin Core takes it."""
    with without(*[PARSER] * (lie is forged)):
        fee = burn_with_credulous_signers(either, lie, tmp_path)
    assert fee == COIN_AMOUNT + FEE


def test_an_output_that_the_previous_transaction_does_not_have(world):
    """The outpoint points past its end: parser and step 3 both say no, and neither crashes."""

    def tamper(draft):
        draft.inputs[0].outpoint = OutPoint(world.coins[0].tx.txid, 2)

    raw = world.bundle(tamper=tamper)
    expect_unreadable(world, raw, "previous transaction: has no such output")
    with without("previous transaction: has no such output"):
        refused(world, raw, 3, "inputs.previous", hint="whole previous transactions")


def test_another_witness_changes_nothing(world):
    """The id does not cover witnesses; what it covers is all that is taken."""
    true = world.coins[0].tx
    source = true.inputs[0]._replace(witness=(b"\x01" * 64, b"\x51"))
    dressed = replace(true, inputs=(source,))
    assert dressed.txid == true.txid
    other = Outline.parse(dressed.to_bytes())
    raw = world.bundle(tamper=lambda draft: claim(draft.inputs[0], previous_tx=other))
    honest, known = world.examine(world.bundle()).facts, world.examine(raw).facts
    assert (known.inputs, known.outputs, known.fee) == (honest.inputs, honest.outputs, honest.fee)


def test_a_witness_form_cannot_hide_another_amount(world):
    """The bytes of the witness form are not what is hashed: parsed outputs are."""
    true = world.coins[0].tx
    source = true.inputs[0]._replace(witness=(true.to_bytes(),))
    outputs = (true.outputs[0], true.outputs[1]._replace(amount=Sats(1)))
    hidden = replace(true, inputs=(source,), outputs=outputs)
    other = Outline.parse(hidden.to_bytes())
    raw = world.bundle(tamper=lambda draft: claim(draft.inputs[0], previous_tx=other))
    expect_unreadable(world, raw, PARSER)


def test_step_3_alone_takes_the_amount_from_the_right_place(world, monkeypatch):
    """Were the parser to hand over any transaction, step 3 would still name both ids."""
    bundle = open_bundle(world.bundle())
    previous = Outline.parse(world.coins[1].tx.to_bytes())
    inputs = (bundle.psbt.inputs[0]._replace(previous_tx=previous),)
    other = bundle._replace(psbt=replace(bundle.psbt, inputs=inputs))
    monkeypatch.setattr(facts, "open_bundle", lambda _: other)
    with pytest.raises(Refused) as caught:
        world.examine(b"")
    assert caught.value.refusals[0].rule == "inputs.previous"
    assert world.coins[0].tx.txid in caught.value.expected
    assert world.coins[1].tx.txid in caught.value.found


def test_the_program_refuses(world, program_refuses):
    """Exit code 3, and nothing is written."""
    program_refuses(rounds(world, missing)[0], 3, "inputs.previous")
