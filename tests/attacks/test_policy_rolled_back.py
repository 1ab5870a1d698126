"""The policy was tightened after a scare; the thief brings back the one from before."""

import pytest
from defences import SIGNERS, instead, paid, refused, stolen

from policies.epochs import TrustedPolicy, trust_first
from policies.rules import Amounts
from signer.core.errors import Refused
from signer.core.names import Sats

HINT = "give every policy in order"


@pytest.fixture(scope="module")
def tighter(world):
    """Epoch 2: no destination receives more than 0.001 BTC."""
    rules = (Amounts(Sats(100_000)), *world.policy.rules[1:])
    return world.admit(world.successor(rules=rules))


@pytest.fixture(scope="module")
def known(world, tighter):
    """What a signer knows who has seen epoch 2."""
    return {"policy": world.trusted().advance(tighter)}


def follows_anything(_trusted, envelopes, _since=None):
    """A signer without memory: it trusts the policy that the file brings."""
    return trust_first(envelopes[-1])


def enrolled(world, tighter, home):
    """Homes of signers who know epoch 2."""
    for name in SIGNERS:
        key = world.officers[name].root.fingerprint
        world.state(home / name, name).enrol(
            world.vault_envelope, [tighter], key=name, fingerprint=key
        )


def test_the_epoch_before_is_refused(world, known):
    """Step 5: a signer never goes back."""
    problem = refused(world, world.bundle(), 5, "policy.rollback", hint=HINT, **known)
    assert problem.expected.startswith("epoch 2")
    assert problem.found.startswith("epoch 1")


def test_a_signer_without_memory_pays_three_times_the_limit(world, tighter, tmp_path):
    """0.003 BTC where the admins allow 0.001."""
    enrolled(world, tighter, tmp_path)
    with instead(TrustedPolicy, "follow", follows_anything):
        tx = stolen(world, world.bundle(), tmp_path)
    assert paid(tx, world.foreign_script(1)) == 300_000


def test_an_approval_under_the_old_policy_is_dead(world, tighter, known, tmp_path):
    """With epoch 2 in the file all the same: the withdrawal names another policy than is in force.

    Under epoch 2 itself, the rule then sees that it is too much.
    """
    raw = world.bundle(policies=[world.policy_envelope, tighter])
    refused(world, raw, 6, "withdrawal.policy", hint="request it anew", **known)
    enrolled(world, tighter, tmp_path)
    stolen(world, raw, tmp_path, "withdrawal.policy", "policy.policy", "amounts.per_payment")


def test_another_policy_of_the_same_epoch_is_refused(world, known):
    """Two policies of one number, both signed by the admins: the one that was seen first stays."""
    fork = world.admit(world.successor(loosening_delay=7))
    raw = world.bundle(policies=[world.policy_envelope, fork])
    refused(world, raw, 5, "policy.rollback", hint=HINT, **known)


@pytest.mark.parametrize("brought", ["nothing", "the old one last", "the new one twice"])
def test_no_order_helps(world, tighter, known, brought):
    """The last policy in the file must be the one in force, each following from the one before."""
    old = world.policy_envelope
    policies = {
        "nothing": (),
        "the old one last": (tighter, old),
        "the new one twice": (old, tighter, tighter),
    }[brought]
    rule = "policy.rollback" if brought == "nothing" else "policy.previous"
    refused(world, world.bundle(policies=policies), 5, rule, hint=HINT, **known)


def test_a_pinned_policy_cannot_be_exchanged(world, tighter, tmp_path):
    """The journal pins what was seen: a signer that starts again still knows epoch 2."""
    enrolled(world, tighter, tmp_path)
    with pytest.raises(Refused, match="never goes back"):
        world.sign(world.bundle(), tmp_path / "alice", "alice")


def test_the_program_refuses(world, program_refuses):
    """Exit code 3, and nothing is written."""
    program_refuses(world.bundle(policies=()), 5, "policy.rollback")
