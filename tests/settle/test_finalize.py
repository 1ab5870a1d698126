"""Final transactions of every shape run through Bitcoin Core's own consensus code."""

import random

import pytest
from small_vault import NAMES, world

from signer.chain.weight import vsize
from signer.chain.whole import parse_transaction
from signer.core.errors import Refused
from signer.settle.combine import Source, combine
from signer.settle.finalize import Final, finalize

pytest.importorskip("pbk")


def combined(small, raw, *groups):
    """Let each group of officers sign a file of its own, and combine them all."""
    sources = [Source(f"{group[0]}.psbt", small.sign(raw, *group)) for group in groups]
    return combine(sources, small.vault)


@pytest.mark.parametrize("inputs", [1, 20])
@pytest.mark.parametrize(("threshold", "count"), [(1, 1), (2, 3), (3, 5), (15, 15)])
@pytest.mark.parametrize("script_type", ["p2wsh", "p2sh-p2wsh"])
def test_bitcoin_core_takes_it(script_type, threshold, count, inputs):
    """Any m officers, each with a file of their own, make a transaction that consensus takes."""
    small = world(script_type, threshold, count, (100_000,) * inputs, tag=f"{inputs}")
    raw = small.draft(100_000 * inputs - 70_000).raw
    officers = random.Random(1).sample(NAMES[:count], threshold)
    gathered = combined(small, raw, *([name] for name in officers))
    assert set(gathered.signed) == set(officers)
    final = finalize(gathered)
    assert final.verdict.verified
    assert "py-bitcoinkernel" in final.verdict.sentence
    assert len(final.tx.inputs) == inputs
    assert vsize(final.tx) <= gathered.facts.vsize
    assert vsize(final.tx) >= gathered.facts.vsize - inputs * threshold
    assert final.verdict.fee == gathered.facts.fee
    assert parse_transaction(final.raw) == final.tx


def test_the_witness_of_a_multisig():
    """An empty element, m signatures in the script's order, the script (BIP141, BIP147)."""
    small = world()
    gathered = combined(small, small.draft(450_000).raw, ["carol"], ["alice"])
    for txin, coin in zip(finalize(gathered).tx.inputs, gathered.facts.inputs, strict=True):
        assert txin.script_sig == b""
        dummy, *signatures, script = txin.witness
        assert (dummy, script) == (b"", coin.script.witness_script)
        found = gathered.facts.psbt.inputs[gathered.facts.inputs.index(coin)].partial_sigs
        by_key = {one.pubkey: one.signature for one in found}
        ordered = [by_key[key.pubkey] for key in coin.script.keys if key.pubkey in by_key]
        assert signatures == ordered


def test_the_script_sig_of_wrapped_segwit():
    """One push of the witness program, and nothing else (BIP141, P2WSH nested in P2SH)."""
    small = world("p2sh-p2wsh")
    gathered = combined(small, small.draft(450_000).raw, ["alice"], ["bob"])
    for txin, coin in zip(finalize(gathered).tx.inputs, gathered.facts.inputs, strict=True):
        assert txin.script_sig == b"\x22" + coin.script.redeem_script


def test_more_signatures_than_needed():
    """Exactly m go in, whoever they are of: CHECKMULTISIG takes no more."""
    small = world()
    gathered = combined(small, small.draft(450_000).raw, NAMES[:3])
    assert gathered.signed == NAMES[:3]
    final = finalize(gathered)
    assert final.verdict.verified
    assert {len(txin.witness) for txin in final.tx.inputs} == {4}


def test_too_few_signatures():
    """The refusal says who has signed, how many are missing, and who could."""
    small = world()
    with pytest.raises(Refused, match="signed by bob; 1 more needed of alice, carol"):
        finalize(combined(small, small.draft(450_000).raw, ["bob"]))


def test_a_final_transaction_is_only_made_here():
    """Nobody can pass off another transaction as final."""
    small = world()
    final = finalize(combined(small, small.draft(450_000).raw, ["alice", "bob"]))
    with pytest.raises(TypeError):
        Final(final.tx, final.vault, final.withdrawal, final.verdict, object())
