"""Our choice of coins wastes no more than the best of Bitcoin Core's four ways.

The scenarios are those of Core's own tests (`src/wallet/test/coinselector_tests.cpp` and
`coinselection_tests.cpp`, `test/functional/wallet_coinselection.py`) and of the simulations in its
pull requests (27877: a hot wallet's payments over the fee rates of a year), with coins of a vault.
"""

from random import Random

import core_selection as core
import pytest
from test_select import INPUT_WEIGHT, P2WSH, coins, need

from signer.build.select import LONG_TERM_RATE, MAX_STANDARD_WEIGHT, dust_limit, select

CENT, COIN = 1_000_000, 100_000_000
UNIT = 4000
DISCARD_RATE = 3000
MOST_JOINED = 100


def waste_of(amounts, wanted):
    """Waste of a set beside the anchor, by Core's metric, in parts of a satoshi; None if short."""
    count = len(amounts)
    rest = sum(amounts) - wanted.paid
    fees = [wanted.fee(count, change=change) for change in (False, True)]
    inputs = count * (wanted.fee_rate - LONG_TERM_RATE) * INPUT_WEIGHT
    if rest - fees[1] >= dust_limit(P2WSH):
        return inputs + (fees[1] - fees[0]) * UNIT + wanted.later
    return None if rest < fees[0] else inputs + (rest - fees[0]) * UNIT


def cores_best(purse, wanted, random):
    """The set of least waste among those that Core's ways find, as Core takes it."""
    anchor, *others = (one.amount for one in purse)
    each = wanted.fee_rate * INPUT_WEIGHT
    # Core counts every part of the fee by itself, and rounds each up.
    target = (wanted.paid + wanted.fee(1, change=False) - anchor) * UNIT
    change_fee = 43 * 4 * wanted.fee_rate
    task = core.Task(
        target=target,
        cost_of_change=change_fee + DISCARD_RATE * INPUT_WEIGHT,
        change_fee=change_fee,
        each=each - LONG_TERM_RATE * INPUT_WEIGHT,
        unit=UNIT,
        most=(MAX_STANDARD_WEIGHT - 2000) // INPUT_WEIGHT,
        paid=wanted.paid,
    )
    values = [amount * UNIT - each for amount in others if amount * UNIT > each]
    if target <= 0:  # what is chosen beforehand suffices
        return waste_of([anchor], wanted), [anchor]
    found = [core.bnb(values, task), core.single_random_draw(values, task, random)]
    found.append(core.knapsack(values, task, random))
    if wanted.fee_rate > 3 * LONG_TERM_RATE:  # only then does Core ask it
        found.append(core.coin_grinder(values, task))
    sets = [[anchor, *((v + each) // UNIT for v in one)] for one in found if one is not None]
    wastes = {waste_of(one, wanted): one for one in sets if waste_of(one, wanted) is not None}
    return min(wastes.items(), default=(None, []))


def compare(purse, wanted, random):
    """Fail if Core wastes less; tell whether there was anything to compare."""
    least, their = cores_best(purse, wanted, random)
    if least is None or len(their) > 1 + MOST_JOINED:
        return False
    ours = select(purse, wanted)
    assert waste_of([one.amount for one in ours.coins], wanted) <= least, (ours, their)
    return True


RATES = (1000, 5000, 9000, 10_000, 25_000, 60_000, 300_000)
"""Below, at and above Core's long-term rate, and above three times that."""

PUBLISHED = {
    "bnb: 1, 3, 5 cents": ([1 * CENT, 3 * CENT, 5 * CENT], (1, 3, 4, 5, 9)),
    "bnb: many inputs at low rates": ([2 * CENT, 3 * CENT, 5 * CENT, 10 * CENT], (10,)),
    "bnb: weight, 16 of 10 9 8 5 3 1": ([k * CENT for k in (10, 9, 8, 5, 3, 1)], (16,)),
    "bnb: preset inputs, 10 of 9 and 1": ([9 * CENT, 10 * CENT, 1 * CENT], (10,)),
    "grinder: 0.33 and 2": ([33 * CENT] * 60 + [2 * COIN] * 10, (2533,)),
    "grinder: 1.9 of 2, 1, 1": ([2 * COIN, COIN, COIN], (190,)),
    "grinder: 30 of 1 to 15": ([k * COIN for k in range(1, 16)], (3000,)),
    "grinder: clones": (
        [4 * COIN, 3 * COIN, 2 * COIN, COIN, *[k * COIN for k in (8, 7, 6, 5) for _ in range(100)]],
        (990,),
    ),
    "draw: 49.5 of 1s and 2s": ([COIN, 2 * COIN] * 10 + [50 * COIN], (4950, 2950, 2533)),
    "knapsack: 6 7 8 20 30": ([k * CENT for k in (6, 7, 8, 20, 30)], (16, 71, 72)),
    "knapsack: 5 6 7 8 18 20 30": ([k * CENT for k in (5, 6, 7, 8, 18, 20, 30)], (16, 11)),
    "knapsack: powers of ten": ([k * COIN for k in (1, 2, 3, 4)], (95, 195)),
    "knapsack: half a cent more": ([k * CENT // 10 for k in (1, 2, 3, 4, 5)] + [1111 * CENT], (1,)),
    "knapsack: half a million": ([50_000 * COIN // 1000] * 20, (50_000,)),
    "knapsack: 99.9 of 100, 1, 0.05": ([CENT // 20, CENT, 100 * CENT], (99, 100)),
    "subset: 1003 of 1000s and a 3": ([1000 * COIN] * 200 + [3 * COIN], (100_300,)),
    "functional: 1 of 1.01051 and small": ([1_0105_1000 // 10] + [COIN // 100] * 101, (100,)),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_cores_own_scenarios(name):
    """No coins and targets of Core's tests, at no fee rate, find us wasting more than Core."""
    amounts, targets = PUBLISHED[name]
    random, compared = Random(name), 0
    for rate in RATES:
        for target in targets:
            wanted = need(target * CENT, rate=rate, ceiling=10**12)
            purse = coins(1000, *amounts)
            if sum(amounts) > target * CENT + 10**6:
                compared += compare(purse, wanted, random)
            # once more so that a set meets the target exactly, as Core's effective values do
            fee = -(-rate * INPUT_WEIGHT // UNIT)
            exact = coins(wanted.fee(1, change=False) + 1000, *(one + fee for one in amounts))
            wanted = need(target * CENT + 1000, rate=rate, ceiling=10**12)
            if sum(amounts) >= target * CENT:
                compared += compare(exact, wanted, random)
    assert compared


@pytest.mark.parametrize("rate", RATES)
def test_a_thousand_coins(rate):
    """Core's SelectCoins_test: exponentially distributed coins, any target up to the balance."""
    random = Random(rate)
    compared = 0
    for _ in range(3):
        amounts = [int(random.expovariate(100) * 10_000_000) + 1 for _ in range(1000)]
        purse = coins(50_000, *amounts)
        target = random.randrange(1000, sum(amounts) // 12)
        compared += compare(purse, need(target, rate=rate, ceiling=10**12), random)
    assert compared


@pytest.mark.parametrize("seed", range(4))
def test_a_hot_wallets_year(seed):
    """A simulation as Core's pull requests show them: deposits and payments, fees up and down.

    The wallet lives by our choices; at each payment Core is asked about the same coins.
    """
    random, compared, rate = Random(seed), 0, 8000
    purse = [int(random.lognormvariate(13, 2)) + 5000 for _ in range(40)]
    for _ in range(25):
        rate = min(300_000, max(1000, int(rate * random.lognormvariate(0, 0.8))))
        purse += [int(random.lognormvariate(13, 2)) + 5000 for _ in range(random.randrange(4))]
        random.shuffle(purse)
        target = 10_000 + int(sum(purse) * random.betavariate(1, 8))
        wanted, held = need(target, rate=rate, ceiling=10**12), coins(*purse)
        if sum(purse) < target + wanted.fee(len(purse), change=True):
            continue
        compared += compare(held, wanted, random)
        chosen = select(held, wanted)
        spent = {one.index for one in chosen.coins}
        purse = [one.amount for one in held if one.index not in spent]
        purse += [chosen.change] if chosen.change else []
    assert compared > 10
