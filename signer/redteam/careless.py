"""Withdrawals that honest officers approve without looking: then only the policy is in the way.

The terms are drawn near the policy's own limits, and the chain grows with what a signer takes, so
that windows fill up.
"""

import random
from collections.abc import Iterator, Sequence
from typing import Any, Final

from policies.withdrawal import Payment
from signer.core.names import DocumentId, Height, Sats
from signer.core.vault import CHANGE, RECEIVE
from signer.redteam import restated
from signer.redteam.forgery import Forgery
from signer.redteam.house import FIRST_HEIGHT
from signer.redteam.papers import Paper, places
from signer.redteam.people import INITIATOR
from signer.redteam.world import World, anchor_of

_PURPOSES: Final = ("payment",) * 6 + ("consolidation", "internal", "internal", "void")
_STEPS: Final = (3, 3, 5, 10, 20, 40)


def careless(
    world: World, line: Sequence[Paper], epochs: int, rng: random.Random
) -> tuple[Forgery, Paper | None]:
    """A bundle for a withdrawal that officers approved carelessly, built honestly.

    Sometimes it is one that they approved before, and the signer has signed: with another fee, of
    other coins, or when it is too late. Then there is no new paper.

    Args:
        world: in which it happens.
        line: the withdrawals that the signer knows, oldest first.
        epochs: how many epochs it knows.
        rng: for every choice.
    """
    if line and rng.randrange(12) == 0:
        number = rng.randrange(len(line))
        return world.assemble(line[number], line[:number], epochs, rng), None
    at = len(line) + 1 if rng.randrange(8) else rng.randrange(1, len(line) + 2)
    before = line[: at - 1]
    carried = min(epochs + (rng.randrange(12) == 0), len(world.policies))
    last = int(before[-1].tree()["height"]) if before else FIRST_HEIGHT - 3
    odd = rng.choice((rng.randrange(250), -1, 0, 1, 2, 200, 201))
    height = max(0, last + (rng.choice(_STEPS) if rng.randrange(5) else odd))
    newest = world.policies[carried - 1].id
    policy = restated.governing(newest, height, world.ledger)
    if rng.randrange(10) == 0:
        policy = rng.choice(world.policies).id
    limits = sorted(_limits(world.ledger.policies[policy]["rules"]))
    purpose = rng.choice(_PURPOSES) if carried < len(world.policies) else "void"
    life = rng.choice((1, 50, 80, 100)) if rng.randrange(6) else rng.choice((-1, 0, 101, 144, 145))
    paper = world.request(
        at,
        1,
        policy=DocumentId(policy),
        previous=DocumentId(before[-1].id) if before else None,
        initiator=INITIATOR if rng.randrange(4) else rng.choice(world.loot.names),
        purpose=purpose,
        voids=_voided(before, rng) if purpose == "void" else None,
        payments=tuple(_payments(world, purpose, limits, rng)),
        fee_ceiling=Sats(rng.choice((5_000, 9_000, 18_000, 18_000, _near(limits, rng)))),
        height=Height(height),
        expiry=Height(max(0, height + life)),
        anchor=anchor_of(rng.choice(world.coins)),
    )
    if purpose == "void" and before and rng.randrange(6):
        tree = paper.tree()
        named = next(link for link in before if link.id == tree["voids"])
        paper.write({**tree, "anchor": named.tree()["anchor"]})
    world.approve(paper, _voices(world, rng))
    ceiling = int(paper.tree()["fee_ceiling"])
    fee = rng.choice((_near(limits, rng), ceiling, ceiling + 1)) if rng.randrange(5) == 0 else None
    most = 4 if rng.randrange(6) else rng.choice((6, 7, 8))
    bundle = world.assemble(paper, before, carried, rng, fee=fee, most_coins=most)
    if rng.randrange(6) == 0:
        bundle.predecessors = _cut(bundle.predecessors, rng)
    return bundle, paper


def _cut(payloads: list[bytes], rng: random.Random) -> list[bytes]:
    """Leave out the oldest, as coordinators do once they are beyond every window."""
    return payloads[rng.randrange(len(payloads) // 2 + 1) :]


def _payments(
    world: World, purpose: str, limits: list[int], rng: random.Random
) -> Iterator[Payment]:
    if purpose in ("consolidation", "void"):
        return
    most = rng.choice((2_000_000, 9_000_000, 30_000_000))
    for place in range(rng.choice((1, 1, 1, 1, 2, 2, 3)) if rng.randrange(8) else 6):
        amount = rng.randrange(600, most) if rng.randrange(4) else _near(limits, rng)
        yield Payment(_address(world, purpose, rng), Sats(max(1, amount)), f"p {place}", "label")


def _address(world: World, purpose: str, rng: random.Random) -> str:
    house, odd = world.places, rng.randrange(12) == 0
    reserve = world.other.address(rng.choice((RECEIVE, CHANGE)), rng.choice((0, 1, 5)))
    if odd:
        own = world.vault.address(rng.randrange(2), rng.randrange(40))
        beyond = world.other.address(RECEIVE, 6), world.hot(12)
        return rng.choice((*world.loot.addresses[:5], reserve, own, *beyond))
    if purpose == "internal":
        return reserve
    return rng.choice((*house.clients, *house.clients, world.hot(rng.randrange(12)), house.fresh))


def _voided(before: Sequence[Paper], rng: random.Random) -> DocumentId:
    real = [link for link in before if link.tree()["purpose"] != "void"]
    choices = real if real and rng.randrange(8) else before
    return DocumentId(rng.choice(choices).id) if choices else DocumentId("0" * 64)


def _voices(world: World, rng: random.Random) -> list[str]:
    """Who approves: everybody, or some."""
    names = list(world.people)
    if rng.randrange(4):
        return names
    return rng.sample(names, rng.randrange(len(names) + 1))


def _limits(rules: Any) -> set[int]:
    """Every number of a policy: what is worth trying lies next to one of them."""
    values = [value for _, value in places(rules)]
    return {value for value in values if type(value) is int and value > 0}


def _near(limits: list[int], rng: random.Random) -> int:
    return max(0, rng.choice(limits) + rng.choice((-1, 0, 0, 1)))
