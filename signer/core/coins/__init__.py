"""The coins that can be guarded. One file a coin, and this table."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

from signer.core.coins.bch import BCH
from signer.core.coins.btc import BTC
from signer.core.coins.coin import Coin, Network
from signer.core.coins.mona import MONA
from signer.core.errors import BadInput, Fault

__all__ = ["COINS", "Coin", "Network", "coin", "network"]

_T = TypeVar("_T")

COINS: Mapping[str, Coin] = MappingProxyType({one.name: one for one in (BTC, BCH, MONA)})


def coin(name: str) -> Coin:
    """The coin of that name, upper case.

    Raises:
        BadInput: there is none.
    """
    return _known("coin", COINS, name)


def network(coin_name: str, name: str) -> Network:
    """The network of that name of the coin of that name.

    Raises:
        BadInput: there is none.
    """
    return _known("network", coin(coin_name).networks, name)


def _known(what: str, table: Mapping[str, _T], name: str) -> _T:
    if name not in table:
        raise BadInput(
            f"unknown {what}",
            fault=Fault.OFFICER,
            expected=", ".join(table),
            found=ascii(name[:20]),
            hint="choose one of the expected",
        )
    return table[name]
