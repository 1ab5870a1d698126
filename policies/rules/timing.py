"""For how long an approval lives. Block heights are the only clock."""

from dataclasses import dataclass
from typing import ClassVar

from policies.errors import Refusal
from policies.rules.rule import refusal
from policies.spend import Spend
from policies.strict_json import Fields
from policies.withdrawal import MAX_HEIGHT


@dataclass(frozen=True, slots=True)
class Timing:
    """A longest lifetime, and a transaction bound to its withdrawal's height.

    Attributes:
        max_lifetime_blocks: the most blocks from a withdrawal's height to its expiry.
    """

    NAME: ClassVar[str] = "timing"
    max_lifetime_blocks: int

    @classmethod
    def parse(cls, rules: Fields) -> "Timing":
        """Read `max_lifetime_blocks`."""
        fields = rules.table(cls.NAME, required=("max_lifetime_blocks",))
        return cls(fields.integer("max_lifetime_blocks", least=1, most=MAX_HEIGHT))

    def check(self, spend: Spend) -> tuple[Refusal, ...]:
        """Compare the withdrawal's heights with each other and with the transaction's."""
        withdrawal = spend.withdrawal.withdrawal
        height, expiry, longest = withdrawal.height, withdrawal.expiry, self.max_lifetime_blocks
        life, clock = expiry - height, spend.height
        checks = (
            ("expired", life >= 0, "has expired", f"height up to {expiry}", f"height {height}"),
            ("max_lifetime", life <= longest, "lives too long", f"{longest} blocks", f"{life}"),
            ("height", clock == height, "has another height", f"{height}", f"nLockTime {clock}"),
        )
        return tuple(
            refusal(f"timing.{rule}", f"the withdrawal {what}", expected, found, "request it anew")
            for rule, passed, what, expected, found in checks
            if not passed
        )

    def explain(self) -> str:
        """Say the lifetime."""
        return (
            f"an approval lives for at most {self.max_lifetime_blocks} blocks, "
            "and the transaction is not valid before its withdrawal's height"
        )
