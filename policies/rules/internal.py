"""Moving money to the house's own other wallets, which may be more than anybody else receives."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from policies.errors import Refusal
from policies.rules.rule import refusal, sats
from policies.rules.setting import LIMIT, WINDOWS
from policies.rules.special import Special
from policies.rules.windows import Window, overfull
from policies.spend import Spend
from policies.value import Limit
from policies.withdrawal import INTERNAL


@dataclass(frozen=True, slots=True)
class Internal(Special):
    """Limits in place of `rules.amounts`. Where to, `rules.destinations` says: internal groups.

    Attributes:
        per_withdrawal: the most that one withdrawal may move.
        windows: the most that internal moves come to within some blocks.
    """

    NAME: ClassVar[str] = INTERNAL
    per_withdrawal: Limit = field(metadata=LIMIT)
    windows: tuple[Window, ...] = field(default=(), metadata=WINDOWS)

    def judge(self, spend: Spend) -> Iterator[Refusal]:
        """Compare what is moved, too."""
        yield from Special.judge(self, spend)
        moved = sum(output.amount for output in spend.externals)
        if moved > self.per_withdrawal:
            what, limit = "too much for one internal move", f"at most {sats(self.per_withdrawal)}"
            hint = "smaller moves, or a policy that allows more"
            yield refusal("internal.per_withdrawal", what, limit, sats(moved), hint)
        earlier = [link for link in spend.since(self.window) if link.purpose == INTERNAL]
        totals = [link.total for link in earlier]
        for full in overfull(self.windows, spend, moved, earlier, totals):
            what, hint = f"too much moved within {full.blocks} blocks", "a later withdrawal"
            yield refusal("internal.windows", what, full.expected, full.found, hint)
