"""How much may leave at once."""

from dataclasses import dataclass
from typing import ClassVar

from policies.errors import Refusal
from policies.names import Sats
from policies.rules.rule import refusal, sats
from policies.spend import Spend
from policies.strict_json import Fields


@dataclass(frozen=True, slots=True)
class Amounts:
    """A ceiling for each payment.

    Attributes:
        per_payment: the most that one destination may receive in one withdrawal.
    """

    NAME: ClassVar[str] = "amounts"
    per_payment: Sats

    @classmethod
    def parse(cls, rules: Fields) -> "Amounts":
        """Read `per_payment`."""
        fields = rules.table(cls.NAME, required=("per_payment",))
        return cls(Sats(fields.integer("per_payment", least=1)))

    def check(self, spend: Spend) -> tuple[Refusal, ...]:
        """Compare what each destination receives, whatever number of outputs it is split into."""
        received: dict[tuple[bytes, str], int] = {}
        for output in spend.externals:
            where = output.script, output.address
            received[where] = received.get(where, 0) + output.amount
        limit, hint = sats(self.per_payment), "smaller withdrawals, or a policy that allows more"
        return tuple(
            refusal("amounts.per_payment", f"too much for {name}", f"at most {limit}", found, hint)
            for name, found in (
                (address or script.hex(), sats(amount))
                for (script, address), amount in received.items()
                if amount > self.per_payment
            )
        )

    def explain(self) -> str:
        """Say the ceiling."""
        return f"no destination receives more than {sats(self.per_payment)} in one withdrawal"
