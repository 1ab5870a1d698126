"""Specter's animated codes: `pMofN ` and a piece of text, M from 1. Read only.

Source: Specter-DIY, `docs/communication.md`; Krux and SeedSigner read and write the same. Nothing
in a piece tells its series from another: the count, and two different pieces of one number, do.
"""

import re
from collections.abc import Container
from dataclasses import dataclass
from functools import partial
from typing import Final, NoReturn

from signer.carry.payload import MAX_PAYLOAD, Payload, guess
from signer.core.errors import BadInput, Fault

MAX_PARTS: Final = 4096
"""At ten codes a second, seven minutes of film."""

_START: Final = re.compile(r"p[0-9]+of[0-9]+ ")
_PIECE: Final = re.compile(r"p([0-9]{1,9})of([0-9]{1,9}) (.+)", re.DOTALL)

_bad = partial(BadInput, fault=Fault.OFFICER)


@dataclass(frozen=True, slots=True)
class Part:
    """One piece.

    Attributes:
        count: how many there are.
        index: which this is, from 0.
        text: what it carries.
    """

    count: int
    index: int
    text: str

    @classmethod
    def parse(cls, text: str) -> "Part":
        """Read a piece.

        Raises:
            BadInput: not one, or more than are accepted here.
        """
        match = _PIECE.fullmatch(text)
        if match is None:
            _broken("not a code of the form pMofN", found=ascii(text[:16]))
        number, count = int(match[1]), int(match[2])
        if count > MAX_PARTS:
            _broken("too many codes", expected=f"at most {MAX_PARTS:,}", found=f"{count:,}")
        if not 1 <= number <= count:
            _broken("no such code", expected=f"1 to {count}", found=f"{number} of {count}")
        return cls(count, number - 1, match[3])


def looks(text: str) -> bool:
    """Whether a text starts like a piece."""
    return _START.match(text) is not None


class Joiner:
    """Joins the pieces of one series."""

    way = "specter"

    def __init__(self) -> None:
        self.count = 1
        self._pieces: dict[int, str] = {}
        self._length = 0

    @property
    def worth(self) -> int:
        """How many different pieces came."""
        return len(self._pieces)

    @property
    def received(self) -> Container[int]:
        """The pieces that came, by index from 0."""
        return self._pieces.keys()

    def receive(self, text: str) -> None:
        """Take a piece in; the same one again changes nothing.

        Raises:
            BadInput: malformed, of another series, or they are too large together.
        """
        part = Part.parse(text)
        foreign = bool(self._pieces) and part.count != self.count
        if foreign or self._pieces.get(part.index, part.text) != part.text:
            raise _bad(
                "this code belongs to another series",
                expected=f"{self.count} codes",
                found=f"code {part.index + 1} of {part.count}",
                hint="show one series at a time, and start again",
            )
        self.count = part.count
        if part.index not in self._pieces:
            self._pieces[part.index] = part.text
            self._length += len(part.text)
        if self._length > MAX_PAYLOAD:
            _broken("too large a series", expected=f"at most {MAX_PAYLOAD:,} characters")

    def payload(self) -> Payload:
        """What the pieces carry, once none is missing: mostly a PSBT in base64.

        Raises:
            BadInput: it starts as one but is not.
        """
        text = "".join(self._pieces[index] for index in range(self.count))
        return guess(text.encode("utf-8", "surrogateescape"))


def _broken(why: str, *, expected: str = "", found: str = "") -> NoReturn:
    hint = "scan it again from its source"
    raise _bad(f"specter: {why}", expected=expected, found=found, hint=hint)
