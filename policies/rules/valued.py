"""What fits together in a policy that counts by value; no rule can check that alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields as dataclass_fields
from dataclasses import is_dataclass
from typing import Any

from policies.rules.destinations import Destinations
from policies.rules.group import VaultGroup
from policies.rules.hot import Hot
from policies.rules.prices import Prices
from policies.rules.rule import Rule
from policies.strict_json import Fields
from policies.value import Value

VALUED: dict[str, type[Rule]] = {
    Prices.NAME: Prices,
    VaultGroup.NAME: VaultGroup,
    Hot.NAME: Hot,
}
"""The rules that count by value; a policy may be without them."""


def check_values(fields: Fields, rules: Sequence[Rule]) -> None:
    """Check that what counts by value has prices in its unit, and that what is hot is listed.

    Raises:
        BadInput: it has not.
    """
    unit = next((rule.unit for rule in rules if isinstance(rule, Prices)), "")
    for value in _values(rules):
        if value.unit != unit:
            hint = "write [rules.prices] with unit, require and max_age"
            fields.bad("rules.prices", f"in {value.unit}, for the limit {value}", unit, hint)
    groups = {name for rule in rules if isinstance(rule, Destinations) for name in rule.groups}
    for rule in rules:
        if isinstance(rule, Hot) and (not unit or not groups.issuperset(rule.groups)):
            expected = "some of rules.destinations.groups, beside a rules.prices"
            fields.bad("rules.hot.groups", expected, list(rule.groups))
        if isinstance(rule, VaultGroup):
            own = (fields.raw.get("vault"), fields.raw.get("coin"))
            if own not in {(member.vault, member.coin) for member in rule.vaults}:
                fields.bad(
                    "rules.group.vaults", f"this vault among them, {own[1]} {own[0]}", "others"
                )


def _values(setting: Any) -> Iterator[Value]:
    """Every value in nested settings."""
    if isinstance(setting, Value):
        yield setting
    elif isinstance(setting, Mapping):
        for inner in setting.values():
            yield from _values(inner)
    elif isinstance(setting, tuple):
        for inner in setting:
            yield from _values(inner)
    elif is_dataclass(setting):
        for one in dataclass_fields(setting):
            yield from _values(getattr(setting, one.name))
