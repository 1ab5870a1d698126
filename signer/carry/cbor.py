"""Deterministic CBOR, as much of it as Uniform Resources use. Everything else is refused.

Sources: RFC 8949 section 3 (encoding), section 4.2.1 (the one deterministic form: shortest
arguments, definite lengths, map keys sorted by their encoded bytes); BCR-2020-005 demands it of
every UR. Read here: unsigned integers, byte and text strings, arrays, maps, tags, false and true.
A length or a count is compared with the bytes that are left before anything is allocated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final, NoReturn, TypeAlias

from signer.core.errors import BadInput, Fault

MAX_DEPTH: Final = 16
"""Nested items; an account of output descriptors needs ten."""

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG, _SIMPLE = range(8)
_FALSE, _TRUE = 20, 21
_NAMES: Final = (
    *("an unsigned integer", "a negative integer", "a byte string", "a text", "an array"),
    *("a map", "a tag", "a simple value or float"),
)

# The additional information 24 to 27: bytes of the argument, and the least value that needs them.
_WIDE: Final = {24: (1, 24), 25: (2, 1 << 8), 26: (4, 1 << 16), 27: (8, 1 << 32)}

_bad = partial(BadInput, fault=Fault.OFFICER)


@dataclass(frozen=True, slots=True)
class Tagged:
    """An item with a tag.

    Attributes:
        tag: the number that says what the item is.
        item: the item.
    """

    tag: int
    item: "Value"


Value: TypeAlias = (
    int | bytes | str | bool | Tagged | tuple["Value", ...] | Mapping["Value", "Value"]
)
"""What is read: maps keep their order, which is the only one allowed."""


def decode(data: bytes, what: str = "cbor") -> Value:
    """The one item that the bytes encode.

    Args:
        data: the whole encoding.
        what: for the errors.

    Raises:
        BadInput: not well-formed, not in its deterministic form, or of a kind not used here.
    """
    reader = _Reader(data, what)
    value = reader.item(0)
    if reader.position != len(data):
        reader.fail("trailing bytes", f"{len(data) - reader.position} bytes too many")
    return value


def encode(value: Value) -> bytes:  # noqa: PLR0911 -- one kind of item after the other
    """The deterministic encoding of a value; map keys are sorted here."""
    if isinstance(value, bool):
        return bytes((_SIMPLE << 5 | (_TRUE if value else _FALSE),))
    if isinstance(value, int):
        return _head(_UNSIGNED, value)
    if isinstance(value, bytes):
        return _head(_BYTES, len(value)) + value
    if isinstance(value, str):
        text = value.encode()
        return _head(_TEXT, len(text)) + text
    if isinstance(value, Tagged):
        return _head(_TAG, value.tag) + encode(value.item)
    if isinstance(value, tuple):
        return _head(_ARRAY, len(value)) + b"".join(map(encode, value))
    entries = sorted((encode(key), encode(item)) for key, item in value.items())
    return _head(_MAP, len(entries)) + b"".join(key + item for key, item in entries)


def _head(major: int, argument: int) -> bytes:
    for size, least in reversed(_WIDE.values()):
        if argument >= least:
            information = 23 + size.bit_length()
            return bytes((major << 5 | information,)) + argument.to_bytes(size, "big")
    return bytes((major << 5 | argument,))


class _Reader:
    __slots__ = ("data", "position", "what")

    def __init__(self, data: bytes, what: str) -> None:
        self.data = data
        self.what = what
        self.position = 0

    def fail(self, why: str, found: str = "", expected: str = "") -> NoReturn:
        where = f"{self.what}: {why} (byte {self.position})"
        raise _bad(where, found=found, expected=expected, hint="scan it again from its source")

    def take(self, length: int) -> bytes:
        start, left = self.position, len(self.data) - self.position
        if length > left:
            self.fail("cut short", f"{left} bytes", f"{length} bytes")
        self.position = start + length
        return self.data[start : self.position]

    def argument(self, information: int) -> int:
        if information not in _WIDE:
            if information >= 24:  # noqa: PLR2004 -- RFC 8949 section 3: 28 to 30 reserved, 31 open
                self.fail("indefinite or reserved length", str(information), "a definite length")
            return information
        size, least = _WIDE[information]
        value = int.from_bytes(self.take(size), "big")
        if value < least:
            self.fail("a number is not in its shortest form", str(value))
        return value

    def item(self, depth: int) -> Value:  # noqa: PLR0911 -- one kind after the other
        if depth > MAX_DEPTH:
            self.fail("nested too deep", expected=f"at most {MAX_DEPTH} levels")
        major, information = divmod(self.take(1)[0], 32)
        if major == _SIMPLE and information in (_FALSE, _TRUE):
            return information == _TRUE
        if major in (_NEGATIVE, _SIMPLE):
            self.fail("a kind of item that no UR here has", _NAMES[major])
        number = self.argument(information)
        if major == _UNSIGNED:
            return number
        if major == _BYTES:
            return self.take(number)
        if major == _TEXT:
            return self.text(number)
        if major == _TAG:
            return Tagged(number, self.item(depth + 1))
        least = number * (1 if major == _ARRAY else 2)
        if least > len(self.data) - self.position:
            left = len(self.data) - self.position
            self.fail("a count is larger than what follows", str(number), f"at most {left}")
        if major == _ARRAY:
            return tuple(self.item(depth + 1) for _ in range(number))
        return self.map(number, depth + 1)

    def text(self, length: int) -> str:
        try:
            return self.take(length).decode()
        except UnicodeDecodeError:
            self.fail("a text is not UTF-8")

    def map(self, count: int, depth: int) -> Mapping[Value, Value]:
        entries: dict[Value, Value] = {}
        last = b""
        for _ in range(count):
            start = self.position
            key = self.item(depth)
            encoded = self.data[start : self.position]
            if encoded <= last:
                self.fail("map keys are not in order, or one is there twice")
            if not isinstance(key, int | str) or isinstance(key, bool):
                self.fail("a map key is neither a number nor a text")
            last = encoded
            entries[key] = self.item(depth)
        return entries


class Fields:
    """A map with small numbers as keys, read strictly: what is not asked for is refused.

    Args:
        value: what was read.
        what: for the errors.

    Raises:
        BadInput: not a map, or by the methods: a missing field or one of another kind.
    """

    __slots__ = ("_entries", "what")

    def __init__(self, value: Value | None, what: str) -> None:
        if not isinstance(value, Mapping):
            raise _bad(f"{what}: not a map")
        self._entries = dict(value)
        self.what = what

    def unsigned(self, key: int, limit: int, default: int | None = None) -> int:
        """A number up to `limit`; missing only if there is a default."""
        value = self._entries.pop(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value > limit:
            self.fail(key, f"a number up to {limit}")
        return value

    def flag(self, key: int) -> bool:
        """True or false; false if missing."""
        value = self._entries.pop(key, False)
        if not isinstance(value, bool):
            self.fail(key, "true or false")
        return value

    def fixed(self, key: int, size: int) -> bytes:
        """Exactly `size` bytes."""
        value = self._entries.pop(key, None)
        if not isinstance(value, bytes) or len(value) != size:
            self.fail(key, f"{size} bytes")
        return value

    def array(self, key: int, limit: int, least: int = 1) -> tuple[Value, ...]:
        """An array of `least` to `limit` items; missing only if it may be empty."""
        value = self._entries.pop(key, None if least else ())
        if not isinstance(value, tuple) or not least <= len(value) <= limit:
            self.fail(key, f"an array of {least} to {limit} items")
        return value

    def text(self, key: int, limit: int) -> str:
        """A text of at most `limit` characters; empty if missing."""
        value = self._entries.pop(key, "")
        if not isinstance(value, str) or len(value) > limit:
            self.fail(key, f"a text of at most {limit} characters")
        return value

    def tagged(self, key: int, tag: int) -> Value | None:
        """The item under a tag; None if missing."""
        value = self._entries.pop(key, None)
        if value is None:
            return None
        if not isinstance(value, Tagged) or value.tag != tag:
            self.fail(key, f"tag {tag}")
        return value.item

    def finish(self) -> None:
        """Refuse whatever was not asked for."""
        if self._entries:
            found = ", ".join(ascii(key)[:20] for key in list(self._entries)[:5])
            raise _bad(f"{self.what}: unknown fields", found=found)

    def fail(self, key: int, expected: str) -> NoReturn:
        """Say that a field is not as it should be."""
        raise _bad(f"{self.what}: field {key} is missing or wrong", expected=expected)
