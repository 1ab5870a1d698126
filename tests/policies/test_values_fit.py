"""What fits together in a policy by value: one unit, listed hot groups, the own vault."""

from dataclasses import replace

import pytest
from policy_world import ADDRESS, OTHER_ID, VAULT, policy
from value_world import GROUP, HOT, PRICES, yen

from policies.errors import BadInput
from policies.quorum import Demand
from policies.rules import RULES, Amounts, Approvals, Destinations, Internal
from policies.rules.approvals import Tier
from policies.rules.destinations import Entry, Group
from policies.rules.valued import VALUED, check_values
from policies.rules.windows import Window
from policies.strict_json import Fields
from policies.value import Value

NEED = (Demand("approvers", 2),)
DOLLARS = Value.of(5, "USD")
LISTS = Destinations("any", {"all": Group((Entry(ADDRESS, 0, 0),))})
FIELDS = Fields({"vault": VAULT, "coin": "BTC"}, "policy", ("vault", "coin"))


def refused(*rules, fields=FIELDS):
    """The error of rules that do not fit, in words; empty if they do."""
    try:
        check_values(fields, rules)
    except BadInput as error:
        return f"{error.what}, and is {error.found}"
    return ""


def test_the_three_rules_by_value_are_in_the_table():
    """In the order in which they are checked: first the prices."""
    assert tuple(VALUED) == ("prices", "group", "hot")
    assert [name for name in RULES if name in VALUED] == list(VALUED)
    assert [rule.NAME for rule in VALUED.values()] == list(VALUED)


@pytest.mark.parametrize(
    "rule",
    [
        Amounts(DOLLARS),
        Amounts(1, DOLLARS),
        Amounts(1, windows=(Window(1, 1), Window(2, DOLLARS))),
        Approvals((Tier(DOLLARS, NEED), Tier(None, NEED))),
        Approvals((Tier(None, NEED),), {"alice": 1, "bob": DOLLARS}),
        replace(LISTS, groups={"all": Group((Entry(ADDRESS, 0, 0),), (Window(1, DOLLARS),))}),
        Internal(1, 1, 1, NEED, DOLLARS),
    ],
)
def test_every_value_is_in_the_unit_of_the_prices(rule):
    """Wherever it stands; without prices there is no unit at all."""
    said = "policy.rules.prices must be in USD, for the limit 5 USD"
    assert refused(*policy().rules, rule, PRICES).startswith(f"{said}, and is 'JPY'")
    assert refused(*policy().rules, rule).startswith(f"{said}, and is ''")
    assert refused(rule, replace(PRICES, unit="USD")) == ""


def test_a_policy_in_coins_needs_no_prices():
    """As it always was; and one may have prices and no use for them yet."""
    assert refused(*policy().rules, LISTS) == ""
    assert refused(*policy().rules, PRICES) == ""
    assert refused(*policy().rules, Amounts(yen(5)), PRICES) == ""


def test_what_is_hot_is_listed():
    """Every hot group is one of the policy's lists, and there are prices to compare with."""
    hot = replace(HOT, groups=("all",))
    assert refused(LISTS, PRICES, hot) == ""
    said = "policy.rules.hot.groups must be some of rules.destinations.groups"
    assert refused(LISTS, hot).startswith(said), "no prices"
    assert refused(PRICES, hot).startswith(said), "no lists"
    both = replace(HOT, groups=("all", "warm"))
    assert refused(LISTS, PRICES, both).startswith(said)
    assert refused(LISTS, PRICES, both).endswith("is ['all', 'warm']")


@pytest.mark.parametrize("changes", [{"vault": OTHER_ID}, {"coin": "BCH"}, {"coin": None}])
def test_the_own_vault_is_one_of_its_group(changes):
    """With its own coin: else nothing that leaves it would be counted."""
    assert refused(PRICES, GROUP) == ""
    table = {**FIELDS.raw, **changes}
    found = refused(PRICES, GROUP, fields=Fields(table, "policy", tuple(table)))
    said = f"this vault among them, {table['coin']} {table['vault']}"
    assert found == f"policy.rules.group.vaults must be {said}, and is 'others'"
    assert refused(PRICES, fields=Fields(table, "policy", tuple(table))) == ""
