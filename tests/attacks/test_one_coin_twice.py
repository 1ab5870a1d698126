"""One coin as two inputs: money that is not there (CVE-2018-17144 was this, in consensus)."""

from dataclasses import replace

import pytest
from defences import SIGNERS, expect_unreadable, refused, without

from policies.withdrawal import Payment
from signer.carry.bundle import open_bundle
from signer.core.errors import Refused
from signer.core.names import Sats
from signer.settle import consensus
from signer.sign import facts

PARSER = "two inputs spend the same coin"


def doubled(world):
    """A payment of more than the only coin holds, from that coin twice."""
    payment = world.payment()._replace(amount=Sats(1_500_000))
    assert isinstance(payment, Payment)
    envelope = world.approve(world.withdrawal(payments=(payment,)))
    return world.bundle(envelope, coins=world.coins[:1] * 2)


def test_one_coin_twice_is_unreadable_and_refused(world):
    """The parser sees it; step 3 does, too, should the parser ever not."""
    expect_unreadable(world, doubled(world), PARSER)
    with without(PARSER):
        refused(world, doubled(world), 3, "inputs.distinct", hint="build it again")


def test_without_both_it_is_signed_and_consensus_says_no(world, tmp_path):
    """Nothing is stolen, but officers are told that it is paid, and it never will be."""
    raw = doubled(world)
    with without(PARSER, "inputs.distinct"):
        for name in SIGNERS:
            raw = world.sign(raw, tmp_path / name, name).raw
        known = world.examine(raw).facts
    assert sum(spent.amount for spent in known.inputs) == 2_000_000
    with pytest.raises(Refused, match="a coin is spent twice"):
        consensus.verify(known.psbt.tx, [world.coins[0].output] * 2, "BTC")


def test_step_3_alone(world, monkeypatch):
    """The same without the parser's check having been taken away."""
    bundle = open_bundle(world.bundle())
    psbt = bundle.psbt
    twice = replace(psbt, tx=replace(psbt.tx, inputs=psbt.tx.inputs * 2), inputs=psbt.inputs * 2)
    monkeypatch.setattr(facts, "open_bundle", lambda _: bundle._replace(psbt=twice))
    refused(world, b"", 3, "inputs.distinct", hint="build it again")


def test_no_inputs_at_all_are_refused(world):
    """Nothing is spent, so nothing is paid."""
    raw = world.bundle(tamper=lambda draft: draft.inputs.clear())
    refused(world, raw, 3, "inputs.distinct", hint="build it again")
