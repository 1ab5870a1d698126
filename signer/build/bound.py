"""Branch and bound: a set of amounts whose sum falls into a window, of least waste.

Bitcoin Core's `SelectCoinsBnB` (`src/wallet/coinselection.cpp`), after Murch, "An Evaluation of
Coin Selection Strategies", 2016, section 6: a depth-first search over including or leaving out
each amount, largest first. Here a step is one set that still lacks something, and the amount that
closes it best is looked up: of those that fit, the smallest wastes least, and those that are too
large are not walked over. The order is Core's, so that this sees every set that Core sees.
"""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

TRIES: Final = 50_000
"""Steps before the best so far is taken. Core takes 100,000 (TOTAL_TRIES), and for each of these
at least two: including the last amount, and leaving it out."""


@dataclass(frozen=True, slots=True)
class Window:
    """What the amounts of a set may come to, and what it wastes.

    Attributes:
        low: the least sum.
        high: the greatest sum; below `low` if no set of that size will do.
        waste: of a set that comes to `low`, in any unit.
    """

    low: int
    high: int
    waste: int


def branch_and_bound(
    rising: Sequence[int],
    below: Sequence[int],
    window: Callable[[int], Window],
    *,
    scale: int,
) -> tuple[int, ...] | None:
    """Search for the set of least waste; of those that waste the same, the first.

    Args:
        rising: positive amounts in rising order.
        below: the sums of the first 0, 1, 2 ... of them.
        window: of sets of so many amounts, from 1; `low` never falls as they grow, and `waste`
            either never falls or never rises.
        scale: waste for each unit of amount above `low`.

    Returns:
        Places in `rising`, falling, at least one; None if no set was found.
    """
    windows = [window(1), window(2)]
    more_is_worse = windows[1].waste >= windows[0].waste
    best: tuple[int, ...] | None = None
    least = 0
    chosen: list[int] = []
    total, end = 0, len(rising)
    now, after = windows
    for _ in range(TRIES):
        # what closes the set: the smallest that does
        place = bisect_left(rising, now.low - total, 0, end)
        if place < end and (reached := total + rising[place]) <= now.high:
            waste = now.waste + (reached - now.low) * scale
            if best is None or waste < least:
                best, least = (*chosen, place), waste
        # what leaves it open, largest first; amounts equal to one left out would only repeat it
        place -= 1
        while (
            place < 0
            or total + below[place + 1] < after.low
            or (more_is_worse and best is not None and after.waste >= least)
        ):
            if not chosen:
                return best
            last = chosen.pop()
            total -= rising[last]
            now, after = windows[len(chosen) : len(chosen) + 2]
            place = bisect_left(rising, rising[last], 0, last) - 1
        chosen.append(place)
        total += rising[place]
        end = place
        if len(windows) < len(chosen) + 2:
            windows.append(window(len(windows) + 1))
        now, after = after, windows[len(chosen) + 1]
    return best
