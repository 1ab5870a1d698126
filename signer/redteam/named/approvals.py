"""Attacks on approvals."""

from collections.abc import Iterator

from signer.redteam.named.shots import (
    Here,
    NotHere,
    Shot,
    approved,
    following,
    honest,
    pay,
    shots,
    signed_by,
)
from signer.redteam.papers import Paper, dump
from signer.redteam.people import INITIATOR, REVOKED
from signer.redteam.tricks.approvals import SMALL_ORDER
from signer.redteam.world import World


def _approvals(world: World, *papers: Paper) -> Iterator[Shot]:
    for paper in papers:
        bundle = honest(world, 1)
        bundle.withdrawal = paper
        yield from shots(world.first_station, bundle)


def none(world: Here) -> Iterator[Shot]:
    """Nobody's, and strangers' only."""
    bundle = honest(world, 1)
    bundle.withdrawal.signatures = []
    yield from shots(world.first_station, bundle)
    for key in world.loot.strangers:
        bundle.withdrawal.sign(key)
    yield from shots(world.first_station, bundle)


def reordered(world: Here) -> Iterator[Shot]:
    """In another order, which changes nothing; and each under another officer's key."""
    bundle = honest(world, 1)
    signatures = bundle.withdrawal.signatures
    if len(signatures) < 2:  # noqa: PLR2004 -- two to swap
        raise NotHere
    signatures.reverse()
    yield Shot(world.first_station, bundle.to_bytes(), honest=True)
    keys, made = zip(*signatures, strict=True)
    bundle.withdrawal.signatures = list(zip(keys, (*made[1:], made[0]), strict=True))
    yield from shots(world.first_station, bundle)


def stripped(world: World) -> Iterator[Shot]:
    """None, and one too few."""
    paper = world.chain[0]
    voices = _voices_few(world)
    return _approvals(world, signed_by(world, paper), signed_by(world, paper, *voices))


def _voices_few(world: World) -> list[str]:
    """Members of the treasury, one fewer than the smallest quorum."""
    roles = world.policies[0].tree()["roles"]["treasury"]
    names = [name for name in roles["members"] if name != INITIATOR]
    return names[: int(roles["threshold"]) - 1]


def repeated(world: World) -> Iterator[Shot]:
    """One approval, twice and many times."""
    paper = signed_by(world, world.chain[0], *_voices_few(world))
    for times in (2, 20):
        paper = paper.copy()
        paper.signatures *= times
        yield from _approvals(world, paper)


def strangers(world: World) -> Iterator[Shot]:
    """Strangers under their own keys, and under officers' key ids."""
    paper = signed_by(world, world.chain[0], *_voices_few(world))
    for key in world.loot.strangers:
        paper.sign(key)
    renamed = paper.copy()
    officers = [world.people[name].key_id for name in ("carol", "heidi")]
    forged = [sig for _, sig in paper.signatures[-2:]]
    renamed.signatures += list(zip(officers, forged, strict=True))
    return _approvals(world, paper, renamed)


def initiator(world: World) -> Iterator[Shot]:
    """The one who asked completes the quorum."""
    return _approvals(world, signed_by(world, world.chain[0], *_voices_few(world), INITIATOR))


def revoked(world: World) -> Iterator[Shot]:
    """A key that was revoked completes the quorum."""
    return _approvals(world, signed_by(world, world.chain[0], *_voices_few(world), REVOKED))


def small_order(world: World) -> Iterator[Shot]:
    """Signatures that verify under keys without a secret."""
    paper = signed_by(world, world.chain[0], *_voices_few(world))
    for keyid in SMALL_ORDER:
        paper.signatures.append((keyid, bytes.fromhex(keyid) + bytes(32)))
        paper.signatures.append((keyid, b"\x01" + bytes(63)))
    yield from _approvals(world, paper)
    for keyid in SMALL_ORDER:
        bundle, tree = honest(world, 1), world.policies[0].tree()
        tree["officers"]["dave"] = keyid
        bundle.policies = [signed_by(world, Paper("policy", dump(tree)), *world.people)]
        yield from shots(world.first_station, bundle)


def ceiling(world: World) -> Iterator[Shot]:
    """Dave's approval counts up to his ceiling only."""
    client = world.places.clients[0]
    paper = following(world, [], 1, after=0, payments=pay(client, 21))
    few = [name for name in _voices_few(world) if name != "dave"]
    yield approved(world, paper, [], 1, "fresh", names=[*few, "dave", "frank", "grace"])


def tier(world: World) -> Iterator[Shot]:
    """Approvals that would do for a smaller amount: without compliance, or one too few."""
    client, names = world.places.clients[0], [*_voices_few(world), "carol", "heidi"]
    treasury = [name for name in dict.fromkeys(names) if name not in ("dave", INITIATOR)]
    paper = following(world, [], 1, after=0, payments=pay(client, 9))
    honest = [name for name in treasury if name not in world.corrupt]
    if not set(world.corrupt) & {"frank", "grace"}:
        yield approved(world, paper, [], 1, "fresh", names=honest)
    few = int(world.policies[0].tree()["roles"]["treasury"]["threshold"]) - len(world.corrupt)
    paper = following(world, [], 1, after=0, payments=pay(client, 28))
    yield approved(world, paper, [], 1, "fresh", names=[*honest[:few], "frank", "grace"])
