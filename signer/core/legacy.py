"""What a signature signed before segwit (2009), and still does in P2SH vaults of BTC and MONA."""

from hashlib import sha256 as hasher
from typing import Final

from signer.core import wire
from signer.core.hashes import sha256
from signer.core.names import Sats
from signer.core.transaction import Transaction

_ALL: Final = 0x01
_EMPTY_INPUT: Final = 41  # outpoint 36, empty script 1, sequence 4


class Legacy:
    """Digests for ALL of a transaction's inputs before segwit (Core, `SignatureHash`).

    Each is over the whole transaction, with the script in its own input and none in the others.
    What comes before an input is the same for all later ones, and is hashed once.
    """

    __slots__ = ("_after", "_before", "_tx")

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        state, self._before = hasher(wire.u32(tx.version) + wire.compact_size(len(tx.inputs))), []
        empty = [i.outpoint.to_bytes() + b"\0" + wire.u32(i.sequence) for i in tx.inputs]
        for part in empty:
            self._before.append(state.copy())
            state.update(part)
        tail = wire.compact_size(len(tx.outputs)) + b"".join(o.to_bytes() for o in tx.outputs)
        self._after = b"".join(empty) + tail + wire.u32(tx.lock_time)

    def digest(self, index: int, script_code: bytes, amount: Sats, sighash: int = _ALL) -> bytes:
        """The digest that a signature of input `index` signs.

        Args:
            index: of the input.
            script_code: the redeem script, without OP_CODESEPARATOR.
            amount: not committed to: the whole previous transaction has to prove it.
            sighash: ALL. The other types change what is hashed, and no vault has them.
        """
        del amount
        txin, state = self._tx.inputs[index], self._before[index].copy()
        own = txin.outpoint.to_bytes() + wire.var_bytes(script_code) + wire.u32(txin.sequence)
        state.update(own)
        state.update(memoryview(self._after)[_EMPTY_INPUT * (index + 1) :])
        state.update(wire.u32(sighash))
        return sha256(state.digest())
