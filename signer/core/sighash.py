"""What a signature signs: the digests of BIP143 and, for BTC's and MONA's P2SH, `legacy.py`'s.

The signers here sign with ALL alone, and judge signatures of ALL alone; for the others there is no
digest. Digests are 32 bytes in natural order. Bitcoin Cash takes BIP143's digest for every input,
its fork id in the sighash type (bitcoin-cash-node, `src/script/sighashtype.h`; "Replay Protected
Sighash" of the 2017 upgrade).
"""

from struct import Struct, pack
from typing import Final

from signer.core import wire
from signer.core.hashes import sha256d
from signer.core.legacy import Legacy
from signer.core.names import Sats
from signer.core.transaction import Transaction

ALL: Final = 0x01
FORKID: Final = 0x40

_AMOUNT_SEQUENCE: Final = Struct("<QI")


class Bip143:
    """BIP143 digests for ALL of one transaction; what its inputs share is made once."""

    __slots__ = ("_after", "_before", "_outpoints", "_sequences")

    def __init__(self, tx: Transaction) -> None:
        self._outpoints = [i.outpoint.to_bytes() for i in tx.inputs]
        self._sequences = [i.sequence for i in tx.inputs]
        prevouts = sha256d(b"".join(self._outpoints))
        sequences = sha256d(pack(f"<{len(self._sequences)}I", *self._sequences))
        self._before = wire.u32(tx.version) + prevouts + sequences
        end = sha256d(b"".join([o.to_bytes() for o in tx.outputs])) + wire.u32(tx.lock_time)
        self._after = {kind: end + wire.u32(kind) for kind in (ALL, ALL | FORKID)}

    def digest(self, index: int, script_code: bytes, amount: Sats, sighash: int = ALL) -> bytes:
        """The digest that a signature of input `index` signs.

        Args:
            index: of the input.
            script_code: for P2WSH the witness script (from its last executed OP_CODESEPARATOR on).
            amount: of the coin that is spent, from its own transaction.
            sighash: ALL, with a fork id or without. It is hashed, too.

        Raises:
            KeyError: another type. Most of them leave a part of the transaction unsigned.
        """
        own = _AMOUNT_SEQUENCE.pack(amount, self._sequences[index])
        spent = self._outpoints[index] + wire.var_bytes(script_code) + own
        return sha256d(self._before + spent + self._after[sighash])


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
