"""Bitcoin Core's four ways to choose coins, restated plainly, to be compared with ours.

From the description of each in `src/wallet/coinselection.cpp` (Core 29), for coins whose inputs
all weigh the same. Each works on effective values (what a coin brings above its own fee, in parts
of a satoshi here) towards a target that holds payments and the rest of the fee; a set comes back
as effective values, or None. `CoinGrinder` looks for the lightest set: among equal weights that is
the fewest coins, which largest first finds without a search.
"""

from dataclasses import dataclass

CHANGE_LOWER, CHANGE_UPPER = 50_000, 1_000_000
TOTAL_TRIES = 100_000


@dataclass(frozen=True)
class Task:
    """What Core is asked: parts of a satoshi (`unit` of them), beside `most`, a count."""

    target: int
    cost_of_change: int
    change_fee: int
    each: int
    unit: int
    most: int
    paid: int


def bnb(values, task):
    """Depth first over including and leaving out, largest first; sets without change."""
    values = sorted(values, reverse=True)
    target, cost, each = task.target, task.cost_of_change, task.each
    left, total, best, least = sum(values), 0, None, None
    picks = []  # places that are included
    place = 0
    for _ in range(TOTAL_TRIES):
        waste = len(picks) * each
        back = (
            total + left < target
            or total > target + cost
            or (least is not None and waste > least and each > 0)
        )
        if not back and total >= target:
            back = True
            if len(picks) <= task.most and (least is None or waste + total - target <= least):
                best, least = list(picks), waste + total - target
        if back:
            if not picks:
                break
            place -= 1
            while place > picks[-1]:
                left += values[place]
                place -= 1
            total -= values[picks.pop()]
            place += 1
            continue
        left -= values[place]
        twin = place and values[place] == values[place - 1]
        if not twin or (picks and picks[-1] == place - 1):
            picks.append(place)
            total += values[place]
        place += 1
    return None if best is None else [values[at] for at in best]


def coin_grinder(values, task):
    """The fewest coins that pay and leave change of `CHANGE_LOWER`."""
    target = task.target + task.change_fee + CHANGE_LOWER * task.unit
    picked, total = [], 0
    for value in sorted(values, reverse=True):
        if total >= target:
            break
        picked.append(value)
        total += value
    return picked if total >= target and len(picked) <= task.most else None


def single_random_draw(values, task, random):
    """Coins as they come until they suffice; the smallest goes when they grow too heavy."""
    target = task.target + task.change_fee + CHANGE_LOWER * task.unit
    picked = []
    for value in random.sample(values, len(values)):
        picked.append(value)
        if len(picked) > task.most:
            picked.remove(min(picked))
        if sum(picked) >= target:
            return picked
    return None


def _best_subset(values, total_lower, target, random):
    """Core's ApproximateBestSubset: random halves, a thousand times."""
    best, least = [True] * len(values), total_lower
    for _ in range(1000):
        if least == target:
            break
        included, total, reached = [False] * len(values), 0, False
        for turn in range(2):
            if reached:
                break
            for place, value in enumerate(values):
                if random.getrandbits(1) if turn == 0 else not included[place]:
                    total += value
                    included[place] = True
                    if total >= target:
                        reached = True
                        if total < least:
                            best, least = list(included), total
                        total -= value
                        included[place] = False
    return best, least


def knapsack(values, task, random):
    """Exactly, or the smaller coins close to the target, or the smallest that is larger."""
    aim = random.randrange(CHANGE_LOWER, max(CHANGE_LOWER, min(2 * task.paid, CHANGE_UPPER)) + 1)
    target, change = task.target, aim * task.unit + task.change_fee
    smaller, larger = [], None
    for value in random.sample(values, len(values)):
        if value == target:
            return [value]
        if value < target + change:
            smaller.append(value)
        elif larger is None or value < larger:
            larger = value
    if sum(smaller) == target:
        return smaller
    if sum(smaller) < target:
        return None if larger is None else [larger]
    smaller.sort(reverse=True)
    total = sum(smaller)
    best, least = _best_subset(smaller, total, target, random)
    if least != target and total >= target + change:
        best, least = _best_subset(smaller, total, target + change, random)
    if larger is not None and ((least != target and least < target + change) or larger <= least):
        return [larger]
    picked = [value for value, taken in zip(smaller, best, strict=True) if taken]
    return picked if len(picked) <= task.most else None
