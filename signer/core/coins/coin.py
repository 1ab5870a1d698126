"""What a coin is: its unit, its supply, and the version bytes of its networks."""

from collections.abc import Mapping
from dataclasses import dataclass

from signer.core.names import Sats


@dataclass(frozen=True, slots=True)
class Network:
    """One chain of a coin.

    Attributes:
        name: "main", "test", "signet" or "regtest", which is also what nodes call it.
        valuable: whether its coins are worth money: no shortcuts there.
        slip44: the coin type of derivation paths, not hardened (SLIP-44).
        hrp: the human-readable part of segwit addresses (BIP173).
        p2pkh: the version byte of Base58 addresses that pay to a key hash.
        p2sh: the version byte of Base58 addresses that pay to a script hash.
        xpub: the 4 version bytes of extended public keys (BIP32).
    """

    name: str
    valuable: bool
    slip44: int
    hrp: str
    p2pkh: int
    p2sh: int
    xpub: bytes


@dataclass(frozen=True, slots=True)
class Coin:
    """One coin.

    Attributes:
        name: upper case, as in documents: "BTC".
        smallest: what people call the smallest unit.
        decimals: how many decimals the unit named like the coin has.
        max_money: no amount may be above, in the smallest unit.
        networks: by name.
    """

    name: str
    smallest: str
    decimals: int
    max_money: Sats
    networks: Mapping[str, Network]
