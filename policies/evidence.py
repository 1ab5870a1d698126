"""The papers that came with a withdrawal, found by what it names; the rules judge them.

An old price sheet needs no signatures: the withdrawal that was approved under it names its id, and
the approvers of the newest one commit to all of the chain.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from policies.balances import Snapshot
from policies.chain import Known
from policies.explain import PLAIN
from policies.grounds import NO_GROUNDS
from policies.names import DocumentId
from policies.prices import PriceSheet
from policies.quorum import Votes
from policies.strict_json import MAX_INTEGER
from policies.value import Limit, Priced, Value
from policies.withdrawal import Withdrawal

UNKNOWN = MAX_INTEGER + 1
"""A value above every limit that a policy can write: of what has no price."""


class Presented(NamedTuple):
    """A paper that the withdrawal names.

    Attributes:
        document: the sheet or the snapshot.
        votes: who signed it, of those who have to.
    """

    document: PriceSheet | Snapshot
    votes: Votes


class Excess(NamedTuple):
    """What is too much.

    Attributes:
        expected: the limit, in words.
        found: what it would come to, in words.
    """

    expected: str
    found: str


Part = tuple[Withdrawal, int]
"""What of a withdrawal counts somewhere."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything beside the own chain that rules may count with.

    Attributes:
        prices: the sheet that the withdrawal names, if it came along.
        balances: the snapshot that it names, likewise.
        sheets: the price sheets of earlier withdrawals, by id.
        chains: of other vaults, oldest withdrawal first, by vault; not verified.
        known: what this signer has verified of each vault that it knows, by vault.
        hot: what the policy lists as hot: addresses, and wallets by descriptor.
    """

    prices: Presented | None = None
    balances: Presented | None = None
    sheets: Mapping[DocumentId, PriceSheet] = field(default_factory=dict)
    chains: Mapping[DocumentId, tuple[Withdrawal, ...]] = field(default_factory=dict)
    known: Mapping[DocumentId, Known] = field(default_factory=dict)
    hot: frozenset[str] = frozenset()

    @property
    def sheet(self) -> PriceSheet | None:
        """The price sheet that counts now."""
        document = self.prices.document if self.prices else None
        return document if isinstance(document, PriceSheet) else None

    @property
    def snapshot(self) -> Snapshot | None:
        """The balance snapshot that counts now."""
        document = self.balances.document if self.balances else None
        return document if isinstance(document, Snapshot) else None

    @property
    def seen(self) -> dict[str, dict[str, tuple[int, DocumentId]]]:
        """What a signer remembers of the papers: number and id of each kind, under `papers`."""
        came = {"prices": self.sheet, "balances": self.snapshot}
        found = {kind: (one.number, one.id) for kind, one in came.items() if one}
        return {"papers": found} if found else {}

    def named(self, head: Withdrawal) -> dict[DocumentId, tuple[Withdrawal, ...]]:
        """The chains that a withdrawal names, by vault: what the rules have verified."""
        stands = (head.grounds or NO_GROUNDS).chains
        return {one.vault: self.chains[one.vault] for one in stands if one.vault in self.chains}

    def worth(self, coin: str, amount: int) -> int:
        """What an amount of a coin is worth now, rounded up."""
        price = self.sheet.coins.get(coin) if self.sheet else None
        return price.worth(amount) if price else UNKNOWN

    def counted(self, link: Withdrawal, amount: int) -> int:
        """What an amount of a withdrawal counts for: at its own price, or today's if that is more.

        So neither a price that falls makes room in a window, nor one that rises.
        """
        now, named = self.worth(link.coin, amount), (link.grounds or NO_GROUNDS).prices
        if named is None or self.sheet is None:
            return now
        then = self.sheets.get(named)
        if then is None or link.coin not in then.coins:
            return UNKNOWN
        if then.unit != self.sheet.unit:
            return now  # the policy of then counted in another unit: today's price is all there is
        return max(now, then.coins[link.coin].worth(amount))

    def excess(self, limit: Limit, now: Part, before: int) -> Excess | None:
        """Compare what leaves now, and what left before, with a limit; None if it is within.

        A limit in the coin counts amounts; one that a price made of a value counts values, and
        `before` is one.
        """
        said: tuple[Limit | int, Limit | int, Limit | int]
        if isinstance(limit, Priced):
            new = self.counted(*now)
            total = new + before
            over, said = total > limit.value.amount, (limit.value, self.told(total), self.told(new))
        else:
            new = now[1]
            total = new + before
            over, said = total > limit, (limit, total, new)
        most, found, this = map(PLAIN.money, said)
        return Excess(f"at most {most}", f"{found}, {this} of it now") if over else None

    def sentences(self, head: Withdrawal) -> tuple[str, ...]:
        """Say what a withdrawal was judged with: its worth, at which price, signed by whom."""
        said = []
        for kind, one in (("price sheet", self.prices), ("balance snapshot", self.balances)):
            if one:
                names = ", ".join(one.votes.signed)
                said.append(f"{kind} {one.document.number}, signed by {names}")
        price = self.sheet.coins.get(head.coin) if self.sheet else None
        if price:
            worth, whole = (
                PLAIN.money(self.told(v)) for v in (price.worth(head.total), price.price)
            )
            per = PLAIN.number(price.per)
            said.append(f"worth {worth}: {per} sat are {whole} at block {price.life.height}")
        return tuple(said)

    def told(self, worth: int) -> Value:
        """Write what something is worth."""
        return Value.of(worth, self.sheet.unit if self.sheet else "NONE")


NO_EVIDENCE = Evidence()
