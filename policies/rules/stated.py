"""What rules share that rest on a signed paper: who signs it, how old it may be, and its number."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from policies.errors import Refusal
from policies.evidence import Presented
from policies.names import DocumentId
from policies.quorum import Demand
from policies.rules.rule import Rule, refusal
from policies.rules.setting import BLOCKS, DEMANDS
from policies.spend import Spend

_HINT = "make a new one, and let its officers sign it"


@dataclass(frozen=True, slots=True)
class Stated(Rule):
    """A paper that officers sign.

    Attributes:
        require: who signs it.
        max_age: the most blocks from its height to the end of a withdrawal that uses it.
    """

    KIND: ClassVar[str]
    """Of the paper."""

    require: tuple[Demand, ...] = field(metadata=DEMANDS)
    max_age: int = field(metadata=BLOCKS)

    def every_demand(self) -> tuple[Demand, ...]:
        """Give who signs the paper."""
        return self.require

    def judge(
        self, spend: Spend, named: DocumentId | None, came: Presented | None
    ) -> Iterator[Refusal]:
        """Give every reason against the paper that a withdrawal names, or against its absence."""
        head, kind = spend.head, self.KIND
        if came is None:
            what, found = f"the {kind} of this withdrawal are not here", named or "none named"
            hint = f"request it anew, with --{kind} FILE"
            yield refusal(f"{self.NAME}.missing", what, f"signed {kind}", found, hint)
            return
        paper, life = came.document, came.document.life(spend.coin, spend.vault)
        known, own = spend.evidence.known.get(spend.vault), (paper.number, paper.id)
        seen = own  # a withdrawal known by its id was approved when its paper was the newest
        if known and head.sequence > known.newest:
            seen = known.papers.get(kind, own)
        since = life.height if life else head.height
        last = min(life.expiry, life.height + self.max_age) if life else head.expiry
        for word, passed, what, expected, found in (
            (
                "network",
                paper.network == spend.network,
                "are of another network",
                spend.network,
                paper.network,
            ),
            ("vault", life is not None, "are not for this vault", spend.vault, "others"),
            (
                "quorum",
                came.votes.reached,
                "have too few signatures",
                came.votes.needed,
                ", ".join(came.votes.signed) or "nobody",
            ),
            (
                "early",
                since <= head.height,
                "are of a later height",
                f"up to {head.height}",
                str(since),
            ),
            (
                "age",
                head.expiry <= last,
                "are too old for this withdrawal",
                f"an expiry up to {last}",
                str(head.expiry),
            ),
            (
                "older",
                own == seen or paper.number > seen[0],
                "are older than those seen here",
                f"number {seen[0]}, {seen[1]}, or later",
                f"number {paper.number}, {paper.id}",
            ),
        ):
            if not passed:
                yield refusal(f"{self.NAME}.{word}", f"the {kind} {what}", expected, found, _HINT)
