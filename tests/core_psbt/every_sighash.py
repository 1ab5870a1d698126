"""Digests for every sighash type, where signers make those for ALL alone: an oracle for these.

It is also what signs where a test needs a signature that leaves a part of a transaction open.
"""

from signer.core import wire
from signer.core.hashes import sha256d
from signer.core.sighash import ALL

NONE = 0x02
SINGLE = 0x03
ANYONECANPAY = 0x80
TYPE = 0x1F  # Core `SignatureHash`: the bits that tell NONE and SINGLE from the rest
OP_PUSHDATA = {0x4C: 1, 0x4D: 2, 0x4E: 4}  # how many bytes say the length
OP_CODESEPARATOR = 0xAB


def bip143(tx, index, script_code, amount, sighash=ALL):
    """The digest of witness version 0. Source: BIP143, "Specification".

    Args:
        tx: the transaction.
        index: of the input.
        script_code: for P2WSH the witness script, from its last executed OP_CODESEPARATOR on.
        amount: of the coin that is spent.
        sighash: the sighash type, as an unsigned 32-bit number.
    """
    kind, alone = sighash & TYPE, sighash & ANYONECANPAY
    own, outputs = tx.inputs[index], tx.outputs
    prevouts = sequences = paid = bytes(32)
    if not alone:
        prevouts = sha256d(b"".join(i.outpoint.to_bytes() for i in tx.inputs))
    if not alone and kind not in (NONE, SINGLE):
        sequences = sha256d(b"".join(wire.u32(i.sequence) for i in tx.inputs))
    if kind not in (NONE, SINGLE):
        paid = sha256d(b"".join(o.to_bytes() for o in outputs))
    elif kind == SINGLE and index < len(outputs):
        paid = sha256d(outputs[index].to_bytes())
    parts = [wire.u32(tx.version), prevouts, sequences, own.outpoint.to_bytes()]
    parts += [wire.var_bytes(script_code), wire.u64(amount), wire.u32(own.sequence)]
    parts += [paid, wire.u32(tx.lock_time), wire.u32(sighash)]
    return sha256d(b"".join(parts))


def legacy(tx, index, script_code, sighash=ALL):
    """The digest of P2PKH and bare P2SH. Source: Bitcoin Core `SignatureHash`, `interpreter.cpp`.

    Args:
        tx: the transaction.
        index: of the input.
        script_code: the redeem script, or the scriptPubKey; its OP_CODESEPARATORs are left out.
        sighash: the sighash type, as an unsigned 32-bit number.
    """
    kind = sighash & TYPE
    if kind == SINGLE and index >= len(tx.outputs):
        return b"\x01" + bytes(31)  # a bug as old as Bitcoin, and consensus
    script = wire.var_bytes(b"".join(_without_separators(script_code)))
    parts = [wire.u32(tx.version)]
    signed = [index] if sighash & ANYONECANPAY else range(len(tx.inputs))
    parts.append(wire.compact_size(len(signed)))
    for i in signed:
        own = i == index
        sequence = tx.inputs[i].sequence if own or kind not in (NONE, SINGLE) else 0
        parts += (tx.inputs[i].outpoint.to_bytes(), script if own else b"\x00", wire.u32(sequence))
    outputs = [o.to_bytes() for o in tx.outputs]
    if kind == NONE:
        outputs = []
    elif kind == SINGLE:
        outputs = [b"\xff" * 8 + b"\x00"] * index + [outputs[index]]  # amount -1, no script
    parts += (wire.compact_size(len(outputs)), *outputs)
    parts += (wire.u32(tx.lock_time), wire.u32(sighash))
    return sha256d(b"".join(parts))


def _without_separators(script):
    """The script's operations but OP_CODESEPARATOR; what is no whole operation comes as it is."""
    at = 0
    while at < len(script):
        operation = script[at]
        size = OP_PUSHDATA.get(operation, 0)
        pushed = operation if operation < min(OP_PUSHDATA) else 0
        if size:
            pushed = int.from_bytes(script[at + 1 : at + 1 + size], "little")
        end = at + 1 + size + pushed
        if end > len(script):
            yield script[at:]
            return
        if operation != OP_CODESEPARATOR:
            yield script[at:end]
        at = end
