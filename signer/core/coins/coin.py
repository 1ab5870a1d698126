"""What a coin is: its unit, its supply, how it signs, and the version bytes of its networks."""

from collections.abc import Mapping
from typing import NamedTuple

from signer.core.names import Sats


class Network(NamedTuple):
    """One chain of a coin.

    Attributes:
        name: "main", "test", "signet" or "regtest", which is also what nodes call it.
        valuable: whether its coins are worth money: no shortcuts there.
        slip44: the coin type of derivation paths, not hardened (SLIP-44).
        script_types: those that a vault may have, by BIP48's names and ours; the first is usual.
        hrp: the human-readable part of segwit addresses (BIP173); empty without segwit.
        taproot: whether witness programs of version 1 have rules; without, anybody spends them.
        p2pkh: the version byte of Base58 addresses that pay to a key hash.
        p2sh: the version byte of Base58 addresses that pay to a script hash.
        xpub: the 4 version bytes of extended public keys (BIP32).
        cashaddr: the prefix of CashAddr addresses, which are then the only ones; or empty.
        old_p2sh: a version byte that P2SH addresses once had and another coin's still have, so
            that they are refused; or None.
    """

    name: str
    valuable: bool
    slip44: int
    script_types: tuple[str, ...]
    hrp: str
    taproot: bool
    p2pkh: int
    p2sh: int
    xpub: bytes
    cashaddr: str = ""
    old_p2sh: int | None = None


class Coin(NamedTuple):
    """One coin.

    Attributes:
        name: upper case, as in documents: "BTC".
        title: as people call it.
        smallest: what people call the smallest unit.
        decimals: how many decimals the unit named like the coin has.
        max_money: no amount may be above, in the smallest unit.
        networks: by name.
        sighash: the one type that is signed: ALL, with the coin's fork id if it has one.
        schemes: the signatures that a vault may have, the usual one first.
        engine: whose code has the last word on its scripts, a name in `signer/settle/consensus.py`.
        spacing: seconds between blocks, on average.
        max_rate: the fee rate that a first policy allows, in the smallest unit a virtual byte.
        payable: the types of destination that a first policy allows.
        replaceable: whether nodes let a transaction with a higher fee take another one's place.
    """

    name: str
    title: str
    smallest: str
    decimals: int
    max_money: Sats
    networks: Mapping[str, Network]
    sighash: int
    schemes: tuple[str, ...]
    engine: str
    spacing: int
    max_rate: int
    payable: tuple[str, ...]
    replaceable: bool
