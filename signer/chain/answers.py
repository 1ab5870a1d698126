"""Reading a node's answers: each value has the type and range that it must have, or is nonsense."""

import re
from decimal import Decimal
from typing import Any, Final, NoReturn

from signer.chain.chain import BlockHash
from signer.chain.errors import NodeNonsense
from signer.chain.rejection import plain
from signer.chain.whole import parse_transaction
from signer.core.errors import BadInput
from signer.core.names import Height, Sats, Txid
from signer.core.transaction import MAX_AMOUNT

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_HEX: Final = re.compile(r"(?:[0-9a-f]{2})*")

_MAX_HEIGHT: Final = 499_999_999
"""From 500,000,000 on an nLockTime is a time, so no chain of ours gets there."""

_COIN: Final = 100_000_000


def nonsense(what: str, *, expected: str = "", found: str = "") -> NoReturn:
    """Raise `NodeNonsense`: the node lies, or is not what it should be."""
    raise NodeNonsense(
        what, expected=expected, found=found, hint="ask another node, and distrust this one"
    )


class Part:
    """A part of an answer.

    Args:
        value: of JSON types, fractions as Decimal.
        where: its name, for the errors, for instance `getblockchaininfo`.
    """

    def __init__(self, value: Any, where: str) -> None:
        self._value = value
        self._where = where

    def __getitem__(self, key: str) -> "Part":
        """A member of an object."""
        if not isinstance(self._value, dict) or key not in self._value:
            self._wrong(f"an object with {key!r}")
        return Part(self._value[key], f"{self._where}.{key}")

    def has(self, key: str) -> bool:
        """Whether an object has a member, other than null."""
        return isinstance(self._value, dict) and self._value.get(key) is not None

    def items(self) -> "tuple[Part, ...]":
        """The members of a list."""
        if not isinstance(self._value, list):
            self._wrong("a list")
        return tuple(Part(item, f"{self._where}[{at}]") for at, item in enumerate(self._value))

    def text(self, longest: int = 300) -> str:
        """A text, made printable and cut to a length."""
        if not isinstance(self._value, str):
            self._wrong("a text")
        return plain(self._value, longest)

    def is_false(self) -> bool:
        """Whether it is `false`, where something else could be, too."""
        return self._value is False

    def flag(self) -> bool:
        """True or false."""
        if not isinstance(self._value, bool):
            self._wrong("true or false")
        return self._value

    def integer(self, least: int = 0, most: int = _MAX_HEIGHT) -> int:
        """A whole number in a range."""
        value = self._value
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self._wrong(f"{least} to {most}")
        return value

    def height(self) -> Height:
        """A block's height."""
        return Height(self.integer())

    def amount(self) -> Sats:
        """An amount in coins of 8 decimals, exact, from nothing to the supply."""
        value = self._value
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self._wrong("an amount")
        # The range first: a number like 1e999999999 must not be written out.
        if not 0 <= value <= MAX_AMOUNT // _COIN:
            self._wrong(f"0 to {MAX_AMOUNT // _COIN} coins")
        sats = Decimal(value) * _COIN
        if sats != sats.to_integral_value():
            self._wrong("at most 8 decimals")
        return Sats(int(sats))

    def txid(self) -> Txid:
        """A transaction's id."""
        return Txid(self._hash())

    def block_hash(self) -> BlockHash:
        """A block's hash."""
        return BlockHash(self._hash())

    def data(self) -> bytes:
        """Bytes in hex."""
        if not isinstance(self._value, str) or not _HEX.fullmatch(self._value):
            self._wrong("bytes in hex")
        return bytes.fromhex(self._value)

    def transaction(self, txid: Txid) -> bytes:
        """A whole transaction in hex whose hash must be the id that was asked for."""
        raw = self.data()
        try:
            found = parse_transaction(raw).txid
        except BadInput as error:
            nonsense("the node gives bytes for a transaction that are none", found=error.what)
        if found != txid:
            nonsense("the node gives another transaction", expected=txid, found=found)
        return raw

    def _hash(self) -> str:
        if not isinstance(self._value, str) or not _HASH.fullmatch(self._value):
            self._wrong("64 hex digits")
        return self._value

    def _wrong(self, expected: str) -> NoReturn:
        where = f"the node's answer makes no sense at {self._where}"
        nonsense(where, expected=expected, found=ascii(self._value)[:80])
