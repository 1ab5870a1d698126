"""A PSBT in the thief's hands: every byte of it can be something else.

The signer's own types cannot hold what a signer must refuse (a key twice, a length in a longer
form, an amount below zero). So the thief has a reader and a writer of their own, and the writer
writes whatever it is told. Source: BIP174 "Specification".
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from signer.redteam.papers import Paper

MAGIC: Final = b"psbt\xff"
UNSIGNED_TX: Final = b"\x00"
PREVIOUS_TX: Final = b"\x00"
WITNESS_UTXO: Final = b"\x01"
PARTIAL_SIG: Final = 0x02
SIGHASH: Final = b"\x03"
REDEEM_SCRIPT: Final = b"\x04"
WITNESS_SCRIPT: Final = b"\x05"
DERIVATION: Final = 0x06
OUT_REDEEM_SCRIPT: Final = b"\x00"
OUT_WITNESS_SCRIPT: Final = b"\x01"
OUT_DERIVATION: Final = 0x02
OWN: Final = b"\xfc\x0acoldquorum"
"""The key of our proprietary fields, before the subtype."""

Field = tuple[bytes, bytes]
"""A key with its type, and a value."""

_U32: Final = 0xFFFFFFFF
_U64: Final = 0xFFFFFFFFFFFFFFFF
_WIDTHS: Final = {1: b"", 3: b"\xfd", 5: b"\xfe", 9: b"\xff"}


@dataclass(slots=True)
class In:
    """An input: its part of the unsigned transaction, and its map.

    Attributes:
        txid: of the coin, 32 bytes in hash order.
        vout: of the coin.
        sequence: as in the transaction.
        fields: of the map, in the order of the file.
        script_sig: empty in any honest PSBT.
    """

    txid: bytes
    vout: int
    sequence: int
    fields: list[Field]
    script_sig: bytes = b""

    def get(self, key: bytes) -> bytes | None:
        """The value of the first field of this key."""
        return next((value for known, value in self.fields if known == key), None)

    def put(self, key: bytes, value: bytes | None) -> None:
        """Set a field, or take it out."""
        put(self.fields, key, value)


@dataclass(slots=True)
class Out:
    """An output: its part of the unsigned transaction, and its map.

    Attributes:
        amount: in satoshi; may be no amount at all.
        script: the scriptPubKey.
        fields: of the map, in the order of the file.
    """

    amount: int
    script: bytes
    fields: list[Field] = field(default_factory=list)

    @property
    def claims_to_be_ours(self) -> bool:
        """Whether the map says that it returns to the vault."""
        return any(key[:1] in (b"\x00", b"\x01", b"\x02") for key, _ in self.fields)


@dataclass(slots=True)
class Forgery:
    """A whole bundle. `to_bytes` writes it as it stands.

    Attributes:
        version: of the transaction.
        lock_time: of the transaction.
        inputs: in order.
        outputs: in order.
        globals: fields of the global map but the transaction and our documents.
        withdrawal: the approved withdrawal.
        predecessors: payloads of the withdrawals before it.
        policies: policy envelopes.
        own: our proprietary fields that shall be written otherwise, by subtype; None: not at all.
        transaction: bytes of the unsigned transaction, if they shall be something else.
        wide: widths of compact sizes that shall not be the shortest, by their place in the file.
        spoil: what shall happen to the finished bytes.
    """

    version: int
    lock_time: int
    inputs: list[In]
    outputs: list[Out]
    globals: list[Field]
    withdrawal: Paper
    predecessors: list[bytes]
    policies: list[Paper]
    own: dict[int, bytes | None] = field(default_factory=dict)
    transaction: bytes | None = None
    wide: dict[int, int] = field(default_factory=dict)
    spoil: list[Callable[[bytes], bytes]] = field(default_factory=list)

    def copy(self) -> "Forgery":
        """Another one that can be changed without changing this one."""
        return Forgery(
            self.version,
            self.lock_time,
            [In(i.txid, i.vout, i.sequence, list(i.fields), i.script_sig) for i in self.inputs],
            [Out(o.amount, o.script, list(o.fields)) for o in self.outputs],
            list(self.globals),
            self.withdrawal.copy(),
            list(self.predecessors),
            [paper.copy() for paper in self.policies],
        )

    def to_bytes(self) -> bytes:
        """Write it."""
        writer = _Writer(self.wide)
        parts = [MAGIC, *writer.map(self._globals(writer))]
        for one in self.inputs:
            parts += writer.map(one.fields)
        for out in self.outputs:
            parts += writer.map(out.fields)
        raw = b"".join(parts)
        for change in self.spoil:
            raw = change(raw)
        return raw

    def unsigned(self) -> bytes:
        """The unsigned transaction."""
        return self._unsigned(_Writer({}))

    def _unsigned(self, writer: "_Writer") -> bytes:
        parts = [_u32(self.version), writer.size(len(self.inputs))]
        for one in self.inputs:
            parts += (one.txid, _u32(one.vout), *writer.var(one.script_sig), _u32(one.sequence))
        parts.append(writer.size(len(self.outputs)))
        for out in self.outputs:
            parts += ((out.amount & _U64).to_bytes(8, "little"), *writer.var(out.script))
        return b"".join((*parts, _u32(self.lock_time)))

    def _globals(self, writer: "_Writer") -> list[Field]:
        tx = self._unsigned(writer) if self.transaction is None else self.transaction
        own: dict[int, bytes | None] = {
            0: self.withdrawal.to_bytes(),
            1: framed(self.predecessors),
            2: framed([paper.to_bytes() for paper in self.policies]),
            **self.own,
        }
        ours = [(OWN + size(at), value) for at, value in own.items() if value is not None]
        return [(UNSIGNED_TX, tx), *self.globals, *ours]


class _Writer:
    """Writes compact sizes in their shortest form, but for some."""

    def __init__(self, wide: dict[int, int]) -> None:
        self._wide, self._count = wide, 0

    def size(self, value: int) -> bytes:
        self._count += 1
        return size(value, self._wide.get(self._count, 1))

    def var(self, data: bytes) -> tuple[bytes, bytes]:
        return self.size(len(data)), data

    def map(self, fields: list[Field]) -> Iterator[bytes]:
        for key, value in fields:
            yield from self.var(key)
            yield from self.var(value)
        yield b"\x00"


def size(value: int, least_width: int = 1) -> bytes:
    """A compact size of at least `least_width` bytes."""
    shortest = 1 if value < 0xFD else 3 if value <= 0xFFFF else 5 if value <= _U32 else 9  # noqa: PLR2004 -- the format's bounds
    width = max(shortest, least_width)
    head = _WIDTHS[width]
    return head + value.to_bytes(width - len(head), "little")


def framed(items: list[bytes]) -> bytes:
    """Items with their lengths in front, and their number before that."""
    return size(len(items)) + b"".join(size(len(item)) + item for item in items)


def put(fields: list[Field], key: bytes, value: bytes | None) -> None:
    """Set a field where it stands, add it, or take it out."""
    places = [at for at, (known, _) in enumerate(fields) if known == key]
    if value is None:
        fields[:] = [one for one in fields if one[0] != key]
    elif places:
        fields[places[0]] = (key, value)
    else:
        fields.append((key, value))


def sha256d(data: bytes) -> bytes:
    """Bitcoin's hash; of a transaction without witnesses, its id in hash order."""
    return hashlib.sha256(hashlib.sha256(data).digest()).digest()


def _u32(value: int) -> bytes:
    return (value & _U32).to_bytes(4, "little")


def read(raw: bytes) -> Forgery:
    """Take an honest bundle apart, to start from it.

    Raises:
        ValueError: it is no PSBT of this version with our documents.
    """
    try:
        return _read(raw)
    except (IndexError, KeyError, StopIteration) as error:
        raise ValueError("not a bundle") from error


def _read(raw: bytes) -> Forgery:
    if not raw.startswith(MAGIC):
        raise ValueError("not a binary PSBT")
    top, place = _map(raw, len(MAGIC))
    own = {key[len(OWN) :]: value for key, value in top if key.startswith(OWN)}
    tx = next(value for key, value in top if key == UNSIGNED_TX)
    forgery = _transaction(tx)
    for one in forgery.inputs:
        one.fields, place = _map(raw, place)
    for out in forgery.outputs:
        out.fields, place = _map(raw, place)
    forgery.globals = [f for f in top if f[0] != UNSIGNED_TX and not f[0].startswith(OWN)]
    forgery.withdrawal = Paper.read("withdrawal", own[b"\x00"])
    forgery.predecessors = unframed(own[b"\x01"])
    forgery.policies = [Paper.read("policy", item) for item in unframed(own[b"\x02"])]
    return forgery


def _transaction(tx: bytes) -> Forgery:
    inputs, outputs, place = [], [], 4
    count, place = _size(tx, place)
    for _ in range(count):
        txid, vout = tx[place : place + 32], int.from_bytes(tx[place + 32 : place + 36], "little")
        place += 37  # an unsigned input's script is empty: one byte
        inputs.append(In(txid, vout, int.from_bytes(tx[place : place + 4], "little"), []))
        place += 4
    count, place = _size(tx, place)
    for _ in range(count):
        amount = int.from_bytes(tx[place : place + 8], "little")
        length, place = _size(tx, place + 8)
        outputs.append(Out(amount, tx[place : place + length]))
        place += length
    numbers = (int.from_bytes(part, "little") for part in (tx[:4], tx[place : place + 4]))
    version, lock_time = numbers
    return Forgery(version, lock_time, inputs, outputs, [], Paper("withdrawal", b""), [], [])


def _map(raw: bytes, place: int) -> tuple[list[Field], int]:
    fields: list[Field] = []
    while True:
        length, place = _size(raw, place)
        if not length:
            return fields, place
        key, place = raw[place : place + length], place + length
        length, place = _size(raw, place)
        fields.append((key, raw[place : place + length]))
        place += length


def unframed(data: bytes) -> list[bytes]:
    """Items that were written by `framed`."""
    count, place = _size(data, 0)
    items = []
    for _ in range(count):
        length, place = _size(data, place)
        items.append(data[place : place + length])
        place += length
    return items


def _size(data: bytes, place: int) -> tuple[int, int]:
    first = data[place]
    width = {0xFD: 3, 0xFE: 5, 0xFF: 9}.get(first, 1)
    start = place + (width > 1)
    return int.from_bytes(data[start : place + width], "little"), place + width
