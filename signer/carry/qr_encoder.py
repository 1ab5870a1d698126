"""The modules of an alphanumeric QR code, made at the speed of a film.

Source: ISO/IEC 18004:2015, sections 7.4 (coding), 7.5 (error correction), 7.6 (order), 7.7
(placement), 7.8 (mask), annex A (Reed-Solomon). The numbers of its tables are segno's. Level L and
mask 3, always. What depends on the version alone is made once, and what then
remains for each code is done for many modules at once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, product
from operator import itemgetter
from typing import Any, Final

from segno import consts

MASK: Final = 3
"""One mask for all codes. The standard has each scored under eight, which takes most of the time;
what is carried is as good as random, so that none of them is better."""

_ALPHABET: Final = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES: Final = bytes(max(0, _ALPHABET.find(byte)) for byte in range(256))
_ALPHANUMERIC: Final = "0010"
_FORMAT: Final = consts.FORMAT_INFO[0b01 << 3 | MASK]  # level L is 01 (table 12)
_PADS: Final = b"\xec\x11"
_BINARY: Final = bytes.maketrans(b"01", b"\0\1")


def modules(text: str, version: int) -> tuple[bytes, ...]:
    """The rows of a code from top to bottom, a byte a module: 1 dark, 0 light.

    Args:
        text: of the 45 characters of the alphanumeric mode.
        version: 1 to 40.

    Raises:
        ValueError: other characters, or more than fit.
    """
    plan = _plan(version)
    words = plan.corrected(_coded(text, version, plan.capacity))
    masked = (int.from_bytes(words, "big") << plan.spare) ^ plan.mask
    bits = f"{masked:0{plan.modules}b}".encode().translate(_BINARY)
    flat = bytes(plan.place(b"\0\1" + bits))
    return tuple(flat[at : at + plan.side] for at in range(0, len(flat), plan.side))


@dataclass(frozen=True, slots=True)
class _Plan:
    """What all codes of a version have in common.

    Attributes:
        side: modules a side.
        modules: how many of them carry bits.
        spare: the last of these, which carry none (table 1, remainder bits).
        mask: the mask's bits in the order of placement.
        place: from a light module, a dark one, and the bits in their order, to the code's modules.
        blocks: bytes of data of each block.
        correction: bytes of error correction of each block.
    """

    side: int
    modules: int
    spare: int
    mask: int
    place: Callable[[bytes], Sequence[int]]
    blocks: tuple[int, ...]
    correction: int

    @property
    def capacity(self) -> int:
        """Bytes of data."""
        return sum(self.blocks)

    def corrected(self, data: bytes) -> bytes:
        """The data and its error correction, interleaved (7.5, 7.6)."""
        starts = [sum(self.blocks[:at]) for at in range(len(self.blocks))]
        parts = [data[at : at + n] for at, n in zip(starts, self.blocks, strict=True)]
        checks = [_remainder(part, self.correction) for part in parts]
        short = min(self.blocks)
        last = (part[short:] for part in parts)
        columns = chain(
            zip(*(p[:short] for p in parts), strict=True), last, zip(*checks, strict=True)
        )
        return bytes(chain.from_iterable(columns))


def _coded(text: str, version: int, capacity: int) -> bytes:
    """The text as bits, filled up to the version's bytes (7.4.4, 7.4.9, 7.4.10)."""
    raw = text.encode("ascii")
    if raw.translate(None, _ALPHABET):
        raise ValueError("characters that are not alphanumeric")
    values = raw.translate(_VALUES)
    length = 9 + 2 * (version > 9) + 2 * (version > 26)  # noqa: PLR2004 -- table 3
    pairs = map(
        _pairs().__getitem__, map(int.__add__, map(_BY_45.__getitem__, values[:-1:2]), values[1::2])
    )
    bits = _ALPHANUMERIC + f"{len(raw):0{length}b}" + "".join(pairs)
    if len(raw) % 2:
        bits += f"{values[-1]:06b}"
    if len(bits) > 8 * capacity:
        raise ValueError("too long for this version")
    bits += "0" * min(4, 8 * capacity - len(bits))
    bits += "0" * (-len(bits) % 8)
    data = int(bits, 2).to_bytes(len(bits) // 8, "big")
    return (data + _PADS * (capacity - len(data)))[:capacity]


_BY_45: Final = tuple(45 * value for value in range(45))


@lru_cache(maxsize=1)
def _pairs() -> tuple[str, ...]:
    """The bits of two characters, by 45 times the first and the second."""
    return tuple(f"{pair:011b}" for pair in range(45 * 45))


def _remainder(data: bytes, size: int) -> bytes:
    """The Reed-Solomon code of a block (annex A): what is left of it, divided by a generator."""
    table, top, cut = _multiples(size), 8 * (size - 1), (1 << 8 * size) - 1
    left = 0
    for byte in data:
        left = (left << 8 & cut) ^ table[left >> top ^ byte]
    return left.to_bytes(size, "big")


@lru_cache(maxsize=8)
def _multiples(size: int) -> tuple[int, ...]:
    """The 256 multiples of the generator of a degree, its leading 1 left out, as integers."""
    generator = [1]
    for power in range(size):
        root = consts.GALIOS_EXP[power]
        longer = [*generator, 0]
        for at, factor in enumerate(generator):
            longer[at + 1] ^= _times(factor, root)
        generator = longer
    return tuple(
        int.from_bytes(bytes(_times(byte, factor) for factor in generator[1:]), "big")
        for byte in range(256)
    )


def _times(one: int, other: int) -> int:
    """The product in the field of 256 elements (annex A)."""
    if not one or not other:
        return 0
    return int(consts.GALIOS_EXP[(consts.GALIOS_LOG[one] + consts.GALIOS_LOG[other]) % 255])


@lru_cache(maxsize=2)
def _plan(version: int) -> _Plan:
    fixed = _fixed(version)
    side = 17 + 4 * version
    order = [at for at in _order(side) if at not in fixed]
    source = {at: 2 + number for number, at in enumerate(order)} | fixed
    mask = "".join(str(int(sum(divmod(at, side)) % 3 == 0)) for at in order)  # table 10, mask 3
    table: Any = consts.ECC
    groups = table[version][consts.ERROR_LEVEL_L]
    return _Plan(
        side=side,
        modules=len(order),
        spare=len(order) - 8 * sum(group.num_blocks * group.num_total for group in groups),
        mask=int(mask, 2),
        place=itemgetter(*(source[at] for at in range(side * side))),
        blocks=tuple(g.num_data for g in groups for _ in range(g.num_blocks)),
        correction=groups[0].num_total - groups[0].num_data,
    )


def _order(side: int) -> list[int]:
    """Modules in the order in which bits are placed: columns of two, up and down (7.7.3)."""
    order = []
    rights = [*range(side - 1, 6, -2), 5, 3, 1]  # column 6 is timing
    for turn, right in enumerate(rights):
        rows = range(side) if turn % 2 else range(side - 1, -1, -1)
        order += [row * side + column for row in rows for column in (right, right - 1)]
    return order


def _fixed(version: int) -> dict[int, int]:
    """The modules that carry no data, 1 dark and 0 light."""
    side = 17 + 4 * version
    found = _patterns(version, side) | _information(version, side)
    return {row * side + column: dark for (row, column), dark in found.items()}


def _patterns(version: int, side: int) -> dict[tuple[int, int], int]:
    """Timing, alignment patterns, finders with their separators (6.3), by row and column."""
    found: dict[tuple[int, int], int] = {}
    for at in range(side):
        found[6, at] = found[at, 6] = int(at % 2 == 0)
    centres = consts.ALIGNMENT_POS[version - 2] if version > 1 else ()
    where = {*product(centres, repeat=2)} - {(6, 6), (6, side - 7), (side - 7, 6)}  # finders
    for (row, column), (down, right) in product(where, product(range(-2, 3), repeat=2)):
        found[row + down, column + right] = int(max(abs(down), abs(right)) != 1)
    finders = ((3, 3), (3, side - 4), (side - 4, 3))
    for (row, column), (down, right) in product(finders, product(range(-4, 5), repeat=2)):
        if row + down in range(side) and column + right in range(side):
            found[row + down, column + right] = int(max(abs(down), abs(right)) not in (2, 4))
    return found


def _information(version: int, side: int) -> dict[tuple[int, int], int]:
    """Format (figure 25) and version (figure 28), each twice, and one that is always dark."""
    found = {(side - 8, 8): 1}
    for bit in range(15):
        dark = _FORMAT >> bit & 1
        near = bit < 8  # noqa: PLR2004 -- eight bits at this corner, seven at the other
        row = bit + (bit > 5) if near else side - 15 + bit  # noqa: PLR2004 -- timing between
        column = side - 1 - bit if near else 14 - bit + (bit == 8)  # noqa: PLR2004 -- as above
        found[row, 8] = found[8, column] = dark
    if version >= 7:  # noqa: PLR2004 -- from version 7 on
        for bit in range(18):
            dark = consts.VERSION_INFO[version - 7] >> bit & 1
            near_edge, across = divmod(bit, 3)
            at = side - 11 + across
            found[near_edge, at] = found[at, near_edge] = dark
    return found
