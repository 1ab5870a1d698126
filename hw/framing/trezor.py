"""The Trezor's link: 64-byte packets that carry messages, and the protobuf in those messages.

A packet: byte 0 is `?`. In a message's first one `##`, the type (2 bytes, big endian) and the
length of the body (4) follow, then the body; in later ones it goes on at byte 1. What follows its
end is padding. This is version 1 of the codec; THP, which the Safe 7 speaks, is another.

Of protobuf only what the messages use: numbers (wire type 0) and bytes (wire type 2).

Sources: trezor-firmware, docs/common/communication and common/protob; Protocol Buffers, "Encoding";
recordings of firmware 1.14.1.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from hw.errors import Garbage
from hw.pipe import Pipe

REPORT: Final = 64
_MARK: Final = b"?"
_FIRST: Final = b"?##"
_HEAD: Final = len(_FIRST) + 2 + 4
_ROOM: Final = REPORT - 1

RESYNC: Final = bytes(REPORT)
"""No packet: a device that waits for the rest of a message gives that up."""

_LONGEST: Final = 1 << 16
"""Bytes of a message from a device: the longest that we ask for are 15 keys, some 2,000 bytes."""

_NUMBER, _BYTES = 0, 2  # protobuf's wire types
_LAST_SHIFT: Final = 63  # a number has 64 bits


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message.

    Attributes:
        kind: its type, as in messages.proto.
        body: protobuf.
    """

    kind: int
    body: bytes


def cut(message: Message) -> list[bytes]:
    """The packets that carry a message, zero-padded."""
    head = message.kind.to_bytes(2, "big") + len(message.body).to_bytes(4, "big")
    data = _FIRST[1:] + head + message.body
    return [
        _MARK + data[at : at + _ROOM].ljust(_ROOM, b"\x00") for at in range(0, len(data), _ROOM)
    ]


def join(report: Callable[[], bytes]) -> Message:
    """Put a message together.

    Args:
        report: gives the next packet.

    Raises:
        Garbage: a packet of another size or mark, or a message that is too long.
    """
    one = _packet(report(), _FIRST)
    kind, size = int.from_bytes(one[3:5], "big"), int.from_bytes(one[5:_HEAD], "big")
    if size > _LONGEST:
        raise _garbage("too long a message", f"{size:,} bytes")
    body = one[_HEAD:]
    while len(body) < size:
        body += _packet(report(), _MARK)[1:]
    return Message(kind, body[:size])


def _packet(report: bytes, mark: bytes) -> bytes:
    if len(report) != REPORT or not report.startswith(mark):
        raise _garbage("a packet that is none of its protocol", report[:8].hex())
    return report


class Body:
    """A protobuf message that is being written, field by field, in the order of the calls."""

    def __init__(self) -> None:
        self._data = bytearray()

    def number(self, tag: int, value: int) -> "Body":
        """Append a number, also 0."""
        self._data += _varint(tag << 3 | _NUMBER) + _varint(value)
        return self

    def numbers(self, tag: int, values: Iterable[int]) -> "Body":
        """Append a repeated number, unpacked: a path."""
        for value in values:
            self.number(tag, value)
        return self

    def data(self, tag: int, value: bytes) -> "Body":
        """Append bytes, also none."""
        self._data += _varint(tag << 3 | _BYTES) + _varint(len(value)) + value
        return self

    def text(self, tag: int, value: str) -> "Body":
        """Append text."""
        return self.data(tag, value.encode())

    def body(self, tag: int, value: "Body") -> "Body":
        """Append a message."""
        return self.data(tag, bytes(value))

    def __bytes__(self) -> bytes:
        return bytes(self._data)


class Fields:
    """A protobuf message that came. Of a field that comes twice, the last counts, as there."""

    def __init__(self, data: bytes) -> None:
        """Read it.

        Raises:
            Garbage: it is no protobuf, or has wire types that the messages do not use.
        """
        self._numbers: dict[int, list[int]] = {}
        self._bytes: dict[int, bytes] = {}
        at = 0
        while at < len(data):
            head, at = _read_varint(data, at)
            value, at = _read_varint(data, at)
            tag, wire = head >> 3, head & 7
            if wire == _NUMBER:
                self._numbers.setdefault(tag, []).append(value)
            elif wire == _BYTES and value <= len(data) - at:
                self._bytes[tag] = data[at : at + value]
                at += value
            else:
                raise _garbage("a message that is no protobuf of its kind", data[:16].hex())

    def number(self, tag: int) -> int:
        """A number; 0 if it is not there."""
        return self._numbers.get(tag, [0])[-1]

    def numbers(self, tag: int) -> list[int]:
        """A repeated number."""
        return self._numbers.get(tag, [])

    def data(self, tag: int) -> bytes:
        """Bytes; none if they are not there."""
        return self._bytes.get(tag, b"")

    def text(self, tag: int) -> str:
        """Text; what is no UTF-8 is replaced."""
        return self.data(tag).decode("utf-8", "replace")

    def fields(self, tag: int) -> "Fields":
        """A message within; an empty one if it is not there."""
        return Fields(self.data(tag))

    def has(self, tag: int) -> bool:
        """Whether it is there."""
        return tag in self._numbers or tag in self._bytes


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004 -- seven bits a byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, _LAST_SHIFT + 1, 7):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
    raise _garbage("a message that ends early", data[:16].hex())


class Link:
    """Messages over a pipe."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    def send(self, kind: int, body: Body | None = None) -> None:
        """Send a message."""
        for packet in cut(Message(kind, b"" if body is None else bytes(body))):
            self._pipe.write(packet)

    def receive(self, timeout: float) -> Message:
        """Wait for a message.

        Args:
            timeout: seconds for each of its packets.

        Raises:
            Garbage: what came is none.
        """
        return join(lambda: self._pipe.read(timeout))

    def drain(self) -> None:
        """Forget what the device still had to say."""
        self._pipe.drain()

    def resync(self) -> None:
        """Have the device forget half a message."""
        self._pipe.write(RESYNC)
        self._pipe.drain()


def _garbage(what: str, found: str) -> Garbage:
    return Garbage(f"the Trezor gave {what}", found=found, hint="unplug it and plug it in again")
