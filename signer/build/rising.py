"""Coins in rising order of amount, of which nothing is read that a search does not ask for.

Python sorts a million coins in about the time that it takes to read their amounts in the new
order, in which each lies elsewhere in memory. So a search looks amounts up as it goes along, and
sums grow no further than it asks.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from heapq import nsmallest
from itertools import accumulate, islice
from operator import attrgetter

from signer.chain.chain import UnspentCoin

_amount = attrgetter("amount")
_txid = attrgetter("outpoint.txid")
_outpoint = attrgetter("outpoint.txid", "outpoint.vout")
_SAMPLE = 64
"""Times as many coins as are wanted: the share of the equal ones that is left to be sorted."""


class Rising:
    """Some coins by amount. A place is an index into that order.

    Args:
        coins: in any order; the list is sorted, and kept.
        above: satoshi; only coins of more are taken up.

    Attributes:
        coins: by amount.
    """

    def __init__(self, coins: list[UnspentCoin], above: int) -> None:
        self.coins = coins
        coins.sort(key=_amount)
        del coins[: bisect_right(coins, above, key=_amount)]
        self._places: dict[int, int] = {}  # a search asks for the same amounts again and again
        self._below = _Sums(map(_amount, self.coins))
        self._above = _Sums(map(_amount, reversed(self.coins)))

    def __len__(self) -> int:
        return len(self.coins)

    def place(self, amount: int, end: int) -> int:
        """The first place with so much or more, or `end` if none before it has."""
        if not end or self.coins[end - 1].amount < amount:
            return end
        if (found := self._places.get(amount)) is None:
            found = self._places[amount] = bisect_left(self.coins, amount, key=_amount)
        return min(found, end)

    def below(self, count: int) -> int:
        """Sum of the smallest so many."""
        return self._below.of(count)

    def above(self, count: int) -> int:
        """Sum of the largest so many."""
        return self._above.of(count)

    def sum(self, places: Iterable[int]) -> int:
        """Sum of the amounts at some places."""
        return sum([self.coins[place].amount for place in places])

    def reach(self, count: int, amount: int) -> bool:
        """Whether the smallest so many come to an amount."""
        known = self._below.known
        if amount > known[-1] and count >= len(known):
            if amount > count * self.coins[count - 1].amount:
                return False
            while count >= len(known) and amount > known[-1]:
                self._below.of(min(count, 2 * len(known)))
        return amount <= known[count if count < len(known) else -1]

    def chosen(self, places: Iterable[int]) -> Iterator[UnspentCoin]:
        """Coins of the amounts at some places, largest first.

        Of equal ones those with the first outpoints, so that the same coins give the same choice
        in any order.
        """
        wanted = Counter(self.coins[place].amount for place in places)
        for amount in sorted(wanted, reverse=True):
            first = bisect_left(self.coins, amount, key=_amount)
            end = bisect_right(self.coins, amount, first, key=_amount)
            yield from _first(self.coins[first:end], wanted[amount])


class _Sums:
    """Sums of the first 0, 1, 2 ... of some amounts, as far as they are known."""

    def __init__(self, amounts: Iterable[int]) -> None:
        self.known = [0]
        self._more = accumulate(amounts)

    def of(self, count: int) -> int:
        self.known += islice(self._more, max(0, count + 1 - len(self.known)))
        return self.known[count]


def _first(coins: Sequence[UnspentCoin], count: int) -> list[UnspentCoin]:
    """The so many with the first outpoints."""
    if count * _SAMPLE < len(coins):
        # As many of some have no later txid than this: so the first of all have none, either.
        last = nsmallest(count, map(_txid, coins[: count * _SAMPLE]))[-1]
        coins = [coin for coin in coins if coin.outpoint.txid <= last]
    return sorted(coins, key=_outpoint)[:count]
