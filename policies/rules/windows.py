"""Velocity: what leaves within a number of blocks, summed over the chain of withdrawals itself.

A window of `blocks` that ends with a withdrawal at height h holds every withdrawal with a height
in (h - blocks, h], that one included. Voided and expired ones stay in it: a signature may be out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from policies.spend import Spend
from policies.value import Limit
from policies.withdrawal import Withdrawal

Flow = tuple[Withdrawal, str, int]
"""What left: with which withdrawal, the account that it counts on, the amount."""


@dataclass(frozen=True, slots=True)
class Window:
    """A ceiling on what leaves within some blocks.

    Attributes:
        blocks: its length.
        limit: the most that leaves in it.
    """

    blocks: int
    limit: Limit


@dataclass(frozen=True, slots=True)
class Overfull:
    """A window that would hold more than it may.

    Attributes:
        account: what the sum is of, as the rule names it.
        blocks: the window's length.
        expected: the limit, in words.
        found: what it would hold, in words.
    """

    account: str
    blocks: int
    expected: str
    found: str


def longest(windows: Iterable[Window]) -> int:
    """The blocks of the longest window, or 0."""
    return max((window.blocks for window in windows), default=0)


def overfull(
    windows: tuple[Window, ...], spend: Spend, now: Mapping[str, int], flows: Iterable[Flow]
) -> Iterator[Overfull]:
    """Sum what left in each window, with one pass over the chain, and give those that overflow.

    Args:
        windows: all of them end with this spend.
        spend: what is to leave.
        now: how much of it counts on which account. One with nothing now is not looked at: a void
            must pass through windows that a newer policy has made too small.
        flows: what left before.
    """
    left: dict[str, list[tuple[Withdrawal, int]]] = {n: [] for n, amount in now.items() if amount}
    for link, account, amount in flows if windows else ():
        if account in left:
            left[account].append((link, amount))
    for window in windows:
        start = spend.head.height - window.blocks
        for account, before in left.items():
            inside = [(link, amount) for link, amount in before if link.height > start]
            this = (spend.head, now[account])
            if over := spend.evidence.excess(window.limit, this, inside):
                yield Overfull(account, window.blocks, over.expected, over.found)
