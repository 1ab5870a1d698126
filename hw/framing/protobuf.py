"""Protocol buffers on the wire, without a schema: fields in, fields out.

Source: protobuf.dev, "Encoding" and "Language guide (proto 3)": what is zero or empty is left out.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from hw.errors import Garbage

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5  # wire types
_LONGEST: Final = 10  # bytes of a varint of 64 bits
_BITS: Final = 64


def varint(number: int) -> bytes:
    """A number, seven bits a byte."""
    out = bytearray()
    while number > 0x7F:  # noqa: PLR2004 -- seven bits
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def number(tag: int, value: int, *, always: bool = False) -> bytes:
    """A number, a boolean or an enum; zero only if `always`: in a oneof it says which."""
    return varint(tag << 3 | _VARINT) + varint(value) if value or always else b""


def data(tag: int, value: bytes) -> bytes:
    """Bytes or a text; empty ones are left out."""
    return message(tag, value) if value else b""


def message(tag: int, value: bytes = b"") -> bytes:
    """A message, empty or not."""
    return varint(tag << 3 | _BYTES) + varint(len(value)) + value


def numbers(tag: int, values: Iterable[int]) -> bytes:
    """Repeated numbers, packed."""
    return data(tag, b"".join(map(varint, values)))


@dataclass(frozen=True, slots=True)
class Message:
    """What came: the last value of each field, as a reader of the schema would take it."""

    _numbers: dict[int, int] = field(default_factory=dict)
    _data: dict[int, bytes] = field(default_factory=dict)

    @classmethod
    def parse(cls, raw: bytes) -> "Message":
        """Read it; fields that nobody asks for are skipped.

        Raises:
            Garbage: it is cut short, or of a wire type that there is not.
        """
        said, at = cls(), 0
        while at < len(raw):
            key, at = _varint(raw, at)
            tag, kind = key >> 3, key & 7
            if kind == _VARINT:
                said._numbers[tag], at = _varint(raw, at)
                continue
            size = {_EIGHT: 8, _FOUR: 4}.get(kind)
            if kind == _BYTES:
                size, at = _varint(raw, at)
            if size is None or not tag or size > len(raw) - at:
                raise _garbage(raw)
            if kind == _BYTES:
                said._data[tag] = raw[at : at + size]
            at += size
        return said

    def has(self, tag: int) -> bool:
        """Whether a message or bytes are there."""
        return tag in self._data

    def number(self, tag: int) -> int:
        """A number; zero if it is not there."""
        return self._numbers.get(tag, 0)

    def data(self, tag: int) -> bytes:
        """Bytes; empty if they are not there."""
        return self._data.get(tag, b"")

    def text(self, tag: int) -> str:
        """A text for a terminal: whatever is no printable ASCII is a question mark."""
        letters = self.data(tag).decode("ascii", "replace")
        return "".join(one if " " <= one <= "~" else "?" for one in letters)

    def message(self, tag: int) -> "Message":
        """A message; an empty one if it is not there.

        Raises:
            Garbage: it is none.
        """
        return Message.parse(self.data(tag))


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = 0
    for count, byte in enumerate(raw[at : at + _LONGEST]):
        value |= (byte & 0x7F) << 7 * count
        if byte < 0x80:  # noqa: PLR2004 -- no more follow
            if value >> _BITS:
                break
            return value, at + count + 1
    raise _garbage(raw)


def _garbage(raw: bytes) -> Garbage:
    return Garbage("the device's message is no protocol buffer", found=raw[:16].hex())
