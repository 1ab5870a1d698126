"""Attacks on outputs, and what is left for the miner."""

from collections.abc import Callable, Iterator

from signer.core.vault import CHANGE, RECEIVE
from signer.redteam.forgery import Forgery, Out
from signer.redteam.loot import change
from signer.redteam.named.shots import Shot, each, honest, paying, returned, shots
from signer.redteam.world import World


def swapped(world: World) -> Iterator[Shot]:
    """The payment goes to the thief."""

    def swap(bundle: Forgery) -> None:
        paying(bundle).script = world.loot.scripts[0]

    def twin(bundle: Forgery) -> None:
        paying(bundle).script = world.loot.scripts[3]

    return each(world, swap, twin)


def off_by_one(world: World) -> Iterator[Shot]:
    """One more, one less."""

    def by(amount: int) -> Callable[[Forgery], None]:
        def bend(bundle: Forgery) -> None:
            paying(bundle).amount += amount
            returned(bundle).amount -= amount

        return bend

    return each(world, by(1), by(-1))


def extra_output(world: World) -> Iterator[Shot]:
    """A third output."""

    def bend(bundle: Forgery) -> None:
        returned(bundle).amount -= 50_000
        bundle.outputs.append(Out(50_000, world.loot.scripts[0]))

    return each(world, bend)


def data_output(world: World) -> Iterator[Shot]:
    """An output that publishes data."""

    def bend(bundle: Forgery) -> None:
        bundle.outputs.append(Out(0, b"\x6a\x04loot"))

    return each(world, bend)


def foreign_change(world: World) -> Iterator[Shot]:
    """Change to a script that is not the vault's, with the vault's origins, in parts or whole."""

    def to(script: bytes, parts: slice) -> Callable[[Forgery], None]:
        def bend(bundle: Forgery) -> None:
            out = returned(bundle)
            out.script, out.fields = script, out.fields[parts]

        return bend

    theirs, thiefs = world.other.script(CHANGE, 0).script_pubkey, world.loot.scripts[0]
    whole, part = slice(None), slice(1)
    return each(world, *(to(s, parts) for s in (theirs, thiefs) for parts in (whole, part)))


def _rechanged(world: World, *places: tuple[int, int]) -> Iterator[Shot]:
    for branch, index in places:
        bundle = honest(world, 1)
        old = returned(bundle)
        bundle.outputs[bundle.outputs.index(old)] = change(world.vault, old.amount, branch, index)
        yield from shots(world.first_station, bundle)


def receive_change(world: World) -> Iterator[Shot]:
    """On the branch that others pay to."""
    return _rechanged(world, (RECEIVE, 0), (RECEIVE, 5))


def far_change(world: World) -> Iterator[Shot]:
    """Beyond the withdrawal's number and the gap."""
    return _rechanged(world, (CHANGE, 21), (CHANGE, 22), (CHANGE, 1_000), (CHANGE, 2**31 - 1))


def second_change(world: World) -> Iterator[Shot]:
    """Two change outputs."""

    def bend(bundle: Forgery) -> None:
        returned(bundle).amount -= 60_000
        bundle.outputs.append(change(world.vault, 60_000, CHANGE, 5))

    def same(bundle: Forgery) -> None:
        out = returned(bundle)
        out.amount -= 60_000
        bundle.outputs.append(Out(60_000, out.script, list(out.fields)))

    return each(world, bend, same)


def fee_burn(world: World) -> Iterator[Shot]:
    """All of the change, a part of it, or just above the ceiling."""
    terms = world.chain[0].tree()

    def burn(bundle: Forgery) -> None:
        bundle.outputs.remove(returned(bundle))

    def part(bundle: Forgery) -> None:
        returned(bundle).amount -= 50_000

    def above(bundle: Forgery) -> None:
        coins = [coin for one in bundle.inputs if (coin := world.loot.coin_of(one))]
        fee = sum(c.amount for c in coins) - sum(o.amount for o in bundle.outputs)
        returned(bundle).amount -= int(terms["fee_ceiling"]) - fee + 1

    return each(world, burn, part, above)
