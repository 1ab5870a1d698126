"""The thief writes the next policy: own admins, own approvers, no limits."""

from dataclasses import replace

import pytest
from defences import expect_each_alone_stops, expect_unreadable, paid, refused, stolen, without
from world import NAMES, World

from policies.quorum import Role
from signer.core.errors import Fault
from signer.core.names import Height

HINT = "give every policy in order"


def takeover(world, thief, admins=(), **changes):
    """Epoch 2 with the thief's keys, signed by the thief's admins and by these of ours.

    Returns:
        The bundle of a withdrawal that the thief's officers approved under it.
    """
    officers = {f"t-{name}": thief.officers[name].key_id for name in NAMES}
    role = tuple(officers)
    roles = {"admins": Role("admins", role, 2), "approvers": Role("approvers", role, 2)}
    policy = world.successor(**{"officers": officers, "roles": roles, **changes})
    envelope = world.admit(policy, admins)
    withdrawal = world.approve(world.withdrawal(policy=policy.id), ())
    for name in NAMES:
        envelope = envelope.signed(thief.officers[name].approval)
        withdrawal = withdrawal.signed(thief.officers[name].approval)
    return world.bundle(withdrawal, policies=[world.policy_envelope, envelope])


@pytest.mark.parametrize("admins", [(), ("alice",)])
def test_the_old_admins_must_let_it_in(world, thief, tmp_path, admins):
    """Step 5: none of them, or one of two."""
    raw = takeover(world, thief, admins)
    problem = refused(world, raw, 5, "policy.old_quorum", hint=HINT)
    assert problem.found == (", ".join(admins) or "none")
    tx = stolen(world, raw, tmp_path, "policy.old_quorum")
    assert paid(tx, world.foreign_script(1)) == world.payment().amount


def test_the_new_admins_must_hold_their_keys(world, tmp_path):
    """Or one typing mistake, planted or not, would lock the vault for ever."""
    roles = {**world.policy.roles, "admins": Role("admins", ("carol", "dave"), 2)}
    policy = world.successor(roles=roles)
    raw = world.bundle(
        world.approve(world.withdrawal(policy=policy.id)),
        policies=[world.policy_envelope, world.admit(policy)],
    )
    refused(world, raw, 5, "policy.new_quorum", hint=HINT)
    stolen(world, raw, tmp_path, "policy.new_quorum")


def test_epochs_cannot_be_skipped(world, tmp_path):
    """Epoch 3 on epoch 1: whatever epoch 2 forbade, or whom it dismissed, would be passed by."""
    third = world.successor(world.successor())
    raw = world.bundle(
        world.approve(world.withdrawal(policy=third.id)), policies=[world.admit(third)]
    )
    refused(world, raw, 5, "policy.skipped", hint=HINT)
    stolen(world, raw, tmp_path, "policy.skipped", "policy.previous")


def test_an_epoch_must_follow_from_the_one_in_force(world, tmp_path):
    """Signed by our own admins as the successor of another epoch 1."""
    fork = world.successor(replace(world.policy, loosening_delay=7))
    raw = world.bundle(
        world.approve(world.withdrawal(policy=fork.id)), policies=[world.admit(fork)]
    )
    refused(world, raw, 5, "policy.previous", hint=HINT)
    stolen(world, raw, tmp_path, "policy.previous")


@pytest.mark.parametrize(
    ("what", "value"), [("vault", "0" * 64), ("coin", "BCH"), ("network", "main")]
)
def test_an_epoch_of_another_vault_is_refused(world, what, value):
    """The same admins guard another vault: its next policy is not this one's."""
    stray = world.admit(world.successor(**{what: value}))
    raw = world.bundle(
        world.approve(world.withdrawal(policy=stray.id)),
        policies=[world.policy_envelope, stray],
    )
    rule = f"policy.{what}"
    refused(world, raw, 5, rule, hint=HINT)
    with without(rule, f"withdrawal.{what}"):
        assert world.examine(raw).passed


@pytest.fixture
def patient():
    """A world whose first policy makes the next wait for 144 blocks."""
    world = World()
    world.policy = replace(world.policy, loosening_delay=144)
    world.policy_envelope = world.admit(world.policy)
    return world


def test_a_looser_policy_waits(patient, tmp_path):
    """Time for somebody to notice, counted in blocks."""
    policy = patient.successor(loosening_delay=0)
    raw = patient.bundle(
        patient.approve(patient.withdrawal(policy=policy.id)),
        policies=[patient.policy_envelope, patient.admit(policy)],
    )
    refused(patient, raw, 5, "policy.activation", hint=HINT)
    locks = {"policy.activation": 5, "policy.delay": 5}
    expect_each_alone_stops(patient, raw, locks)
    stolen(patient, raw, tmp_path, *locks)


def test_the_proposed_height_is_not_believed(patient, tmp_path):
    """The admins claim to have been asked long ago: a signer counts from what it has verified."""
    policy = patient.successor(loosening_delay=0, activation_height=Height(144))
    raw = patient.bundle(
        patient.approve(patient.withdrawal(policy=policy.id)),
        policies=[patient.policy_envelope, patient.admit(policy)],
    )
    memory = {"chain": {}, "height": 1}
    refused(patient, raw, 5, "policy.delay", hint="coldsign policy accept", **memory)
    with without("policy.delay"):
        assert patient.examine(raw, **memory).passed
    assert patient.examine(raw).passed


def test_a_policy_governs_from_its_height_on(world, tmp_path):
    """A withdrawal for a block before: until then, nothing is paid under the new policy."""
    policy = world.successor(activation_height=world.withdrawal().height + 1)
    raw = world.bundle(
        world.approve(world.withdrawal(policy=policy.id)),
        policies=[world.policy_envelope, world.admit(policy)],
    )
    refused(world, raw, 6, "withdrawal.activation", hint="request it anew")
    stolen(world, raw, tmp_path, "withdrawal.activation")


def test_approvals_of_a_dismissed_officer_are_none(world):
    """Bob's key was exchanged in epoch 2; the old one does not count any more."""
    officers = {**world.policy.officers, "bob": World(seed=2).officers["bob"].key_id}
    policy = world.successor(officers=officers)
    signed = world.admit(policy, ("alice", "carol"))
    raw = world.bundle(
        world.approve(world.withdrawal(policy=policy.id), ("alice", "bob")),
        policies=[world.policy_envelope, signed],
    )
    problem = refused(world, raw, 6, "approvals.quorum", hint="let more run", fault=Fault.OFFICER)
    assert problem.found == "alice"


def test_one_person_under_two_names_is_unreadable(world):
    """Two names for one key would make one officer a quorum; the tally counts keys besides."""
    officers = {**world.policy.officers, "bobby": world.officers["bob"].key_id}
    roles = {**world.policy.roles, "approvers": Role("approvers", ("bob", "bobby"), 2)}
    policy = world.successor(officers=officers, roles=roles)
    raw = world.bundle(
        world.approve(world.withdrawal(policy=policy.id), ("bob",)),
        policies=[world.policy_envelope, world.admit(policy)],
    )
    what = "policy.officers.bobby must be another key than bob's"
    expect_unreadable(world, raw, what)
    with without(what):
        problem = refused(
            world, raw, 6, "approvals.quorum", hint="let more run", fault=Fault.OFFICER
        )
    assert problem.found == "bob"


def test_the_program_refuses(world, thief, program_refuses):
    """Exit code 3, and nothing is written."""
    program_refuses(takeover(world, thief), 5, "policy.old_quorum")
