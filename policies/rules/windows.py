"""Velocity: what leaves within a number of blocks, summed over the chain of withdrawals itself.

A window of `blocks` that ends with a withdrawal at height h holds every withdrawal with a height
in (h - blocks, h], that one included. Voided and expired ones stay in it: a signature may be out.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from policies.spend import Spend
from policies.value import Limit, Priced
from policies.withdrawal import Withdrawal


@dataclass(frozen=True, slots=True)
class Window:
    """A ceiling on what leaves within some blocks.

    Attributes:
        blocks: its length.
        limit: the most that leaves in it.
    """

    blocks: int
    limit: Limit


class Overfull(NamedTuple):
    """A window that would hold more than it may.

    Attributes:
        blocks: the window's length.
        expected: the limit, in words.
        found: what it would hold, in words.
    """

    blocks: int
    expected: str
    found: str


def longest(windows: Iterable[Window]) -> int:
    """The blocks of the longest window, or 0."""
    return max((window.blocks for window in windows), default=0)


def overfull(
    windows: tuple[Window, ...],
    spend: Spend,
    now: int,
    before: Sequence[Withdrawal],
    amounts: Sequence[int],
) -> Iterator[Overfull]:
    """Sum what left in each window, and give those that overflow.

    Args:
        windows: all of them end with this spend.
        spend: what is to leave.
        now: how much of it counts. If nothing does, nothing is looked at: a void must pass through
            windows that a newer policy has made too small.
        before: what left earlier; one that counts for several payments is here for each.
        amounts: how much of each of them counts.
    """
    heights, values = [link.height for link in before], amounts
    if any(isinstance(window.limit, Priced) for window in windows):
        values = [*map(spend.evidence.counted, before, amounts)]
    for window in windows if now else ():
        start = spend.head.height - window.blocks
        flow = zip(heights, values if isinstance(window.limit, Priced) else amounts, strict=True)
        left = sum([amount for height, amount in flow if height > start])
        if over := spend.evidence.excess(window.limit, (spend.head, now), left):
            yield Overfull(window.blocks, over.expected, over.found)
