"""The parts of a previous transaction, for devices that want it piece by piece.

The station has checked it: its id is the spent outpoint's. `signer/core` has the reader that
decides; this one only cuts, since `hw` imports nothing of it.

Source: Bitcoin's wire format; BIP144 for the witness, which is skipped: no id covers it.
"""

from dataclasses import dataclass

from hw.errors import Unsupported


@dataclass(frozen=True, slots=True)
class PreviousInput:
    """An input.

    Attributes:
        txid: of what it spends, in wire order.
        vout: which output of that.
        script_sig: as it is.
        sequence: nSequence.
    """

    txid: bytes
    vout: int
    script_sig: bytes
    sequence: int


@dataclass(frozen=True, slots=True)
class PreviousOutput:
    """An output.

    Attributes:
        amount: in the smallest unit.
        script_pubkey: as it is.
    """

    amount: int
    script_pubkey: bytes


@dataclass(frozen=True, slots=True)
class PreviousTransaction:
    """A transaction's parts.

    Attributes:
        version: as an unsigned number.
        locktime: nLockTime.
        inputs: in order.
        outputs: in order.
    """

    version: int
    locktime: int
    inputs: tuple[PreviousInput, ...]
    outputs: tuple[PreviousOutput, ...]

    @classmethod
    def parse(cls, data: bytes) -> "PreviousTransaction":
        """Read it, with or without witness.

        Raises:
            Unsupported: it is none.
        """
        read = _Reader(data)
        version = read.number(4)
        segwit = data[4:6] == b"\x00\x01"  # BIP144: marker and flag
        if segwit:
            read.take(2)
        inputs = tuple(
            PreviousInput(read.take(32), read.number(4), read.take(read.size()), read.number(4))
            for _ in range(read.size())
        )
        outputs = tuple(
            PreviousOutput(read.number(8), read.take(read.size())) for _ in range(read.size())
        )
        if segwit:
            for _ in inputs:
                for _ in range(read.size()):
                    read.take(read.size())
        locktime = read.number(4)
        if read.left:
            raise _none()
        return cls(version, locktime, inputs, outputs)


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, size: int) -> bytes:
        if size > self.left:
            raise _none()
        self._at += size
        return self._data[self._at - size : self._at]

    def number(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def size(self) -> int:
        """A compact size; each thing that it counts has a byte at least."""
        first = self.number(1)
        size = first if first < 0xFD else self.number(1 << (first - 0xFC))  # noqa: PLR2004 -- its marks
        if size > self.left:
            raise _none()
        return size


def _none() -> Unsupported:
    return Unsupported("a previous transaction is none", hint="build the withdrawal again")
