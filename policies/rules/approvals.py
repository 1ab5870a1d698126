"""Who must have approved: more and other officers for larger amounts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from types import MappingProxyType
from typing import ClassVar

from policies.errors import Refusal
from policies.explain import Words
from policies.names import Sats
from policies.quorum import Demand
from policies.rules.rule import Rule, refusal
from policies.rules.setting import (
    Kind,
    Setting,
    Told,
    demands_tighter,
    read_demands,
    tell_demands,
)
from policies.spend import Spend
from policies.strict_json import Fields
from policies.value import Limit, Value, read_limit
from policies.withdrawal import PAYMENT, VOID, Withdrawal

_HINT = "let more officers approve, who did not ask for it"

Ceilings = Mapping[str, Limit]


@dataclass(frozen=True, slots=True)
class Tier:
    """A band of amounts.

    Attributes:
        up_to: the largest amount in it; the last tier has none.
        require: who has to approve.
    """

    up_to: Limit | None
    require: tuple[Demand, ...]

    @property
    def most(self) -> float | Value:
        """The largest amount in it, for comparisons."""
        return inf if self.up_to is None else self.up_to


def _read_tiers(fields: Fields, key: str) -> tuple[Tier, ...]:
    tables = fields.tables(key, required=("require",), optional=("up_to",))
    tiers = tuple(
        Tier(
            read_limit(one, "up_to") if "up_to" in one.raw else None,
            read_demands(one, "require"),
        )
        for one in tables
    )
    bounds = [tier.most for tier in tiers]
    if not all(a <= b != a for a, b in pairwise(bounds)) or bounds[-1] != inf:
        fields.bad(key, "tiers with rising up_to, the last without", bounds)
    return tiers


def _tier(tiers: tuple[Tier, ...], amount: float | Value) -> tuple[Demand, ...]:
    return next(tier.require for tier in tiers if amount <= tier.most)


def _tiers_tighter(old: tuple[Tier, ...], new: tuple[Tier, ...]) -> bool:
    # Within a band that ends at a bound of either, neither changes.
    bounds = [tier.most for tier in (*old, *new)]
    units = {bound.unit if isinstance(bound, Value) else "" for bound in bounds if bound != inf}
    return len(units) <= 1 and all(
        demands_tighter(_tier(old, bound), _tier(new, bound)) for bound in bounds
    )


def _tell_tiers(words: Words, tiers: tuple[Tier, ...]) -> Told:
    told = []
    low: Limit = Sats(0)
    for tier in tiers:
        high = tier.up_to or Sats(0)
        band = ("between" if low else "up_to") if high else ("above" if low else "any")
        said = words.say(f"approvals.{band}", low=words.money(low), high=words.money(high))
        told.append({"span": said, "value": tell_demands(words, tier.require)})
        low = high
    return tuple(told)


def _read_ceilings(fields: Fields, key: str) -> Ceilings:
    inner = fields.named(key)
    return MappingProxyType({name: read_limit(inner, name, least=0) for name in inner.raw})


def _ceilings_tighter(old: Ceilings, new: Ceilings) -> bool:
    return all(new.get(name, inf) <= ceiling for name, ceiling in old.items())


def _tell_ceilings(words: Words, ceilings: Ceilings) -> Told:
    return tuple({"officer": n, "value": words.money(c)} for n, c in ceilings.items())


TIERS: Kind = {"setting": Setting(_read_tiers, _tiers_tighter, _tell_tiers)}
CEILINGS: Kind = {"setting": Setting(_read_ceilings, _ceilings_tighter, _tell_ceilings)}


@dataclass(frozen=True, slots=True)
class Approvals(Rule):
    """Tiers by amount, and ceilings for single officers.

    Attributes:
        tiers: by rising amount; the first that holds a withdrawal's total says who approves.
        ceilings: an officer's approval counts for no larger a withdrawal.
    """

    NAME: ClassVar[str] = "approvals"
    tiers: tuple[Tier, ...] = field(metadata=TIERS)
    ceilings: Ceilings = field(default_factory=dict, metadata=CEILINGS)

    def demands(self, withdrawal: Withdrawal) -> tuple[Demand, ...]:
        """Give the demands of a withdrawal's tier."""
        return _tier(self.tiers, withdrawal.total)

    def every_demand(self) -> tuple[Demand, ...]:
        """Give the demands of all tiers."""
        return tuple(demand for tier in self.tiers for demand in tier.require)

    def barred(self, withdrawal: Withdrawal) -> frozenset[str]:
        """Give the officers who may not approve so much."""
        return frozenset(name for name, most in self.ceilings.items() if withdrawal.total > most)

    def check(self, spend: Spend) -> tuple[Refusal, ...]:
        """Look again at the votes that step 6 counted: enough of each role, and none barred.

        An `ApprovedWithdrawal` cannot fail here; this is the second lock on that door.
        """
        voted = set(spend.withdrawal.votes.signed)
        barred = voted & (self.barred(spend.head) | {spend.head.initiator})
        refusals = []
        if barred:
            what, names = "an approval that does not count was counted", ", ".join(sorted(barred))
            expected = f"approvals of others than {names}"
            refusals.append(refusal("approvals.barred", what, expected, names, _HINT))
        if spend.head.purpose in (PAYMENT, VOID):
            refusals += unmet(self.NAME, self.demands(spend.head), spend)
        return tuple(refusals)


def unmet(name: str, demands: tuple[Demand, ...], spend: Spend) -> Iterator[Refusal]:
    """Compare the votes with what a rule demands: each role, so many of it; and something."""
    votes = {votes.role: set(votes.signed) for votes in spend.withdrawal.votes.tallies}
    for role, count in [(d.role, d.count) for d in demands] or [("nobody", 1)]:
        signed = sorted(votes.get(role, ()))
        if len(signed) < count:
            what, found = f"too few of {role} have approved", ", ".join(signed) or "nobody"
            yield refusal(f"{name}.role", what, f"{count} of {role}", found, _HINT)
