"""A Bitcoin transaction, parsed strictly and written back to the same bytes.

Sources: Bitcoin Core `src/primitives/transaction.h`; BIP141 (weight), BIP144 (witness form).
"""

from dataclasses import dataclass
from functools import cached_property
from struct import Struct
from typing import Final, NamedTuple, Self

from signer.core import wire
from signer.core.coins import COINS
from signer.core.hashes import sha256d
from signer.core.names import Sats, Txid
from signer.core.wire import Reader

# No block holds a larger one: 4,000,000 weight units, and each byte weighs one or more (BIP141).
MAX_TRANSACTION: Final = 4_000_000

# The largest supply of any coin (Core `MoneyRange`): what parses here knows of no coin yet.
MAX_AMOUNT: Final = max(coin.max_money for coin in COINS.values())

_U32: Final = 4  # bytes
_AMOUNT: Final = Struct("<Q")
_OUTPOINT: Final = Struct("<32sI")
_LEAST_INPUT: Final = 41  # outpoint 36, empty script 1, sequence 4
_LEAST_OUTPUT: Final = 9  # amount 8, empty script 1
_MARKER: Final = b"\x00\x01"  # BIP144: no inputs, then the flag that witnesses follow


class OutPoint(NamedTuple):
    """One output of an earlier transaction.

    Attributes:
        txid: that transaction's id.
        vout: the output's index in it.
    """

    txid: Txid
    vout: int

    def to_bytes(self) -> bytes:
        """36 bytes: the id in hash order, the index little-endian."""
        return _OUTPOINT.pack(bytes.fromhex(self.txid)[::-1], self.vout)


class TxIn(NamedTuple):
    """An input.

    Attributes:
        outpoint: the coin that it spends.
        script_sig: empty in an unsigned transaction.
        sequence: 0xffffffff is final; when every input is, nLockTime counts for nothing.
        witness: the witness stack, bottom first; empty in an unsigned transaction.
    """

    outpoint: OutPoint
    script_sig: bytes
    sequence: int
    witness: tuple[bytes, ...] = ()


class TxOut(NamedTuple):
    """An output.

    Attributes:
        amount: in the smallest unit.
        script: the scriptPubKey.
    """

    amount: Sats
    script: bytes

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Reads one output.

        Raises:
            BadInput: cut short, or an amount over the supply.
        """
        return cls(_amount(reader, reader.skip(_AMOUNT.size)), reader.var_bytes())

    def to_bytes(self) -> bytes:
        """Eight bytes of amount, then the script with its length in front."""
        return wire.u64(self.amount) + wire.var_bytes(self.script)


@dataclass(frozen=True)  # not slotted: the id is kept once it is computed
class Transaction:
    """A whole transaction.

    Attributes:
        version: unsigned 32-bit number.
        inputs: in order.
        outputs: in order.
        lock_time: a block height below 500,000,000, seconds since 1970 from there on.
    """

    version: int
    inputs: tuple[TxIn, ...]
    outputs: tuple[TxOut, ...]
    lock_time: int

    @classmethod
    def parse(cls, data: bytes) -> "Transaction":
        """Reads the network form (BIP144), with or without witnesses.

        Raises:
            BadInput: as `Outline.read`.
        """
        return Outline.parse(data).whole()

    def to_bytes(self, *, witness: bool = True) -> bytes:
        """The network form (BIP144), or the form without witnesses that the txid hashes."""
        segwit = witness and any(i.witness for i in self.inputs)
        parts = [wire.u32(self.version), _MARKER if segwit else b""]
        parts.append(wire.compact_size(len(self.inputs)))
        parts += (
            i.outpoint.to_bytes() + wire.var_bytes(i.script_sig) + wire.u32(i.sequence)
            for i in self.inputs
        )
        parts.append(wire.compact_size(len(self.outputs)))
        parts += (o.to_bytes() for o in self.outputs)
        if segwit:
            parts += (stack_bytes(i.witness) for i in self.inputs)
        parts.append(wire.u32(self.lock_time))
        return b"".join(parts)

    @cached_property
    def txid(self) -> Txid:
        """Double SHA-256 of the form without witnesses, byte order reversed, in hex."""
        return Txid(sha256d(self.to_bytes(witness=False))[::-1].hex())


class Outline(NamedTuple):
    """A transaction in the network's form (BIP144): every byte is checked, nothing is taken apart.

    Of the previous transactions, most of a PSBT, only the id and one output matter to a signer.

    Attributes:
        raw: all bytes.
        txid: as `Transaction.txid`.
        outputs: where each begins.
        body: where the count of inputs is.
        segwit: whether there are witnesses.
    """

    raw: bytes
    txid: Txid
    outputs: list[int]
    body: int
    segwit: bool

    @classmethod
    def read(cls, reader: Reader, *, witness: bool = True) -> Self:
        """Reads a transaction that fills all that is left of `reader`.

        Args:
            reader: at the transaction's first byte.
            witness: False reads the form without witnesses that a PSBT's unsigned transaction
                has, where a count of no inputs means just that (BIP174).

        Raises:
            BadInput: cut short, trailing bytes, too large, no inputs, an amount over the supply,
                an oversized count, a compact size that is not the shortest, a witness form
                without witnesses.
        """
        if reader.left > MAX_TRANSACTION:
            reader.fail("too large", expected=f"at most {MAX_TRANSACTION} bytes")
        raw, start = reader.peek(reader.left), reader.skip(_U32)
        segwit = witness and reader.peek(len(_MARKER)) == _MARKER
        body = reader.skip(len(_MARKER)) + len(_MARKER) if segwit else reader.position
        inputs, outputs = reader.count(_LEAST_INPUT), []
        if witness and not inputs:
            reader.fail("transaction without inputs")
        for _ in range(inputs):
            reader.over(_OUTPOINT.size, _U32)
        for _ in range(reader.count(_LEAST_OUTPUT)):
            at = reader.over(_AMOUNT.size)
            _amount(reader, at)
            outputs.append(at - start)
        after = reader.position - start
        stacks = range(inputs if segwit else 0)
        items = [reader.over(0) for _ in stacks for _ in range(reader.count(1))]
        if segwit and not items:
            reader.fail("witness form without witnesses")
        reader.skip(_U32)
        reader.finish()
        # All this is written in one way only, so the form without witnesses is in there.
        stripped = raw[:_U32] + raw[body - start : after] + raw[-_U32:]
        return cls(raw, Txid(sha256d(stripped)[::-1].hex()), outputs, body - start, segwit)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Reads bytes that are all one transaction.

        Raises:
            BadInput: as `read`.
        """
        return cls.read(Reader(data, "transaction"))

    def output(self, index: int) -> TxOut:
        """One output.

        Raises:
            IndexError: there is none of this index.
        """
        at = self.outputs[index]
        (amount,) = _AMOUNT.unpack_from(self.raw, at)  # which `read` looked at
        return TxOut(Sats(amount), Reader(self.raw, "output", at + _AMOUNT.size).var_bytes())

    def whole(self) -> Transaction:
        """All of it."""
        version = Reader(self.raw, "transaction").u32()
        reader = Reader(self.raw, "transaction", self.body)
        spent = [
            (
                *_OUTPOINT.unpack_from(reader.data, reader.skip(_OUTPOINT.size)),
                reader.var_bytes(),
                reader.u32(),
            )
            for _ in range(reader.compact_size())
        ]
        outputs = tuple([TxOut.read(reader) for _ in range(reader.compact_size())])
        stacks = [read_stack(reader) if self.segwit else () for _ in spent]
        inputs = tuple(
            [
                TxIn(OutPoint(Txid(txid[::-1].hex()), vout), script_sig, sequence, stack)
                for (txid, vout, script_sig, sequence), stack in zip(spent, stacks, strict=True)
            ]
        )
        tx = Transaction(version, inputs, outputs, reader.u32())
        tx.__dict__["txid"] = self.txid  # the same, and known already
        return tx


def _amount(reader: Reader, at: int) -> Sats:
    (amount,) = _AMOUNT.unpack_from(reader.data, at)
    if amount > MAX_AMOUNT:
        reader.at(at).fail("amount is over the supply", found=str(amount))
    return Sats(amount)


def read_stack(reader: Reader) -> tuple[bytes, ...]:
    """A witness stack: a count, then each item with its length in front (BIP144)."""
    return tuple([reader.var_bytes() for _ in range(reader.count(1))])


def stack_bytes(stack: tuple[bytes, ...]) -> bytes:
    """The wire form of a witness stack."""
    return wire.compact_size(len(stack)) + b"".join(map(wire.var_bytes, stack))
