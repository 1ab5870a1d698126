"""timing: lifetimes and the transaction's clock, in blocks."""

import pytest
from policy_world import approved, rules_of, spend, withdrawal

from policies.rules import Timing

RULE = Timing(100)


@pytest.mark.parametrize(
    ("expiry", "rules"),
    [(200, []), (201, []), (300, []), (301, ["timing.max_lifetime"])],
)
def test_the_longest_lifetime(expiry, rules):
    """From height 200: at the limit it passes, one block more is refused."""
    assert rules_of(RULE.check(spend(approved(withdrawal(expiry=expiry))))) == rules


@pytest.mark.parametrize(("height", "refusals"), [(199, 1), (200, 0), (201, 1), (0, 1)])
def test_the_transaction_has_the_withdrawals_height(height, refusals):
    """Neither earlier nor later: consensus is the clock."""
    found = RULE.check(spend(approved(withdrawal(height=200)), height=height))
    assert rules_of(found) == ["timing.height"] * refusals


def test_an_expired_one_is_refused_here_too():
    """Step 6 refuses it first; the rule does not rely on that."""
    approval = approved()
    object.__setattr__(approval, "withdrawal", withdrawal(height=200, expiry=199))
    assert rules_of(RULE.check(spend(approval, height=200))) == ["timing.expired"]


def test_explain():
    """One sentence for an officer."""
    assert RULE.explain() == (
        "an approval lives for at most 100 blocks, "
        "and the transaction is not valid before its withdrawal's height"
    )
