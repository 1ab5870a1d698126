"""What the two special cases of a withdrawal have in common: limits and approvals of their own."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from policies.errors import Refusal
from policies.names import Sats
from policies.quorum import Demand
from policies.rules.approvals import unmet
from policies.rules.fees import too_dear
from policies.rules.rule import Rule, refusal
from policies.rules.setting import AMOUNT, COUNT, DEMANDS
from policies.spend import Spend
from policies.withdrawal import Withdrawal


@dataclass(frozen=True, slots=True)
class Special(Rule):
    """A purpose that a policy allows by having its table. It judges no other purpose.

    Attributes:
        max_inputs: the most coins that it may spend.
        max_fee: the most that it may cost, in place of `rules.fees.max_fee`.
        max_rate: the most for each virtual byte, in place of `rules.fees.max_rate`.
        require: who approves, in place of `rules.approvals.tiers`.
    """

    GRANTS: ClassVar[bool] = True
    max_inputs: int = field(metadata=COUNT)
    max_fee: Sats = field(metadata=AMOUNT)
    max_rate: int = field(metadata=COUNT)
    require: tuple[Demand, ...] = field(metadata=DEMANDS)

    def demands(self, withdrawal: Withdrawal) -> tuple[Demand, ...]:  # noqa: ARG002 -- all alike
        """Give the demands of this purpose."""
        return self.require

    def every_demand(self) -> tuple[Demand, ...]:
        """Give the demands of this purpose."""
        return self.require

    def check(self, spend: Spend) -> tuple[Refusal, ...]:
        """Judge a withdrawal of this purpose."""
        return tuple(self.judge(spend)) if spend.head.purpose == self.NAME else ()

    def judge(self, spend: Spend) -> Iterator[Refusal]:
        """Give every reason against a withdrawal of this purpose."""
        if (count := len(spend.inputs)) > self.max_inputs:
            what, hint = f"too many coins for one {self.NAME} withdrawal", "spend fewer coins"
            limit = f"at most {self.max_inputs}"
            yield refusal(f"{self.NAME}.max_inputs", what, limit, str(count), hint)
        yield from too_dear(self.NAME, spend, self.max_fee, self.max_rate)
        yield from unmet(self.NAME, self.require, spend)
