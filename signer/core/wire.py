"""Reading and writing Bitcoin's wire format: little-endian integers and compact sizes.

Sources: Bitcoin Core `src/serialize.h`; BIP174 "Specification". A length or a count is compared
with the bytes that are left before anything is allocated for it.
"""

from struct import Struct
from typing import Final, NoReturn, Self

from signer.core.errors import BadInput, Fault

_U16: Final = Struct("<H")
_U32: Final = Struct("<I")
_U64: Final = Struct("<Q")

BYTES: Final = tuple([bytes((number,)) for number in range(256)])
"""Each byte alone."""

LONG: Final = 0xFD
"""From here on the first byte of a compact size says how many follow; below, it is the number."""

# Compact size: a first byte, the number that follows it, and the least value that needs it.
_COMPACT: Final = {0xFF: (_U64, 1 << 32), 0xFE: (_U32, 1 << 16), LONG: (_U16, LONG)}


class Reader:
    """One pass over received bytes, or over a part of them.

    Args:
        data: all the bytes; offsets in errors count from their start.
        where: what is being read, for the errors, for instance `input 3: witness script`.
        start: the first byte of the part.
        end: the byte after the part; the end of `data` when absent.

    Attributes:
        part: what is being read of it, for the errors.
    """

    __slots__ = ("data", "end", "part", "position", "where")

    def __init__(self, data: bytes, where: str, start: int = 0, end: int | None = None) -> None:
        self.data = data
        self.where, self.part = where, ""
        self.position = start
        self.end = len(data) if end is None else end

    @property
    def left(self) -> int:
        """How many bytes are still to be read."""
        return self.end - self.position

    def fail(self, what: str, *, expected: str = "", found: str = "", hint: str = "") -> NoReturn:
        """Raises BadInput that says where in the bytes it happened."""
        raise BadInput(
            f"{self.where}{self.part and ': '}{self.part}: {what} (byte {self.position})",
            fault=Fault.COORDINATOR,
            expected=expected,
            found=found,
            hint=hint,
        )

    def at(self, position: int) -> Self:
        """The reader itself, moved to a position."""
        self.position = position
        return self

    def skip(self, length: int) -> int:
        """Moves `length` bytes on; gives where they start."""
        start = self.position
        if length > self.end - start:
            self.fail("cut short", expected=f"{length} bytes", found=f"{self.left} bytes")
        self.position = start + length
        return start

    def over(self, before: int, after: int = 0) -> int:
        """Moves over `before` bytes, bytes with their length in front, and `after` bytes.

        Returns:
            Where they start.
        """
        start = self.skip(before)
        self.skip(self.compact_size() + after)
        return start

    def take(self, length: int) -> bytes:
        """The next `length` bytes."""
        start = self.skip(length)
        return self.data[start : start + length]

    def peek(self, length: int) -> bytes:
        """What `take` would give, or fewer bytes at the end, without moving on."""
        return self.data[self.position : min(self.position + length, self.end)]

    def rest(self) -> bytes:
        """All bytes that are left."""
        return self.take(self.left)

    def u8(self) -> int:
        """A byte."""
        return self.data[self.skip(1)]

    def u32(self) -> int:
        """Four bytes, little-endian, unsigned."""
        return int(_U32.unpack_from(self.data, self.skip(4))[0])

    def compact_size(self) -> int:
        """A compact size in its shortest form; any longer form is refused, as Core refuses it."""
        start = self.position
        first = self.data[start] if start < self.end else self.u8()
        self.position = start + 1
        if first < LONG:
            return first
        form, least = _COMPACT[first]
        value = int(form.unpack_from(self.data, self.skip(form.size))[0])
        if value < least:
            self.fail("compact size is not in its shortest form", found=str(value))
        return value

    def count(self, least_size: int) -> int:
        """A compact size that counts items of at least `least_size` bytes, all still to come."""
        number = self.compact_size()
        if number * least_size > self.left:
            self.fail(
                "count is larger than what follows",
                expected=f"at most {self.left // least_size}",
                found=str(number),
            )
        return number

    def var_bytes(self) -> bytes:
        """Bytes with their length in front."""
        return self.take(self.compact_size())

    def finish(self) -> None:
        """Raises BadInput when bytes are left."""
        if self.position != self.end:
            self.fail("trailing bytes", found=f"{self.left} bytes too many")


def u32(value: int) -> bytes:
    """Four bytes, little-endian, unsigned."""
    return _U32.pack(value)


def u64(value: int) -> bytes:
    """Eight bytes, little-endian, unsigned."""
    return _U64.pack(value)


def compact_size(value: int) -> bytes:
    """A compact size, in its shortest form."""
    if value >= LONG:
        for first, (form, least) in _COMPACT.items():
            if value >= least:
                return bytes((first,)) + form.pack(value)
    return BYTES[value]


def var_bytes(value: bytes) -> bytes:
    """Bytes with their length in front."""
    return compact_size(len(value)) + value
