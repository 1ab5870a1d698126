"""Every input is final, so that nLockTime counts for nothing: the clock of consensus is off.

A thief who gets a withdrawal approved for a later height spends it at once, and velocity windows,
which count blocks between those heights, count nothing.
"""

import pytest
from defences import finished, refused, signed, stolen

from signer.chain.errors import NodeRejected
from signer.core.psbt import Psbt

FINAL = 0xFFFF_FFFF
HINT = "do not trust this coordinator"


def all_at(sequence):
    """Give every input this sequence."""

    def tamper(draft):
        for spent in draft.inputs:
            spent.sequence = sequence

    return tamper


@pytest.mark.parametrize("sequence", [FINAL, 0xFFFF_FFFE, 0xFFFF_FFFC, 0, 1, 0x0040_0001])
def test_any_other_sequence_is_refused(either, sequence):
    """Final; not replaceable; and relative lock times, which would freeze the coin (BIP68)."""
    raw = either.bundle(tamper=all_at(sequence), coins=either.coins[:2])
    problem = refused(either, raw, 7, "transaction.sequence", hint=HINT)
    assert problem.found == "another in input 0, 1"


def test_one_final_input_is_enough_to_be_refused(world):
    """One input that is not final would do for consensus; here all look alike."""

    def tamper(draft):
        draft.inputs[1].sequence = FINAL

    raw = world.bundle(tamper=tamper, coins=world.coins[:2])
    assert refused(world, raw, 7, "transaction.sequence", hint=HINT).found.endswith("input 1")


def test_the_clock_binds_and_without_that_rule_it_does_not(ground, tmp_path):
    """Fifty blocks early: Bitcoin Core's blocks take the final one, and not the honest one."""
    world, coin = ground.world, ground.coin()
    envelope = ground.withdrawal(coin, ahead=50)
    honest = Psbt.parse(signed(world, world.bundle(envelope, coins=[coin]), tmp_path / "honest"))
    early = finished(world, honest.tx, [i.partial_sigs for i in honest.inputs], [coin])
    with pytest.raises(NodeRejected) as caught:
        ground.chain.broadcast(early.to_bytes())
    assert caught.value.found == "non-final"
    raw = world.bundle(envelope, coins=[coin], tamper=all_at(FINAL))
    refused(world, raw, 7, "transaction.sequence", hint=HINT)
    ground.confirm(stolen(world, raw, tmp_path / "weak", "transaction.sequence", coins=[coin]))


@pytest.mark.parametrize("version", [0, 1, 3, 0x8000_0002])
def test_another_version_is_refused(world, tmp_path, version):
    """It decides what sequences mean (BIP68), and from 3 on what nodes relay (BIP431)."""
    raw = world.bundle(tamper=lambda draft: setattr(draft, "version", version))
    refused(world, raw, 7, "transaction.version", hint=HINT)
    stolen(world, raw, tmp_path, "transaction.version")


def test_the_program_refuses(world, program_refuses):
    """Exit code 3, and nothing is written."""
    program_refuses(world.bundle(tamper=all_at(FINAL)), 7, "transaction.sequence")
