"""Which network a foreign file is for: most say "main" or "a test network", and no more."""

from dataclasses import dataclass
from functools import partial
from typing import Final

from signer.core import coins
from signer.core.coins import Network
from signer.core.errors import BadInput, Fault

COIN: Final = "BTC"
"""The coin that a foreign file is for, unless the officer says another."""

_bad = partial(BadInput, fault=Fault.OFFICER)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the officer says that a file is for.

    Attributes:
        coin: no file says it.
        network: by name, or None for what the file says.
    """

    coin: str = COIN
    network: str | None = None


def place(*, valuable: bool, asked: Asked, told: tuple[str, ...] = ()) -> Network:
    """The one network that the keys, the file and the officer agree on.

    Args:
        valuable: whether the keys are for the main network.
        asked: what the officer says.
        told: what the file says: any of these.

    Raises:
        BadInput: they contradict each other, or leave several.
    """
    known = coins.coin(asked.coin).networks.values()
    fits = [n for n in known if n.valuable == valuable and (not told or n.name in told)]
    if not fits:
        raise _bad(
            "the file's network is not that of its keys",
            expected=" or ".join(told),
            found="keys of the main network" if valuable else "keys of a test network",
        )
    if asked.network is not None:
        wanted = coins.network(asked.coin, asked.network).name
        if wanted not in [n.name for n in fits]:
            raise _bad(
                "the file is for another network",
                expected=wanted,
                found=" or ".join(n.name for n in fits),
            )
        fits = [n for n in fits if n.name == wanted]
    if len(fits) > 1:
        raise _bad(
            "the file does not say which test network it is for",
            expected=" or ".join(n.name for n in fits),
            hint="say it with --network; addresses differ, keys do not",
        )
    return fits[0]
