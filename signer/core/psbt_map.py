"""One map of a PSBT: keys, each once, with their values. Source: BIP174 "Specification"."""

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn, TypeVar

from signer.core.psbt_fields import NOTHING, FieldType
from signer.core.wire import Reader

_T = TypeVar("_T")

# An input of 15 keys has 35 fields; the rest is room for what other programs add.
MAX_IN_MAP: Final = 1_000

# 5,700 inputs of 35 fields each. A field takes about 300 bytes of memory: without a limit, 32 MiB
# of the smallest ones would fill the machine.
MAX_IN_ALL: Final = 200_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A field as it is on the wire.

    Attributes:
        key: the whole key, its type first.
        value: the value.
    """

    key: bytes
    value: bytes


class FieldMap:
    """A map that has been read: no key twice, every known field in its shape.

    Args:
        reader: at the map's first byte; left after the zero byte that closes it.
        where: names the map in errors.
        types: what is known of its fields.
        numbers: count the fields of the whole file.

    Raises:
        BadInput: cut short, too many fields, a key twice, a known field out of shape.
    """

    __slots__ = ("_data", "_found", "_types", "_where", "end")

    def __init__(
        self, reader: Reader, where: str, types: Mapping[int, FieldType], numbers: Iterator[int]
    ) -> None:
        self._data, self._where, self._types = reader.data, where, types
        self._found: dict[bytes, slice] = {}  # where a key's value is
        reader.where = where
        while key := reader.var_bytes():
            at = reader.position
            kind = key[0]
            if kind >= 0xFD:  # noqa: PLR2004 -- the type takes more bytes; none of them is known
                kind = Reader(self._data, f"{where}: key", at - len(key), at).compact_size()
            known = types.get(kind) or FieldType(f"field 0x{kind:02x}", Reader.rest)
            reader.where = place = f"{where}: {known.name}"
            if key in self._found:
                reader.fail("comes twice", found=f"key {key[:40].hex()}")
            if len(self._found) == MAX_IN_MAP or next(numbers) > MAX_IN_ALL:
                reader.fail(
                    "too many fields",
                    expected=f"at most {MAX_IN_MAP:,} in a map, {MAX_IN_ALL:,} in all",
                )
            if len(key) > 1 or known.key is not NOTHING:
                reader.where += ": key"
                _shaped(known.key, reader, at - len(key) + 1, at)
                reader.where = place
            start = reader.skip(reader.compact_size())
            self._found[key] = slice(start, reader.position)
            if known.value is not Reader.rest:
                _shaped(known.value, reader, start, reader.position)
            reader.where = where
        self.end = reader.position - 1

    def one(self, kind: int, read: Callable[[Reader], _T]) -> _T | None:
        """The value of a type that has no key data, or None when the field is absent.

        Raises:
            BadInput: `read` did, or left bytes.
        """
        place = self._found.get(bytes((kind,)))
        if place is None:
            return None
        where = f"{self._where}: {self._types[kind].name}"
        return _shaped(read, Reader(self._data, where), place.start, place.stop)

    def raw(self, kind: int) -> bytes:
        """The same as it is; empty when the field is absent."""
        place = self._found.get(bytes((kind,)))
        return self._data[place] if place else b""

    def all(self, kind: int) -> dict[bytes, bytes]:
        """Every field of a type: key data and value, in the order of the file."""
        data = self._data
        return {key[1:]: data[at] for key, at in self._found.items() if key[0] == kind}

    def others(self, read: Container[int]) -> tuple[Entry, ...]:
        """Every field of a type that is not in `read`, in the order of the file."""
        kept = [key for key in self._found if key[0] not in read]
        return tuple([Entry(key, self._data[self._found[key]]) for key in kept])

    def fail(self, what: str, *, expected: str = "", found: str = "", hint: str = "") -> NoReturn:
        """Raises BadInput about the map as a whole."""
        Reader(self._data, self._where, self.end).fail(
            what, expected=expected, found=found, hint=hint
        )


def _shaped(read: Callable[[Reader], _T], reader: Reader, start: int, stop: int) -> _T:
    """What `read` makes of all bytes from `start` to `stop`; then `reader` goes on as it was."""
    reader.position, reader.end, end = start, stop, reader.end
    value = read(reader)
    reader.finish()
    reader.end = end
    return value
