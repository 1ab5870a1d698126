"""When: how long an approval lives, how withdrawals follow each other, and a freeze.

Block heights are the only clock. A withdrawal says its own height: it cannot be mined before that,
but it may claim to be as old as the one before it. So `until_height` is as good as the officers
who approve that height, and every other setting is enforced by the chain.
"""

from collections.abc import Iterator
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
    """

    NAME: ClassVar[str] = "timing"
    max_lifetime_blocks: int = field(metadata=BLOCKS)
    min_age_between: int | None = field(default=None, metadata=AGE)
    max_height_jump: int | None = field(default=None, metadata=BLOCKS)
    from_height: Height | None = field(default=None, metadata=FIRST)
    until_height: Height | None = field(default=None, metadata=LAST)
    frozen: bool = field(default=False, metadata=switch(tight=True))

    def check(self, spend: Spend) -> tuple[Refusal, ...]:
        """Compare the withdrawal's heights with the rule's, the chain's and the transaction's."""
        hint = "lift the freeze with a new policy" if self.frozen else "request it anew, or later"
        findings = [*self._own(spend)]
        if spend.head.purpose != VOID:
            findings += [*self._times(spend), *self._distance(spend)]
        return tuple(
            refusal(f"timing.{rule}", what, expected, found, hint)
            for rule, passed, what, expected, found in findings
            if not passed
        )

    def _own(self, spend: Spend) -> Iterator[_Finding]:
        height, expiry, clock = spend.head.height, spend.head.expiry, spend.height
        life, most = expiry - height, self.max_lifetime_blocks
        text = "the withdrawal has expired"
        yield "expired", life >= 0, text, f"height up to {expiry}", f"height {height}"
        text = "the withdrawal lives too long"
        yield "max_lifetime_blocks", life <= most, text, f"{most} blocks", f"{life}"
        text = "the withdrawal has another height"
        yield "height", clock == height, text, f"{height}", f"nLockTime {clock}"

    def _times(self, spend: Spend) -> Iterator[_Finding]:
        height, expiry = spend.head.height, spend.head.expiry
        yield "frozen", not self.frozen, "the vault is frozen", "only voids", spend.head.purpose
        if (first := self.from_height) is not None:
            text = "the withdrawal is too early"
            yield "from_height", height >= first, text, f"height {first} or later", f"{height}"
        if (last := self.until_height) is not None:
            text = "the withdrawal lives beyond the time to act in"
            yield "until_height", expiry <= last, text, f"expiry up to {last}", f"{expiry}"

    def _distance(self, spend: Spend) -> Iterator[_Finding]:
        least, most = self.min_age_between, self.max_height_jump
        if spend.head.sequence == 1 or least is most is None:
            return
        if not spend.history:
            text = "the withdrawal before is not known"
            yield "previous", False, text, f"withdrawal {spend.head.sequence - 1}", "none"
            return
        age = spend.head.height - spend.history[-1].height
        if least is not None:
            text = "the withdrawal comes too soon after the one before"
            yield "min_age_between", age >= least, text, f"{least} blocks or more", f"{age}"
        if most is not None:
            text = "the withdrawal's height is too far beyond the one before"
            yield "max_height_jump", age <= most, text, f"at most {most} blocks", f"{age}"
