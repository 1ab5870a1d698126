"""A policy with a placeholder key, for which anybody can make approvals that verify.

An Ed25519 key of small order makes the equation of verification true without a secret. The key of
thirty-two zero bytes, which somebody may write until the new officer has one, is such a key.
"""

from dataclasses import replace

import pytest
from defences import expect_unreadable, stolen
from world import World

from policies.envelope import Envelope, Signature
from policies.errors import BadInput
from policies.names import KeyId

IDENTITY = bytes((1, *bytes(31)))
FORGED = IDENTITY + bytes(32)
"""R is the neutral element and S is zero: S*B = R + k*A for every k if A is neutral."""

NEUTRAL = KeyId(IDENTITY.hex())


@pytest.fixture
def careless():
    """A world whose policy has that key for bob."""
    world = World()
    officers = {**world.policy.officers, "bob": NEUTRAL}
    world.policy = replace(world.policy, officers=officers)
    world.policy_envelope = world.admit(world.policy, ("alice", "carol"))
    return world


def approved(world):
    """A withdrawal with alice's approval, and one that the thief made for bob."""
    envelope = world.approve(world.withdrawal(), ("alice",))
    return replace(envelope, signatures=(*envelope.signatures, Signature(NEUTRAL, FORGED)))


def test_such_a_policy_is_unreadable(careless):
    """It does not parse, wherever it comes from: no signer and no admin takes it."""
    with pytest.raises(BadInput, match="must be a usable Ed25519 key"):
        careless.trusted()
    honest = World()
    raw = honest.bundle(policies=[honest.policy_envelope, careless.policy_envelope])
    problem = expect_unreadable(honest, raw, "policy.officers.bob must be a usable Ed25519 key")
    assert "coldsign officer show" in problem.hint


def test_without_that_check_anybody_is_bob(careless, tmp_path):
    """The forged approval verifies, and two signers sign."""
    stolen(careless, careless.bundle(approved(careless)), tmp_path, "a usable Ed25519 key")


def test_the_forgery_is_none_for_a_real_key(world):
    """It works for that key alone."""
    envelope = Envelope.wrap("withdrawal", world.withdrawal().payload)
    envelope = replace(envelope, signatures=(Signature(NEUTRAL, FORGED),))
    assert envelope.valid_keys([NEUTRAL]) == {NEUTRAL}
    bobs = replace(envelope, signatures=(Signature(world.officers["bob"].key_id, FORGED),))
    assert not bobs.valid_keys(world.policy.officers.values())
