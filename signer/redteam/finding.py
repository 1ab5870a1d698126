"""An attempt, and what is kept of one that should not have succeeded."""

from dataclasses import dataclass
from typing import Final

from signer.redteam.oracle import Violation
from signer.redteam.shooting import Signers
from signer.redteam.tricks import COMBINED, HONEST, OFFICERS, TRICKS

MOST_FINDINGS: Final = 25
"""Reproducers that are kept: a hole is found a thousand times over."""

Step = tuple[str, int]
"""A trick, and the seed of its choices."""


@dataclass(frozen=True, slots=True)
class Case:
    """One attempt; the bundle follows from it.

    Attributes:
        number: of the attempt.
        base: the number of an honest bundle, or -1 for one that officers approve carelessly.
        seed: of the careless officers' choices.
        station: that is asked.
        tricks: what the thief does, in order.
    """

    number: str
    base: int
    seed: int
    station: str
    tricks: tuple[Step, ...]

    @property
    def kind(self) -> str:
        """The class under which it is counted."""
        kinds = {TRICKS[name].kind for name, _ in self.tricks} - {HONEST}
        if not kinds:
            return HONEST if self.base >= 0 else OFFICERS
        return kinds.pop() if len(kinds) == 1 else COMBINED


@dataclass(frozen=True, slots=True)
class Finding:
    """A violation, with the least that brings it about.

    Attributes:
        case: with as few tricks as possible; of a named attack, its name and no trick.
        violations: what the oracle said.
        raw: the bundle.
        home: the files of the signer's home as it was, by path.
        facts: what the ledger and the oracle knew then, for a replay.
    """

    case: Case
    violations: tuple[Violation, ...]
    raw: bytes
    home: dict[str, bytes]
    facts: dict[str, object]


def taken(signers: Signers, case: Case, violations: tuple[Violation, ...], raw: bytes) -> Finding:
    """Keep everything that it takes to see a violation again; the signer has not signed it yet."""
    home = signers.home(case.station)
    files = {
        path.relative_to(home).as_posix(): path.read_bytes()
        for path in sorted(home.rglob("*"))
        if path.is_file()
    }
    return Finding(case, violations, raw, files, signers.facts(case.station))
