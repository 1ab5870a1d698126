"""Which network a foreign file is for: most say "main" or "a test network", and no more."""

from functools import partial
from typing import Final

from signer.core import coins
from signer.core.coins import Network
from signer.core.errors import BadInput, Fault

COIN: Final = "BTC"
"""The coin of all these formats."""

_bad = partial(BadInput, fault=Fault.OFFICER)


def place(*, valuable: bool, asked: str | None, told: tuple[str, ...] = ()) -> Network:
    """The one network that the keys, the file and the officer agree on.

    Args:
        valuable: whether the keys are for the main network.
        asked: what the officer says, if anything.
        told: what the file says: any of these.

    Raises:
        BadInput: they contradict each other, or leave several.
    """
    known = coins.coin(COIN).networks.values()
    fits = [n for n in known if n.valuable == valuable and (not told or n.name in told)]
    if not fits:
        raise _bad(
            "the file's network is not that of its keys",
            expected=" or ".join(told),
            found="keys of the main network" if valuable else "keys of a test network",
        )
    if asked is not None:
        asked = coins.network(COIN, asked).name
        if asked not in [n.name for n in fits]:
            raise _bad(
                "the file is for another network",
                expected=asked,
                found=" or ".join(n.name for n in fits),
            )
        fits = [n for n in fits if n.name == asked]
    if len(fits) > 1:
        raise _bad(
            "the file does not say which test network it is for",
            expected=" or ".join(n.name for n in fits),
            hint="say it with --network; addresses differ, keys do not",
        )
    return fits[0]
