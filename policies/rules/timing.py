"""When: how long an approval lives, how withdrawals follow each other, and a freeze.

Block heights are the only clock. A withdrawal says its own height: it cannot be mined before that,
but it may claim to be as old as the one before it. So `until_height` is as good as the officers
who approve that height, and every other setting is enforced by the chain.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from policies.errors import Refusal
from policies.names import Height
from policies.rules.rule import Rule, refusal
from policies.rules.setting import AGE, BLOCKS, FIRST, LAST, switch
from policies.spend import Spend
from policies.withdrawal import VOID

_Finding = tuple[str, bool, str, str, str]


@dataclass(frozen=True, slots=True)
class Timing(Rule):
    """Lifetime, distance, a time to act in, and a freeze. A void only needs to be alive.

    Attributes:
        max_lifetime_blocks: the most blocks from a withdrawal's height to its expiry.
        min_age_between: the fewest blocks from one withdrawal's height to the next.
        max_height_jump: the most blocks from one withdrawal's height to the next.
        from_height: the first height that a withdrawal may have.
        until_height: the last height that a withdrawal may live to.
        frozen: nothing but voids.
        confirmations: blocks from which on a coordinator counts a withdrawal as settled, if they
            are more than it does by itself for the coin. A signer sees no chain, and refuses
            nothing for it.
    """

    NAME: ClassVar[str] = "timing"
    max_lifetime_blocks: int = field(metadata=BLOCKS)
    min_age_between: int | None = field(default=None, metadata=AGE)
    max_height_jump: int | None = field(default=None, metadata=BLOCKS)
    from_height: Height | None = field(default=None, metadata=FIRST)
    until_height: Height | None = field(default=None, metadata=LAST)
    frozen: bool = field(default=False, metadata=switch(tight=True))
    confirmations: int | None = field(default=None, metadata=AGE)

    def check(self, spend: Spend) -> tuple[Refusal, ...]:
        """Compare the withdrawal's heights with the rule's, the chain's and the transaction's."""
        head, clock = spend.head, f"nLockTime {spend.height}"
        height, expiry, life = head.height, head.expiry, head.expiry - head.height
        most = self.max_lifetime_blocks
        findings: list[_Finding] = [
            ("expired", life >= 0, "has expired", f"height up to {expiry}", f"height {height}"),
            ("max_lifetime_blocks", life <= most, "lives too long", f"{most} blocks", f"{life}"),
            ("height", spend.height == height, "has another height", f"{height}", clock),
        ]
        if head.purpose != VOID:
            findings += [*self._when(spend), *self._distance(spend)]
        hint = "lift the freeze with a new policy" if self.frozen else "request it anew, or later"
        return tuple(
            refusal(f"timing.{rule}", f"the withdrawal {what}", expected, found, hint)
            for rule, passed, what, expected, found in findings
            if not passed
        )

    def _when(self, spend: Spend) -> tuple[_Finding, ...]:
        height, expiry, purpose = spend.head.height, spend.head.expiry, spend.head.purpose
        first = height if self.from_height is None else self.from_height
        last = expiry if self.until_height is None else self.until_height
        return (
            ("frozen", not self.frozen, "is of a frozen vault", "only voids", purpose),
            ("from_height", height >= first, "is too early", f"from {first} on", f"{height}"),
            ("until_height", expiry <= last, "lives too late", f"up to {last}", f"{expiry}"),
        )

    def _distance(self, spend: Spend) -> tuple[_Finding, ...]:
        least, most = self.min_age_between, self.max_height_jump
        if spend.head.sequence == 1 or least is most is None:
            return ()
        if not spend.history:
            what, before = "follows one that is not known", f"withdrawal {spend.head.sequence - 1}"
            return (("previous", False, what, before, "none"),)
        age = spend.head.height - spend.history[-1].height
        soon, far = "follows the one before too soon", "jumps too far from the one before"
        return (
            ("min_age_between", age >= (least or 0), soon, f"{least} blocks or more", f"{age}"),
            ("max_height_jump", age <= (most or age), far, f"at most {most} blocks", f"{age}"),
        )
