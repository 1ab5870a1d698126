"""Where it may go."""

from dataclasses import dataclass
from typing import ClassVar

from policies.errors import Refusal
from policies.rules.rule import refusal
from policies.spend import Spend
from policies.strict_json import ADDRESS, Fields


@dataclass(frozen=True, slots=True)
class Destinations:
    """A list of the only addresses that may be paid. A policy without it pays anywhere.

    Attributes:
        allowed: addresses in the coin's canonical notation (bech32 in lower case). One that is
            written otherwise matches nothing, so that a mistake refuses rather than pays.
    """

    NAME: ClassVar[str] = "destinations"
    allowed: tuple[str, ...]

    @classmethod
    def parse(cls, rules: Fields) -> "Destinations":
        """Read `allowed`."""
        fields = rules.table(cls.NAME, required=("allowed",))
        return cls(fields.words("allowed", ADDRESS))

    def check(self, spend: Spend) -> tuple[Refusal, ...]:
        """Look each payment's whole address up in the list."""
        expected = "one of the policy's destinations"
        hint = "compare the whole address; only a new policy can add a destination"
        return tuple(
            refusal("destinations.allowed", "not a listed destination", expected, found, hint)
            for found in (
                output.address or f"script {output.script.hex()}"
                for output in spend.externals
                if output.address not in self.allowed
            )
        )

    def explain(self) -> str:
        """Say where it may go."""
        return f"only these destinations are paid: {', '.join(self.allowed)}"
