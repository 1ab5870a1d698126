"""What may be given to miners. Fees are money that leaves without an address."""

from dataclasses import dataclass
from typing import ClassVar

from policies.errors import Refusal
from policies.names import Sats
from policies.rules.rule import refusal, sats
from policies.spend import Spend
from policies.strict_json import Fields


@dataclass(frozen=True, slots=True)
class Fees:
    """Three ceilings, all of which hold: absolute, by size, and what the officers approved.

    Attributes:
        max_fee: the most that one transaction may cost.
        max_rate: the most for each virtual byte, in whole units.
    """

    NAME: ClassVar[str] = "fees"
    max_fee: Sats
    max_rate: int

    @classmethod
    def parse(cls, rules: Fields) -> "Fees":
        """Read `max_fee` and `max_rate`."""
        fields = rules.table(cls.NAME, required=("max_fee", "max_rate"))
        return cls(Sats(fields.integer("max_fee", least=1)), fields.integer("max_rate", least=1))

    def check(self, spend: Spend) -> tuple[Refusal, ...]:
        """Compare the fee with each ceiling, in whole numbers: no rounding to slip through."""
        approved = spend.withdrawal.withdrawal.fee_ceiling
        hint = "build it again with a lower fee"
        checks = (
            ("max_fee", "the fee is above the policy's ceiling", self.max_fee),
            ("max_rate", "the fee is too high for the size", self.max_rate * spend.vsize),
            ("approved", "the fee is above what the officers approved", approved),
        )
        found = f"{sats(spend.fee)} for {spend.vsize} vB"
        refusals = [
            refusal(f"fees.{rule}", what, f"at most {sats(ceiling)}", found, hint)
            for rule, what, ceiling in checks
            if spend.fee > ceiling
        ]
        if spend.fee < 0:
            what = "the transaction pays out more than it spends"
            refusals.append(refusal("fees.negative", what, "0 sat or more", found, hint))
        return tuple(refusals)

    def explain(self) -> str:
        """Say the ceilings."""
        return (
            f"the fee is at most {sats(self.max_fee)}, at most {self.max_rate} sat/vB, "
            "and at most what the officers approved"
        )
