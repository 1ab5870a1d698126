"""The randomness of UR fountain codes: both sides draw the same numbers from the same seed.

Sources: BCR-2020-005 ("chooseFragments"); Blackman and Vigna, xoshiro256** 1.0; Vose, "A linear
algorithm for generating random numbers with a given distribution" (1991), as Schwarz explains it.
Not for secrets.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import sha256
from typing import Final

_MASK: Final = (1 << 64) - 1
_UNIT: Final = 2.0**-64


def _numbers(a: int, b: int, c: int, d: int) -> Iterator[int]:
    """xoshiro256** from a state of four words: 64 bits at a time, for ever."""
    mask = _MASK
    while True:
        product = b * 5 & mask
        yield (product << 7 | product >> 57) * 9 & mask
        shifted = b << 17
        c ^= a
        d ^= b
        b ^= c
        a ^= d
        c = (c ^ shifted) & mask
        d = (d << 45 | d >> 19) & mask


class Xoshiro256:
    """xoshiro256**, seeded with the SHA-256 of some bytes, read as four big-endian words."""

    __slots__ = ("_numbers",)

    def __init__(self, seed: bytes) -> None:
        digest = sha256(seed).digest()
        words = (int.from_bytes(digest[at : at + 8], "big") for at in range(0, 32, 8))
        self._numbers = _numbers(*words)

    def draw(self) -> int:
        """The next number, 64 bits."""
        return next(self._numbers)

    def fraction(self) -> float:
        """From 0 to 1, the 64 bits rounded to a double as the reference does."""
        return self.draw() * _UNIT

    def below(self, count: int) -> int:
        """A number under `count`."""
        return self.below_each((count,))[0]

    def below_each(self, counts: Iterable[int]) -> list[int]:
        """A number under each of some counts. What is drawn most of all here, at one call."""
        # The top fraction may round up to 1: it gives the last number.
        return [
            at if (at := int(number * _UNIT * count)) < count else count - 1
            for count, number in zip(counts, self._numbers, strict=False)
        ]


class Sampler:
    """Draws an index with given odds, by Vose's alias method.

    The floating-point operations, and the order in which indexes are paired, are the reference's:
    another order would draw other fragments.

    Args:
        odds: positive weights.
    """

    __slots__ = ("_alias", "_chance")

    def __init__(self, odds: list[float]) -> None:
        count, total = len(odds), sum_in_order(odds)
        scaled = [weight * count / total for weight in odds]
        small = [i for i in reversed(range(count)) if scaled[i] < 1]
        large = [i for i in reversed(range(count)) if scaled[i] >= 1]
        self._chance = [1.0] * count
        self._alias = [0] * count
        while small and large:
            poor, rich = small.pop(), large.pop()
            self._chance[poor], self._alias[poor] = scaled[poor], rich
            scaled[rich] += scaled[poor] - 1
            (small if scaled[rich] < 1 else large).append(rich)

    def draw(self, source: Xoshiro256) -> int:
        """An index; takes two numbers from the source."""
        index, second = source.below(len(self._chance)), source.fraction()
        return index if second < self._chance[index] else self._alias[index]


def sum_in_order(values: list[float]) -> float:
    """Add from left to right. `sum` compensates rounding errors since Python 3.12."""
    total = 0.0
    for value in values:
        total += value
    return total


@lru_cache(maxsize=8)
def _degrees(count: int) -> Sampler:
    return Sampler([1 / degree for degree in range(1, count + 1)])


def choose_degree(count: int, source: Xoshiro256) -> int:
    """How many of `count` fragments a mixed part joins: d with odds 1/d."""
    return _degrees(count).draw(source) + 1


def choose_fragments(sequence: int, count: int, checksum: int) -> list[int]:
    """Which fragments the part number `sequence` joins.

    Args:
        sequence: from 1; the first `count` parts are one fragment each.
        count: how many fragments there are.
        checksum: CRC-32 of the message.
    """
    if sequence <= count:
        return [sequence - 1]
    source = Xoshiro256(sequence.to_bytes(4, "big") + checksum.to_bytes(4, "big"))
    degree = choose_degree(count, source)
    left, sizes = list(range(count)), range(count, count - degree, -1)
    # The reference shuffles them all (Fisher-Yates) and takes the first: the rest is not needed.
    return list(map(left.pop, source.below_each(sizes)))
