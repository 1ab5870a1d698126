"""Coins by amount: what is looked up lazily is what adding everything up would give."""

from itertools import accumulate
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from test_select import coin, coins

from signer.build.rising import Rising

AMOUNTS = st.lists(st.integers(1, 50), max_size=40)


@given(AMOUNTS, st.integers(0, 10), st.lists(st.integers(0, 2000), max_size=6))
def test_sums_and_places_are_those_of_the_whole_list(amounts, above, asked):
    """In whatever order they are asked for: a sum that grew for one answer serves the next."""
    taken = sorted(amount for amount in amounts if amount > above)
    below = [*accumulate(taken, initial=0)]
    rising = Rising(coins(*amounts), above=above)
    assert [one.amount for one in rising.coins] == taken
    for amount in asked:
        count = amount % (len(taken) + 1)
        assert rising.reach(count, amount) == (below[count] >= amount)
        assert rising.place(amount % 60, count) == sum(a < amount % 60 for a in taken[:count])
        assert rising.below(count) == below[count]
        assert rising.above(count) == below[-1] - below[len(taken) - count]
        assert rising.sum(range(count)) == below[count]


def test_of_many_equal_coins_the_first_outpoints_are_chosen_in_any_order():
    """Also where there are so many that most are put aside before they are sorted."""
    every = [coin(number, 7) for number in range(1_000)] + [coin(2_000, 9)]
    first = sorted(every[:-1], key=lambda one: (one.outpoint.txid, one.outpoint.vout))[:3]
    for seed in range(5):
        Random(seed).shuffle(every)
        chosen = list(Rising(every, above=0).chosen([1_000, 5, 500, 999]))
        assert [one.amount for one in chosen] == [9, 7, 7, 7]
        assert chosen[1:] == first
