"""What a rule is: some limits read from the policy, and a judgement of one transaction."""

from dataclasses import Field
from typing import Any, ClassVar, Protocol, Self

from policies.errors import Fault, Refusal
from policies.spend import Spend
from policies.strict_json import Fields

STEP = 8
"""The rules are step 8 of a signer's checks."""


class Rule(Protocol):
    """One rule with its limits, a frozen dataclass: a rule never changes its mind.

    Its fields are its own table in the policy, as `parse` reads it back.
    """

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]
    NAME: ClassVar[str]
    """The rule's table in the policy, `rules.<NAME>`."""

    @classmethod
    def parse(cls, rules: Fields) -> Self:
        """Read this rule's table out of the policy's `rules`.

        Raises:
            BadInput: a key unknown, missing or out of range.
        """

    def check(self, spend: Spend) -> tuple[Refusal, ...]:
        """Give every reason against the transaction; none means that it may pass."""

    def explain(self) -> str:
        """Say in one sentence what the rule demands, for officers and auditors."""


def refusal(rule: str, what: str, expected: str, found: str, hint: str) -> Refusal:
    """Make a rule's refusal: the coordinator built what the policy does not allow."""
    return Refusal(STEP, rule, what, Fault.COORDINATOR, expected, found, hint)


def sats(amount: int) -> str:
    """Write an amount in the coin's smallest unit, digits grouped, as `100 000 sat`."""
    return f"{amount:,} sat".replace(",", " ")
