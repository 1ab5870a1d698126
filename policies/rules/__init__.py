"""The rules of a policy: one file each, and this table. All must pass."""

import re
from collections.abc import Collection, Iterator
from typing import Any

from policies.rules.amounts import Amounts
from policies.rules.approvals import Approvals
from policies.rules.consolidation import Consolidation
from policies.rules.destinations import Destinations
from policies.rules.fees import Fees
from policies.rules.internal import Internal
from policies.rules.rule import Rule
from policies.rules.schedule import Schedule
from policies.rules.shape import Shape
from policies.rules.timing import Timing
from policies.rules.valued import VALUED, check_values
from policies.strict_json import Fields

__all__ = [
    "MANDATORY",
    "RULES",
    "Amounts",
    "Approvals",
    "Consolidation",
    "Destinations",
    "Fees",
    "Internal",
    "Rule",
    "Schedule",
    "Shape",
    "Timing",
    "parse_rules",
]

RULES: dict[str, type[Rule]] = {
    Amounts.NAME: Amounts,
    Destinations.NAME: Destinations,
    Fees.NAME: Fees,
    Approvals.NAME: Approvals,
    Shape.NAME: Shape,
    Consolidation.NAME: Consolidation,
    Internal.NAME: Internal,
    **VALUED,
    Timing.NAME: Timing,
    Schedule.NAME: Schedule,
}
"""Every rule that a policy may have, in the order in which they are checked and shown."""

MANDATORY = (Amounts.NAME, Fees.NAME, Approvals.NAME, Shape.NAME, Timing.NAME)
"""Rules without which a policy is none: what is not limited is denied."""

_SHARE = re.compile(r"percent|balance|fraction|ratio|proportion")


def parse_rules(fields: Fields, officers: Collection[str]) -> tuple[Rule, ...]:
    """Read a policy's `rules`, and check what no rule can check alone.

    Raises:
        BadInput: a rule malformed or missing, a share of the balance, or rules that do not fit.
    """
    for key, value in _plain_values(fields.raw["rules"]):
        if _SHARE.search(key) or (isinstance(value, str) and value.endswith("%")):
            fields.bad(
                f"rules...{key}",
                "no share of a balance",
                value,
                "a signer has no network and cannot know the vault's balance: give an amount",
            )
    table = fields.table("rules", required=MANDATORY, optional=RULES)
    rules = tuple(rule.parse(table) for name, rule in RULES.items() if name in table.raw)
    lists = [rule for rule in rules if isinstance(rule, Destinations)]
    own = [group for rule in lists for group in rule.groups.values() if group.internal]
    if Internal.NAME in table.raw and not own:
        fields.bad(
            "rules.destinations",
            "a list with an internal group",
            "none",
            "write internal = true in [rules.destinations.groups.<name>]",
        )
    check_values(fields, rules)
    for rule in rules:
        if isinstance(rule, Approvals) and (strange := rule.ceilings.keys() - set(officers)):
            fields.bad("rules.approvals.ceilings", "of officers of this policy", min(strange))
    return rules


def _plain_values(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    """Every number and text in nested tables, with its key."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _plain_values(inner, str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from _plain_values(inner, key)
    else:
        yield key, value
