"""Attacks on the chain of withdrawals, and withdrawals that officers approved carelessly."""

from collections.abc import Iterator

from signer.core.names import Height, Sats
from signer.core.vault import RECEIVE
from signer.redteam.house import FIRST_HEIGHT
from signer.redteam.named.shots import (
    Shot,
    approved,
    built,
    following,
    honest,
    pay,
    respend,
    shots,
)
from signer.redteam.papers import Paper, dump
from signer.redteam.world import World, anchor_of


def too_much(world: World) -> Iterator[Shot]:
    """All officers approve: for a payee, at once, for a group, an own wallet; dust, crowds, age."""
    line, clients = list(world.chain[:6]), world.places.clients
    reserve = world.other.address(RECEIVE, 1)
    for purpose, after, payments in (
        ("payment", 5, pay(clients[0], 30.000_001)),
        ("payment", 5, pay(clients[1], 16, 16)),
        ("payment", 5, (*pay(clients[1], 26), *pay(clients[2], 26))),
        ("payment", 5, pay(world.hot(1), 29)),
        ("payment", 5, pay(clients[0], 1, 0.000_2)),
        ("payment", 5, pay(clients[0], 1, 1, 1, 1, 1, 1)),
        ("internal", 95, pay(reserve, 151)),
        ("internal", 5, pay(reserve, 141)),
    ):
        paper = following(world, line, 1, after=after, purpose=purpose, payments=payments)
        yield approved(world, paper, line, 1, "late")
    some, height = pay(clients[0], 1), int(line[-1].tree()["height"]) + 5
    old = following(world, line, 1, after=5, payments=some, expiry=Height(height + 145))
    yield approved(world, old, line, 1, "late")
    crowd = following(world, line, 1, after=5, purpose="consolidation")
    world.approve(crowd, list(world.people))
    bundle, anchor = built(world, crowd, line, 1), crowd.tree()["anchor"]
    first = [coin for coin in world.coins if anchor_of(coin).txid == anchor["txid"]]
    respend(world, bundle, [*first, *[coin for coin in world.coins if coin not in first][:6]])
    yield from shots("late", bundle)


def _filling(world: World, line: list[Paper]) -> tuple[Paper, Paper]:
    """A withdrawal that fills a window nearly, and one that would be too much after it."""
    clients = world.places.clients
    payments = (*pay(clients[1], 22), *pay(clients[2], 22))
    filling = following(world, line, 1, after=4, payments=payments)
    over = (*pay(clients[1], 8), *pay(clients[3], 12))
    return filling, following(world, [*line, filling], 1, after=4, payments=over)


def velocity(world: World) -> Iterator[Shot]:
    """Withdrawals that all pass, until a window is full."""
    line = list(world.chain[:6])
    filling, over = _filling(world, line)
    yield approved(world, filling, line, 1, "late", honest=True)
    yield approved(world, over, [*line, filling], 1, "late")


def velocity_one(world: World) -> Iterator[Shot]:
    """One destination, again and again."""
    line, client = list(world.chain[:6]), world.places.clients[3]
    more = following(world, line, 1, after=4, payments=pay(client, 24))
    yield approved(world, more, line, 1, "late", honest=True)
    line.append(more)
    over = following(world, line, 1, after=4, payments=pay(client, 9))
    yield approved(world, over, line, 1, "late")


def velocity_elsewhere(world: World) -> Iterator[Shot]:
    """One quorum fills the window; the next withdrawal goes to signers who saw nothing of it."""
    line = list(world.chain[:6])
    filling, over = _filling(world, line)
    yield approved(world, filling, line, 1, "late", honest=True)
    for station in ("early", "fresh"):
        yield approved(world, over, [*line, filling], 1, station)
        yield approved(world, over, line, 1, station)


def shopping(world: World) -> Iterator[Shot]:
    """Officers were fooled into two withdrawals of one number; and the chain hides the first."""
    line, clients = list(world.chain[:6]), world.places.clients
    one = following(world, line, 1, after=4, payments=pay(clients[1], 20))
    other = following(world, line, 1, after=4, payments=pay(clients[2], 20))
    yield approved(world, one, line, 1, "late", honest=True)
    yield approved(world, other, line, 1, "late")
    after = following(world, [*line, other], 1, after=4, payments=pay(clients[2], 20))
    yield approved(world, after, [*line, other], 1, "late")
    hidden = following(world, [*line, one], 1, after=4, payments=pay(clients[2], 20))
    yield approved(world, hidden, line, 1, "late")
    yield approved(world, hidden, [*line, other], 1, "late")


def laundered(world: World) -> Iterator[Shot]:
    """Every withdrawal before is smaller than it was; every link is right."""
    for station in ("fresh", "late"):
        bundle = honest(world, 6)
        previous, chain = None, []
        for payload in bundle.predecessors:
            link = Paper("withdrawal", payload)
            tree = link.tree()
            small = [{**payment, "amount": 1_000} for payment in tree["payments"]]
            link.write({**tree, "previous": previous, "payments": small})
            previous = link.id
            chain.append(link.payload)
        bundle.predecessors = chain
        bundle.withdrawal.write({**bundle.withdrawal.tree(), "previous": previous})
        for key in world.loot.corrupt.values():
            bundle.withdrawal.sign(key)
        yield from shots(station, bundle)
        true = honest(world, 6)
        true.predecessors = chain
        yield from shots(station, true)


def forgotten(world: World) -> Iterator[Shot]:
    """The past, or a part of it, is not carried; or a withdrawal claims to be the first."""
    for station, kept in (("fresh", 5), ("fresh", 3), ("fresh", 0), ("late", 0), ("late", 2)):
        bundle = honest(world, 6)
        bundle.predecessors = bundle.predecessors[5 - kept :]
        yield from shots(station, bundle) if kept < 5 else ()  # noqa: PLR2004 -- all of them
    paper = following(world, [], 1, after=60, payments=pay(world.places.clients[0], 1))
    yield approved(world, paper, [], 1, "late")


def heights(world: World) -> Iterator[Shot]:
    """Before the one before, too far after it, at once after it; and nLockTime alone."""
    line, some = world.chain[:6], pay(world.places.clients[0], 1)
    for after in (-1, 1, 201, 100_000):
        paper = following(world, line, 1, after=after, payments=some)
        yield approved(world, paper, line, 1, "late")
    for lock_time in (0, FIRST_HEIGHT - 1, FIRST_HEIGHT + 1, 500_000_000):
        bundle = honest(world, 1)
        bundle.lock_time = lock_time
        yield from shots(world.first_station, bundle)


def fee_drain(world: World) -> Iterator[Shot]:
    """Consolidations that pay nobody, each at the ceiling, until the window is full."""
    line, spent = list(world.chain[:6]), 18_000 * 6
    while True:
        paper = following(
            world, line, 1, after=3, purpose="consolidation", fee_ceiling=Sats(20_000)
        )
        spent += 20_000
        shot = approved(world, paper, line, 1, "late", honest=spent <= 400_000)  # noqa: PLR2004 -- the house's window
        yield shot
        if not shot.honest:
            return
        line.append(paper)


def unlisted(world: World) -> Iterator[Shot]:
    """The thief's address, a look-alike, and addresses beyond the ranges of listed wallets."""
    beyond = world.hot(12), world.other.address(RECEIVE, 6)
    for address in (world.loot.addresses[0], world.loot.addresses[3], *beyond):
        paper = following(world, [], 1, after=0, payments=pay(address, 1))
        yield approved(world, paper, [], 1, "fresh")


def cooling(world: World) -> Iterator[Shot]:
    """Before it was listed, and before it has cooled."""
    line = world.chain[:6]
    for after in (3, 14):
        paper = following(world, line, 1, after=after, payments=pay(world.places.fresh, 1))
        yield approved(world, paper, line, 1, "late")


def purposes(world: World) -> Iterator[Shot]:
    """A consolidation or void that pays, an internal move to an outsider, an unknown purpose."""
    line, client = world.chain[:6], world.places.clients[0]
    paper = following(world, line, 1, after=5, purpose="internal", payments=pay(client, 1))
    yield approved(world, paper, line, 1, "late")
    for purpose, voids in (("consolidation", None), ("void", world.chain[5].id), ("gift", None)):
        tree = following(world, line, 1, after=5, payments=pay(client, 1)).tree()
        bent = Paper("withdrawal", dump({**tree, "purpose": purpose, "voids": voids}))
        honest = following(world, line, 1, after=5, payments=pay(client, 1))
        bundle = built(world, honest, line, 1)
        world.approve(bent, list(world.people))
        bundle.withdrawal = bent
        yield from shots("late", bundle)


def voided(world: World) -> Iterator[Shot]:
    """The seventh, which the eighth voided, to a signer who knows that."""
    yield from shots("tighter", honest(world, 7))
