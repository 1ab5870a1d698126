"""A withdrawal that its quorum has not approved, dressed up as if it had."""

from dataclasses import replace

import pytest
from ballot_box import every_name, every_signature
from defences import expect_each_alone_stops, instead, refused, stolen
from world import INITIATOR

from policies import withdrawal as approvals
from policies.envelope import Envelope
from policies.quorum import Role
from signer.core.errors import Fault

QUORUM = {"approvals.quorum": 6, "approvals.role": 8}
"""Step 6 counts; the rule about approvals looks at the count again."""

MORE = "let more run `coldsign approve`"


def expect(world, raw, found, hint=MORE):
    """Expect that step 6 refuses, and names those who did approve."""
    problem = refused(world, raw, 6, "approvals.quorum", hint=hint, fault=Fault.OFFICER)
    assert problem.found == found
    return problem


def counted(function, world, raw, home, *off):
    """Let signers with another way to count sign."""
    with instead(approvals, "count_approvals", function):
        return stolen(world, raw, home, *off)


@pytest.mark.parametrize(("who", "found"), [((), "none"), (("alice",), "alice")])
def test_too_few_approvals_are_refused(world, tmp_path, who, found):
    """None, or one of two; each of two locks alone stops it, and without both it is signed."""
    raw = world.bundle(world.approve(world.withdrawal(), who))
    assert "carol" in expect(world, raw, found).expected
    expect_each_alone_stops(world, raw, QUORUM)
    stolen(world, raw, tmp_path, *QUORUM)


def test_one_officer_twice_is_one(world, tmp_path):
    """Two good signatures of one key; a signer that counts signatures would sign. Two locks."""
    envelope = world.approve(world.withdrawal(), ("alice",))
    raw = world.bundle(replace(envelope, signatures=envelope.signatures * 2))
    expect(world, raw, "alice")
    with instead(approvals, "count_approvals", every_signature):
        refused(world, raw, 8, "approvals.role", hint="let more officers approve")
    counted(every_signature, world, raw, tmp_path, "approvals.role")


def test_a_stranger_is_nobody(world, thief, tmp_path):
    """A good signature by a key that the policy does not know."""
    envelope = world.approve(world.withdrawal(), ("alice",))
    raw = world.bundle(envelope.signed(thief.officers["bob"].approval))
    expect(world, raw, "alice")
    counted(every_signature, world, raw, tmp_path)


def test_a_stranger_under_an_officers_name_is_nobody(world, thief, tmp_path):
    """Bob's key id over the thief's signature: it does not verify."""
    envelope = world.approve(world.withdrawal(), ("alice",))
    forged = envelope.signed(thief.officers["bob"].approval)
    last = replace(forged.signatures[-1], keyid=world.officers["bob"].key_id)
    raw = world.bundle(replace(forged, signatures=(*forged.signatures[:-1], last)))
    expect(world, raw, "alice")
    counted(every_name, world, raw, tmp_path)


def test_the_initiator_does_not_count(world, tmp_path):
    """Whoever asked does not approve, and the refusal says why. Two locks see it."""
    raw = world.bundle(world.approve(world.withdrawal(), ("alice", INITIATOR)))
    expect(world, raw, "alice", hint=f"not counted: {INITIATOR} (asked for it")
    with instead(approvals, "count_approvals", every_signature):
        refused(world, raw, 8, "approvals.barred", hint="let more officers approve")
    counted(every_signature, world, raw, tmp_path, "approvals.barred")


def test_an_officer_of_another_role_does_not_count(tmp_path):
    """Carol is an admin here, and no approver."""
    from world import World

    world = World()
    roles = {**world.policy.roles, "approvers": Role("approvers", ("alice", "bob"), 2)}
    world.policy = replace(world.policy, roles=roles)
    world.policy_envelope = world.admit(world.policy)
    raw = world.bundle(world.approve(world.withdrawal(), ("alice", "carol")))
    expect(world, raw, "alice")
    counted(every_signature, world, raw, tmp_path)


def test_approvals_of_another_document_are_none(world, tmp_path):
    """The documents are swapped under the signatures: the thief's address, the old approvals."""
    good = world.approve(world.withdrawal())
    other = world.withdrawal(payments=(world.payment(payee=66),))
    raw = world.bundle(
        replace(Envelope.wrap("withdrawal", other.payload), signatures=good.signatures)
    )
    expect(world, raw, "none")
    counted(every_name, world, raw, tmp_path)


def test_one_changed_byte_is_another_document(world):
    """The same withdrawal with one more blank between its fields: no signature covers it."""
    good = world.approve(world.withdrawal())
    spaced = replace(good, payload=good.payload.replace(b'{"', b'{ "', 1))
    expect(world, world.bundle(spaced), "none")
    assert world.examine(world.bundle(good)).approved.votes.reached


def test_a_signature_on_another_kind_of_document_is_none(world, tmp_path):
    """The kind is under the signature, too (DSSE's PAE): without it, it would be an approval."""
    payload = world.withdrawal().payload
    as_policy = Envelope.wrap("policy", payload)
    for name in ("alice", "bob"):
        as_policy = as_policy.signed(world.officers[name].approval)
    raw = world.bundle(
        replace(as_policy, payload_type=Envelope.wrap("withdrawal", b"").payload_type)
    )
    expect(world, raw, "none")
    counted(every_name, world, raw, tmp_path)


def test_stripped_approvals_are_missed(world):
    """A coordinator that takes approvals away only makes signers refuse."""
    envelope = world.approve(world.withdrawal(), ("alice", "bob"))
    expect(world, world.bundle(replace(envelope, signatures=envelope.signatures[1:])), "bob")


def test_reordered_and_surplus_approvals_change_nothing(world, thief):
    """Any order, a third approver, a stranger besides: the same verdict, the same names."""
    envelope = world.approve(world.withdrawal(), ("carol", "alice", "bob"))
    envelope = envelope.signed(thief.officers["carol"].approval)
    shuffled = replace(envelope, signatures=envelope.signatures[::-1])
    assert world.examine(world.bundle(shuffled)).approved.votes.signed == ("alice", "bob", "carol")


def test_the_program_refuses(world, program_refuses):
    """Exit code 3, and nothing is written."""
    raw = world.bundle(world.approve(world.withdrawal(), ("alice",)))
    program_refuses(raw, 6, "approvals.quorum")
