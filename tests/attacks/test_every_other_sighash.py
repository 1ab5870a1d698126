"""Signatures that do not cover the whole transaction: outputs or inputs are exchanged afterwards.

All 255 bytes but ALL (0x01), as the type that the file asks for, and as the last byte of a
cosigner's signature that it brings.
"""

import pytest
from defences import claim, finished, paid, refused, without
from obedient import THIEFS_COIN, exploited, kind, obedient, signed_obediently
from world import Draft

from signer.core.errors import Fault
from signer.core.psbt import Psbt
from signer.core.sighash import ALL
from tests.core_psbt.every_sighash import ANYONECANPAY, NONE, SINGLE

OTHERS = [byte for byte in range(256) if byte != ALL]
LARGER = [0x100, 0x101, 0x8000_0001, 0xFFFF_FFFF]
"""The field has four bytes; the last of the first of them is that of ALL."""

HINT = "another sighash lets outputs be changed after signing"


def asking_for(world, sighash):
    """An honest bundle that asks for another sighash type."""

    def tamper(draft: Draft) -> None:
        for spent in draft.inputs:
            claim(spent, sighash=sighash)

    coins = world.coins[: 2 if kind(sighash) == ANYONECANPAY else 1]
    return world.bundle(tamper=tamper, coins=coins)


def test_every_other_sighash_is_refused(either):
    """Step 3, for all 255 and for what does not fit a byte."""
    for sighash in (*OTHERS, *LARGER):
        raw = asking_for(either, sighash)
        problem = refused(either, raw, 3, "inputs.sighash", hint=HINT)
        assert problem.found == f"sighash 0x{sighash:02x}"


def test_one_input_is_enough(world):
    """The second of two inputs asks for NONE: all are looked at."""
    raw = world.bundle(tamper=lambda d: claim(d.inputs[1], sighash=NONE), coins=world.coins[:2])
    assert "input 1" in refused(world, raw, 3, "inputs.sighash", hint=HINT).what


def test_signers_that_obey_sign_every_one_and_lose(world):
    """Each of the 255 makes signatures that consensus takes, and 136 of them leave a door open."""
    loot = world.foreign_script()
    open_doors = 0
    for sighash in OTHERS:
        tx = signed_obediently(world, asking_for(world, sighash), sighash)
        other = exploited(world, tx, sighash, loot)
        door = kind(sighash)
        open_doors += door != 0
        if door in (NONE, SINGLE):
            assert paid(other, loot) == {NONE: 998_000, SINGLE: 698_000}[door]
        elif door == ANYONECANPAY:
            assert other.inputs[0].outpoint == THIEFS_COIN.outpoint
            assert world.coins[0].outpoint not in {i.outpoint for i in other.inputs}
        else:
            assert other == tx
    assert open_doors == 136


def test_ours_sign_with_all_whatever_is_asked(world, tmp_path):
    """The second lock: nothing in the signing code reads the file's wish. Nothing opens."""
    with without("inputs.sighash"):
        raw = world.sign(asking_for(world, NONE), tmp_path, "alice").raw
    (signature,) = Psbt.parse(raw).inputs[0].partial_sigs
    assert signature.signature[-1] == ALL


def with_bobs(world, sighash):
    """An honest bundle, with a signature of bob's under it whose last byte is another."""
    with obedient(sighash):
        raw = world.bundle(tamper=lambda draft: claim(draft.inputs[0], sighash=None))
        (coin,) = world.examine(raw).facts.inputs
        signature = world.key("bob").sign_all([coin])[0]
    return world.bundle(tamper=lambda draft: claim(draft.inputs[0], partial_sigs=(signature,)))


def test_a_cosigners_signature_of_another_sighash_is_refused(world):
    """Each of the 255, good in itself: step 3 names the officer whose it is."""
    for sighash in OTHERS:
        problem = refused(
            world,
            with_bobs(world, sighash),
            3,
            "signatures.sighash",
            hint="start from the file that `coldquorum build` wrote",
            fault=Fault.COSIGNER,
        )
        assert "bob" in problem.what
        assert problem.found == f"sighash 0x{sighash:02x}"


@pytest.mark.parametrize("sighash", [0x00, NONE, SINGLE, 0x41, ANYONECANPAY | ALL, 0xFF])
def test_without_that_rule_alice_would_sign_beside_it(world, tmp_path, sighash):
    """Nothing else is wrong with the file: signed by her, consensus takes the two together."""
    with without("signatures.sighash"):
        raw = world.sign(with_bobs(world, sighash), tmp_path / f"{sighash}", "alice").raw
        psbt = Psbt.parse(raw)
    signatures = psbt.inputs[0].partial_sigs
    assert {s.signature[-1] for s in signatures} == {ALL, sighash}
    assert finished(world, psbt.tx, [signatures]).outputs == psbt.tx.outputs


def test_the_program_refuses(world, program_refuses):
    """Exit code 3, and nothing is written."""
    program_refuses(asking_for(world, NONE), 3, "inputs.sighash")
