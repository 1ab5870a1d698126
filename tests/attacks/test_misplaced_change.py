"""The change returns to the vault, to a place where nobody will look for it, or in pieces.

Whoever knows the place can ask for a ransom: without it the money is as good as gone.
"""

import pytest
from defences import expect_each_alone_stops, paid, refused, stolen, without
from world import DraftOutput

from signer.core.vault import CHANGE, RECEIVE
from signer.sign.facts import GAP_LIMIT

HINT = "change may have been redirected"
FAR = 0x7FFFFFFF


def on_the_receive_branch(draft, world):
    """Change to an address that people were given to pay to."""
    draft.outputs[-1] = world.draft_change(draft.outputs[-1].amount, 5, RECEIVE)


def test_change_on_the_receive_branch_is_refused(either, tmp_path):
    """It would look like somebody's payment; without the rule it is signed."""
    raw = either.bundle(tamper=lambda draft: on_the_receive_branch(draft, either))
    problem = refused(either, raw, 4, "outputs.branch", hint=HINT)
    assert problem.found == f"branch {RECEIVE}"
    tx = stolen(either, raw, tmp_path, "outputs.branch")
    assert paid(tx, either.vault.script(RECEIVE, 5).script_pubkey) == 698_000


@pytest.mark.parametrize("index", [1 + GAP_LIMIT, 1_000, FAR])
def test_change_past_the_gap_limit_is_refused(world, tmp_path, index):
    """A recovery stops looking after twenty unused addresses; without the rule it is signed."""
    raw = world.bundle(change_index=index)
    problem = refused(world, raw, 4, "outputs.gap", hint=HINT)
    assert problem.found == f"index {index}"
    tx = stolen(world, raw, tmp_path, "outputs.gap")
    lost = {output.script for output in tx.outputs}
    scan = (world.vault.script(CHANGE, at).script_pubkey for at in range(1 + GAP_LIMIT))
    assert lost.isdisjoint(scan)


def test_the_last_place_that_a_recovery_finds_is_fine(world):
    """The limit is where it is said to be."""
    assert world.examine(world.bundle(change_index=GAP_LIMIT)).facts.change


def test_another_branch_is_no_place_of_the_vault(world):
    """Branch 2, or a hardened index: the descriptor gives no such key."""
    for path in ((2, 0), (CHANGE, FAR + 1), (FAR + 1 + CHANGE, 0)):

        def tamper(draft, path=path):
            out = draft.outputs[-1]
            moved = tuple(
                type(d).of(d.pubkey, d.fingerprint, (*d.path[:-2], *path))
                for d in out.psbt.derivations
            )
            out.psbt = type(out.psbt)(b"", out.psbt.witness_script, moved)

        refused(world, world.bundle(tamper=tamper), 4, "outputs.origins", hint="whole origin")


@pytest.mark.parametrize("index", [0, 1])
def test_two_change_outputs_are_refused(world, tmp_path, index):
    """One more place to lose, and a way to grind the vault into dust."""

    def tamper(draft):
        draft.outputs[-1].amount -= 1_000
        draft.outputs.append(world.draft_change(1_000, index))

    raw = world.bundle(tamper=tamper)
    refused(world, raw, 4, "outputs.change", hint="one change output")
    locks = {"outputs.change": 4, "shape.max_change": 8}
    expect_each_alone_stops(world, raw, locks)
    assert len(stolen(world, raw, tmp_path, *locks).outputs) == 3


def test_change_without_its_claim_is_refused(world):
    """Own money that looks like a payment: the review would not say that it returns."""

    def tamper(draft):
        last = draft.outputs[-1]
        draft.outputs[-1] = DraftOutput(last.amount, last.script)

    raw = world.bundle(tamper=tamper)
    refused(world, raw, 7, "transaction.payments", hint="do not trust this coordinator")
    with without("transaction.payments"):
        assert not world.examine(raw).facts.change
