"""fees: absolute, by size, by share, over time, and as approved, all of them."""

import json

import pytest
from policy_world import approved, rules_of, spend, withdrawal
from rule_world import earlier, proposed, rule

from policies.errors import BadInput
from policies.rules import Fees
from policies.rules.windows import Window


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


@pytest.mark.parametrize(
    ("fee", "paid", "refusals"),
    [
        (10, 10_000, 0),
        (11, 10_000, 1),
        (10, 9_999, 1),
        (0, 1, 0),
        (10**9, 10**12, 0),
        (10**9 + 1, 10**12, 1),
    ],
)
def test_the_share_of_what_is_paid(fee, paid, refusals):
    """A thousandth, in whole numbers: no rounding lets a satoshi through."""
    there = proposed(paid, fee=fee, fee_ceiling=10**10)
    found = Fees(10**10, 10**10, share_ppm=1000).check(there)
    assert rules_of(found) == ["fees.share_ppm"] * refusals


def test_no_share_of_nothing():
    """A void and a consolidation pay nobody; other ceilings hold for them."""
    limited = Fees(10**9, 10**9, share_ppm=1)
    assert limited.check(proposed(purpose="void", fee=100)) == ()
    assert limited.check(proposed(purpose="consolidation", fee=100)) == ()


@pytest.mark.parametrize("purpose", ["payment", "internal", "consolidation", "void"])
@pytest.mark.parametrize(
    ("height", "ceiling", "refusals"), [(857, 40, 0), (857, 41, 1), (856, 41, 0)]
)
def test_a_window_counts_approved_ceilings(purpose, height, ceiling, refusals):
    """Of every purpose: repeated self-sends drain nothing. What was really paid is not known."""
    before = (earlier(height, purpose=purpose, fee_ceiling=ceiling),)
    amounts = (1,) if purpose in ("payment", "internal") else ()
    there = proposed(*amounts, purpose=purpose, fee_ceiling=60, fee=1, history=before)
    found = Fees(10**9, 10**9, windows=(Window(144, 100),)).check(there)
    assert rules_of(found) == ["fees.windows"] * refusals


@pytest.mark.parametrize(
    ("purpose", "refusals"),
    [("payment", 2), ("void", 2), ("consolidation", 0), ("internal", 0)],
)
def test_special_purposes_have_their_own_ceilings(purpose, refusals):
    """Those of payments are for payments and voids."""
    found = rules_of(Fees(1, 1).check(proposed(purpose=purpose, fee=1000)))
    assert found == ["fees.max_fee", "fees.max_rate"][:refusals]


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


def test_it_is_read_as_it_is_written():
    """All settings, through a table and back."""
    text = "max_fee = 1\nmax_rate = 2\nshare_ppm = 3\nwindows = [{ blocks = 4, limit = 5 }]"
    found = rule("fees", text)
    assert found == Fees(1, 2, 3, (Window(4, 5),))
    assert found.window == 4
    assert found.to_table() == {
        "max_fee": 1,
        "max_rate": 2,
        "share_ppm": 3,
        "windows": [{"blocks": 4, "limit": 5}],
    }


@pytest.mark.parametrize("share", ["0", "1000001", '"1%"', "0.5"])
def test_malformed_shares_are_refused(share):
    """Millionths, as a whole number up to all of it."""
    with pytest.raises(BadInput, match=r"rules\.fees\.share_ppm"):
        rule("fees", f"max_fee = 1\nmax_rate = 2\nshare_ppm = {share}")


@pytest.mark.parametrize(
    "limits", [("7 JPY",), (5, "7 JPY"), ("7 JPY", 5)], ids=lambda limits: f"{len(limits)}"
)
def test_fees_are_limited_in_the_coin_only(limits):
    """One window by value is one too many: a void, which cancels, must never wait for a price."""
    windows = ", ".join(f"{{ blocks = 4, limit = {json.dumps(one)} }}" for one in limits)
    with pytest.raises(BadInput, match=r"rules\.fees\.windows must be amounts of the coin"):
        rule("fees", f"max_fee = 1\nmax_rate = 2\nwindows = [{windows}]")


def test_explain():
    """One sentence a limit, for an officer; a share as percent, with all its digits."""
    found = Fees(100_000, 50, 123_456, (Window(144, 7),)).explain()
    assert found[1:] == (
        "a payment or a void costs at most 100 000 sat",
        "a payment or a void costs at most 50 sat/vB",
        "a fee is at most 12.3456% of what is paid out",
        (
            "the fees approved for all withdrawals, of any kind, come to at most 7 sat "
            "within any 144 blocks"
        ),
    )
