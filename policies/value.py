"""Limits in a unit of value, such as yen, and the amounts of a coin that a price makes of them."""

import re
from collections.abc import Callable
from math import inf
from typing import Final, Self

from policies.names import Sats
from policies.strict_json import MAX_INTEGER, Fields, Word

UNIT: Final[Word] = (re.compile(r"[A-Z]{3,8}"), "a unit of 3 to 8 capital letters, as JPY")
"""ISO 4217 has three letters; a house may count in something else."""

_VALUE = re.compile(r"([0-9][0-9_]{0,24}) ([A-Z]{3,8})")


class Value(str):
    """A limit as a policy writes it: `5_000_000 JPY`, in the unit's smallest amount.

    Beside an amount of a coin it is worth nothing: without a price, no payment is within it, and
    only what pays nobody passes. Beside another value it compares if the units are the same;
    whatever cannot be compared is not less, and so counts as looser.
    """

    __slots__ = ()

    @classmethod
    def of(cls, amount: int, unit: str) -> Self:
        """Write a value in its one form."""
        return cls(f"{amount:_} {unit}")

    @property
    def amount(self) -> int:
        """How much, in the unit's smallest amount."""
        return int(self.partition(" ")[0])

    @property
    def unit(self) -> str:
        """What it is counted in."""
        return self.partition(" ")[2]

    def told(self, _money: Callable[[int], str], number: Callable[[int], str]) -> str:
        """Say it, with a way of writing numbers."""
        return f"{number(self.amount)} {self.unit}"

    def __le__(self, other: object) -> bool:
        if isinstance(other, Value):
            return self.unit == other.unit and self.amount <= other.amount
        return other == inf

    def __ge__(self, other: object) -> bool:
        """`amount <= value`: no amount is within a limit that has no price."""
        return isinstance(other, int | float) and other <= 0

    def __lt__(self, other: object) -> bool:
        """`amount > value`."""
        return isinstance(other, int | float) and other > 0


class Priced(int):
    """A limit in the coin's smallest unit that a price made of a value, rounded down."""

    value: Value

    def told(self, money: Callable[[int], str], number: Callable[[int], str]) -> str:
        """Say both: the amount of the coin, and the value that it was made of."""
        return f"{money(int(self))} ({self.value.told(money, number)})"

    @classmethod
    def at(cls, value: Value, price: int, per: int) -> Self:
        """Give the most of a coin that is worth no more than a value.

        Args:
            value: the limit.
            price: of so many of the coin's smallest unit, in the value's unit.
            per: how many.
        """
        made = cls(value.amount * per // price)
        made.value = value
        return made


Limit = Sats | Value
"""A limit: an amount of the vault's coin, or a value."""


def read_limit(fields: Fields, key: str, *, least: int = 1) -> Limit:
    """Read an amount of the coin, or a value.

    Raises:
        BadInput: neither.
    """
    found = fields.raw[key]
    if not isinstance(found, str):
        return Sats(fields.integer(key, least=least))
    if match := _VALUE.fullmatch(found):
        amount = int(match[1].replace("_", ""))
        if least <= amount <= MAX_INTEGER:
            return Value.of(amount, match[2])
    return fields.bad(key, 'an amount, or a value as "5_000_000 JPY"', found)
