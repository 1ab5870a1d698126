"""The Coldcard's link: 64-byte reports that carry messages, and the cipher over the messages.

A report: byte 0 holds flags (0x80: the last of its message, 0x40: the message is encrypted) and
in its low 6 bits how many of the other 63 bytes count. What follows those is left over.

The cipher of version 1: the SHA-256 of the point x||y that an ephemeral Diffie-Hellman exchange on
secp256k1 gives, as the key of AES-256-CTR from counter 0, one stream a direction. It hides what
crosses from somebody who only listens, and proves nothing: the station verifies what it gets.

Source: Coldcard/firmware, docs/usb.md (name and layout), and recordings of firmware 5.4.5.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from hw import curve
from hw.errors import Garbage, RefusedByUser, Rejected
from hw.pipe import Pipe

REPORT: Final = 64
_ROOM: Final = REPORT - 1
_LAST, _ENCRYPTED, _LENGTH = 0x80, 0x40, 0x3F
RESYNC: Final = bytes((_LAST,)) + b"\xff" * _ROOM
"""An empty last report: the device forgets half a message, and does not answer."""

_LONGEST: Final = 12 + 2048
"""Bytes of a message: a command's arguments and one block, as the firmware's own limit."""

_TAG: Final = 4
VERSION: Final = 1
"""Of the key agreement. From versions 2 and 3 on, a device takes no other session until it is
switched off: each command of ours is a process of its own, so the next would find it deaf."""


@dataclass(frozen=True, slots=True)
class Message:
    """A whole message.

    Attributes:
        data: as it crossed.
        encrypted: whether the cipher is over it.
    """

    data: bytes
    encrypted: bool


@dataclass(frozen=True, slots=True)
class Master:
    """What the device said of its master key when the session began.

    Attributes:
        fingerprint: 8 lower-case hex digits.
        xpub: the master's extended public key, or empty: it has no seed.
    """

    fingerprint: str
    xpub: str


def cut(message: Message) -> list[bytes]:
    """The reports that carry a message, zero-padded."""
    data = message.data
    parts = [data[at : at + _ROOM] for at in range(0, len(data), _ROOM)]
    flags = [0] * (len(parts) - 1) + [_LAST | (_ENCRYPTED if message.encrypted else 0)]
    return [
        bytes((flag | len(part),)) + part.ljust(_ROOM, b"\x00")
        for flag, part in zip(flags, parts, strict=True)
    ]


def join(report: Callable[[], bytes]) -> Message:
    """Put a message together.

    Args:
        report: gives the next report.

    Raises:
        Garbage: a report of another size, one in the middle that is not full, or no end.
    """
    data = b""
    while True:
        one = report()
        if len(one) != REPORT:
            raise _garbage("a report of another size", f"{len(one)} bytes")
        flags, size = one[0], one[0] & _LENGTH
        data += one[1 : 1 + size]
        if not size or (size != _ROOM and not flags & _LAST) or len(data) > _LONGEST:
            raise _garbage("a message that is not cut as it should be", one[:8].hex())
        if flags & _LAST:
            return Message(data, bool(flags & _ENCRYPTED))


class Link:
    """Questions and answers over a pipe, encrypted once `agree` was called."""

    def __init__(self, pipe: Pipe, entropy: Callable[[int], bytes]) -> None:
        self._pipe = pipe
        self._entropy = entropy
        self._out: CipherContext | None = None
        self._in: CipherContext | None = None
        self.session_key = b""

    def resync(self) -> None:
        """Have both sides forget what they were saying."""
        self._out = self._in = None
        self._pipe.drain()
        self._pipe.write(RESYNC)
        self._pipe.drain()

    def agree(self, timeout: float) -> Master:
        """Begin an encrypted session.

        Raises:
            Garbage: the answer makes no sense, or the device is bound to another session.
        """
        secret = self._entropy(32)
        while (public := curve.point_of(secret)) is None:
            secret = self._entropy(32)
        command = b"ncry" + VERSION.to_bytes(4, "little") + public[1:]
        # 64 bytes of the device's ephemeral key, 4 of the fingerprint, 4 of a length, the xpub
        said = self.ask(command, b"mypb", timeout)
        xpub, size = said[72:], int.from_bytes(said[68:72], "little")
        point = curve.shared_point(secret, b"\x04" + said[:64])
        if point is None or len(xpub) != size or not xpub.isascii():
            raise _garbage("no proper key agreement", said[:8].hex())
        self.session_key = sha256(point[1:]).digest()
        self._out = Cipher(AES(self.session_key), CTR(bytes(16))).encryptor()
        self._in = Cipher(AES(self.session_key), CTR(bytes(16))).decryptor()
        return Master(said[64:68].hex(), xpub.decode())

    def ask(self, command: bytes, tag: bytes, timeout: float) -> bytes:
        """Send a command, and give what follows the answer's tag.

        Raises:
            Garbage: another tag.
            RefusedByUser: `refu`.
            Rejected: `err_`, with the device's words, or `busy`.
        """
        answer = self.answer(command, timeout)
        if answer[:_TAG] != tag:
            raise _garbage(f"another answer to {command[:_TAG].decode()}", answer[:_TAG].hex())
        return answer[_TAG:]

    def answer(self, command: bytes, timeout: float) -> bytes:
        """Send a command, and give the whole answer, which is no error.

        Raises:
            Garbage: less than a tag, in clear during a session, or the device does not follow.
            RefusedByUser: `refu`.
            Rejected: `err_`, with the device's words, or `busy`.
        """
        secret = self._out is not None
        data = command if self._out is None else self._out.update(command)
        for report in cut(Message(data, secret)):
            self._pipe.write(report)
        said = join(lambda: self._pipe.read(timeout))
        if said.encrypted != secret:
            raise _garbage(
                "an answer from another session",
                "encrypted" if said.encrypted else "in clear",
                "unplug it and plug it in again: another program may have bound it to itself",
            )
        answer = said.data if self._in is None else self._in.update(said.data)
        tag, words = answer[:_TAG], answer[_TAG:].decode("ascii", "replace")
        if tag == b"err_":
            raise Rejected("the Coldcard says no", found=words)
        if tag == b"busy":
            raise Rejected("the Coldcard is busy", hint="finish what is on its screen first")
        if tag == b"refu":
            raise RefusedByUser("the officer said no on the Coldcard")
        if tag == b"fram":
            raise _garbage("that it does not follow", words)
        if len(tag) != _TAG:
            raise _garbage("less than an answer", answer.hex())
        return answer


def _garbage(what: str, found: str, hint: str = "unplug it and plug it in again") -> Garbage:
    return Garbage(f"the Coldcard gave {what}", found=found, hint=hint)
