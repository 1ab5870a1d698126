"""Branch and bound against trying every set."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from signer.build.bound import branch_and_bound


def by_trying(values, low, high, waste):
    """Find the least waste of all sets within the bounds, the slow way."""
    wastes = [
        waste(places)
        for count in range(len(values) + 1)
        for places in combinations(range(len(values)), count)
        if low <= sum(values[place] for place in places) <= high
    ]
    return min((one for one in wastes if one is not None), default=None)


@given(
    st.lists(st.integers(1, 60), max_size=9),
    st.integers(0, 200),
    st.integers(0, 12),
    st.integers(0, 5),
)
def test_it_finds_the_least_waste(values, low, width, each):
    """A set within the bounds is found whenever there is one, and none wastes less."""
    values.sort(reverse=True)

    def waste(places):
        return len(places) * each + sum(values[place] for place in places) - low

    # Going past the low bound stops a branch, so only sets that need all their numbers count.
    found = branch_and_bound(values, low, low + width, each=each, waste=waste)
    least = by_trying(values, low, low + width, waste)
    assert (found is None) == (least is None)
    if found is not None:
        assert low <= sum(values[place] for place in found) <= low + width
        assert waste(found) == least


@given(st.lists(st.integers(1, 60), min_size=1, max_size=9), st.integers(0, 200))
def test_a_set_that_will_not_do_is_never_given(values, low):
    """The exact price has the last word, whatever the bounds say."""
    found = branch_and_bound(
        sorted(values, reverse=True), low, low + 50, each=1, waste=lambda _: None
    )
    assert found is None


def test_a_hopeless_search_ends():
    """Where no set fits, the tries run out instead of the patience."""
    values = [2 * (1 << 40) - 2 * place for place in range(64)]
    low = sum(values) // 2 | 1
    assert branch_and_bound(values, low, low, each=1, waste=lambda _: 0) is None
