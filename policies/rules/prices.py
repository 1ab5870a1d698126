"""The prices that limits in yen, or in any other unit, are counted with."""

from dataclasses import dataclass, field
from typing import ClassVar

from policies.errors import Refusal
from policies.prices import KIND
from policies.rules.rule import refusal
from policies.rules.setting import Kind, Setting
from policies.rules.stated import Stated
from policies.spend import Spend
from policies.value import UNIT
from policies.withdrawal import PAYING

UNIT_OF: Kind = {
    "setting": Setting(
        lambda fields, key: fields.word(key, UNIT),
        lambda _old, _new: False,
        lambda _words, unit: ({"value": unit},),
    )
}


@dataclass(frozen=True, slots=True)
class Prices(Stated):
    """Whose price sheet counts. What pays somebody names one; a void need not.

    Attributes:
        unit: what its prices are in, and every value of the policy.
    """

    NAME: ClassVar[str] = "prices"
    KIND: ClassVar[str] = KIND
    unit: str = field(metadata=UNIT_OF)

    def check(self, spend: Spend) -> tuple[Refusal, ...]:
        """Judge the sheet that the withdrawal names."""
        named = spend.head.grounds.prices if spend.head.grounds else None
        if named is None and spend.head.purpose not in PAYING:
            return ()
        refusals = [*self.judge(spend, named, spend.evidence.prices)]
        sheet = spend.evidence.sheet
        if sheet and sheet.unit != self.unit:
            what, hint = "the prices are in another unit", "make a sheet in the policy's unit"
            refusals.append(refusal("prices.unit", what, self.unit, sheet.unit, hint))
        return tuple(refusals)
