"""What a signature signs: the digests of BIP143 and, for BTC's and MONA's P2SH, `legacy.py`'s.

The signers here sign with ALL alone; the other types are for judging signatures that came from
elsewhere, and for the standards' vectors. Digests are 32 bytes in natural order. Bitcoin Cash
takes BIP143's digest for every input, its fork id in the sighash type (bitcoin-cash-node,
`src/script/sighashtype.h`; "Replay Protected Sighash" of the 2017 upgrade).
"""

from typing import Final

from signer.core import wire
from signer.core.hashes import sha256d
from signer.core.legacy import Legacy
from signer.core.names import Sats
from signer.core.transaction import Transaction

ALL: Final = 0x01
NONE: Final = 0x02
SINGLE: Final = 0x03
FORKID: Final = 0x40
ANYONECANPAY: Final = 0x80

_TYPE: Final = 0x1F  # Core `SignatureHash`: the bits that tell NONE and SINGLE from the rest
_ZERO: Final = bytes(32)


class Bip143:
    """BIP143 digests of one transaction; what all its inputs share is hashed once."""

    __slots__ = ("_outpoints", "_outputs", "_prevouts", "_sequences", "_tx")

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._outpoints = [i.outpoint.to_bytes() for i in tx.inputs]
        self._prevouts = sha256d(b"".join(self._outpoints))
        self._sequences = sha256d(b"".join([wire.u32(i.sequence) for i in tx.inputs]))
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
            + self._outpoints[index]
            + wire.var_bytes(script_code)
            + wire.u64(amount)
            + wire.u32(tx.inputs[index].sequence)
            + outputs
            + wire.u32(tx.lock_time)
            + wire.u32(sighash)
        )


Digests = Bip143 | Legacy
"""What makes the digests of a transaction's inputs."""


def digests(tx: Transaction, *, segwit: bool, sighash: int) -> Digests:
    """What makes a transaction's digests.

    Args:
        tx: unsigned.
        segwit: whether signatures go into the witness.
        sighash: the coin's type; one with a fork id takes BIP143's digest everywhere.
    """
    return Bip143(tx) if segwit or sighash & FORKID else Legacy(tx)
