"""The PSBT that a device gets: written here from established facts, with nothing else in it.

What the coordinator put into its file (documents, other officers' signatures, fields that only
some program knows) a device neither needs nor always takes. Source: BIP174, "Specification".
"""

from collections.abc import Iterable, Sequence

from hw.task import ScriptFacts, TaskInput, TaskOutput, VaultFacts
from signer.core import base58, wire
from signer.core.psbt import MAGIC
from signer.core.psbt_fields import Global, Input, Output


def device_psbt(
    tx: bytes, vault: VaultFacts, inputs: Sequence[TaskInput], outputs: Sequence[TaskOutput]
) -> bytes:
    """Write it: fields by their number, keys of one field in the descriptor's order.

    Args:
        tx: the unsigned transaction.
        vault: whose keys go in as global extended keys: some devices want all of them.
        inputs: in order.
        outputs: in order.
    """
    order = [key.fingerprint for key in vault.cosigners]
    top = [_field(Global.UNSIGNED_TX, tx)]
    top += (
        _field(
            Global.XPUB,
            _origin(key.fingerprint, key.path),
            base58.decode(key.xpub, what="extended key"),
        )
        for key in vault.cosigners
    )
    maps = [top]
    for coin in inputs:
        spent = wire.u64(coin.amount) + wire.var_bytes(coin.script.script_pubkey)
        fields = [_field(Input.PREVIOUS_TX, coin.previous_tx)]
        if coin.script.witness_script:  # a legacy input must not have it (BIP174)
            fields.append(_field(Input.WITNESS_UTXO, spent))
        fields += _scripts(Input.REDEEM_SCRIPT, Input.WITNESS_SCRIPT, coin.script)
        fields += _keys(Input.DERIVATION, coin.script, order)
        maps.append(fields)
    for out in outputs:
        fields = []
        if out.change is not None:
            fields += _scripts(Output.REDEEM_SCRIPT, Output.WITNESS_SCRIPT, out.change)
            fields += _keys(Output.DERIVATION, out.change, order)
        maps.append(fields)
    return MAGIC + b"".join(b"".join(fields) + b"\x00" for fields in maps)


def _scripts(redeem: int, witness: int, script: ScriptFacts) -> Iterable[bytes]:
    if script.redeem_script:
        yield _field(redeem, script.redeem_script)
    if script.witness_script:
        yield _field(witness, script.witness_script)


def _keys(kind: int, script: ScriptFacts, order: Sequence[str]) -> Iterable[bytes]:
    for key in sorted(script.keys, key=lambda key: order.index(key.fingerprint)):
        yield _field(kind, _origin(key.fingerprint, key.path), key.pubkey)


def _origin(fingerprint: str, path: Iterable[int]) -> bytes:
    return bytes.fromhex(fingerprint) + b"".join(map(wire.u32, path))


def _field(kind: int, value: bytes, key_data: bytes = b"") -> bytes:
    return wire.var_bytes(wire.compact_size(kind) + key_data) + wire.var_bytes(value)
