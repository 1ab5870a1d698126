"""The hot cap: how much may lie in hot wallets, as a share of everything that officers counted."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from policies.balances import KIND, Snapshot
from policies.errors import Refusal
from policies.explain import PLAIN
from policies.grounds import NO_GROUNDS
from policies.rules.rule import refusal
from policies.rules.setting import Kind, Setting
from policies.rules.stated import Stated
from policies.spend import Spend, canonical
from policies.strict_json import NAME

_WHOLE = 10_000
_HINT = "a smaller refill, or a newer snapshot"

GROUPS: Kind = {
    "setting": Setting(
        lambda fields, key: fields.words(key, NAME),
        lambda old, new: set(old) <= set(new),
        lambda words, names: ({"value": words.listed(names)},),
    )
}
CAP: Kind = {
    "setting": Setting(
        lambda fields, key: fields.integer(key, least=1, most=_WHOLE),
        lambda old, new: new <= old,
        lambda _words, points: ({"value": f"{points / 100:g}%"},),
    )
}


@dataclass(frozen=True, slots=True)
class Hot(Stated):
    """A refill may not push what lies hot above the cap. Other payments it does not judge.

    Attributes:
        groups: the groups of `rules.destinations` that are hot wallets.
        cap_bp: the most that may lie hot, in basis points of hot and cold together, by value.
    """

    NAME: ClassVar[str] = "hot"
    KIND: ClassVar[str] = KIND
    groups: tuple[str, ...] = field(metadata=GROUPS)
    cap_bp: int = field(default=500, metadata=CAP)

    def check(self, spend: Spend) -> tuple[Refusal, ...]:
        """Judge the snapshot that the withdrawal names, and what would lie hot afterwards."""
        return tuple(self._judge(spend))

    def _judge(self, spend: Spend) -> Iterator[Refusal]:
        grounds = spend.head.grounds or NO_GROUNDS
        wallets = (spend.wallets.get(name, ()) for name in spend.evidence.hot)
        hot = spend.evidence.hot.union(*wallets)
        refill = sum(output.amount for output in spend.externals if output.name in hot)
        if grounds.balances is None and not refill:
            return
        yield from self.judge(spend, grounds.balances, spend.evidence.balances)
        snapshot = spend.evidence.snapshot
        if snapshot is None:
            return
        chains = {**spend.evidence.chains, spend.vault: (*spend.history, spend.head)}
        vaults = {spend.vault, *(stand.vault for stand in grounds.chains)}
        if snapshot.cold.keys() != vaults:
            what = "the snapshot is not of the vaults whose chains are here"
            expected = ", ".join(sorted(vaults))
            yield refusal("hot.vaults", what, expected, ", ".join(sorted(snapshot.cold)), _HINT)
        for vault, cold in snapshot.cold.items():
            chain = chains.get(vault, ())
            if chain and chain[0].sequence > cold.sequence + 1:
                what, hint = "the chain does not reach back to the snapshot", "give all of it"
                expected = f"from withdrawal {cold.sequence + 1} of {vault} on"
                yield refusal("hot.history", what, expected, f"from {chain[0].sequence}", hint)
        coins = {*snapshot.hot, *(cold.coin for cold in snapshot.cold.values())}
        if missing := coins - (
            spend.evidence.sheet.coins.keys() if spend.evidence.sheet else set()
        ):
            what, hint = "the snapshot holds a coin without a price", "make a sheet of all coins"
            yield refusal(
                "hot.price", what, "a price for each coin", ", ".join(sorted(missing)), hint
            )
        elif refill:
            yield from self._capped(spend, snapshot, hot, refill)

    def _capped(
        self, spend: Spend, snapshot: Snapshot, hot: frozenset[str], refill: int
    ) -> Iterator[Refusal]:
        """Compare; what left other vaults since the snapshot counts as hot, whoever got it.

        What lies hot is rounded up, and what lies cold is rounded down.
        """
        evidence = spend.evidence
        lies = sum(evidence.worth(coin, amount) for coin, amount in snapshot.hot.items())
        cold = sum(-evidence.worth(one.coin, -one.amount) for one in snapshot.cold.values())
        before = 0
        for vault, one in snapshot.cold.items():
            own = vault == spend.vault
            for link in spend.history if own else evidence.chains.get(vault, ()):
                paid = sum(
                    p.amount for p in link.payments if not own or canonical(p.address) in hot
                )
                if link.sequence > one.sequence and paid:
                    before += evidence.counted(link, paid)
        after = lies + before + evidence.counted(spend.head, refill)
        if after * _WHOLE > self.cap_bp * (lies + cold):
            what = f"more than {self.cap_bp / 100:g}% would lie hot"
            most = PLAIN.money(evidence.told(self.cap_bp * (lies + cold) // _WHOLE))
            found = f"{PLAIN.money(evidence.told(after))} after this refill"
            yield refusal("hot.cap", what, f"at most {most}", found, _HINT)
