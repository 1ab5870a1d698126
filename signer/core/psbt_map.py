"""One map of a PSBT: keys, each once, with their values. Source: BIP174 "Specification"."""

from collections.abc import Callable, Container, Iterator, Mapping
from itertools import islice
from typing import Final, NamedTuple, TypeVar

from signer.core.psbt_fields import ANYTHING, FieldType, Form
from signer.core.wire import BYTES, LONG, Reader

_T = TypeVar("_T")

# An input of 15 keys has 35 fields; the rest is room for what other programs add.
MAX_IN_MAP: Final = 1_000

# 5,700 inputs of 35 fields each. A field takes about 300 bytes of memory: without a limit, 32 MiB
# of the smallest ones would fill the machine. The byte that closes a map counts as one.
MAX_IN_ALL: Final = 200_000

_ABSENT: Final = (b"",)


class Entry(NamedTuple):
    """A field as it is on the wire.

    Attributes:
        key: the whole key, its type first.
        value: the value.
    """

    key: bytes
    value: bytes


class FieldMap:
    """A map that has been read: no key twice, every known field in its form.

    Args:
        reader: at the map's first byte; left after the zero byte that closes it.
        where: names the map in errors.
        types: what is known of its fields.
        room: gives a number for each field and each closing byte that the file may still have.

    Raises:
        BadInput: cut short, too many fields, a key twice, a known field out of form.
    """

    __slots__ = ("_found", "_reader", "_types", "_where")

    def __init__(
        self, reader: Reader, where: str, types: Mapping[int, FieldType], room: Iterator[int]
    ) -> None:
        self._reader, self._where, self._types = reader, where, types
        found: dict[bytes, tuple[bytes, int]] = {}  # by key: a value, and where it begins
        reader.where, reader.part = where, ""
        # All of a PSBT passes here: a length of one byte, and what has its form, cost no call.
        data, end, at = reader.data, reader.end, reader.position
        for _ in islice(room, MAX_IN_MAP + 1):
            size, start = (
                (data[at], at + 1)
                if at < end and data[at] < LONG
                else (reader.at(at).compact_size(), reader.position)
            )
            at = start + size
            if not size:
                break
            key = data[start:at] if at < end else reader.at(start).take(size)
            known = types.get(key[0]) or _rare(key, where, types)
            form, reader.part = known.key, known.name
            if key in found:
                reader.at(at).fail("comes twice", found=f"key {key[:40].hex()}")
            if size - 1 not in form.sizes or (form.heads and key[1] not in form.heads[size - 1]):
                _check(form, reader, start + 1, at, ": key")
            size, start = (
                (data[at], at + 1)
                if at < end and data[at] < LONG
                else (reader.at(at).compact_size(), reader.position)
            )
            at = start + size
            value = data[start:at] if at < end else reader.at(start).take(size)
            if size not in known.value.sizes:
                _check(known.value, reader, start, at)
            found[key], reader.part = (value, start), ""
        else:
            most = f"at most {MAX_IN_MAP:,} in a map, {MAX_IN_ALL:,} in all"
            reader.at(at).fail("too many fields", expected=most)
        self._found, reader.position = found, at

    def one(self, kind: int, read: Callable[[Reader], _T]) -> _T | None:
        """The value of a type that has no key data, or None when the field is absent.

        Raises:
            BadInput: `read` did, or left bytes.
        """
        found = self._found.get(BYTES[kind])
        if found is None:
            return None
        value, start = found
        reader = Reader(self._reader.data, self._where, start, start + len(value))
        reader.part = self._types[kind].name
        result = read(reader)
        reader.finish()
        return result

    def raw(self, kind: int) -> bytes:
        """The same as it is; empty when the field is absent."""
        return self._found.get(BYTES[kind], _ABSENT)[0]

    def all(self, kind: int) -> list[tuple[bytes, bytes]]:
        """Every field of a type: key data and value, in the order of the file."""
        return [(key[1:], value) for key, (value, _) in self._found.items() if key[0] == kind]

    def others(self, read: Container[int]) -> tuple[Entry, ...]:
        """Every field of a type that is not in `read`, in the order of the file."""
        found = self._found.items()
        return tuple([Entry(key, value) for key, (value, _) in found if key[0] not in read])


def _rare(key: bytes, where: str, types: Mapping[int, FieldType]) -> FieldType:
    """A type that is not known, or that takes more than a byte."""
    kind = Reader(key, f"{where}: key").compact_size()
    return types.get(kind) or FieldType(f"field 0x{kind:02x}", ANYTHING)


def _check(form: Form, reader: Reader, start: int, end: int, which: str = "") -> None:
    """Ask a form about the bytes from `start` to `end`."""
    part = Reader(reader.data, f"{reader.where}: {reader.part}{which}", start, end)
    if form.read:
        form.read(part)
        part.finish()
    else:
        shown = part.peek(40).hex() if form.heads else f"{part.left} bytes"
        part.fail(form.wrong, expected=form.expected, found=shown)
