"""Branch and bound: a set of numbers whose sum falls between two bounds, of least waste.

Bitcoin Core's `SelectCoinsBnB` (`src/wallet/coinselection.cpp`), after Murch, "An Evaluation of
Coin Selection Strategies", 2016, section 6: a depth-first search over including or leaving out
each number, largest first.
"""

from collections.abc import Callable, Sequence

TRIES = 100_000
"""Steps before the best so far is taken (Bitcoin Core, TOTAL_TRIES): about 0.1 s."""


def branch_and_bound(
    values: Sequence[int],
    low: int,
    high: int,
    *,
    each: int,
    waste: Callable[[Sequence[int]], int | None],
) -> tuple[int, ...] | None:
    """Search for the set of least waste.

    Args:
        values: positive numbers, falling.
        low: the least sum that can do.
        high: the greatest sum that can do.
        each: waste that every number of a set brings; negative if more are better.
        waste: of a set with a sum within the bounds, or None if it will not do after all.

    Returns:
        Places in `values`, rising; None if no set was found.
    """
    best: tuple[int, ...] | None = None
    least: int | None = None
    chosen: list[int] = []
    total, left, place = 0, sum(values), 0
    for _ in range(TRIES):
        hopeless = total + left < low or (
            least is not None and each > 0 and len(chosen) * each >= least
        )
        if hopeless or total >= low:
            if not hopeless and total <= high:
                found = waste(chosen)
                if found is not None and (least is None or found < least):
                    best, least = tuple(chosen), found
            if not chosen:
                break
            # Back to the last number taken; what lies behind it is to be had again, it is not.
            last = chosen.pop()
            left += sum(values[last + 1 : place])
            total -= values[last]
            place = last + 1
            continue
        left -= values[place]
        # A number equal to the one just left out would only repeat that branch.
        taken = bool(chosen) and chosen[-1] == place - 1
        if place == 0 or taken or values[place] != values[place - 1]:
            chosen.append(place)
            total += values[place]
        place += 1
    return best
