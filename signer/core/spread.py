"""Work on many things at once: one after the other here, on all cores where a program says how."""

from collections.abc import Callable, Sequence

Work = Callable[[Sequence[int]], list[bytes]]
"""Makes something of each of some numbers, in their order."""

Spread = Callable[[Work, int], list[bytes]]
"""Does some work for all numbers below a count, and gives what it made in their order. What could
not be made is empty."""


def in_turn(work: Work, count: int) -> list[bytes]:
    """The plain way: one after the other."""
    return work(range(count))
