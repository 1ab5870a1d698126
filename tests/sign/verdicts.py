"""What the tests of steps 5 to 8 share: examine, and expect a refusal."""

import pytest
from world import World

from policies.epochs import trust_first
from signer.core.errors import Refused
from signer.core.names import DocumentId
from signer.sign.check import Enrolment


def refused(world: World, raw: bytes, **memory: object) -> list[tuple[int, str]]:
    """Examine, expect a refusal, and give its steps and rules."""
    with pytest.raises(Refused) as refusal:
        world.examine(raw, **memory)
    return [(r.step, r.rule) for r in refusal.value.refusals]


def under(world: World, policy) -> dict[DocumentId, Enrolment]:
    """What a signer knows who enrolled with another first policy."""
    trusted = trust_first(world.admit(policy))
    return {world.vault.id: Enrolment(world.vault, trusted)}
