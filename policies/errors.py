"""What can go wrong with a document, and how a refusal is told.

Every error says who is at fault, what was expected, what was found, and what to do.
The tree of all errors is drawn in `signer/core/errors.py`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

LONGEST = 1_200
"""Characters of what a refusal says, expected or found: the script of a vault of 15 keys, in hex. A
thief's script of 30 MB shall fill no screen, journal or receipt."""


class Fault(StrEnum):
    """Who has to act."""

    COORDINATOR = "coordinator"
    """The online machine sent something that it should not have."""
    COSIGNER = "cosigner"
    """Another signer's signature or key."""
    OFFICER = "officer"
    """A person: an argument, a passphrase, an approval."""
    DEVICE = "device"
    """A USB signer."""
    NODE = "node"
    """The node that tells about the chain."""
    MACHINE = "machine"
    """The machine that this runs on: its disk, its permissions, its libraries."""


class Problem(Exception):
    """Something that a person must be told, never a bug.

    Attributes:
        exit_code: what the program ends with (see `signer/cli/exits.py`).
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self, what: str, *, fault: Fault, expected: str = "", found: str = "", hint: str = ""
    ) -> None:
        super().__init__(what)
        self.what = what
        self.fault = fault
        self.expected = expected
        self.found = found
        self.hint = hint


class BadInput(Problem):
    """A file, a document or a value that cannot be taken as what it should be."""

    exit_code = 4


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason not to sign.

    Attributes:
        step: the number of the check, 1 to 11, as the design lists them.
        rule: a stable dotted name for programs, for instance `amounts.per_payment`.
        what: one line for people.
        fault: who has to act.
        expected: what the check wanted, or empty.
        found: what it saw, or empty.
        hint: what to do, or empty.
    """

    step: int
    rule: str
    what: str
    fault: Fault
    expected: str = ""
    found: str = ""
    hint: str = ""

    def __post_init__(self) -> None:
        for name in ("what", "expected", "found"):
            text = getattr(self, name)
            if len(text) > LONGEST:
                end = f"... ({len(text)} characters)"
                object.__setattr__(self, name, text[: LONGEST - len(end)] + end)


class Refused(Problem):
    """A check said no. Nothing was signed.

    Attributes:
        refusals: every reason, at least one; the first is the headline.
    """

    exit_code = 3

    def __init__(self, *refusals: Refusal) -> None:
        first = refusals[0]
        super().__init__(
            first.what,
            fault=first.fault,
            expected=first.expected,
            found=first.found,
            hint=first.hint,
        )
        self.refusals = refusals
