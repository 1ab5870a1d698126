"""amounts: a ceiling for each destination."""

import pytest
from policy_world import ADDRESS, BTC, SCRIPT, rules_of, spend

from policies.rules import Amounts
from policies.spend import Output

RULE = Amounts(BTC)
OTHER = bytes.fromhex("0014" + "11" * 20)


def outputs(*amounts, script=SCRIPT):
    """Give outputs to one script."""
    return tuple(Output(ADDRESS, script, amount) for amount in amounts)


@pytest.mark.parametrize(
    ("externals", "refusals"),
    [
        (outputs(1), 0),
        (outputs(BTC), 0),
        (outputs(BTC + 1), 1),
        (outputs(BTC // 2, BTC // 2), 0),
        (outputs(BTC // 2, BTC // 2 + 1), 1),
        (outputs(BTC) + outputs(BTC, script=OTHER), 0),
        (outputs(BTC + 1) + outputs(BTC + 1, script=OTHER), 2),
        (outputs(BTC) + outputs(BTC + 1, script=OTHER), 1),
        ((), 0),
    ],
)
def test_each_destination_has_the_ceiling(externals, refusals):
    """At the limit it passes, one satoshi more is refused; splitting does not help."""
    found = RULE.check(spend(externals=externals))
    assert rules_of(found) == ["amounts.per_payment"] * refusals


def test_change_is_not_a_payment():
    """What returns to the vault is not limited."""
    assert RULE.check(spend(change=outputs(100 * BTC))) == ()


def test_the_refusal_says_what_was_expected_and_found():
    """Amounts with grouped digits, and the address; a script without one in hex."""
    (refusal,) = RULE.check(spend(externals=outputs(BTC + 1)))
    assert refusal.what == f"too much for {ADDRESS}"
    assert refusal.expected == "at most 100 000 000 sat"
    assert refusal.found == "100 000 001 sat"
    (refusal,) = RULE.check(spend(externals=(Output("", b"\x6a", BTC + 1),)))
    assert refusal.what == "too much for 6a"


def test_explain():
    """One sentence for an officer."""
    assert RULE.explain() == "no destination receives more than 100 000 000 sat in one withdrawal"
