"""What a Jade is told of a vault and of a transaction, from what the station checked.

Source: Blockstream/Jade, docs/index.rst: register_multisig, sign_tx, tx_input.
"""

from typing import Any, Final

from hw.task import ScriptKey, SigningTask, TaskInput, VaultFacts

_VARIANTS: Final = {
    "p2sh": "sh(multi(k))",
    "p2wsh": "wsh(multi(k))",
    "p2sh-p2wsh": "sh(wsh(multi(k)))",
}


def descriptor(vault: VaultFacts) -> dict[str, Any]:
    """A multisig as register_multisig wants it, keys in the descriptor's order."""
    signers = [
        {
            "fingerprint": bytes.fromhex(key.fingerprint),
            "derivation": list(key.path),
            "xpub": key.xpub,
            "path": [],
        }
        for key in vault.cosigners
    ]
    return {
        "variant": _VARIANTS[vault.script_type],
        "sorted": True,
        "threshold": vault.threshold,
        "signers": signers,
        "master_blinding_key": None,
    }


def signing_input(
    task: SigningTask, one: TaskInput, key: ScriptKey, hidden: bytes
) -> dict[str, Any]:
    """An input as tx_input wants it.

    Args:
        task: what it is of.
        one: the input.
        key: that signs.
        hidden: the host's commitment to its part of the nonce.
    """
    return {
        "is_witness": bool(one.script.witness_script),
        "script": one.script.witness_script or one.script.redeem_script,
        "path": list(key.path),
        "input_tx": one.previous_tx,
        "sighash": task.sighash,
        "ae_host_commitment": hidden,
    }


def unsigned(task: SigningTask) -> bytes:
    """The transaction on the wire, without signatures."""
    parts = [task.version.to_bytes(4, "little", signed=task.version < 0), _size(len(task.inputs))]
    for one in task.inputs:
        parts += [one.previous_txid, one.vout.to_bytes(4, "little"), b"\x00"]
        parts.append(one.sequence.to_bytes(4, "little"))
    parts.append(_size(len(task.outputs)))
    for out in task.outputs:
        parts += [out.amount.to_bytes(8, "little"), _size(len(out.script_pubkey))]
        parts.append(out.script_pubkey)
    return b"".join((*parts, task.locktime.to_bytes(4, "little")))


def _size(number: int) -> bytes:
    """A compact size."""
    if number < 0xFD:  # noqa: PLR2004 -- the mark of two bytes that follow
        return bytes((number,))
    return b"\xfd" + number.to_bytes(2, "little")
