"""fees: absolute and by size and as approved, all of them."""

import pytest
from policy_world import approved, rules_of, spend, withdrawal

from policies.rules import Fees


def check(fee, vsize=200, *, max_fee=10**9, max_rate=10**9, ceiling=10**9):
    """Give the rules that refuse a fee."""
    there = spend(approved(withdrawal(fee_ceiling=ceiling)), fee=fee, vsize=vsize)
    return rules_of(Fees(max_fee, max_rate).check(there))


@pytest.mark.parametrize(("fee", "refusals"), [(999, 0), (1000, 0), (1001, 1)])
def test_the_absolute_ceiling(fee, refusals):
    """At the limit it passes, one satoshi more is refused."""
    assert check(fee, max_fee=1000) == ["fees.max_fee"] * refusals


@pytest.mark.parametrize(
    ("fee", "vsize", "refusals"),
    [(2000, 200, 0), (2001, 200, 1), (2001, 201, 0), (2010, 201, 0), (2011, 201, 1), (1, 0, 1)],
)
def test_the_ceiling_by_size(fee, vsize, refusals):
    """Ten units a virtual byte, in whole numbers: no rounding lets a satoshi through."""
    assert check(fee, vsize, max_rate=10) == ["fees.max_rate"] * refusals


@pytest.mark.parametrize(("fee", "refusals"), [(500, 0), (501, 1)])
def test_the_approved_ceiling(fee, refusals):
    """What the officers approved binds, below the policy's own ceilings."""
    assert check(fee, ceiling=500) == ["fees.approved"] * refusals


def test_all_ceilings_hold_together():
    """An AND: a huge transaction's small rate excuses no huge fee, nor the reverse."""
    assert check(100_000, 100_000, max_fee=50_000, max_rate=10) == ["fees.max_fee"]
    assert check(40_000, 200, max_fee=50_000, max_rate=10) == ["fees.max_rate"]
    assert check(60_000, 200, max_fee=50_000, max_rate=10, ceiling=1) == [
        "fees.max_fee",
        "fees.max_rate",
        "fees.approved",
    ]


def test_a_negative_fee_is_refused():
    """A transaction that pays out more than it spends is no transaction."""
    assert check(-1) == ["fees.negative"]
    assert check(0) == []


def test_explain():
    """One sentence for an officer."""
    assert Fees(100_000, 50).explain() == (
        "the fee is at most 100 000 sat, at most 50 sat/vB, and at most what the officers approved"
    )
