"""Cutting a PSBT open where no honest writer would: entry by entry, byte by byte."""

from collections.abc import Callable
from dataclasses import dataclass

from signer.core import wire
from signer.core.wire import Reader

_MAGIC = b"psbt\xff"


@dataclass
class Field:
    """A field as it lies in the file; lengths may be written in a longer form than they need."""

    key: bytes
    value: bytes
    key_length: Callable[[int], bytes] = wire.compact_size
    value_length: Callable[[int], bytes] = wire.compact_size

    def to_bytes(self) -> bytes:
        """Write it."""
        head = self.key_length(len(self.key)) + self.key
        return head + self.value_length(len(self.value)) + self.value


Maps = list[list[Field]]
"""The global map, then those of the inputs, then those of the outputs."""


def opened(raw: bytes) -> Maps:
    """Take a PSBT apart."""
    reader = Reader(raw, "surgery", len(_MAGIC))
    maps: Maps = []
    while reader.left:
        fields = []
        while size := reader.compact_size():
            fields.append(Field(reader.take(size), reader.var_bytes()))
        maps.append(fields)
    return maps


def closed(maps: Maps) -> bytes:
    """Put it together again."""
    return _MAGIC + b"".join(b"".join(f.to_bytes() for f in one) + b"\x00" for one in maps)


def field(fields: list[Field], key: bytes) -> Field:
    """The first field of a map whose key starts so."""
    return next(one for one in fields if one.key.startswith(key))


def long_form(value: int) -> bytes:
    """A compact size in nine bytes, whatever it says."""
    return b"\xff" + wire.u64(value)
