"""Branch and bound: a set of amounts whose sum falls into a window, of least waste.

Bitcoin Core's `SelectCoinsBnB` (`src/wallet/coinselection.cpp`), after Murch, "An Evaluation of
Coin Selection Strategies", 2016, section 6: a depth-first search over including or leaving out
each amount, largest first. Here a step is one set that still lacks something, and the amount that
closes it best is looked up: of those that fit, the smallest wastes least, and those that are too
large are not walked over. The order is Core's, so that this sees every set that Core sees.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from signer.build.rising import Rising

TRIES: Final = 50_000
"""Steps before the best so far is taken. Core takes 100,000 (TOTAL_TRIES), and for each of these
at least two: including the last amount, and leaving it out."""

NEVER: Final = 1 << 100
"""More than any number of coins of any amount comes to."""


@dataclass(frozen=True, slots=True)
class Window:
    """What the amounts of a set may come to, and what it wastes.

    Attributes:
        low: the least sum; NEVER if no set of that size or a larger one will do.
        high: the greatest sum; below `low` if no set of that size will do.
        waste: of a set that comes to `low`, in any unit.
    """

    low: int
    high: int
    waste: int


def branch_and_bound(
    rising: Rising, window: Callable[[int], Window], *, scale: int
) -> tuple[int, ...] | None:
    """Search for the set of least waste; of those that waste the same, the first.

    Args:
        rising: coins by amount.
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
    coins, total, end = rising.coins, 0, len(rising.coins)
    now, after = windows
    for _ in range(TRIES):
        # what closes the set: the smallest that does
        place = rising.place(now.low - total, end)
        if place < end and (reached := total + coins[place].amount) <= now.high:
            waste = now.waste + (reached - now.low) * scale
            if best is None or waste < least:
                best, least = (*chosen, place), waste
        # what leaves it open, largest first; amounts equal to one left out would only repeat it
        place -= 1
        while (
            place < 0
            or not rising.reach(place + 1, after.low - total)
            or (more_is_worse and best is not None and after.waste >= least)
        ):
            if not chosen:
                return best
            last = chosen.pop()
            total -= coins[last].amount
            now, after = windows[len(chosen) : len(chosen) + 2]
            place = rising.place(coins[last].amount, last) - 1
        chosen.append(place)
        total += coins[place].amount
        end = place
        if len(windows) < len(chosen) + 2:
            windows.append(window(len(windows) + 1))
        now, after = after, windows[len(chosen) + 1]
    return best
