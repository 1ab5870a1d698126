"""What may be given to miners. Fees are money that leaves without an address."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import ClassVar

from policies.errors import Refusal
from policies.names import Sats
from policies.rules.rule import Rule, refusal, sats
from policies.rules.setting import AMOUNT, COUNT, SHARE, WINDOWS, Kind, read_windows
from policies.rules.windows import Window, overfull
from policies.spend import Spend
from policies.strict_json import Fields
from policies.value import Value
from policies.withdrawal import PAYMENT, VOID

_HINT = "build it again with a lower fee"
_MILLION = 1_000_000


def _read_windows(fields: Fields, key: str) -> tuple[Window, ...]:
    windows = read_windows(fields, key)
    if any(isinstance(window.limit, Value) for window in windows):
        fields.bad(key, "amounts of the coin", fields.raw[key], "a void needs no price")
    return windows


COIN_WINDOWS: Kind = {"setting": replace(WINDOWS["setting"], read=_read_windows)}


@dataclass(frozen=True, slots=True)
class Fees(Rule):
    """Ceilings, all of which hold: absolute, by size, by share, over time, and what was approved.

    Attributes:
        max_fee: the most that one transaction may cost; consolidations and internal moves have
            their own.
        max_rate: the most for each virtual byte, in whole units; likewise.
        share_ppm: the most as millionths of what is paid out.
        windows: the most that the approved ceilings of all withdrawals come to within some blocks.
            What past transactions really cost is not in the chain; it was no more than that.
    """

    NAME: ClassVar[str] = "fees"
    max_fee: Sats = field(metadata=AMOUNT)
    max_rate: int = field(metadata=COUNT)
    share_ppm: int | None = field(default=None, metadata=SHARE)
    windows: tuple[Window, ...] = field(default=(), metadata=COIN_WINDOWS)

    def check(self, spend: Spend) -> tuple[Refusal, ...]:
        """Compare the fee with each ceiling, in whole numbers: no rounding to slip through."""
        refusals: list[Refusal] = []
        if spend.head.purpose in (PAYMENT, VOID):
            refusals += too_dear(self.NAME, spend, self.max_fee, self.max_rate)
        if spend.fee > spend.head.fee_ceiling:
            what, limit = "the fee is above what the officers approved", spend.head.fee_ceiling
            found = _found(spend)
            refusals.append(refusal("fees.approved", what, f"at most {sats(limit)}", found, _HINT))
        if spend.fee < 0:
            what, found = "the transaction pays out more than it spends", _found(spend)
            refusals.append(refusal("fees.negative", what, "0 sat or more", found, _HINT))
        return (*refusals, *self._share(spend), *self._over_time(spend))

    def _share(self, spend: Spend) -> Iterator[Refusal]:
        paid, share = sum(output.amount for output in spend.externals), self.share_ppm
        if share is not None and spend.externals and spend.fee * _MILLION > share * paid:
            expected = f"at most {share} millionths of {sats(paid)}"
            what = "the fee is too large a share of the payments"
            yield refusal("fees.share_ppm", what, expected, sats(spend.fee), _HINT)

    def _over_time(self, spend: Spend) -> Iterator[Refusal]:
        earlier, now = spend.since(self.window), spend.head.fee_ceiling
        ceilings = [link.fee_ceiling for link in earlier]
        for full in overfull(self.windows, spend, now, earlier, ceilings):
            what = f"the approved fees are too much within {full.blocks} blocks"
            hint = "a lower fee ceiling, or a later withdrawal"
            yield refusal("fees.windows", what, full.expected, full.found, hint)


def too_dear(name: str, spend: Spend, max_fee: int, max_rate: int) -> Iterator[Refusal]:
    """Compare a fee with the ceilings that its kind of withdrawal has, by amount and by size."""
    for rule, what, ceiling in (
        ("max_fee", "the fee is above the policy's ceiling", max_fee),
        ("max_rate", "the fee is too high for the size", max_rate * spend.vsize),
    ):
        if spend.fee > ceiling:
            yield refusal(f"{name}.{rule}", what, f"at most {sats(ceiling)}", _found(spend), _HINT)


def _found(spend: Spend) -> str:
    return f"{sats(spend.fee)} for {spend.vsize} vB"
