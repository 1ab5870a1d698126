"""Randomness for new keys: the machine's, dice and coins, mixed so that one honest source suffices.

    entropy = machine XOR SHA-256(rolls) XOR SHA-256(flips), cut to its size

A source that is not used is left out. The XOR of independent values is as hard to guess as the
hardest of them: good dice save a bad generator, and a good generator saves dice that are loaded,
too few, or seen by a camera. The machine's part is drawn before anything is typed, so that a
crooked generator cannot cancel the dice out.

Nothing but the digits that were typed is hashed, so anybody can compute it with `sha256sum`; and
without the machine's part it is what a Coldcard and a SeedSigner make of the same rolls
(https://coldcard.com/docs/verifying-dice-roll-math).
"""

import hashlib
import os
from collections.abc import Sequence
from functools import partial, reduce
from itertools import pairwise
from math import comb
from typing import Final, NamedTuple

from signer.core.errors import BadInput, Fault

_bad = partial(BadInput, fault=Fault.OFFICER)

_REFUSED: Final = 1e-6
"""Throws as odd as honest ones are once in a million are refused: who is so unlucky throws anew."""
_DOUBTED: Final = 1e-3
"""Throws as odd as honest ones are once in a thousand are doubted aloud."""
_LONGEST_PATTERN: Final = 12


class Source(NamedTuple):
    """Something that a person throws.

    Attributes:
        name: what it is.
        throws: what is done with it, for people.
        faces: the ASCII digits that are typed, one a throw.
        least: bytes of entropy to throws that hold as much.
        uneven: chi-square of the faces' counts that is passed in one of a thousand honest series,
            and in one of a million: its quantiles for one degree of freedom less than faces.
        even: the chi-square that one in a thousand falls short of.
    """

    name: str
    throws: str
    faces: bytes
    least: dict[int, int]
    uneven: tuple[float, float]
    even: float


DICE: Final = Source("dice", "rolls of a die", b"123456", {16: 50, 32: 99}, (20.515, 35.888), 0.210)
"""log2(6) = 2.585 bits a roll: 99 rolls hold 255.9."""

COINS: Final = Source("coins", "flips of a coin", b"01", {16: 128, 32: 256}, (10.828, 23.928), 0.0)
"""1 is heads, 0 is tails. As many of each is the likeliest of all counts: never too even."""


def system(size: int) -> bytearray:
    """Random bytes from the kernel (getrandom: it waits until its pool is seeded)."""
    return bytearray(os.urandom(size))


def hedged(size: int, secret: bytes | bytearray, number: int) -> bytes:
    """Random bytes for sharing a secret, which a crooked generator alone does not give away.

    Were they the generator's alone, whoever knows it and holds one share would know the secret, and
    dice would have been rolled for nothing. So what the secret gives by itself is mixed in.

    Args:
        size: bytes.
        secret: what is shared.
        number: another one for each call, 0 to 255.
    """
    own = hashlib.shake_256(bytes((number,)) + system(32) + secret).digest(size)
    return bytes(a ^ b for a, b in zip(system(size), own, strict=True))


def mix(size: int, machine: bytearray | None, thrown: Sequence[bytearray]) -> bytearray:
    """The entropy of the sources that were used, see above.

    Args:
        size: bytes, at most 32.
        machine: so many bytes from `system`, or None.
        thrown: what `read` gave for each source.

    Raises:
        ValueError: no source at all.
    """
    parts = [bytes(machine)] if machine is not None else []
    parts += [hashlib.sha256(throws).digest()[:size] for throws in thrown]
    if not parts:
        raise ValueError("no source of entropy")
    return reduce(
        lambda a, b: bytearray(x ^ y for x, y in zip(a, b, strict=True)), parts, bytearray(size)
    )


def read(source: Source, typed: bytes | bytearray, size: int) -> bytearray:
    """The throws as they were typed, without blanks.

    Raises:
        BadInput: too few, other characters, or throws that nothing fair gives.
    """
    throws = bytearray(typed.translate(None, delete=b" \t\r\n"))
    if throws.translate(None, delete=source.faces):
        raise _bad(f"{source.throws} are the digits {_span(source)}", found="another character")
    if len(throws) < source.least[size]:
        raise _bad(
            f"too few {source.throws}",
            expected=f"at least {source.least[size]}",
            found=str(len(throws)),
        )
    if (
        len(set(throws)) < len(source.faces) - 1  # fair dice: once in 40 million series of 50
        or any(throws[period:] == throws[:-period] for period in range(1, _LONGEST_PATTERN + 1))
        or _chi_square(source, throws) > source.uneven[1]
        or _repeats(source, throws)[1] < _REFUSED
    ):
        raise _bad(
            f"these {source.throws} are not random",
            expected="what a fair one shows: this would come once in a million",
            hint="throw real ones, one after the other, and type each as it falls",
        )
    return throws


def doubts(source: Source, throws: bytearray) -> tuple[str, ...]:
    """What looks wrong, though it may be chance: each comes once in a thousand honest series."""
    chi_square = _chi_square(source, throws)
    too_many, odds = _repeats(source, throws)
    found = {
        "one face comes far too often": chi_square > source.uneven[0],
        "every face comes equally often, as if somebody had seen to it": chi_square < source.even,
        "a face hardly ever comes twice in a row, as if somebody had avoided it": (
            odds < _DOUBTED and not too_many
        ),
        "a face comes twice in a row far too often": odds < _DOUBTED and too_many,
    }
    return tuple(doubt for doubt, holds in found.items() if holds)


def _span(source: Source) -> str:
    return f"{chr(source.faces[0])} to {chr(source.faces[-1])}"


def _chi_square(source: Source, throws: bytearray) -> float:
    """Pearson's statistic of how often each face came."""
    expected = len(throws) / len(source.faces)
    return sum((throws.count(face) - expected) ** 2 / expected for face in source.faces)


def _repeats(source: Source, throws: bytearray) -> tuple[bool, float]:
    """The runs test: whether a face follows itself too often, and the odds of so extreme a count.

    Each throw repeats the one before with a chance of one in so many faces, so the count of repeats
    is binomial; the odds are those of its nearer tail, twice.
    """
    count, faces = len(throws) - 1, len(source.faces)
    found = sum(a == b for a, b in pairwise(throws))
    too_many = found * faces > count
    tail = range(found, count + 1) if too_many else range(found + 1)
    ways = sum(comb(count, k) * (faces - 1) ** (count - k) for k in tail)
    return too_many, 2 * ways / faces**count
