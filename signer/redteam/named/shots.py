"""What the named attacks are made of: honest bundles, and withdrawals that officers approve."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from policies.withdrawal import Payment
from signer.core.names import DocumentId, Height, Sats
from signer.redteam.estate import Estate
from signer.redteam.forgery import Forgery, In, Out
from signer.redteam.house import FIRST_HEIGHT
from signer.redteam.loot import Coin, spend
from signer.redteam.papers import Paper
from signer.redteam.world import World, anchor_of

MILLION: Final = 1_000_000

Here = World | Estate
"""Wherever there is an honest bundle: a throw-away world, or a customer's own vault."""


class NotHere(LookupError):
    """The honest bundle has not what an attack needs, such as change."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A bundle for a signer.

    Attributes:
        station: who is asked.
        raw: the PSBT.
        honest: it has to be accepted, and is signed.
    """

    station: str
    raw: bytes
    honest: bool = False


def honest(world: Here, number: int) -> Forgery:
    """The honest bundle of a withdrawal of the chain."""
    return world.bases[number - 1].bundle.copy()


def shots(station: str, *bundles: Forgery) -> Iterator[Shot]:
    """Bundles for a signer."""
    return (Shot(station, bundle.to_bytes()) for bundle in bundles)


def returned(bundle: Forgery) -> Out:
    """The change."""
    return _first(out for out in bundle.outputs if out.fields)


def paying(bundle: Forgery) -> Out:
    """The first payment."""
    return _first(out for out in bundle.outputs if not out.fields)


def _first(found: Iterator[Out]) -> Out:
    out = next(found, None)
    if out is None:
        raise NotHere
    return out


def terms(bundle: Forgery) -> Any:
    """What the bundle's withdrawal says."""
    return bundle.withdrawal.tree()


def first_input(world: Here, bundle: Forgery) -> tuple[In, Coin]:
    """An input, and the truth about its coin."""
    one = bundle.inputs[0]
    coin = world.loot.coin_of(one)
    if coin is None:
        raise NotHere
    return one, coin


def each(world: Here, *changes: Callable[[Forgery], None]) -> Iterator[Shot]:
    """The first withdrawal, once with each change, for a signer who has signed nothing yet."""
    for bend in changes:
        bundle = honest(world, 1)
        bend(bundle)
        yield from shots(world.first_station, bundle)


def signed_by(world: World, paper: Paper, *names: str) -> Paper:
    """A document with these people's signatures and no other."""
    copy = Paper(paper.kind, paper.payload)
    for name in names:
        copy.sign(world.people[name].approval)
    return copy


def built(world: World, paper: Paper, line: Sequence[Paper], epochs: int) -> Forgery:
    """An honest bundle for a withdrawal."""
    return world.assemble(paper, line, epochs, random.Random(0))  # noqa: S311 -- repeatable


def approved(
    world: World,
    paper: Paper,
    line: Sequence[Paper],
    epochs: int,
    station: str,
    *,
    names: Sequence[str] = (),
    honest: bool = False,
) -> Shot:
    """A withdrawal that some or all officers approve, built honestly."""
    world.approve(paper, names or list(world.people))
    return Shot(station, built(world, paper, line, epochs).to_bytes(), honest=honest)


def following(
    world: World, line: Sequence[Paper], epoch: int, *, after: int, **terms: Any
) -> Paper:
    """The withdrawal after a line of them, so many blocks later."""
    last = int(line[-1].tree()["height"]) if line else FIRST_HEIGHT
    known = {
        "previous": DocumentId(line[-1].id) if line else None,
        "height": Height(last + after),
        "anchor": anchor_of(world.coins[(len(line) * 7 + 1) % len(world.coins)]),
        **terms,
    }
    return world.request(len(line) + 1, epoch, **known)


def pay(address: str, *millions: float) -> tuple[Payment, ...]:
    """Payments to one address, in millions of satoshi."""
    return tuple(
        Payment(address, Sats(int(amount * MILLION)), "payee", "label") for amount in millions
    )


def respend(world: Here, bundle: Forgery, coins: Sequence[Coin]) -> None:
    """Spend other coins; the change takes up the difference."""
    before = sum(coin.amount for one in bundle.inputs if (coin := world.loot.coin_of(one)))
    bundle.inputs = [spend(world.vault, coin) for coin in coins]
    returned(bundle).amount += sum(coin.amount for coin in coins) - before
