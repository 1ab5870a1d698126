"""Messages on the two bulk endpoints: framed, limited, nothing interpreted.

A message is a header of 12 bytes and a payload. All numbers are big endian.

    "CQ"  version u8  kind u8  id u32  length u32  payload...  [one zero byte]

The zero byte follows a message whose size is a multiple of 64, so that it always ends with a short
packet (USB 2.0, section 5.8.3), at full speed as at high speed: nobody waits for an empty packet,
which FunctionFS does not send. The same bytes are good on any stream.

docs/appliance.md is the specification.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

VERSION: Final = 1
MAGIC: Final = b"CQ"

MAX_PSBT: Final = 4 << 20
"""Bytes. A transaction that nodes relay has at most 100,000 (Core's policy.h), and its previous
ones follow it: forty of the largest. The device holds two such messages at a time, in 512 MB."""

_HEADER: Final = struct.Struct(">2sBBII")
_SHORT: Final = 64
_SMALL: Final = 1 << 12
_REASONS: Final = 1 << 20  # 64 reasons of six texts of 2,048 bytes take less


class Kind(IntEnum):
    """What a message is. Requests are below 0x80; their answers have that bit set."""

    HELLO = 0x01
    XPUB = 0x02
    ADDRESS = 0x03
    SIGN = 0x04
    CANCEL = 0x05
    STATUS = 0x06
    HELLO_IS = 0x81
    XPUB_IS = 0x82
    ADDRESS_IS = 0x83
    SIGNED = 0x84
    STATUS_IS = 0x86
    REFUSED = 0xA1
    FAILED = 0xA2


LIMITS: Final = dict.fromkeys(Kind, _SMALL) | {
    Kind.SIGN: MAX_PSBT,
    Kind.SIGNED: 1 << 21,  # 110 bytes for each input of the largest transaction
    Kind.REFUSED: _REASONS,
}
"""Bytes of a payload, at most: known before one byte of it is kept."""


class Fault(IntEnum):
    """Why a request failed, apart from a refusal of the signer: the code in a FAILED message."""

    MALFORMED = 1
    VERSION = 2
    KIND = 3
    SIZE = 4
    BUSY = 5
    OLD_ID = 6
    CANCELLED = 7
    UNKNOWN_VAULT = 8
    BAD_INPUT = 9
    INTERNAL = 10


class Garbled(Exception):
    """What came is no message. After that, the stream has lost its step.

    Attributes:
        fault: why.
        id: of the message, if its header could be read, else 0.
    """

    def __init__(self, fault: Fault, what: str, number: int = 0) -> None:
        super().__init__(what)
        self.fault = fault
        self.id = number


@dataclass(frozen=True, slots=True)
class Message:
    """One message.

    Attributes:
        kind: what it is.
        id: chosen by the host for its request, 1 to 2**32 - 1; answers carry the same. 0 answers
            what could not be read.
        payload: at most `LIMITS[kind]` bytes.
    """

    kind: Kind
    id: int
    payload: bytes = field(default=b"", repr=False)

    def to_bytes(self) -> bytes:
        """The message as it is sent.

        Raises:
            Garbled: its payload is too long.
        """
        if len(self.payload) > LIMITS[self.kind]:
            raise Garbled(Fault.SIZE, f"{len(self.payload)} bytes in a {self.kind.name}", self.id)
        head = _HEADER.pack(MAGIC, VERSION, self.kind, self.id, len(self.payload))
        whole = head + self.payload
        return whole + bytes(not len(whole) % _SHORT)


class Stream:
    """Takes bytes as they come, and gives messages."""

    def __init__(self) -> None:
        self._held = bytearray()

    @property
    def empty(self) -> bool:
        """Whether no message has begun."""
        return not self._held

    def clear(self) -> None:
        """Forget a message that has begun."""
        self._held.clear()

    def feed(self, data: bytes) -> Iterator[Message]:
        """Take bytes, and give each message that is whole by now.

        Raises:
            Garbled: they are none. What was held is forgotten.
        """
        self._held += data
        while len(self._held) >= _HEADER.size:
            try:
                message, size = self._first()
            except Garbled:
                self.clear()
                raise
            if message is None:
                return
            del self._held[:size]
            yield message

    def _first(self) -> tuple[Message | None, int]:
        magic, version, code, number, length = _HEADER.unpack_from(self._held)
        if magic != MAGIC:
            raise Garbled(Fault.MALFORMED, "no message begins here")
        if version != VERSION:
            raise Garbled(Fault.VERSION, f"version {version}, and not {VERSION}", number)
        if code not in LIMITS:
            raise Garbled(Fault.KIND, f"no such kind of message: {code:#04x}", number)
        kind = Kind(code)
        if length > LIMITS[kind]:
            raise Garbled(Fault.SIZE, f"{length} bytes in a {kind.name}", number)
        size = _HEADER.size + length
        padded = size + (not size % _SHORT)
        if len(self._held) < padded:
            return None, 0
        if any(self._held[size:padded]):
            raise Garbled(Fault.MALFORMED, "the byte after the message is not zero", number)
        return Message(kind, number, bytes(self._held[_HEADER.size : size])), padded
