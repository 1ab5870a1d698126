"""Where a share was misread: found by its checksum, told to the officer, never taken for granted.

The checksum of SLIP-39 finds one wrong word or two neighbours that have swapped, that of codex32 up
to four wrong characters. More errors than that can look like fewer: whoever reads the place looks
at the paper again, and the share is checked as strictly as before.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, reduce
from operator import xor
from typing import Final

from signer.core.bech32 import CHARSET
from signer.core.errors import BadInput
from signer.core.wordlist import SHARE_WORDS
from signer.keys import codex32, slip39


@dataclass(frozen=True, slots=True)
class Misread:
    """One error that would explain a wrong checksum.

    Attributes:
        place: which word or character, from 1.
        right: what should stand there.
    """

    place: int
    right: str = field(repr=False)


def words(typed: bytes | bytearray) -> tuple[Misread, ...]:
    """The one word of a SLIP-39 share, or the two that have swapped; nothing if it is not so."""
    given = [word.decode("ascii", "replace") for word in bytes(typed).lower().split()]
    places = {word: place for place, word in enumerate(SHARE_WORDS)}
    unknown = [at for at, word in enumerate(given) if word not in places]
    if len(unknown) > 1 or not 20 <= len(given) <= 59:  # noqa: PLR2004 -- as slip39 has it
        return ()
    data = [places.get(word, 0) for word in given]
    for at in range(len(data) - 1):
        swapped = [*data[:at], data[at + 1], data[at], *data[at + 2 :]]
        if not unknown and _right(swapped):
            return (Misread(at + 1, given[at + 1]), Misread(at + 2, given[at]))
    found = [
        Misread(at + 1, SHARE_WORDS[value])
        for at in unknown or range(len(data))
        for value in _explaining(data, at)
        if _right([*data[:at], value, *data[at + 1 :]])
    ]
    return tuple(found) if len(found) == 1 else ()


def _right(data: Sequence[int]) -> bool:
    return slip39.polymod(data, extendable=bool(data[1] >> 4 & 1)) == 1


def _explaining(data: list[int], at: int) -> list[int]:
    """Values at one place that make the checksum right, whether the share is extendable or not.

    The checksum is linear: what a value does to it is the sum of what its bits do.
    """
    found = []
    for extendable in (False, True):
        base = [*data[:at], 0, *data[at + 1 :]]
        results = [slip39.polymod(base, extendable=extendable)]
        for bit in range(10):
            base[at] = 1 << bit
            effect = slip39.polymod(base, extendable=extendable) ^ results[0]
            results += [result ^ effect for result in results]
        found += [value for value, result in enumerate(results) if result == 1]
    return found


def characters(typed: bytes | bytearray) -> tuple[Misread, ...]:
    """Up to four characters of a codex32 string, or up to eight that were typed as `?`."""
    given = b"".join(bytes(typed).split()).decode("ascii", "replace").lower()
    start = len(codex32.PREFIX)
    blanks = [at - start for at, character in enumerate(given) if character == "?"]
    try:
        data = codex32.values(given.replace("?", CHARSET[0]).encode())
    except BadInput:
        return ()
    code = codex32.code_of(data)
    right = _corrected(data, code, [len(data) - 1 - at for at in blanks])
    return tuple(
        Misread(at + start + 1, CHARSET[value].upper())
        for at, value in enumerate(right)
        if value != data[at] or at in blanks
    )


# Both codes are BCH codes over GF(32) whose generator has eight consecutive powers of an element of
# GF(1024) among its roots (BIP93, "Mathematical Companion"). An element of GF(1024) is a + b zeta,
# held as a | b << 5, with zeta^2 = zeta + 1.

_SYNDROMES: Final = 8
_MOST: Final = _SYNDROMES // 2
_ROOTS: Final = {  # the element, and the first of the consecutive powers
    codex32.SHORT.length: (CHARSET.index("g") << 5, 77),
    codex32.LONG.length: (CHARSET.index("e") | CHARSET.index("x") << 5, 1019),
}
_ORDER: Final = 1023


def _product(u: int, v: int) -> int:
    times = codex32.multiply
    a, b, c, d = u & 31, u >> 5, v & 31, v >> 5
    both = times(b, d)
    return times(a, c) ^ both | (times(a, d) ^ times(b, c) ^ both) << 5


@cache
def _tables() -> tuple[list[int], dict[int, int]]:
    """The powers of the long code's element, which are all but zero, and their logarithms."""
    powers = [1]
    while len(powers) < _ORDER:
        powers.append(_product(powers[-1], _ROOTS[codex32.LONG.length][0]))
    return powers, {power: log for log, power in enumerate(powers)}


def _times(u: int, v: int) -> int:
    powers, logs = _tables()
    return powers[(logs[u] + logs[v]) % _ORDER] if u and v else 0


def _power(u: int, exponent: int) -> int:
    powers, logs = _tables()
    return powers[logs[u] * exponent % _ORDER]


def _corrected(data: list[int], code: codex32.Checksum, blanks: list[int]) -> list[int]:
    """The string that is right, or nothing if none is near. Places count from the end."""
    element, first = _ROOTS[code.length]
    rest = code.of(data) ^ code.target
    terms = [(at, rest >> 5 * at & 31) for at in range(code.length)]
    syndromes = [
        reduce(xor, (_times(value, _power(element, (first + n) * at)) for at, value in terms), 0)
        for n in range(_SYNDROMES)
    ]
    places = blanks or _places(syndromes, element, len(data))
    errors = _errors(syndromes, element, first, places) if len(places) <= _SYNDROMES else []
    right = list(data)
    for at, error in zip(places, errors, strict=False):
        right[-1 - at] ^= error & 31
    return right if code.of(right) == code.target else []


def _places(syndromes: list[int], element: int, length: int) -> list[int]:
    """Where up to four errors are: the roots of Berlekamp's and Massey's shortest recurrence."""
    locator, before, errors, gap, last = [1], [1], 0, 1, 1
    for n, syndrome in enumerate(syndromes):
        terms = (_times(c, syndromes[n - at]) for at, c in enumerate(locator) if 0 < at <= n)
        off = reduce(xor, terms, syndrome)
        if not off:
            gap += 1
            continue
        scale = _times(off, _power(last, -1))
        step = [0] * gap + [_times(scale, c) for c in before]
        size = max(len(locator), len(step))
        longer = [
            (locator[at] if at < len(locator) else 0) ^ (step[at] if at < len(step) else 0)
            for at in range(size)
        ]
        if 2 * errors <= n:
            before, errors, gap, last = locator, n + 1 - errors, 1, off
        else:
            gap += 1
        locator = longer
    if errors > _MOST:
        return []
    found = [
        place
        for place in range(length)
        if not reduce(
            xor, (_times(c, _power(element, -place * at)) for at, c in enumerate(locator)), 0
        )
    ]
    return found if len(found) == errors else []


def _errors(syndromes: list[int], element: int, first: int, places: list[int]) -> list[int]:
    """What is wrong at each place: the linear equations of the syndromes, by elimination."""
    rows = [
        [*(_power(element, (first + n) * at) for at in places), syndrome]
        for n, syndrome in enumerate(syndromes[: len(places)])
    ]
    for column in range(len(places)):
        pivot = next((at for at in range(column, len(rows)) if rows[at][column]), None)
        if pivot is None:
            return []
        rows[column], rows[pivot] = rows[pivot], rows[column]
        scale = _power(rows[column][column], -1)
        rows[column] = [_times(scale, value) for value in rows[column]]
        for at, row in enumerate(rows):
            if at != column and row[column]:
                rows[at] = [
                    a ^ _times(row[column], b) for a, b in zip(row, rows[column], strict=True)
                ]
    return [row[-1] for row in rows]
