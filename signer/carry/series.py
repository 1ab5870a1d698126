"""Receiving a series of QR codes, whichever way it is coded: the first code tells.

A session takes codes in any order, again and again, until its payload is whole. Two series in one
session are refused: a payload of mixed origin must not come out.
"""

from collections.abc import Container
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Final, Protocol

from signer.carry import bbqr, specter, ur
from signer.carry.payload import Payload, guess
from signer.core.errors import BadInput, Fault

MAX_CODE: Final = 7089
"""Characters: what the largest QR code holds, if they are all digits (ISO/IEC 18004, table 7)."""

_bad = partial(BadInput, fault=Fault.OFFICER)


class Joiner(Protocol):
    """What each way of coding offers."""

    @property
    def way(self) -> str:
        """Its name."""

    @property
    def count(self) -> int:
        """How many codes are enough."""

    @property
    def worth(self) -> int:
        """How many codes came that told something new."""

    @property
    def received(self) -> Container[int]:
        """Which are known, by index from 0."""

    def receive(self, text: str) -> None:
        """Take a code in, or raise BadInput."""

    def payload(self) -> Payload:
        """What was carried, once none is missing."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a session is.

    Attributes:
        way: "bbqr", "ur", "specter" or "one code"; empty before the first code.
        have: how many codes came that told something new.
        need: how many are enough.
        missing: the codes that are still missing, numbered from 1.
    """

    way: str
    have: int
    need: int
    missing: tuple[int, ...]

    @property
    def complete(self) -> bool:
        """Nothing is missing."""
        return not self.missing

    def __str__(self) -> str:
        text = f"{self.way}: {self.have} of {self.need}" if self.way else "no code yet"
        return f"{text}, missing {ranges(self.missing)}" if self.way and self.missing else text


class Session:
    """One transfer, from its first code to its payload."""

    def __init__(self) -> None:
        self._joiner: Joiner | None = None
        self._last: bytes | None = None

    def receive(self, code: bytes) -> Progress:
        """Take in what a reader saw in one code.

        Raises:
            BadInput: malformed, beyond a limit, or of another series than the codes before.
        """
        if code == self._last:  # a camera sees each code many times
            return self.progress
        if not 0 < len(code) <= MAX_CODE:
            raise _bad("not a QR code's content", found=f"{len(code):,} bytes")
        text = code.decode("utf-8", "surrogateescape")
        joiner = _joiner(text)
        if self._joiner is not None and self._joiner.way != joiner.way:
            raise _bad(
                "this code belongs to another series",
                expected=self._joiner.way,
                found=joiner.way,
                hint="show one series at a time, and start again",
            )
        joiner = self._joiner or joiner
        joiner.receive(text)
        self._joiner, self._last = joiner, code
        return self.progress

    @property
    def progress(self) -> Progress:
        """How far it is."""
        joiner = self._joiner
        if joiner is None:
            return Progress("", 0, 1, (1,))
        missing = tuple(i + 1 for i in range(joiner.count) if i not in joiner.received)
        return Progress(joiner.way, joiner.worth, joiner.count, missing)

    def payload(self) -> Payload:
        """What was carried.

        Raises:
            BadInput: codes are missing, or together they are not what they say.
        """
        progress = self.progress
        if self._joiner is None or not progress.complete:
            raise _bad(
                "the series is not complete" if self._joiner else "no code was found",
                expected=f"{progress.need} codes" if self._joiner else "",
                found=str(progress),
                hint="show the missing codes again"
                if self._joiner
                else "closer, brighter, sharper",
            )
        return self._joiner.payload()


class Single:
    """One code that belongs to no series: a base64 PSBT, a document, a descriptor."""

    way = "one code"
    count = 1

    def __init__(self) -> None:
        self._text: str | None = None

    @property
    def worth(self) -> int:
        """1 once it came."""
        return int(self._text is not None)

    @property
    def received(self) -> Container[int]:
        """It alone, once it came."""
        return range(self.worth)

    def receive(self, text: str) -> None:
        """Take the code in.

        Raises:
            BadInput: another one came before.
        """
        if self._text not in (None, text):
            hint = "show one code only, and start again"
            raise _bad("two codes that do not belong together", hint=hint)
        self._text = text

    def payload(self) -> Payload:
        """What it carries.

        Raises:
            BadInput: it starts as a PSBT in base64 but is not.
        """
        return guess((self._text or "").encode("utf-8", "surrogateescape"))


def _joiner(text: str) -> Joiner:
    """A new joiner for the way in which a code is coded."""
    if text.startswith("B$"):
        return bbqr.Joiner()
    if text[:3].lower() == "ur:":
        return ur.Joiner()
    return specter.Joiner() if specter.looks(text) else Single()


def ranges(numbers: tuple[int, ...], most: int = 12) -> str:
    """Numbers as `1, 4-6, 9`, no more than `most` groups of them."""
    runs = []
    for _, group in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0]):
        run = [number for _, number in group]
        runs.append(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}")
    return ", ".join(runs[:most]) + (", ..." if len(runs) > most else "")
