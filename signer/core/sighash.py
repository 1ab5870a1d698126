"""What a signature signs: the digests of BIP143 (witness version 0).

The signers here sign with ALL alone; the other types are for judging signatures that came from
elsewhere, and for the standards' vectors. Digests are 32 bytes in natural order.
"""

from typing import Final

from signer.core import wire
from signer.core.hashes import sha256d
from signer.core.names import Sats
from signer.core.transaction import Transaction

ALL: Final = 0x01
NONE: Final = 0x02
SINGLE: Final = 0x03
ANYONECANPAY: Final = 0x80

_TYPE: Final = 0x1F  # Core `SignatureHash`: the bits that tell NONE and SINGLE from the rest
_ZERO: Final = bytes(32)


class Bip143:
    """BIP143 digests of one transaction; what all its inputs share is hashed once."""

    __slots__ = ("_outputs", "_prevouts", "_sequences", "_tx")

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._prevouts = sha256d(b"".join(i.outpoint.to_bytes() for i in tx.inputs))
        self._sequences = sha256d(b"".join(wire.u32(i.sequence) for i in tx.inputs))
        self._outputs = sha256d(b"".join(o.to_bytes() for o in tx.outputs))

    def digest(self, index: int, script_code: bytes, amount: Sats, sighash: int = ALL) -> bytes:
        """The digest that a signature of input `index` signs.

        Args:
            index: of the input.
            script_code: for P2WSH the witness script (from its last executed OP_CODESEPARATOR on).
            amount: of the coin that is spent, from its own transaction.
            sighash: the sighash type, the signature's last byte.
        """
        tx = self._tx
        txin = tx.inputs[index]
        kind = sighash & _TYPE
        alone = sighash & ANYONECANPAY
        outputs = self._outputs
        if kind == SINGLE:
            outputs = sha256d(tx.outputs[index].to_bytes()) if index < len(tx.outputs) else _ZERO
        elif kind == NONE:
            outputs = _ZERO
        return sha256d(
            wire.u32(tx.version)
            + (_ZERO if alone else self._prevouts)
            + (_ZERO if alone or kind in (NONE, SINGLE) else self._sequences)
            + txin.outpoint.to_bytes()
            + wire.var_bytes(script_code)
            + wire.u64(amount)
            + wire.u32(txin.sequence)
            + outputs
            + wire.u32(tx.lock_time)
            + wire.u32(sighash)
        )
