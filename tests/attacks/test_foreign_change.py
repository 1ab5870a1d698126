"""The change goes to the thief, under key origins that say that it returns to the vault."""

import pytest
from defences import claim, expect_unreadable, paid, refused, stolen, without

from signer.core.errors import Refused
from signer.core.psbt import Derivation
from signer.core.psbt_parts import PsbtOutput
from signer.core.vault import CHANGE

HINT = "change may have been redirected"


def redirected(world, script):
    """True key origins and witness script, beside another script."""

    def tamper(draft):
        draft.outputs[-1].script = script

    return world.bundle(tamper=tamper)


def test_foreign_change_with_true_origins_is_refused(either):
    """Step 4 derives the script itself and compares."""
    raw = redirected(either, either.foreign_script())
    problem = refused(either, raw, 4, "outputs.script", hint=HINT)
    assert problem.found.startswith("bcrt1q")


def test_without_that_rule_the_money_is_gone(either, tmp_path):
    """Two signers sign, the review says "returns", and consensus pays the thief."""
    thief = either.foreign_script()
    tx = stolen(either, redirected(either, thief), tmp_path, "outputs.script")
    assert paid(tx, thief) == 698_000


def test_change_to_the_thiefs_own_vault_is_refused(world, thief, tmp_path):
    """A vault of the same form, with its own origins: none of them is ours."""
    theirs = thief.vault.script(CHANGE, 0)

    def tamper(draft):
        draft.outputs[-1].script = theirs.script_pubkey
        draft.outputs[-1].psbt = PsbtOutput(b"", theirs.witness_script, thief.derivations(theirs))

    problem = refused(world, world.bundle(tamper=tamper), 4, "outputs.origins", hint="whole origin")
    assert thief.officers["alice"].root.fingerprint in problem.found


def forged_origins(world, thief):
    """Origins of the thief's keys, forged to look like the vault's."""
    ours = world.derivations(world.vault.script(CHANGE, 0))
    theirs = thief.derivations(thief.vault.script(CHANGE, 0))
    return {
        "our fingerprints and paths on their keys": [
            Derivation(b.pubkey, a.origin) for a, b in zip(ours, theirs, strict=True)
        ],
        "one key exchanged": [
            Derivation(theirs[0].pubkey, ours[0].origin),
            *ours[1:],
        ],
        "a fourth key": [*ours, theirs[0]],
        "only our own keys": ours[:2],
        "keys that are no points": [Derivation(b"\x02" + b"\xff" * 32, d.origin) for d in ours[:1]],
    }


@pytest.mark.parametrize("which", range(5))
def test_forged_origins_are_refused(world, thief, which):
    """All n keys, each derived here, each with its fingerprint and whole path; and no other key."""
    name, origins = list(forged_origins(world, thief).items())[which]
    script = thief.vault.script(CHANGE, 0)

    def tamper(draft):
        draft.outputs[-1].script = script.script_pubkey
        claim(draft.outputs[-1], derivations=tuple(origins), witness_script=script.witness_script)

    raw = world.bundle(tamper=tamper)
    assert refused(world, raw, 4, "outputs.origins", hint="whole origin"), name


def test_change_without_any_claim_is_a_payment(world, tmp_path):
    """Nothing said, nothing believed: it leaves the vault, and nobody approved that."""
    thief = world.foreign_script()

    def tamper(draft):
        draft.outputs[-1].script = thief
        draft.outputs[-1].psbt = PsbtOutput()

    raw = world.bundle(tamper=tamper)
    refused(world, raw, 7, "transaction.payments", hint="do not trust this coordinator")
    assert paid(stolen(world, raw, tmp_path, "transaction.payments"), thief) == 698_000


def test_the_payment_cannot_be_claimed_as_change(world):
    """The other way round: a payment with the vault's origins is not the vault's, either."""

    def tamper(draft):
        script = world.vault.script(CHANGE, 1)
        claim(draft.outputs[0], derivations=world.derivations(script))

    refused(world, world.bundle(tamper=tamper), 4, "outputs.script", hint=HINT)


def test_a_lying_witness_script_beside_true_origins_is_refused(world):
    """Another signer or device may believe it: it must be the derived one, or absent."""
    for field in ("witness_script", "redeem_script"):
        raw = world.bundle(tamper=lambda d, f=field: claim(d.outputs[-1], **{f: b"\x51"}))
        refused(world, raw, 4, "outputs.scripts", hint=HINT)
        with without("outputs.scripts"):
            assert world.examine(raw).facts.change


def test_the_same_origin_twice_is_unreadable(world):
    """Two origins for one key: the map would hold a key twice."""
    raw = world.bundle()
    key = world.vault.script(CHANGE, 0).keys[0].pubkey
    at = raw.rindex(b"\x22\x02" + key)
    end = at + 35 + 1 + raw[at + 35]
    expect_unreadable(world, raw[:end] + raw[at:end] + raw[end:], "comes twice")


def test_without_step_4_step_7_still_sees_no_more_than_the_claim(world):
    """Why step 4 matters: once called change, an output is no payment to anybody."""
    raw = redirected(world, world.foreign_script())
    with without("outputs.script"):
        facts = world.examine(raw).facts
    assert facts.change[0].script == world.foreign_script()
    assert len(facts.externals) == 1
    with pytest.raises(Refused):
        world.examine(raw)


def test_the_program_refuses(world, program_refuses):
    """Exit code 3, and nothing is written."""
    program_refuses(redirected(world, world.foreign_script()), 4, "outputs.script")
