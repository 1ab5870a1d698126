"""Business hours on the clock of the station. Nobody vouches for that clock, so it can only add.

Without a clock, as on the online machine, the rule says nothing.
"""

import re
from dataclasses import dataclass, field
from typing import ClassVar, Final, Self

from policies.errors import Fault, Refusal
from policies.rules.rule import STEP, Rule
from policies.rules.setting import Kind, Setting, some_of, switch
from policies.spend import Spend
from policies.strict_json import Fields, Word
from policies.withdrawal import VOID

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIME: Word = (re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]"), "a time as 09:30")


def _time(*, floor: bool) -> Kind:
    # As text, times of one form are in their order.
    return {
        "setting": Setting(
            lambda fields, key: fields.word(key, _TIME),
            (lambda old, new: new >= old) if floor else (lambda old, new: new <= old),
            lambda _words, value: ({"value": value},),
        )
    }


@dataclass(frozen=True, slots=True)
class Schedule(Rule):
    """When officers are expected to sign. A void is expected at any time.

    Attributes:
        days: days of the week, for instance `mon`.
        start: the first minute, for instance `09:00`.
        end: the last minute.
        enforce: refuse at other times, instead of warning.
    """

    NAME: ClassVar[str] = "schedule"
    days: tuple[str, ...] = field(
        metadata=some_of(_DAYS, lambda words, day: words.say(f"day.{day}"))
    )
    start: str = field(metadata=_time(floor=True))
    end: str = field(metadata=_time(floor=False))
    enforce: bool = field(default=False, metadata=switch(tight=True))

    @classmethod
    def parse(cls, rules: Fields) -> Self:
        """Read the rule's table; hours that no clock ever shows would lock the vault.

        Raises:
            BadInput: as for any rule, or the hours end before they begin.
        """
        found = super(Schedule, cls).parse(rules)
        if found.end < found.start:
            hint = "hours are of one day: they cannot run over midnight"
            rules.bad("schedule.end", f"{found.start} or later", found.end, hint)
        return found

    def check(self, spend: Spend) -> tuple[Refusal, ...]:
        """Refuse at other times, if that is enforced."""
        late = self._outside(spend) if self.enforce else ""
        what, hint = "outside of business hours", "sign during business hours"
        rule, expected = "schedule.hours", f"{', '.join(self.days)}, {self.start} to {self.end}"
        return (Refusal(STEP, rule, what, Fault.OFFICER, expected, late, hint),) if late else ()

    def warn(self, spend: Spend) -> tuple[str, ...]:
        """Warn at other times, if that is not enforced."""
        late = "" if self.enforce else self._outside(spend)
        return (f"it is outside of business hours: {late} on this machine's clock",) if late else ()

    def _outside(self, spend: Spend) -> str:
        """Say the time if it is outside of business hours."""
        clock = spend.clock
        if clock is None or spend.head.purpose == VOID:
            return ""
        day = _DAYS[clock.weekday]
        inside = day in self.days and self.start <= clock.time <= self.end
        return "" if inside else f"{day} {clock.time}"
