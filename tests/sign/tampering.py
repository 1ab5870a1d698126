"""Honest bundles with something changed in them, and what a signer must say of it."""

import pytest
from world import World

from signer.core.errors import Refused
from signer.core.psbt import Derivation
from signer.core.vault import RECEIVE


def refused(world: World, raw: bytes, **memory: object) -> Refused:
    """Examine and expect a refusal of one reason."""
    with pytest.raises(Refused) as refusal:
        world.examine(raw, **memory)
    return refusal.value


def expect(world: World, tamper, step: int, rule: str, **options: object) -> Refused:
    """Tamper with an honest bundle and expect one refusal, by this step and rule."""
    problem = refused(world, world.bundle(tamper=tamper, **options))
    assert [(r.step, r.rule) for r in problem.refusals] == [(step, rule)]
    return problem


def of_input(at: int = 0, **changes: object):
    """Change fields of one input's PSBT map."""

    def tamper(draft):
        draft.inputs[at].psbt = draft.inputs[at].psbt._replace(**changes)

    return tamper


def of_change(**changes: object):
    """Change fields of the change output's PSBT map."""

    def tamper(draft):
        draft.outputs[-1].psbt = draft.outputs[-1].psbt._replace(**changes)

    return tamper


def other_origins(world: World) -> dict[str, tuple[Derivation, ...]]:
    """Key origins that are nearly right."""
    first, second, third = world.derivations(world.vault.script(RECEIVE, 0))
    other = world.derivations(world.vault.script(RECEIVE, 1))
    branch = 5
    return {
        "none": (),
        "one missing": (first, second),
        "one foreign": (first, second, third, Derivation.of(b"\x02" * 33, first.fingerprint, (1,))),
        "another fingerprint": (Derivation.of(first.pubkey, "00000000", first.path), second, third),
        "swapped fingerprints": (
            Derivation.of(first.pubkey, second.fingerprint, first.path),
            Derivation.of(second.pubkey, first.fingerprint, second.path),
            third,
        ),
        "another account": (
            Derivation.of(first.pubkey, first.fingerprint, (1, *first.path[1:])),
            second,
            third,
        ),
        "a longer path": (
            Derivation.of(first.pubkey, first.fingerprint, (0, *first.path)),
            second,
            third,
        ),
        "a short path": (
            Derivation.of(first.pubkey, first.fingerprint, first.path[-1:]),
            second,
            third,
        ),
        "an empty path": (Derivation.of(first.pubkey, first.fingerprint, ()), second, third),
        "two indexes": (first, second, other[2]),
        "another branch": tuple(
            Derivation.of(d.pubkey, d.fingerprint, (*d.path[:-2], branch, 0))
            for d in (first, second, third)
        ),
        "a hardened index": tuple(
            Derivation.of(d.pubkey, d.fingerprint, (*d.path[:-1], 0x80000000))
            for d in (first, second, third)
        ),
    }
