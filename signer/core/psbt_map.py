"""One map of a PSBT: keys, each once, with their values. Source: BIP174 "Specification"."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NoReturn, TypeVar

from signer.core.psbt_fields import FieldType
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

    __slots__ = ("_data", "_found", "_where", "end")

    def __init__(
        self, reader: Reader, where: str, types: Mapping[int, FieldType], numbers: Iterator[int]
    ) -> None:
        self._data, self._where = reader.data, where
        self._found: dict[bytes, tuple[str, int, int]] = {}  # a key's name and place of its value
        reader.where = where
        while size := reader.compact_size():
            start = reader.position
            key = reader.take(size)
            head = Reader(self._data, f"{where}: key", start, reader.position)
            kind = head.compact_size()
            known = types.get(kind) or FieldType(f"field 0x{kind:02x}", Reader.rest)
            reader.where = f"{where}: {known.name}"
            if key in self._found:
                reader.fail("comes twice", found=f"key {key[:40].hex()}")
            if len(self._found) == MAX_IN_MAP or next(numbers) > MAX_IN_ALL:
                reader.fail(
                    "too many fields",
                    expected=f"at most {MAX_IN_MAP:,} in a map, {MAX_IN_ALL:,} in all",
                )
            head.where = f"{reader.where}: key"
            _shaped(known.key, head)
            value_at = reader.skip(reader.compact_size())
            self._found[key] = reader.where, value_at, reader.position
            _shaped(known.value, self._value(key))
            reader.where = where
        self.end = reader.position - 1

    def _value(self, key: bytes) -> Reader:
        where, start, end = self._found[key]
        return Reader(self._data, where, start, end)

    def one(self, kind: int, read: Callable[[Reader], _T]) -> _T | None:
        """The value of a type that has no key data, or None when the field is absent.

        Raises:
            BadInput: `read` did, or left bytes.
        """
        key = bytes((kind,))
        return _shaped(read, self._value(key)) if key in self._found else None

    def all(self, kind: int) -> tuple[tuple[bytes, Reader], ...]:
        """Key data and value of every field of a type, in the order of the file."""
        return tuple((key[1:], self._value(key)) for key in self._found if key[0] == kind)

    def others(self, read: type[IntEnum]) -> tuple[Entry, ...]:
        """Every field of a type that is not in `read`, in the order of the file."""
        kinds = frozenset(read)
        return tuple(
            Entry(key, self._value(key).rest()) for key in self._found if key[0] not in kinds
        )

    def fail(self, what: str, *, expected: str = "", found: str = "", hint: str = "") -> NoReturn:
        """Raises BadInput about the map as a whole."""
        Reader(self._data, self._where, self.end).fail(
            what, expected=expected, found=found, hint=hint
        )


def _shaped(read: Callable[[Reader], _T], reader: Reader) -> _T:
    value = read(reader)
    reader.finish()
    return value
