"""BBQr: a file as a series of QR codes, in any order, each of them needed.

Source: BBQr.md of Coinkite. A code is `B$`, an encoding, a file type, the number of codes and its
own number from 0 (two base-36 digits each), then the data: `H` hexadecimal, `2` Base32 without
padding, `Z` deflate with a window of 2**10 bytes and no header, then Base32.
"""

import base64
import binascii
import zlib
from collections.abc import Container
from dataclasses import dataclass
from functools import partial
from typing import Final, NoReturn

from signer.carry.payload import MAX_PAYLOAD, Kind, Payload
from signer.core.errors import BadInput, Fault

HEADER_SIZE: Final = 8
MAX_PARTS: Final = 36 * 36 - 1
"""`ZZ`."""
ENCODINGS: Final = ("H", "2", "Z")

_WINDOW: Final = -10
"""zlib's `wbits`: 2**10 bytes, raw deflate."""
_RATIO: Final = 64
"""The most that deflate may have saved. PSBTs and JSON give 2 to 10; a bomb gives 1,000."""

_KINDS: Final = {
    "P": Kind.PSBT,
    "T": Kind.TRANSACTION,
    "J": Kind.JSON,
    "U": Kind.TEXT,
    "C": Kind.CBOR,
    "B": Kind.BINARY,
}
_FOREIGN: Final = {
    "X": "an executable",
    "R": "a Coldcard key teleport",
    "S": "a Coldcard key teleport",
    "E": "a Coldcard key teleport",
}
_LETTERS: Final = {kind: letter for letter, kind in _KINDS.items()}
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

# Characters that hold whole bytes: every code but the last carries a multiple of them.
_GROUP: Final = {"H": (2, 1), "2": (8, 5), "Z": (8, 5)}

_bad = partial(BadInput, fault=Fault.OFFICER)


@dataclass(frozen=True, slots=True)
class Part:
    """One code.

    Attributes:
        encoding: "H", "2" or "Z".
        letter: the file type.
        count: how many codes there are.
        index: which of them this is, from 0.
        data: what it carries, decoded; for "Z" still compressed.
    """

    encoding: str
    letter: str
    count: int
    index: int
    data: bytes

    @classmethod
    def parse(cls, text: str) -> "Part":
        """Read a code.

        Raises:
            BadInput: not one, or of a file type that is not read here.
        """
        if len(text) <= HEADER_SIZE or not text.startswith("B$"):
            _broken("not a BBQr code", found=ascii(text[:HEADER_SIZE]))
        encoding, letter = text[2], text[3]
        count, index = _number(text[4:6]), _number(text[6:8])
        if encoding not in ENCODINGS:
            _broken("unknown encoding", expected=", ".join(ENCODINGS), found=ascii(encoding))
        if letter not in _KINDS:
            found = _FOREIGN.get(letter, "file type " + ascii(letter))
            _broken("a file that is not read here", expected=", ".join(_KINDS), found=found)
        if not 0 <= index < count:
            _broken("no such code", expected=f"0 to {count - 1}", found=f"{index} of {count}")
        data = _decode(text[HEADER_SIZE:], encoding)
        if index < count - 1 and (len(text) - HEADER_SIZE) % _GROUP[encoding][0]:
            _broken(f"code {index + 1} of {count} does not end at a whole group")
        return cls(encoding, letter, count, index, data)


def split(payload: Payload, characters: int, encoding: str | None = None) -> tuple[str, ...]:
    """The codes that carry a payload, as equal as they can be.

    Args:
        payload: what to carry.
        characters: how many a code may have, header included.
        encoding: one of `ENCODINGS`; by default Z, or 2 where Z would be longer.

    Raises:
        BadInput: empty, or too many codes.
    """
    letter = _LETTERS.get(payload.kind, _LETTERS[Kind.CBOR])
    packed, encoding = _pack(payload.data, encoding)
    group, size = _GROUP[encoding]
    room = (characters - HEADER_SIZE) // group * size
    if room <= 0 or not packed or len(packed) > MAX_PARTS * room:
        found = f"{len(packed):,} bytes, {max(room, 0):,} a code"
        hint = "denser codes, or carry it as a file"
        raise _bad("bbqr: does not fit", expected=f"1 to {MAX_PARTS} codes", found=found, hint=hint)
    count = -(-len(packed) // room)
    share = -(-len(packed) // count)
    share += -share % size
    chunks = [packed[at : at + share] for at in range(0, len(packed), share)]
    head = f"B${encoding}{letter}{_base36(len(chunks))}"
    return tuple(f"{head}{_base36(i)}{_encode(chunk, encoding)}" for i, chunk in enumerate(chunks))


class Joiner:
    """Joins the codes of one series."""

    way = "bbqr"

    def __init__(self) -> None:
        self._first: Part | None = None
        self._parts: dict[int, bytes] = {}
        self._size: int | None = None  # of every part but the last

    @property
    def count(self) -> int:
        """How many codes there are; 1 until the first came."""
        return 1 if self._first is None else self._first.count

    @property
    def worth(self) -> int:
        """How many different codes came."""
        return len(self._parts)

    @property
    def received(self) -> Container[int]:
        """The codes that came, by index from 0."""
        return self._parts.keys()

    def receive(self, text: str) -> None:
        """Take a code in; the same one again changes nothing.

        Raises:
            BadInput: malformed, of another series, or larger than is accepted here.
        """
        part = Part.parse(text)
        first = self._first or part
        ours, theirs = ((p.encoding, p.letter, p.count) for p in (first, part))
        if ours != theirs or self._parts.get(part.index, part.data) != part.data:
            _foreign(first, part)
        whole = part.index < part.count - 1
        size = len(part.data) if whole and self._size is None else self._size
        if size is not None:
            if len(part.data) > size or (whole and len(part.data) != size):
                _foreign(first, part)
            if len(self._parts.get(part.count - 1, b"")) > size:
                _foreign(first, part)
            if size * (part.count - 1) > MAX_PAYLOAD:
                found = f"{part.count} codes of {size:,} bytes"
                _broken("too large a series", expected=f"{MAX_PAYLOAD:,} bytes", found=found)
        self._first, self._size = first, size
        self._parts[part.index] = part.data

    def payload(self) -> Payload:
        """What the codes carry, once none is missing.

        Raises:
            BadInput: it does not decompress, or to too much, or is evidently no such file.
        """
        if self._first is None:
            _broken("no code came")
        data = b"".join(self._parts[index] for index in range(self.count))
        if self._first.encoding == "Z":
            data = _inflate(data)
        return Payload.of(_KINDS[self._first.letter], data)


def _foreign(first: Part, part: Part) -> NoReturn:
    raise _bad(
        "this code belongs to another series",
        expected=f"B${first.encoding}{first.letter}, {first.count} codes of one size",
        found=f"B${part.encoding}{part.letter}, code {part.index + 1} of {part.count}, "
        f"{len(part.data):,} bytes",
        hint="show one series at a time, and start again",
    )


def _pack(data: bytes, encoding: str | None) -> tuple[bytes, str]:
    """The bytes to encode, and as what."""
    if encoding in ("H", "2"):
        return data, encoding
    packer = zlib.compressobj(9, zlib.DEFLATED, _WINDOW)
    packed = packer.compress(data) + packer.flush()
    return (packed, "Z") if encoding == "Z" or len(packed) < len(data) else (data, "2")


def _inflate(packed: bytes) -> bytes:
    """Undo deflate, with a limit on what comes out set before anything does."""
    limit = min(MAX_PAYLOAD, len(packed) * _RATIO)
    machine = zlib.decompressobj(_WINDOW)
    try:
        data = machine.decompress(packed, limit + 1)
    except zlib.error as error:
        _broken("does not decompress", found=str(error).lower())
    if len(data) > limit:
        expected = f"at most {limit:,} bytes from {len(packed):,}"
        _broken("decompresses to too much", expected=expected, found="more")
    if not machine.eof or machine.unused_data:
        _broken("the compressed data is cut short, or goes on behind its end")
    return data


def _encode(data: bytes, encoding: str) -> str:
    if encoding == "H":
        return data.hex().upper()
    return base64.b32encode(data).decode().rstrip("=")


def _decode(text: str, encoding: str) -> bytes:
    """The bytes, if `text` is the one way to write them."""
    try:
        if encoding == "H":
            data = binascii.unhexlify(text)
        else:
            data = base64.b32decode(text + "=" * (-len(text) % 8))
    except ValueError as error:
        _broken("broken data", found=str(error).lower())
    if _encode(data, encoding) != text:
        _broken("broken data", found="another way to write the same bytes")
    return data


def _number(text: str) -> int:
    if not all(digit in _DIGITS for digit in text):
        _broken("not a base-36 number", found=ascii(text))
    return int(text, 36)


def _base36(number: int) -> str:
    return _DIGITS[number // 36] + _DIGITS[number % 36]


def _broken(why: str, *, expected: str = "", found: str = "") -> NoReturn:
    hint = "scan it again from its source"
    raise _bad(f"bbqr: {why}", expected=expected, found=found, hint=hint)
