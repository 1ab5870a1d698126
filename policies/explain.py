"""A policy in plain sentences, in the officers' language.

The sentences are in tables, one a language (`explain_en.py`, `explain_ja.py`), with the same keys
and places, so that a translator needs no program. Each rule fills them in for itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from policies.explain_en import ENGLISH
from policies.explain_ja import JAPANESE
from policies.value import Limit, Priced, Value

LANGUAGES: Final = {"en": ENGLISH, "ja": JAPANESE}

_UNIT: Final = 10**8
"""All coins that are like Bitcoin have eight decimals."""

_MINUTES: Final = {"BTC": 10, "BCH": 10}
"""What a block takes on average (Bitcoin Core: nPowTargetSpacing)."""

_HOURS_FROM, _DAYS_FROM = 120, 2880
"""Minutes: from here on hours, and then days, tell more; and there is never just one of them."""


@dataclass(frozen=True, slots=True)
class Words:
    """How numbers and sentences are written.

    Attributes:
        lang: a key of `LANGUAGES`.
        coin: to write amounts in, for instance `BTC`; empty for the smallest unit.
    """

    lang: str = "en"
    coin: str = ""

    def say(self, key: str, **values: str) -> str:
        """Fill in a sentence."""
        return LANGUAGES[self.lang][key].format(**values)

    def number(self, number: int) -> str:
        """Write a number, digits in groups of three."""
        return f"{number:,}".replace(",", self.say("thousands"))

    def money(self, amount: Limit | int) -> str:
        """Write an amount: `1.5 BTC`, or `150 000 000 sat` when no coin is given; or a value."""
        if isinstance(amount, Value | Priced):
            return amount.told(self.money, self.number)
        if not self.coin:
            return f"{self.number(amount)} sat"
        whole, rest = divmod(amount, _UNIT)
        decimals = f".{rest:08}".rstrip("0").rstrip(".")
        return f"{self.number(whole)}{decimals} {self.coin}"

    def blocks(self, count: int) -> str:
        """Write a number of blocks, and about how long that is."""
        blocks = self.say("block" if count == 1 else "blocks", count=self.number(count))
        minutes = count * _MINUTES.get(self.coin, 0)
        if not minutes:
            return blocks
        unit, size = ("hours", 60) if minutes >= _HOURS_FROM else ("minutes", 1)
        unit, size = ("days", 1440) if minutes >= _DAYS_FROM else (unit, size)
        about = self.say(unit, count=self.number(round(minutes / size)))
        return self.say("about", blocks=blocks, time=about)

    def listed(self, names: Iterable[str]) -> str:
        """Write a list."""
        return self.say("comma").join(names)

    def all_of(self, names: Iterable[str]) -> str:
        """Write a list of what is needed together."""
        return self.say("and").join(names)


PLAIN: Final = Words()
"""English, amounts in the smallest unit: what a refusal is written in."""
