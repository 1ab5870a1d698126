"""Writing a PSBT of version 0 from its parts. Source: BIP174 "Specification"."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from signer.core import wire
from signer.core.errors import BadInput, Fault
from signer.core.psbt import IDENTIFIER, MAGIC
from signer.core.psbt_fields import PROPRIETARY, Global, Input, Output
from signer.core.psbt_map import Entry
from signer.core.psbt_parts import Derivation, PsbtInput, PsbtOutput
from signer.core.transaction import Transaction, stack_bytes


def build(
    tx: Transaction,
    inputs: Sequence[PsbtInput],
    outputs: Sequence[PsbtOutput],
    proprietary: Mapping[int, bytes],
    xpubs: Sequence[Derivation] = (),
) -> bytes:
    """A binary PSBT: fields by type number, keys of one type in order, other fields as given.

    Args:
        tx: the unsigned transaction.
        inputs: one for each input of `tx`.
        outputs: one for each output of `tx`.
        proprietary: our global fields, by subtype.
        xpubs: global extended public keys.

    Raises:
        BadInput: a map would hold a key twice.
    """
    parts = [MAGIC, _map("psbt: global", _global(tx, proprietary, xpubs))]
    for index, (_, given) in enumerate(zip(tx.inputs, inputs, strict=True)):
        parts.append(_map(f"psbt: input {index}", _input(given)))
    for index, (_, out) in enumerate(zip(tx.outputs, outputs, strict=True)):
        parts.append(_map(f"psbt: output {index}", _output(out)))
    return b"".join(parts)


def _map(where: str, entries: Iterable[Entry]) -> bytes:
    fields: dict[bytes, bytes] = {}
    for entry in entries:
        if entry.key in fields:
            what, found = f"{where}: a key would come twice", entry.key[:40].hex()
            raise BadInput(what, fault=Fault.COORDINATOR, found=found)
        fields[entry.key] = entry.value
    return b"".join(wire.var_bytes(k) + wire.var_bytes(v) for k, v in fields.items()) + b"\x00"


def _global(
    tx: Transaction, proprietary: Mapping[int, bytes], xpubs: Sequence[Derivation]
) -> Iterator[Entry]:
    yield _entry(Global.UNSIGNED_TX, tx.to_bytes(witness=False))
    yield from _derivations(Global.XPUB, xpubs)
    own = wire.var_bytes(IDENTIFIER)
    for subtype in sorted(proprietary):
        yield _entry(PROPRIETARY, proprietary[subtype], own + wire.compact_size(subtype))


def _input(given: PsbtInput) -> Iterator[Entry]:
    if given.previous_tx:
        yield _entry(Input.PREVIOUS_TX, given.previous_tx.raw)
    if given.witness_utxo:
        yield _entry(Input.WITNESS_UTXO, given.witness_utxo.to_bytes())
    for signature in sorted(given.partial_sigs, key=lambda s: s.pubkey):
        yield _entry(Input.PARTIAL_SIG, signature.signature, signature.pubkey)
    if given.sighash is not None:
        yield _entry(Input.SIGHASH, wire.u32(given.sighash))
    if given.redeem_script:
        yield _entry(Input.REDEEM_SCRIPT, given.redeem_script)
    if given.witness_script:
        yield _entry(Input.WITNESS_SCRIPT, given.witness_script)
    yield from _derivations(Input.DERIVATION, given.derivations)
    if given.final_script_sig:
        yield _entry(Input.FINAL_SCRIPT_SIG, given.final_script_sig)
    if given.final_script_witness:
        yield _entry(Input.FINAL_SCRIPT_WITNESS, stack_bytes(given.final_script_witness))
    yield from given.others


def _output(out: PsbtOutput) -> Iterator[Entry]:
    if out.redeem_script:
        yield _entry(Output.REDEEM_SCRIPT, out.redeem_script)
    if out.witness_script:
        yield _entry(Output.WITNESS_SCRIPT, out.witness_script)
    yield from _derivations(Output.DERIVATION, out.derivations)
    yield from out.others


def _derivations(kind: int, derivations: Sequence[Derivation]) -> Iterator[Entry]:
    for derivation in sorted(derivations):
        yield _entry(kind, derivation.origin, derivation.pubkey)


def _entry(kind: int, value: bytes, key_data: bytes = b"") -> Entry:
    return Entry(wire.compact_size(kind) + key_data, value)
