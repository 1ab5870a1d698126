"""The randomness of UR fountain codes: both sides draw the same numbers from the same seed.

Sources: BCR-2020-005 ("chooseFragments"); Blackman and Vigna, xoshiro256** 1.0; Vose, "A linear
algorithm for generating random numbers with a given distribution" (1991), as Schwarz explains it.
Not for secrets.
"""

from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import sha256
from itertools import zip_longest
from struct import unpack
from typing import Final

_MASK: Final = (1 << 64) - 1
_UNIT: Final = 2.0**-64
_LANE: Final = bytes(8) + b"\xff" * 8


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

    def below_each(self, counts: Iterable[int]) -> list[int]:
        """A number under each of some counts. What is drawn most of all here, at one call."""
        # The 64 bits are rounded to a double, as in the reference, so that the fraction may be 1:
        # it gives the last number.
        return [
            at if (at := int(number * _UNIT * count)) < count else count - 1
            for count, number in zip(counts, self._numbers, strict=False)
        ]


def _below(count: int, numbers: Iterable[int]) -> list[int]:
    """What `Xoshiro256.below_each` makes of each of some numbers, with one count for all."""
    unit = _UNIT * count  # exact
    below = [int(number * unit) for number in numbers]
    return [min(at, count - 1) for at in below] if count in below else below


class _Lanes:
    """xoshiro256** of several seeds in step: a number of each costs little more than one of one.

    An integer holds one word of every state, 64 bits in 128: the upper half takes what a product
    or a shift spills, and is cleared again. The first seed lies highest.
    """

    __slots__ = ("_count", "_mask", "_words")

    def __init__(self, seeds: Iterable[bytes]) -> None:
        digests = [sha256(seed).digest() for seed in seeds]
        self._count = len(digests)
        self._mask = int.from_bytes(_LANE * self._count, "big")
        self._words = tuple(
            int.from_bytes(b"".join([bytes(8) + digest[at : at + 8] for digest in digests]), "big")
            for at in range(0, 32, 8)
        )

    def keep(self, count: int) -> None:
        """Go on with the last `count` seeds only."""
        if count < self._count:
            self._count = count
            self._mask &= (1 << 128 * count) - 1
            self._words = tuple(word & self._mask for word in self._words)

    def draw(self) -> tuple[int, ...]:
        """The next number of each, 64 bits."""
        (a, b, c, d), mask = self._words, self._mask
        product = b * 5 & mask
        number = ((product << 7 | product >> 57) & mask) * 9 & mask
        shifted = b << 17
        c ^= a
        d ^= b
        self._words = a ^ d, b ^ c, (c ^ shifted) & mask, (d << 45 | d >> 19) & mask
        return unpack(f">{self._count * 2}Q", number.to_bytes(self._count * 16, "big"))[1::2]


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
        return self.pick(source.draw(), source.draw())

    def pick(self, first: int, second: int) -> int:
        """The index for two numbers of 64 bits."""
        (index,) = _below(len(self._chance), (first,))
        return index if second * _UNIT < self._chance[index] else self._alias[index]


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
    source = Xoshiro256(_seed(sequence, checksum))
    degree = choose_degree(count, source)
    left, sizes = list(range(count)), range(count, count - degree, -1)
    # The reference shuffles them all (Fisher-Yates) and takes the first: the rest is not needed.
    return list(map(left.pop, source.below_each(sizes)))


def choose_fragments_each(
    sequences: Sequence[int], count: int, checksum: int
) -> Iterator[list[int]]:
    """What `choose_fragments` gives for each of several mixed parts, in their order.

    Args:
        sequences: above `count`.
        count: how many fragments there are.
        checksum: CRC-32 of the message.
    """
    seeds = [_seed(sequence, checksum) for sequence in sequences]
    lanes, odds = _Lanes(seeds), _degrees(count)
    degrees = [odds.pick(*pair) + 1 for pair in zip(lanes.draw(), lanes.draw(), strict=True)]
    order = sorted(range(len(seeds)), key=degrees.__getitem__)
    rising = [degrees[at] for at in order]
    lanes = _Lanes(seeds[at] for at in order)
    lanes.draw(), lanes.draw()
    rows = []
    for drawn in range(max(degrees, default=0)):
        lanes.keep(len(rising) - bisect(rising, drawn))
        rows.append(_below(count - drawn, lanes.draw()))
    drawn_by = dict(zip(reversed(order), zip_longest(*map(reversed, rows)), strict=True))
    whole = list(range(count))
    for at, degree in enumerate(degrees):
        left = whole.copy()
        yield list(map(left.pop, drawn_by[at][:degree]))


def _seed(sequence: int, checksum: int) -> bytes:
    return sequence.to_bytes(4, "big") + checksum.to_bytes(4, "big")
