"""Fountain codes of Uniform Resources: a message in any number of parts, any enough of which do.

Source: BCR-2020-005 ("UR Encoding"). The receiver here solves the parts as linear equations over
GF(2), kept in reduced form: no other receiver can finish with fewer parts, and which fragments are
still missing is known exactly. A fragment is one integer, so joining two is one operation.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from itertools import islice
from operator import xor
from typing import Final
from zlib import crc32

from signer.carry import cbor
from signer.carry.xoshiro import choose_fragments, choose_fragments_each
from signer.core.errors import BadInput, Fault

MAX_MESSAGE: Final = 4 * 1024 * 1024
"""Bytes. The longest BBQr series carries 3.5 MB; more belongs on a microSD card."""
MAX_FRAGMENTS: Final = 4096
"""At ten codes a second, seven minutes of film. It bounds what one part may cost: 4,096 joins."""
TOGETHER: Final = 128
"""Parts that are thought out at a time: in half the time of one by one, and some milliseconds
before the first of them is seen."""
MIN_FRAGMENT: Final = 10
"""Bytes. Smaller ones would be all header; the reference implementations have the same least."""

_U32: Final = (1 << 32) - 1
_FIELDS: Final = 5

_bad = partial(BadInput, fault=Fault.OFFICER)


@dataclass(frozen=True, slots=True)
class Part:
    """One part.

    Attributes:
        sequence: its number, from 1; above `count`, several fragments are joined in it.
        count: how many fragments the message has.
        length: bytes of the message, without the padding of its last fragment.
        checksum: CRC-32 of the message.
        data: the fragment, or the exclusive or of several.
    """

    sequence: int
    count: int
    length: int
    checksum: int
    data: bytes

    @classmethod
    def parse(cls, data: bytes) -> "Part":
        """Read a part, all numbers checked against each other.

        Raises:
            BadInput: malformed, or larger than is accepted here.
        """
        value = cbor.decode(data, "ur part")
        if not isinstance(value, tuple) or len(value) != _FIELDS:
            raise _bad("ur part: not an array of five fields")
        *numbers, fragment = value
        if not isinstance(fragment, bytes) or not all(type(number) is int for number in numbers):
            raise _bad("ur part: fields of another kind", expected="four numbers and bytes")
        sequence, count, length, checksum = (int(n) for n in numbers if isinstance(n, int))
        if not 1 <= sequence <= _U32 or checksum > _U32:
            raise _bad("ur part: a number is out of range", found=f"part {sequence}")
        if not 1 <= count <= MAX_FRAGMENTS:
            expected = f"1 to {MAX_FRAGMENTS:,} fragments"
            raise _bad("ur part: too many fragments", expected=expected, found=f"{count:,}")
        if not 1 <= length <= MAX_MESSAGE:
            expected = f"1 to {MAX_MESSAGE:,} bytes"
            raise _bad("ur part: too large a message", expected=expected, found=f"{length:,} bytes")
        if (count - 1) * len(fragment) >= length or length > count * len(fragment):
            found = f"{count:,} fragments of {len(fragment):,} bytes for {length:,}"
            raise _bad("ur part: the sizes do not fit", found=found)
        return cls(sequence, count, length, checksum, fragment)

    def to_bytes(self) -> bytes:
        """The part as CBOR."""
        return cbor.encode((self.sequence, self.count, self.length, self.checksum, self.data))


def fragment_size(length: int, largest: int) -> int:
    """How large the fragments of a message are: equal, and as few as fit.

    Args:
        length: bytes of the message, at least 1.
        largest: bytes that a fragment may have.

    Raises:
        BadInput: `largest` is under `MIN_FRAGMENT`.
    """
    if largest < MIN_FRAGMENT:
        expected, found = f"at least {MIN_FRAGMENT} bytes a code", f"{largest} bytes"
        raise _bad("the codes are too small", expected=expected, found=found, hint="denser codes")
    return -(-length // -(-length // largest))


class Encoder:
    """Makes the parts of a message.

    Args:
        message: 1 byte to `MAX_MESSAGE`.
        largest: bytes that a fragment may have.

    Attributes:
        count: how many fragments there are; that many first parts suffice if none is lost.

    Raises:
        BadInput: empty, too large, or too many fragments.
    """

    def __init__(self, message: bytes, largest: int) -> None:
        if not 1 <= len(message) <= MAX_MESSAGE:
            expected = f"1 to {MAX_MESSAGE:,} bytes"
            found = f"{len(message):,} bytes"
            hint = "carry it as a file"
            raise _bad("too large for qr codes", expected=expected, found=found, hint=hint)
        self.size = fragment_size(len(message), largest)
        self.length, self.checksum = len(message), crc32(message)
        chunks = [message[at : at + self.size] for at in range(0, len(message), self.size)]
        self.count = len(chunks)
        if self.count > MAX_FRAGMENTS:
            expected, found = f"at most {MAX_FRAGMENTS:,} parts", f"{self.count:,}"
            hint = "denser codes, or carry it as a file"
            raise _bad("too many parts", expected=expected, found=found, hint=hint)
        self._fragments = [int.from_bytes(c.ljust(self.size, b"\0"), "big") for c in chunks]

    def part(self, sequence: int) -> Part:
        """The part of that number, 1 to 2**32 - 1."""
        return next(self.parts((sequence,)))

    def parts(self, sequences: Iterable[int]) -> Iterator[Part]:
        """The parts of those numbers, in their order."""
        rest = iter(sequences)
        while some := tuple(islice(rest, TOGETHER)):
            for sequence, chosen in zip(some, self._chosen(some), strict=True):
                joined = reduce(xor, map(self._fragments.__getitem__, chosen))
                data = joined.to_bytes(self.size, "big")
                yield Part(sequence, self.count, self.length, self.checksum, data)

    def _chosen(self, sequences: Sequence[int]) -> Iterator[list[int]]:
        mixed = [sequence for sequence in sequences if sequence > self.count]
        chosen = choose_fragments_each(mixed, self.count, self.checksum)
        return ([n - 1] if n <= self.count else next(chosen) for n in sequences)


class Decoder:
    """Joins parts, whichever come, into the message they were made of."""

    def __init__(self, first: Part) -> None:
        self._first = first
        self._solved: dict[int, int] = {}
        # Equations that join several unknown fragments, by one of them: (which, their sum). That
        # one stands in no other equation.
        self._mixed: dict[int, tuple[int, int]] = {}
        self._pivots = 0  # its keys, as bits

    @property
    def count(self) -> int:
        """How many fragments the message has."""
        return self._first.count

    @property
    def worth(self) -> int:
        """How many parts came that told something new; complete when it is `count`."""
        return len(self._solved) + len(self._mixed)

    @property
    def solved(self) -> Mapping[int, int]:
        """The fragments that are known, by index from 0."""
        return self._solved

    @property
    def complete(self) -> bool:
        """Whether `message` can be called."""
        return len(self._solved) == self.count

    def receive(self, part: Part) -> None:
        """Take a part in; one that tells nothing new changes nothing.

        Raises:
            BadInput: it belongs to another message, or contradicts what came before.
        """
        ours, theirs = self._first, part
        if (ours.count, ours.length, ours.checksum, len(ours.data)) != (
            *(theirs.count, theirs.length, theirs.checksum, len(theirs.data)),
        ):
            raise _bad(
                "this code belongs to another series",
                expected=f"{ours.count} parts, checksum {ours.checksum:08x}",
                found=f"{theirs.count} parts, checksum {theirs.checksum:08x}",
                hint="show one series at a time, and start again",
            )
        which, total = 0, int.from_bytes(part.data, "big")
        for index in choose_fragments(part.sequence, part.count, part.checksum):
            if index in self._solved:
                total ^= self._solved[index]
            else:
                which |= 1 << index
        known = which & self._pivots
        while known:
            lowest = known & -known
            members, joined = self._mixed[lowest.bit_length() - 1]
            which, total, known = which ^ members, total ^ joined, known ^ lowest
        if which:
            self._add(which, total)
        elif total:
            raise _bad(
                f"part {part.sequence} contradicts the others",
                hint="start again; if it stays so, the sender's series is damaged",
            )

    def _add(self, which: int, total: int) -> None:
        pivot = (which & -which).bit_length() - 1
        for other, (members, joined) in self._mixed.items():
            if members >> pivot & 1:
                self._mixed[other] = (members ^ which, joined ^ total)
        self._mixed[pivot] = (which, total)
        self._pivots |= 1 << pivot
        for index in [i for i, (members, _) in self._mixed.items() if members == 1 << i]:
            self._solved[index] = self._mixed.pop(index)[1]
            self._pivots ^= 1 << index

    def message(self) -> bytes:
        """The message, once complete.

        Raises:
            BadInput: its checksum does not fit.
        """
        size = len(self._first.data)
        joined = b"".join(self._solved[i].to_bytes(size, "big") for i in range(self.count))
        message = joined[: self._first.length]
        if crc32(message) != self._first.checksum:
            hint = "start again; if it stays so, the sender's series is damaged"
            raise _bad("the checksum of the whole does not fit", hint=hint)
        return message
