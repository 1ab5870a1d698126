"""A Bitcoin transaction, parsed strictly and written back to the same bytes.

Sources: Bitcoin Core `src/primitives/transaction.h`; BIP141 (weight), BIP144 (witness form).
"""

import re
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import accumulate
from struct import Struct
from typing import Final, NamedTuple, Self

from signer.core import wire
from signer.core.coins import COINS
from signer.core.hashes import sha256d
from signer.core.names import Sats, Txid
from signer.core.wire import LONG, Reader

# No block holds a larger one: 4,000,000 weight units, and each byte weighs one or more (BIP141).
MAX_TRANSACTION: Final = 4_000_000

# The largest supply of any coin (Core `MoneyRange`): what parses here knows of no coin yet.
MAX_AMOUNT: Final = max(coin.max_money for coin in COINS.values())

_U32: Final = 4  # bytes
_AMOUNT: Final = Struct("<Q")
_OUTPOINT: Final = Struct("<32sI")
_UNSIGNED: Final = Struct("<32sIBI")  # outpoint, a length, sequence: the least input
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
        (amount,) = _AMOUNT.unpack_from(reader.data, reader.skip(_AMOUNT.size))
        if amount > MAX_AMOUNT:
            reader.at(reader.position - _AMOUNT.size).fail(
                "amount is over the supply", found=str(amount)
            )
        return cls(Sats(amount), reader.var_bytes())

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
    def unsigned(cls, reader: Reader) -> Self:
        """Reads the form without witnesses, script sigs all empty, which may have no inputs.

        Raises:
            BadInput: cut short, an amount over the supply, an oversized count, a script sig.
        """
        version, size = reader.u32(), reader.count(_UNSIGNED.size) * _UNSIGNED.size
        spent = [*_UNSIGNED.iter_unpack(reader.take(size))]
        if any(length for _, _, length, _ in spent):
            reader.fail("an input has a script sig")
        inputs = tuple(
            [
                TxIn(OutPoint(Txid(txid[::-1].hex()), vout), b"", sequence)
                for txid, vout, _, sequence in spent
            ]
        )
        outputs = tuple([TxOut.read(reader) for _ in range(reader.count(_LEAST_OUTPUT))])
        return cls(version, inputs, outputs, reader.u32())

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
        outputs: where each begins. A number takes a fifth of the memory that an output takes.
    """

    raw: bytes
    txid: Txid
    outputs: list[int]

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Reads a transaction that fills all that is left of `reader`.

        Raises:
            BadInput: cut short, trailing bytes, too large, no inputs, an amount over the supply,
                an oversized count, a compact size that is not the shortest, a witness form
                without witnesses.
        """
        if reader.left > MAX_TRANSACTION:
            reader.fail("too large", expected=f"at most {MAX_TRANSACTION} bytes")
        raw, start = reader.peek(reader.left), reader.skip(_U32)
        segwit = reader.peek(len(_MARKER)) == _MARKER
        body = reader.skip(len(_MARKER)) + len(_MARKER) if segwit else reader.position
        if not (inputs := reader.count(_UNSIGNED.size)):
            reader.fail("transaction without inputs")
        for _ in range(inputs):
            reader.over(_OUTPOINT.size, _U32)
        outputs = [
            (reader.position - start, TxOut.read(reader))[0]
            for _ in range(reader.count(_LEAST_OUTPUT))
        ]
        after = reader.position - start
        stacks = range(inputs if segwit else 0)
        items = [reader.over(0) for _ in stacks for _ in range(reader.count(1))]
        if segwit and not items:
            reader.fail("witness form without witnesses")
        reader.skip(_U32)
        reader.finish()
        # All this is written in one way only, so the form without witnesses is in there.
        stripped = raw[:_U32] + raw[body - start : after] + raw[-_U32:]
        return cls(raw, Txid(sha256d(stripped)[::-1].hex()), outputs)

    @classmethod
    def usual(cls, reader: Reader) -> Self:
        """As `read`: at one match, if it is of the form that wallets give to a payment."""
        form, one, stack = _usual()
        if match := form.fullmatch(reader.data, reader.position, reader.end):
            raw, (marker, body, count, paid, stacks) = match[0], match.groups()
            *outputs, _ = accumulate(
                map(len, one.findall(paid)), initial=match.start(4) - match.start()
            )
            if (len(outputs), len(stack.findall(stacks))) == (
                int.from_bytes(count[-2:], "little"),
                body[0] if marker else 0,
            ):
                stripped = raw[:_U32] + body + raw[-_U32:]
                return cls(raw, Txid(sha256d(stripped)[::-1].hex()), outputs)
        return cls.read(reader)

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
        raw, script = self.raw, self.outputs[index] + _AMOUNT.size
        return TxOut(
            Sats(*_AMOUNT.unpack_from(raw, script - _AMOUNT.size)),  # which `read` looked at
            raw[script + 1 : script + 1 + raw[script]]
            if raw[script] < LONG
            else Reader(raw, "output", script).var_bytes(),
        )


@cache
def _usual() -> tuple[re.Pattern[bytes], re.Pattern[bytes], re.Pattern[bytes]]:
    """How most wallets write a payment, an output of it, and the witnesses of one input.

    Up to three inputs and 4,000 outputs (more is not relayed), and lengths of scripts, signatures
    and keys that are seen every day. An amount is under 7 * 2**48, so that no supply need be asked.
    All counts are bounded, so that bytes which nearly fit take no longer to turn down.
    """
    spent = b".{36}%b.{4}" % _sized(0, 23, 35, *range(105, 109))
    paid = rb".{6}[\x00-\x06]\x00" + _sized(22, 23, 25, 34, 35)
    stack = _counted(_sized(0, 33, 64, 65, *range(70, 74), 105, 139, 173), 5)
    count = rb"[\x01-\xfc]|\xfd(?:[\xfd-\xff]\x00|.[\x01-\xff])"
    form = b".{4}(\x00\x01)?(%b(%b)((?:%b){1,4000}))((?:%b){0,3}).{4}" % (
        *(_counted(spent, 3), count, paid, stack),
    )
    return re.compile(form, re.DOTALL), re.compile(paid, re.DOTALL), re.compile(stack, re.DOTALL)


def _sized(*sizes: int) -> bytes:
    """A pattern of bytes with their length in front, of some lengths."""
    return b"(?:%b)" % b"|".join([b"\\x%02x.{%d}" % (size, size) for size in sizes])


def _counted(part: bytes, most: int) -> bytes:
    """A pattern of parts with their count in front, 1 to `most`."""
    return b"(?:%b)" % b"|".join(
        [b"\\x%02x(?:%b){%d}" % (count, part, count) for count in range(1, most + 1)]
    )


def read_stack(reader: Reader) -> tuple[bytes, ...]:
    """A witness stack: a count, then each item with its length in front (BIP144)."""
    return tuple([reader.var_bytes() for _ in range(reader.count(1))])


def stack_bytes(stack: tuple[bytes, ...]) -> bytes:
    """The wire form of a witness stack."""
    return wire.compact_size(len(stack)) + b"".join(map(wire.var_bytes, stack))
