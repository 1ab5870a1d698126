"""PSBTs as Bitcoin Cash Node writes them: the spent output where BIP174 has its transaction.

Source: bitcoin-cash-node, `src/psbt.h` (PSBT_IN_UTXO); docs/bch.md tells what else differs.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from signer.core.errors import BadInput, Fault
from signer.core.psbt import MAGIC, MAX_PSBT, Entry, Psbt, with_partial_sigs
from signer.core.psbt_fields import Global, Input
from signer.core.psbt_map import MAX_IN_ALL, FieldMap
from signer.core.psbt_parts import PartialSig
from signer.core.wire import Reader, var_bytes

_SPENT = bytes((Input.PREVIOUS_TX,))
"""BCHN's type of the output that is spent has the number of BIP174's previous transaction."""


@dataclass(frozen=True, slots=True)
class _Maps:
    """A PSBT as nothing but fields."""

    top: tuple[Entry, ...]
    inputs: tuple[tuple[Entry, ...], ...]
    outputs: tuple[tuple[Entry, ...], ...]


def to_bchn(psbt: Psbt) -> bytes:
    """The same PSBT for Bitcoin Cash Node: each previous transaction is replaced by its output.

    Raises:
        BadInput: an input has no previous transaction.
    """
    maps = _read(psbt.raw, psbt)
    parts = [MAGIC, _written(maps.top)]
    for at, (said, txin, entries) in enumerate(
        zip(psbt.inputs, psbt.tx.inputs, maps.inputs, strict=True)
    ):
        if said.previous_tx is None:
            raise BadInput(
                f"psbt: input {at}: no previous transaction",
                fault=Fault.COORDINATOR,
                hint="give the file that `coldquorum build` or `coldsign sign` wrote",
            )
        spent = said.previous_tx.output(txin.outpoint.vout).to_bytes()
        changed = (Entry(e.key, spent if e.key == _SPENT else e.value) for e in entries)
        parts.append(_written(changed))
    parts += map(_written, maps.outputs)
    return b"".join(parts)


def from_bchn(psbt: Psbt, returned: bytes) -> bytes:
    """Our PSBT with the signatures that Bitcoin Cash Node's copy of it has.

    Nothing else is taken from the copy, and no signature is looked at: `combine` verifies them.

    Args:
        psbt: ours, as it was before it went there.
        returned: the copy.

    Raises:
        BadInput: not a PSBT, or one of another transaction; already final, so that it cannot be
            told who signed; or another signature by a key that has signed ours.
    """
    maps = _read(returned, psbt)
    if Entry(bytes((Global.UNSIGNED_TX,)), psbt.tx.to_bytes()) not in maps.top:
        raise BadInput(
            "psbt: the copy that came back is of another transaction",
            fault=Fault.COSIGNER,
            expected=f"transaction {psbt.tx.txid}",
            hint="give the file that was made for Bitcoin Cash Node, after it signed",
        )
    signatures = {}
    for at, entries in enumerate(maps.inputs):
        if any(e.key == bytes((Input.FINAL_SCRIPT_SIG,)) for e in entries):
            raise BadInput(
                f"psbt: input {at} is final: it does not say any more who signed",
                fault=Fault.COSIGNER,
                hint="let Bitcoin Cash Node sign before the other officers do",
            )
        signatures[at] = tuple(
            PartialSig(e.key[1:], e.value) for e in entries if e.key[0] == Input.PARTIAL_SIG
        )
    return with_partial_sigs(psbt, signatures)


def _read(data: bytes, like: Psbt) -> _Maps:
    """The maps of a PSBT with as many inputs and outputs as another.

    Raises:
        BadInput: cut short, too large, bytes to spare, or a field twice.
    """
    reader = Reader(data, "psbt")
    if len(data) > MAX_PSBT or reader.peek(len(MAGIC)) != MAGIC:
        reader.fail("not a psbt", expected=f"{MAGIC.hex()}, at most {MAX_PSBT:,} bytes")
    reader.take(len(MAGIC))
    room = iter(range(MAX_IN_ALL))
    top = _map(reader, "psbt: global", room)
    inputs = tuple(_map(reader, f"psbt: input {at}", room) for at in range(len(like.inputs)))
    outputs = tuple(_map(reader, f"psbt: output {at}", room) for at in range(len(like.outputs)))
    reader.where = "psbt"
    reader.finish()
    return _Maps(top, inputs, outputs)


def _map(reader: Reader, where: str, room: Iterator[int]) -> tuple[Entry, ...]:
    # No type is ours here: every field is taken as it is.
    return FieldMap(reader, where, {}, room).others(frozenset())


def _written(entries: Iterable[Entry]) -> bytes:
    return b"".join(var_bytes(e.key) + var_bytes(e.value) for e in entries) + b"\0"
