"""Ledger's HID framing: 64-byte reports that carry one command or answer.

A report: 0-1 the channel 0101, 2 the tag 05, 3-4 its number from 0. The first goes on with two
bytes of the whole's length. All big endian, zero-padded.

A command (ISO 7816-4): CLA INS P1 P2 Lc and that many bytes. An answer: data, and two bytes of
status.

Source: LedgerHQ/ledgercomm (HID), and recordings of app-bitcoin-new 2.4.6.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hw.device import AT_ONCE
from hw.errors import (
    DeviceError,
    Garbage,
    Locked,
    RefusedByUser,
    Rejected,
    Unsupported,
    WrongApp,
)
from hw.pipe import Pipe

REPORT: Final = 64
_HEAD: Final = b"\x01\x01\x05"
_DATA: Final = REPORT - len(_HEAD) - 2  # of a report, after its number
_LENGTH: Final = 2
_STATUS: Final = 2
_LONGEST: Final = 260  # bytes: an app's buffer holds 5 of a header and 255 of data
_MOST_DATA: Final = 255  # bytes: Lc is one

OK, _INTERRUPTED, _NOT_NOW = 0x9000, 0xE000, 0xB007
UNKNOWN_POLICY: Final = 0xB008
NO_APP: Final = (0x6E00, 0x6E01, 0x6D00, 0x6D02, 0x6511)
LOCKED: Final = (0x5515, 0x6982)
_REFUSED: Final = (0x6985, 0x5501)
_UNSUPPORTED: Final = 0x6A82
_FRAMEWORK: Final = 0xF8  # the class of an answer to the app's own question

_MOST_TURNS: Final = 500_000
"""Questions of the app for one command: a hundred inputs with previous transactions of 400 kB each
are half of it."""


@dataclass(frozen=True, slots=True)
class Command:
    """One question.

    Attributes:
        cla: whose.
        ins: which.
        data: at most 255 bytes.
        p1: its first option.
        p2: its second: the protocol's version, for the Bitcoin app.
    """

    cla: int
    ins: int
    data: bytes = b""
    p1: int = 0
    p2: int = 0

    def to_bytes(self) -> bytes:
        """As it crosses.

        Raises:
            ValueError: more data than a command holds.
        """
        if len(self.data) > _MOST_DATA:
            raise ValueError("a command's data has at most 255 bytes")
        return bytes((self.cla, self.ins, self.p1, self.p2, len(self.data))) + self.data


VERSION: Final = Command(0xB0, 0x01)
"""Answered by every app, and by the dashboard ("BOLOS")."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer.

    Attributes:
        status: its status word.
        data: what came before that.
    """

    status: int
    data: bytes


def cut(message: bytes) -> list[bytes]:
    """The reports that carry a message."""
    stream = len(message).to_bytes(_LENGTH, "big") + message
    return [
        (_HEAD + number.to_bytes(2, "big") + stream[at : at + _DATA]).ljust(REPORT, b"\x00")
        for number, at in enumerate(range(0, len(stream), _DATA))
    ]


def join(report: Callable[[], bytes]) -> bytes:
    """Put a message together.

    Args:
        report: gives the next report.

    Raises:
        Garbage: a report of another size, channel or number, or a length that cannot be.
    """
    stream, size, number = b"", _LENGTH, 0
    while len(stream) < size:
        one = report()
        if len(one) != REPORT:
            raise _garbage("a report of another size", f"{len(one)} bytes")
        if one[:5] != _HEAD + number.to_bytes(2, "big"):
            raise _garbage("a report that does not belong here", one[:8].hex())
        stream += one[5:]
        if number == 0:
            size = _LENGTH + int.from_bytes(stream[:_LENGTH], "big")
            if not _LENGTH + _STATUS <= size <= _LENGTH + _LONGEST:
                raise _garbage("an answer of an impossible length", f"{size - _LENGTH} bytes")
        number += 1
    return stream[_LENGTH:size]


def reply(message: bytes) -> Reply:
    """Read an answer; `join` made sure of its length."""
    return Reply(int.from_bytes(message[-_STATUS:], "big"), message[:-_STATUS])


class Link:
    """What the vendor's library talks through: a `TransportClient` of its own."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._turns = 0
        self.patience = AT_ONCE

    def exchange(self, command: Command) -> Reply:
        """Send a command, and wait for its answer."""
        said = self._once(command)
        if said.status == _NOT_NOW and command.cla != _FRAMEWORK:
            # An app that another program left in the middle refuses one command, and is free then.
            said = self._once(command)
        return said

    def _once(self, command: Command) -> Reply:
        for report in cut(command.to_bytes()):
            self._pipe.write(report)
        return reply(join(lambda: self._pipe.read(self.patience)))

    def apdu_exchange(
        self, cla: int, ins: int, data: bytes = b"", p1: int = 0, p2: int = 0
    ) -> bytes:
        """The library's way to send a command; the app's own questions come as its exception."""
        from ledger_bitcoin.client_base import ApduException  # noqa: PLC0415 -- start-up time

        self._turns = self._turns + 1 if cla == _FRAMEWORK else 0
        if self._turns > _MOST_TURNS:
            raise Garbage("the Ledger asks without end", hint="unplug it, and try again")
        said = self.exchange(Command(cla, ins, data, p1, p2))
        if said.status == _INTERRUPTED:
            raise ApduException(said.status, said.data)
        if said.status != OK:
            raise refusal(said)
        return said.data

    def stop(self) -> None:
        """The pipe is not the library's to close."""


def refusal(said: Reply) -> DeviceError:
    """What a status word means (app-bitcoin-new, src/boilerplate/sw.h; Ledger's SDK)."""
    word = f"{said.data.hex()}{said.status:04x}"
    if said.status in _REFUSED:
        return RefusedByUser("the officer said no on the Ledger", found=word)
    if said.status in LOCKED:
        return Locked("the Ledger is locked", found=word, hint="enter its PIN")
    if said.status in NO_APP:
        return WrongApp(
            "the Bitcoin app is not open on the Ledger", found=word, hint="open it on the device"
        )
    if said.status == _UNSUPPORTED:
        return Unsupported("the Ledger's app does not do this unasked", found=word)
    if said.status == UNKNOWN_POLICY:
        return Rejected(
            "the Ledger does not know this vault again", found=word,
            hint="run `coldsign device register`: each Ledger, and each seed, wants its own",
        )  # fmt: skip
    return Rejected("the Ledger says no", found=word, hint="its screen may say why")


def _garbage(what: str, found: str) -> Garbage:
    return Garbage(
        f"the Ledger gave {what}", found=found, hint="unplug it, plug it in again, open its app"
    )
