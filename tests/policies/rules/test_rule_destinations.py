"""destinations: a list of the only addresses that may be paid."""

import pytest
from policy_world import ADDRESS, SCRIPT, rules_of, spend

from policies.rules import Destinations
from policies.spend import Output

RULE = Destinations((ADDRESS, "bcrt1qother"))


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        (ADDRESS, True),
        ("bcrt1qother", True),
        (ADDRESS[:-1] + "1", False),
        (ADDRESS[:-1], False),
        (ADDRESS.upper(), False),
        ("", False),
        ("bcrt1q", False),
    ],
)
def test_only_whole_listed_addresses_are_paid(address, allowed):
    """Look-alikes, prefixes, upper case and scripts without address are refused."""
    found = RULE.check(spend(externals=(Output(address, SCRIPT, 1),)))
    assert rules_of(found) == ([] if allowed else ["destinations.allowed"])


def test_every_output_is_looked_up():
    """A stranger among listed ones is refused and named; change is not looked up."""
    externals = (Output(ADDRESS, SCRIPT, 1), Output("bcrt1qthief", b"\x51", 1))
    (refusal,) = RULE.check(spend(externals=externals))
    assert refusal.found == "bcrt1qthief"
    (refusal,) = RULE.check(spend(externals=(Output("", b"\x51", 1),)))
    assert refusal.found == "script 51"
    assert RULE.check(spend(externals=(), change=(Output("bcrt1qback", b"\x51", 1),))) == ()


def test_explain():
    """One sentence for an officer, naming every destination."""
    assert RULE.explain() == f"only these destinations are paid: {ADDRESS}, bcrt1qother"
