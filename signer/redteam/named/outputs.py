"""Attacks on outputs, and what is left for the miner."""

from collections.abc import Callable, Iterator
from typing import Final

from signer.core.vault import CHANGE, RECEIVE
from signer.redteam.forgery import Forgery, Out
from signer.redteam.loot import change
from signer.redteam.named.shots import (
    Here,
    NotHere,
    Shot,
    each,
    honest,
    paying,
    returned,
    shots,
    terms,
)

_GAP: Final = 20
"""docs/adr/0003: change lies below the withdrawal's number and this."""

_LITTLE: Final = 600
"""Satoshi: more than dust, less than any change."""


def swapped(world: Here) -> Iterator[Shot]:
    """The payment goes to the thief."""

    def swap(bundle: Forgery) -> None:
        paying(bundle).script = world.loot.scripts[0]

    def twin(bundle: Forgery) -> None:
        paying(bundle).script = world.loot.scripts[3]

    return each(world, swap, twin)


def off_by_one(world: Here) -> Iterator[Shot]:
    """One more, one less."""

    def by(amount: int) -> Callable[[Forgery], None]:
        def bend(bundle: Forgery) -> None:
            paying(bundle).amount += amount
            returned(bundle).amount -= amount

        return bend

    return each(world, by(1), by(-1))


def extra_output(world: Here) -> Iterator[Shot]:
    """An output more, out of the change; a payment in two pieces; a payment left out."""

    def more(bundle: Forgery) -> None:
        returned(bundle).amount -= _LITTLE
        bundle.outputs.append(Out(_LITTLE, world.loot.scripts[0]))

    def pieces(bundle: Forgery) -> None:
        out = paying(bundle)
        out.amount -= _LITTLE
        bundle.outputs.append(Out(_LITTLE, out.script))

    def less(bundle: Forgery) -> None:
        out = paying(bundle)
        bundle.outputs.remove(out)
        returned(bundle).amount += out.amount

    return each(world, more, pieces, less)


def data_output(world: Here) -> Iterator[Shot]:
    """An output that publishes data."""

    def bend(bundle: Forgery) -> None:
        bundle.outputs.append(Out(0, b"\x6a\x04loot"))

    return each(world, bend)


def foreign_change(world: Here) -> Iterator[Shot]:
    """Change to a script that is not the vault's, with the vault's origins, in parts or whole."""

    def to(script: bytes, parts: slice) -> Callable[[Forgery], None]:
        def bend(bundle: Forgery) -> None:
            out = returned(bundle)
            out.script, out.fields = script, out.fields[parts]

        return bend

    theirs, thiefs = world.other.script(CHANGE, 0).script_pubkey, world.loot.scripts[0]
    whole, part = slice(None), slice(1)
    return each(world, *(to(s, parts) for s in (theirs, thiefs) for parts in (whole, part)))


def _rechanged(world: Here, *places: tuple[int, int]) -> Iterator[Shot]:
    for branch, index in places:
        bundle = honest(world, 1)
        old = returned(bundle)
        bundle.outputs[bundle.outputs.index(old)] = change(world.vault, old.amount, branch, index)
        yield from shots(world.first_station, bundle)


def receive_change(world: Here) -> Iterator[Shot]:
    """On the branch that others pay to."""
    return _rechanged(world, (RECEIVE, 0), (RECEIVE, 5))


def far_change(world: Here) -> Iterator[Shot]:
    """Beyond the withdrawal's number and the gap."""
    first = int(terms(honest(world, 1))["sequence"]) + _GAP
    return _rechanged(world, *((CHANGE, at) for at in (first, first + 1, 1_000, 2**31 - 1)))


def second_change(world: Here) -> Iterator[Shot]:
    """Two change outputs: at two places, and at one."""

    def bend(bundle: Forgery) -> None:
        out = returned(bundle)
        out.amount -= _LITTLE
        bundle.outputs.append(change(world.vault, _LITTLE, CHANGE, 5))

    def same(bundle: Forgery) -> None:
        out = returned(bundle)
        out.amount -= _LITTLE
        bundle.outputs.append(Out(_LITTLE, out.script, list(out.fields)))

    return each(world, bend, same)


def fee_burn(world: Here) -> Iterator[Shot]:
    """All of the change, more of it than officers approved, or one satoshi more."""
    ceiling = int(terms(honest(world, 1))["fee_ceiling"])

    def fee(bundle: Forgery) -> int:
        coins = [coin for one in bundle.inputs if (coin := world.loot.coin_of(one))]
        return sum(coin.amount for coin in coins) - sum(out.amount for out in bundle.outputs)

    def to(most: int) -> Callable[[Forgery], None]:
        def bend(bundle: Forgery) -> None:
            out = returned(bundle)
            out.amount -= most - fee(bundle)
            if out.amount < _LITTLE:
                raise NotHere

        return bend

    def burn(bundle: Forgery) -> None:
        out = returned(bundle)
        if out.amount <= ceiling:
            raise NotHere
        bundle.outputs.remove(out)

    return each(world, burn, to(2 * ceiling), to(ceiling + 1))


def overdraw(world: Here) -> Iterator[Shot]:
    """Change of more than comes in: by a satoshi, and by a fortune."""
    ceiling = int(terms(honest(world, 1))["fee_ceiling"])

    def more(amount: int) -> Callable[[Forgery], None]:
        def bend(bundle: Forgery) -> None:
            returned(bundle).amount += amount

        return bend

    return each(world, more(ceiling + 1), more(10**12))
