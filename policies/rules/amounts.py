"""How much may leave: at once, over time, and to one destination."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from policies.errors import Refusal
from policies.rules.rule import Rule, refusal, sats
from policies.rules.setting import LIMIT, WINDOWS
from policies.rules.windows import Window, overfull
from policies.spend import Spend, canonical
from policies.value import Limit
from policies.withdrawal import INTERNAL, Withdrawal

_HINT = "smaller withdrawals, or a policy that allows more"
_WAIT = "a smaller withdrawal, or a later one"


@dataclass(frozen=True, slots=True)
class Amounts(Rule):
    """Ceilings on payments. Internal moves have their own (`policies/rules/internal.py`).

    Attributes:
        per_payment: the most that one destination may receive in one withdrawal.
        per_withdrawal: the most that one withdrawal may pay out.
        windows: the most that payments come to within some blocks.
        per_destination: the most that one destination receives within some blocks.
    """

    NAME: ClassVar[str] = "amounts"
    per_payment: Limit = field(metadata=LIMIT)
    per_withdrawal: Limit | None = field(default=None, metadata=LIMIT)
    windows: tuple[Window, ...] = field(default=(), metadata=WINDOWS)
    per_destination: tuple[Window, ...] = field(default=(), metadata=WINDOWS)

    def check(self, spend: Spend) -> tuple[Refusal, ...]:
        """Compare what each destination receives, whatever number of outputs it is split into."""
        if spend.head.purpose == INTERNAL:
            return ()
        received = Counter[str]()
        for output in spend.externals:
            received[output.name] += output.amount
        return (*self._at_once(received), *self._over_time(spend, received))

    def _at_once(self, received: Counter[str]) -> Iterator[Refusal]:
        limit = f"at most {sats(self.per_payment)}"
        for name, amount in received.items():
            if amount > self.per_payment:
                what = f"too much for {name}"
                yield refusal("amounts.per_payment", what, limit, sats(amount), _HINT)
        total, most = received.total(), self.per_withdrawal
        if most is not None and total > most:
            what, limit = "too much for one withdrawal", f"at most {sats(most)}"
            yield refusal("amounts.per_withdrawal", what, limit, sats(total), _HINT)

    def _over_time(self, spend: Spend, received: Counter[str]) -> Iterator[Refusal]:
        paid = [w for w in spend.since(self.window) if w.purpose != INTERNAL]
        totals = [link.total for link in paid] if self.windows else []
        for full in overfull(self.windows, spend, received.total(), paid, totals):
            what = f"too much within {full.blocks} blocks"
            yield refusal("amounts.windows", what, full.expected, full.found, _WAIT)
        earlier: dict[str, list[Withdrawal]] = {name: [] for name in received}
        amounts: dict[str, list[int]] = {name: [] for name in received}
        for link in paid if self.per_destination else ():
            for payment in link.payments:
                if (name := canonical(payment.address)) in received:
                    earlier[name].append(link)
                    amounts[name].append(payment.amount)
        for name, now in received.items():
            for full in overfull(self.per_destination, spend, now, earlier[name], amounts[name]):
                what = f"too much for {name} within {full.blocks} blocks"
                yield refusal("amounts.per_destination", what, full.expected, full.found, _WAIT)
