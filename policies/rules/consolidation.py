"""Joining many coins of the vault into one, which pays nobody."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from policies.errors import Refusal
from policies.rules.rule import refusal
from policies.rules.special import Special
from policies.spend import Spend
from policies.withdrawal import CONSOLIDATION


@dataclass(frozen=True, slots=True)
class Consolidation(Special):
    """Only change comes out; the fee is all that leaves, and counts in `rules.fees.windows`."""

    NAME: ClassVar[str] = CONSOLIDATION

    def judge(self, spend: Spend) -> Iterator[Refusal]:
        """Refuse any payment, too."""
        yield from Special.judge(self, spend)
        for output in spend.externals:
            what, hint = "a consolidation pays somebody", "request a payment"
            yield refusal("consolidation.pays", what, "only change", output.name, hint)
