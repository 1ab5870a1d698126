"""BitBox02's link: U2F-HID reports, questions that are asked until they are answered, Noise.

A report: 0-3 a channel that the host chooses, new for each question. The first goes on with 4 the
command (C1), 5-6 the length, then data; the others with 4 their number from 0, then data. Big
endian; the host pads with EE.

A question: 00, an operation's letter, its data. Its answer: 00 and data; or 01, not ready: ask
again with 01, or take it back with 02; or 02, busy with another channel; or 03, no.

Source: BitBoxSwiss/bitbox02-firmware (src/u2f/u2f_packet.c, src/hww.c) and its Python client, and
recordings of firmware 9.25.1.
"""

import base64
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from hw.device import AN_OFFICER, AT_ONCE, Surroundings
from hw.errors import DeviceError, Garbage, Lied, RefusedByUser, Rejected, TimedOut, Unsupported
from hw.framing.noise import KEY, NAME, Channel, Handshake
from hw.pipe import Pipe

REPORT: Final = 64
_FIRST, _NEXT = 7, 5  # bytes before the data of a report
_COMMAND, _ERROR = 0xC1, 0xBF
_MOST: Final = REPORT - _FIRST + 128 * (REPORT - _NEXT)  # bytes: numbers of reports have 7 bits
_CHANNELS: Final = range(1, 0xFFFFFFFF)  # U2F-HID keeps both ends for itself

_NEW, _RETRY, _CANCEL = b"\x00", b"\x01", b"\x02"
_DONE, _NOT_READY, _BUSY = 0, 1, 2
_INFO: Final = b"i"  # without 00 before it, also to firmware that knows no such thing
_FLAGS, _NOVA = 3, 2  # platform, edition, unlocked (and initialized, since 9.20.0): none is greater
_UNLOCK, _HELLO, _HANDSHAKE, _PAIR, _SECRET = b"u", b"h", b"H", b"v", b"n"
_YES, _NO, _NO_SEED = b"\x00", b"\x01", b"\x02"

_POLL: Final = 0.2  # seconds; the firmware forgets a question after half a second without one
_BUSY_TURNS: Final = 20  # of a second: another program's question is over by then, or is not ours

_OWN_KEY: Final = "bitbox02-own-key"
_PAIRED: Final = "bitbox02-paired"


@dataclass(frozen=True, slots=True)
class Hello:
    """What it says without a password.

    Attributes:
        version: of its firmware, `9.25.1`.
        nova: whether it is the second generation.
        bitcoin_only: its edition.
        unlocked: whether its password was entered.
        seeded: whether it has a seed; true of firmware that does not say.
    """

    version: str
    nova: bool
    bitcoin_only: bool
    unlocked: bool
    seeded: bool


def cut(data: bytes, channel: bytes) -> list[bytes]:
    """The reports that carry a message.

    Raises:
        Unsupported: it is longer than U2F-HID allows.
    """
    if len(data) > _MOST:
        raise Unsupported(
            "the BitBox02 takes no message of this size",
            expected=f"at most {_MOST:,} bytes",
            found=f"{len(data):,}",
        )
    room, step = REPORT - _FIRST, REPORT - _NEXT
    reports = [channel + bytes((_COMMAND,)) + len(data).to_bytes(2, "big") + data[:room]]
    for number, at in enumerate(range(room, len(data), step)):
        reports.append(channel + bytes((number,)) + data[at : at + step])
    return [report.ljust(REPORT, b"\xee") for report in reports]


def join(report: Callable[[], bytes], channel: bytes) -> bytes:
    """Put a message together.

    Args:
        report: gives the next report.
        channel: of the question.

    Raises:
        Garbage: a report of another size, channel or number, or a length that cannot be.
        Rejected: the device did not follow.
    """
    data, size, number = b"", 0, -1
    while number < 0 or len(data) < size:
        one = report()
        if len(one) != REPORT or one[:4] != channel:
            raise _garbage("a report that does not belong here", one[:8].hex())
        if number >= 0:
            if one[4] != number:
                raise _garbage("a report out of order", one[:8].hex())
            data += one[_NEXT:]
        elif one[4] == _ERROR:
            raise Rejected("the BitBox02 did not follow", found=f"U2F-HID error {one[_FIRST]:02x}")
        else:
            size = int.from_bytes(one[5:7], "big")
            if one[4] != _COMMAND or not 0 < size <= _MOST:
                raise _garbage("an answer of an impossible length or kind", one[:8].hex())
            data = one[_FIRST:]
        number += 1
    return data[:size]


class Link:
    """Questions and answers over a pipe, encrypted once `begin` was called."""

    def __init__(self, pipe: Pipe, around: Surroundings) -> None:
        self._pipe, self._around = pipe, around
        self._channel: Channel | None = None
        self._open = b""  # the channel of a question that is not answered yet

    def hello(self) -> Hello:
        """Ask what it is.

        Raises:
            Garbage: the answer makes no sense.
        """
        said = self._once(_INFO, self._new_channel())
        size = said[0]
        version, flags = (
            said[1 : 1 + size].decode("ascii", "replace").rstrip("\0"),
            said[1 + size :],
        )
        if not version.startswith("v") or len(flags) < _FLAGS or max(flags[: _FLAGS + 1]) > _NOVA:
            raise _garbage("no proper description of itself", said[:16].hex())
        return Hello(version[1:], flags[0] > 0, flags[1] > 0, flags[2] > 0, flags[3:4] != b"\0")

    def begin(self) -> None:
        """Have it unlocked, agree on keys, and pair if one side does not know the other yet.

        Raises:
            RefusedByUser: the password was not entered, or the pairing was not confirmed.
            Lied: the two sides' codes are not the same.
        """
        if self._query(_UNLOCK)[:1] == _NO:
            raise RefusedByUser("the BitBox02 was not unlocked", hint="enter its password")
        if self._query(_HELLO) != _YES:
            raise _garbage("no handshake", "")
        memory = self._around.memory
        own = memory.get(_OWN_KEY)
        if len(own) != KEY:
            own = self._around.entropy(KEY)
            memory.put(_OWN_KEY, own)
        hands = Handshake(own, self._around.entropy(KEY), NAME)
        device = hands.second(self._shake(hands.first()))
        asks = self._shake(hands.third())
        channel = hands.channel()
        paired = memory.get(_PAIRED)
        known = any(paired[at : at + KEY] == device for at in range(0, len(paired), KEY))
        if not known or asks == b"\x01":
            self._pair(channel)
        if not known:
            memory.put(_PAIRED, paired[: len(paired) // KEY * KEY] + device)
        self._channel = channel

    def ask(self, request: bytes) -> bytes:
        """Send an encrypted request, and open its answer.

        Raises:
            Garbage: the answer does not open.
            Rejected: the device lost the session.
        """
        if self._channel is None:
            raise Rejected("the BitBox02's link is not open")
        said = self._query(_SECRET + self._channel.to_device.encrypt(request))
        if said[:1] != _YES:
            raise Rejected("the BitBox02 lost the session", hint="run the command again")
        return self._channel.from_device.decrypt(said[1:])

    def cancel(self) -> None:
        """Take back the question that is not answered yet, if there is one. Never raises."""
        channel, self._open = self._open, b""
        if channel:
            with suppress(DeviceError):
                self._pipe.drain()
                for _ in range(_BUSY_TURNS):
                    if self._once(_CANCEL, channel)[0] != _NOT_READY:
                        break
                    self._around.pause(_POLL)

    def _pair(self, channel: Channel) -> None:
        code = base64.b32encode(channel.hash).decode()[:20]
        code = " ".join(code[at : at + 5] for at in range(0, 20, 5))
        officer = self._around.officer
        officer.tell(f"look at the BitBox02: confirm there only if it shows {code}")
        if self._query(_PAIR) != _YES:
            raise RefusedByUser("the pairing was not confirmed on the BitBox02")
        if not officer.agree(f"did the BitBox02 show {code}?"):
            raise Lied(
                "the BitBox02 showed another pairing code",
                expected=code,
                hint="somebody may sit between it and this machine: use another cable and port",
            )

    def _shake(self, message: bytes) -> bytes:
        said = self._query(_HANDSHAKE + message)
        if said[:1] != _YES:
            raise Rejected("the BitBox02 refuses the handshake", found=said[:8].hex())
        return said[1:]

    def _query(self, question: bytes) -> bytes:
        """Ask until it is answered."""
        channel = self._new_channel()
        said = self._once(_NEW + question, channel)
        turns = _BUSY_TURNS
        while said[0] == _BUSY and turns:
            self._around.pause(1)
            said = self._once(_NEW + question, channel)
            turns -= 1
        turns = round(AN_OFFICER / _POLL)
        while said[0] == _NOT_READY and turns:
            self._open = channel
            self._around.pause(_POLL)
            said = self._once(_RETRY, channel)
            turns -= 1
        if said[0] == _NOT_READY:
            raise TimedOut("nobody answered on the BitBox02", hint="run the command again")
        self._open = b""
        if said[0] == _BUSY:
            raise Rejected("the BitBox02 is busy", hint="finish what is on its screen first")
        if said[0] != _DONE:
            raise _garbage("no answer", said[:8].hex())
        return said[1:]

    def _once(self, message: bytes, channel: bytes) -> bytes:
        for report in cut(message, channel):
            self._pipe.write(report)
        return join(lambda: self._pipe.read(AT_ONCE), channel)

    def _new_channel(self) -> bytes:
        channel = self._around.entropy(4)
        while int.from_bytes(channel, "big") not in _CHANNELS:
            channel = self._around.entropy(4)
        return channel


def _garbage(what: str, found: str) -> Garbage:
    return Garbage(f"the BitBox02 gave {what}", found=found, hint="unplug it and plug it in again")
