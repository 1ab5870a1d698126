"""Uniform Resources: CBOR as text for QR codes, whole or as parts of a fountain code.

Sources: BCR-2020-005 (the text, the parts), BCR-2020-006 (the types). `ur:TYPE/WORDS` is whole,
`ur:TYPE/NUMBER-COUNT/WORDS` is a part. Upper case goes into codes, for their alphanumeric mode.
"""

import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain, repeat
from typing import Final, NoReturn

from signer.carry import bytewords, cbor, fountain
from signer.carry.payload import Kind, Payload, guess
from signer.core.errors import BadInput, Fault

TYPES: Final = {
    "crypto-psbt": Kind.PSBT,
    "psbt": Kind.PSBT,
    "crypto-account": Kind.ACCOUNT,
    "crypto-output": Kind.OUTPUT,
    "bytes": Kind.BINARY,
}
"""The types that are carried here. `psbt` is the newer name of `crypto-psbt`, which more devices
know; the content is the same byte string."""

LAST_SEQUENCE: Final = 0xFFFF
"""After this part the sender starts again: numbers above cost room in every code."""

_SECRET: Final = frozenset(
    {"crypto-seed", "seed", "crypto-bip39", "crypto-hdkey", "hdkey", "crypto-sskr", "sskr"}
)
_WRAPPED: Final = frozenset({Kind.PSBT, Kind.BINARY})
"""Kinds that are one byte string of CBOR."""

_TEXT: Final = re.compile(r"ur:([a-z0-9-]{1,40})/(?:([0-9]{1,10})-([0-9]{1,10})/)?([a-z]+)")
_OLD: Final = re.compile(r"ur:[a-z0-9-]{1,40}/(?:[0-9]+of[0-9]+/)?[a-z0-9/]*[0-9][a-z0-9/]*")

# A part's CBOR beside its data: the array's head, then number, count, length, checksum and the
# data's own head, each at its longest under the limits here.
_OVERHEAD: Final = 1 + 3 + 3 + 5 + 5 + 3
_NUMBERS: Final = len("/65535-4096/")

_bad = partial(BadInput, fault=Fault.OFFICER)


@dataclass(frozen=True, slots=True)
class Code:
    """One code.

    Attributes:
        type: the UR type, one of `TYPES`.
        part: the part, or None if the code is whole.
        cbor: the message of a whole code; empty for a part.
    """

    type: str
    part: fountain.Part | None
    cbor: bytes

    @classmethod
    def parse(cls, text: str) -> "Code":
        """Read a code; upper and lower case are the same.

        Raises:
            BadInput: not one, or of a type that is not read here.
        """
        lower = text.lower()
        match = _TEXT.fullmatch(lower)
        if match is None:
            old = bool(_OLD.fullmatch(lower))
            found = "the first version of UR" if old else ascii(text[:24])
            hint = "choose UR 2, or BBQr, on the other side" if old else "scan it again"
            raise _bad("not a ur code", expected="ur:TYPE/...", found=found, hint=hint)
        name, number, total, words = match.groups()
        if name not in TYPES:
            _unknown(name)
        body = bytewords.decode(words)
        if number is None:
            return cls(name, None, body)
        part = fountain.Part.parse(body)
        if (part.sequence, part.count) != (int(number), int(total)):
            found = f"{number}-{total} outside, {part.sequence}-{part.count} inside"
            raise _bad("ur: the code disagrees with itself", found=found)
        return cls(name, part, b"")


class Series:
    """The codes of one payload, of which there are as many as anybody wants to see.

    Args:
        payload: what to carry.
        characters: how many a code may have.
        name: the UR type; by default the one that most devices know.

    Attributes:
        count: how many first codes are enough.

    Raises:
        BadInput: too large, or a type for another kind of payload.
    """

    def __init__(self, payload: Payload, characters: int, name: str | None = None) -> None:
        self._name = name or _name_of(payload.kind)
        expected = TYPES.get(self._name)
        if expected is None or (expected is not Kind.BINARY and expected is not payload.kind):
            raise _bad("ur: a type for something else", expected=payload.kind, found=self._name)
        message = message_of(payload, self._name)
        whole = f"ur:{self._name}/{bytewords.encode(message)}".upper()
        self._whole = whole if len(whole) <= characters else None
        room = characters - len(f"ur:{self._name}") - _NUMBERS
        largest = room // 2 - bytewords.CHECKSUM_SIZE - _OVERHEAD
        self._encoder = None if self._whole else fountain.Encoder(message, largest)
        self.count = self._encoder.count if self._encoder else 1

    def code(self, sequence: int) -> str:
        """The code of that number, from 1."""
        return next(self.codes((sequence,)))

    def codes(self, sequences: Iterable[int]) -> Iterator[str]:
        """The codes of those numbers."""
        if self._encoder is None:
            return (self._whole or "" for _ in sequences)
        return map(self._text, self._encoder.parts(sequences))

    def _text(self, part: fountain.Part) -> str:
        words = bytewords.encode(part.to_bytes())
        return f"ur:{self._name}/{part.sequence}-{self.count}/{words}".upper()

    def first(self) -> tuple[str, ...]:
        """The least number of codes, each needed: for print."""
        return tuple(self.codes(range(1, self.count + 1)))

    def endless(self) -> Iterator[str]:
        """All codes, one after the other, for as long as anybody looks."""
        return self.codes(chain.from_iterable(repeat(range(1, LAST_SEQUENCE + 1))))


class Joiner:
    """Joins the codes of one series."""

    way = "ur"

    def __init__(self) -> None:
        self._first: Code | None = None
        self._decoder: fountain.Decoder | None = None

    @property
    def count(self) -> int:
        """How many codes are enough; 1 until the first came."""
        return 1 if self._decoder is None else self._decoder.count

    @property
    def worth(self) -> int:
        """How many codes came that told something new."""
        return int(self._first is not None) if self._decoder is None else self._decoder.worth

    @property
    def received(self) -> Container[int]:
        """The fragments that are known, by index from 0."""
        return range(self.worth) if self._decoder is None else self._decoder.solved

    def receive(self, text: str) -> None:
        """Take a code in; one that tells nothing new changes nothing.

        Raises:
            BadInput: malformed, of another series, or contradicting the others.
        """
        code = Code.parse(text)
        first = self._first or code
        same = code.type == first.type and code.cbor == first.cbor
        if not same or (code.part is None) != (first.part is None):
            raise _bad(
                "this code belongs to another series",
                expected=f"ur:{first.type}",
                found=f"ur:{code.type}",
                hint="show one series at a time, and start again",
            )
        if code.part is not None:
            self._decoder = self._decoder or fountain.Decoder(code.part)
            self._decoder.receive(code.part)
        self._first = first

    def payload(self) -> Payload:
        """What the codes carry, once none is missing.

        Raises:
            BadInput: its checksum does not fit, or it is not what its type says.
        """
        if self._first is None:
            raise _bad("ur: no code came")
        message = self._first.cbor if self._decoder is None else self._decoder.message()
        return payload_of(self._first.type, message)


def message_of(payload: Payload, name: str) -> bytes:
    """The CBOR of a payload under a UR type."""
    wrapped = TYPES[name] in _WRAPPED
    return cbor.encode(payload.data) if wrapped else payload.data


def payload_of(name: str, message: bytes) -> Payload:
    """What the CBOR under a UR type is.

    Raises:
        BadInput: not what the type says.
    """
    kind = TYPES[name]
    value = cbor.decode(message, f"ur:{name}")
    if kind not in _WRAPPED:
        return Payload(kind, message)
    if not isinstance(value, bytes) or not value:
        raise _bad(f"ur:{name} is not a byte string")
    return guess(value) if kind is Kind.BINARY else Payload.of(kind, value)


def _name_of(kind: Kind) -> str:
    return next((name for name, known in TYPES.items() if known is kind), "bytes")


def _unknown(name: str) -> NoReturn:
    if name in _SECRET:
        what = "this code holds a key: do not show it to cameras"
        hint = "restore keys with `coldsign key restore`"
    else:
        what, hint = "a kind of ur that is not read here", ""
    raise _bad(what, expected=", ".join(TYPES), found=f"ur:{name}", hint=hint)
