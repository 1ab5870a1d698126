"""What differs between two policies, and which way each difference points.

Tightening acts at once, loosening waits. So each rule says of each of its own settings which way
a change of it points; what nobody can tell counts as looser.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class Direction(StrEnum):
    """Which way a change points."""

    TIGHTER = "tighter"
    """Whatever the new policy allows, the old one allowed too."""
    LOOSER = "looser"
    """Something may be allowed that was not; or nobody can tell."""
    NEUTRAL = "neutral"
    """It decides nothing."""


class Change(NamedTuple):
    """One difference between an old policy and a new one.

    Attributes:
        path: where, for instance `rules.amounts.per_payment`.
        old: what it was, in words, or empty where nothing was.
        new: what it is, in words, or empty where nothing is.
        direction: which way it points.
    """

    path: str
    old: str
    new: str
    direction: Direction


def loosens(changes: Iterable[Change]) -> bool:
    """Whether any of the changes is looser: then the new policy has to wait."""
    return any(change.direction is Direction.LOOSER for change in changes)
