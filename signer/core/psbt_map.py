"""One map of a PSBT: keys, each once, with their values. Source: BIP174 "Specification"."""

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn, TypeVar

from signer.core.psbt_fields import ANYTHING, FieldType, Form
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
    """A map that has been read: no key twice, every known field in its form.

    Args:
        reader: at the map's first byte; left after the zero byte that closes it.
        where: names the map in errors.
        types: what is known of its fields.
        numbers: count the fields of the whole file.

    Raises:
        BadInput: cut short, too many fields, a key twice, a known field out of form.
    """

    __slots__ = ("_data", "_found", "_types", "_where", "end")

    def __init__(
        self, reader: Reader, where: str, types: Mapping[int, FieldType], numbers: Iterator[int]
    ) -> None:
        self._data, self._where, self._types = reader.data, where, types
        self._found: dict[bytes, tuple[bytes, int]] = {}  # by key: a value, and where it begins
        reader.where = where
        while key := reader.var_bytes():
            known, size = types.get(key[0]) or _rare(key, where, types), len(key) - 1
            form, at = known.key, reader.position
            reader.part = known.name
            if key in self._found:
                reader.fail("comes twice", found=f"key {key[:40].hex()}")
            if len(self._found) == MAX_IN_MAP or next(numbers) > MAX_IN_ALL:
                most = f"at most {MAX_IN_MAP:,} in a map, {MAX_IN_ALL:,} in all"
                reader.fail("too many fields", expected=most)
            # Nearly all of a PSBT passes here: what has its form is asked nothing else.
            if (
                size not in form.sizes
                or (form.heads and key[1] not in form.heads[size])
                or form.read
            ):
                _check(form, reader, at - size, ": key")
            value, form = reader.var_bytes(), known.value
            at = reader.position - len(value)
            if len(value) not in form.sizes or form.read:
                _check(form, reader, at)
            self._found[key] = value, at
            reader.part = ""
        self.end = reader.position - 1

    def one(self, kind: int, read: Callable[[Reader], _T]) -> _T | None:
        """The value of a type that has no key data, or None when the field is absent.

        Raises:
            BadInput: `read` did, or left bytes.
        """
        found = self._found.get(bytes((kind,)))
        if found is None:
            return None
        where, (value, at) = f"{self._where}: {self._types[kind].name}", found
        reader = Reader(self._data, where, at, at + len(value))
        result = read(reader)
        reader.finish()
        return result

    def raw(self, kind: int) -> bytes:
        """The same as it is; empty when the field is absent."""
        return self._found.get(bytes((kind,)), (b"", 0))[0]

    def all(self, kind: int) -> list[tuple[bytes, bytes]]:
        """Every field of a type: key data and value, in the order of the file."""
        return [(key[1:], value) for key, (value, _) in self._found.items() if key[0] == kind]

    def others(self, read: Container[int]) -> tuple[Entry, ...]:
        """Every field of a type that is not in `read`, in the order of the file."""
        found = self._found.items()
        return tuple([Entry(key, value) for key, (value, _) in found if key[0] not in read])

    def fail(self, what: str, *, expected: str = "", found: str = "", hint: str = "") -> NoReturn:
        """Raises BadInput about the map as a whole."""
        Reader(self._data, self._where, self.end).fail(
            what, expected=expected, found=found, hint=hint
        )


def _rare(key: bytes, where: str, types: Mapping[int, FieldType]) -> FieldType:
    """A type that is not known, or that takes more than a byte."""
    kind = Reader(key, f"{where}: key").compact_size()
    return types.get(kind) or FieldType(f"field 0x{kind:02x}", ANYTHING)


def _check(form: Form, reader: Reader, start: int, end: str = "") -> None:
    """Ask a form about bytes that have been read, from `start` on."""
    part = Reader(reader.data, f"{reader.where}: {reader.part}{end}", start, reader.position)
    if form.read:
        form.read(part)
        part.finish()
    else:
        shown = part.peek(40).hex() if form.heads else f"{part.left} bytes"
        part.fail(form.wrong, expected=form.expected, found=shown)
