"""Step 4: what the outputs claim against what the signer derives."""

import pytest
from tampering import expect, of_change, other_origins, refused
from world import COIN_AMOUNT, FEE, World

from signer.core.names import Sats
from signer.core.psbt import Derivation
from signer.core.vault import CHANGE, RECEIVE
from signer.sign import facts


@pytest.mark.parametrize("name", list(other_origins(World())))
def test_step_4_key_origins_of_change_must_be_exact(world, name):
    """The same for whatever claims to be change (without any claim it is a payment, unapproved)."""
    origins = other_origins(world)[name]
    if origins:
        expect(world, of_change(derivations=origins), 4, "outputs.origins")
    else:
        silent = of_change(derivations=(), witness_script=b"")
        expect(world, silent, 7, "transaction.payments")


def test_an_output_without_an_address_has_an_empty_one(world):
    """What the rules and the screen name by its script."""
    raw = world.bundle(tamper=lambda draft: setattr(draft.outputs[0], "script", b"\x51"))
    found = facts.read(raw, {world.vault.id: world.vault})
    assert found.addresses[b"\x51"] == ""
    assert found.outputs[0].script == b"\x51"


def test_step_4_a_lone_script_is_a_claim_to_be_change(world):
    """Whatever a wallet would take for the vault's own must be just that."""
    for claim in ({"witness_script": b"\x51"}, {"redeem_script": b"\x51"}):
        lone = {"derivations": (), "witness_script": b"", "redeem_script": b"", **claim}
        expect(world, of_change(**lone), 4, "outputs.origins")


def test_step_4_change_that_pays_someone_else(either):
    """Forged key origins on a foreign script."""

    def tamper(draft):
        draft.outputs[-1].script = either.foreign_script()

    problem = expect(either, tamper, 4, "outputs.script")
    assert problem.found.startswith("bcrt1q")


def test_step_4_change_to_a_script_without_an_address(world):
    """The script is shown then."""
    problem = expect(
        world, lambda draft: setattr(draft.outputs[-1], "script", b"\x6a\x00"), 4, "outputs.script"
    )
    assert problem.found == "6a00"


def test_step_4_change_on_the_receive_branch(world):
    """Money would return, but to an address that people were given: no ambiguous outputs."""

    def tamper(draft):
        draft.outputs[-1] = world.draft_change(draft.outputs[-1].amount, 0, RECEIVE)

    expect(world, tamper, 4, "outputs.branch")


@pytest.mark.parametrize("index", [21, 1_000, 0x7FFFFFFF])
def test_step_4_change_past_the_gap_limit(world, index):
    """Recovery would not find it (BIP44: twenty unused ones): as good as gone."""
    problem = refused(world, world.bundle(change_index=index))
    assert (problem.refusals[0].step, problem.refusals[0].rule) == (4, "outputs.gap")


def test_step_4_change_at_the_gap_limit_is_fine(world):
    """The last index that a recovery finds: the withdrawal's number and nineteen more."""
    checked = world.examine(world.bundle(change_index=20))
    assert checked.facts.change[0].change_index == 20


def test_step_4_two_change_outputs(world):
    """One is enough; two would split coins, or hide one."""

    def tamper(draft):
        draft.outputs[-1].amount -= 1_000
        draft.outputs.append(world.draft_change(1_000, 1))

    expect(world, tamper, 4, "outputs.change")


def test_step_4_other_scripts_beside_true_origins(world):
    """A witness or redeem script that is not the output's own."""
    expect(world, of_change(witness_script=b"\x51"), 4, "outputs.scripts")
    expect(world, of_change(redeem_script=b"\x51"), 4, "outputs.scripts")


def test_step_4_a_script_without_origins(world):
    """Half a claim is a claim."""
    expect(world, of_change(derivations=()), 4, "outputs.origins")


def test_step_4_scripts_may_be_absent(world):
    """True key origins alone are enough: the signer derives the rest."""
    assert world.examine(world.bundle(tamper=of_change(witness_script=b""))).facts.change


def test_step_4_a_payment_that_claims_key_origins(world):
    """A payment with origins that do not derive is an attempt, approved or not."""

    def tamper(draft):
        known = draft.outputs[-1].psbt.derivations[0].fingerprint
        origin = Derivation.of(b"\x02" * 33, known, (1, 0))
        draft.outputs[0].psbt = draft.outputs[0].psbt._replace(derivations=(origin,))

    expect(world, tamper, 4, "outputs.origins")


def test_step_4_no_change_is_fine(world):
    """All of it may leave, less the fee."""
    payment = world.payment()._replace(amount=Sats(COIN_AMOUNT - FEE))
    envelope = world.approve(world.withdrawal(payments=(payment,)))
    raw = world.bundle(envelope, tamper=lambda draft: draft.outputs.pop())
    checked = world.examine(raw)
    assert checked.facts.change == ()
    assert checked.facts.fee == FEE


def test_an_output_to_the_vault_without_a_claim_is_a_payment(world):
    """Classified by the claim alone: unapproved, it is refused as a payment."""

    def tamper(draft):
        draft.outputs[-1] = type(draft.outputs[-1])(
            draft.outputs[-1].amount, world.vault.script(CHANGE, 0).script_pubkey
        )

    expect(world, tamper, 7, "transaction.payments")
