"""Branch and bound against trying every set."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st
from test_select import coins

from signer.build.bound import Window, branch_and_bound
from signer.build.rising import Rising


def search(rising, window, scale=1):
    """Ask branch and bound."""
    return branch_and_bound(Rising(coins(*rising), above=0), window, scale=scale)


def by_trying(rising, window, scale):
    """Find the least waste of all sets within their windows that need all their amounts."""
    least = None
    for count in range(1, len(rising) + 1):
        fits = window(count)
        for places in combinations(range(len(rising)), count):
            total = sum(rising[place] for place in places)
            # A set that suffices without its smallest is another set, and a burnt coin.
            needed = count == 1 or total - rising[places[0]] < window(count - 1).low
            if needed and fits.low <= total <= fits.high:
                waste = fits.waste + (total - fits.low) * scale
                least = waste if least is None else min(least, waste)
    return least


@given(
    amounts=st.lists(st.integers(1, 60), max_size=9),
    low=st.integers(1, 200),
    width=st.integers(0, 12),
    each=st.integers(-5, 5),
    growth=st.integers(0, 3),
    scale=st.integers(1, 3),
)
def test_it_finds_the_least_waste(*, amounts, low, width, each, growth, scale):
    """A set within its window is found whenever there is one, and none wastes less."""
    rising = sorted(amounts)

    def window(count):
        return Window(low + growth * count, low + growth * count + width, count * each)

    found = search(rising, window, scale)
    least = by_trying(rising, window, scale)
    assert (found is None) == (least is None)
    if found is not None:
        total, fits = sum(rising[place] for place in found), window(len(found))
        assert sorted(set(found), reverse=True) == list(found)
        assert fits.low <= total <= fits.high
        assert fits.waste + (total - fits.low) * scale == least


@given(st.lists(st.integers(1, 60), min_size=1, max_size=9), st.integers(1, 200))
def test_a_size_that_will_not_do_is_never_given(amounts, low):
    """A window that is empty lets nothing through, whatever would add up."""
    assert search(sorted(amounts), lambda count: Window(low, low - 1, count)) is None


def test_a_hopeless_search_ends():
    """Where no set fits, the tries run out instead of the patience."""
    rising = [2 * (1 << 40) + 2 * place for place in range(64)]
    low = sum(rising) // 2 | 1
    assert search(rising, lambda count: Window(low, low, count)) is None
