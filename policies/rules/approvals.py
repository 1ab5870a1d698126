"""Who must have approved."""

from dataclasses import dataclass
from typing import ClassVar

from policies.errors import Refusal
from policies.rules.rule import refusal
from policies.spend import Spend
from policies.strict_json import Fields


@dataclass(frozen=True, slots=True)
class Approvals:
    """The role whose quorum must approve each withdrawal.

    Attributes:
        role: the role's name; its members and threshold are in the policy's `roles`.
    """

    NAME: ClassVar[str] = "approvals"
    role: str

    @classmethod
    def parse(cls, rules: Fields) -> "Approvals":
        """Read `role`; the policy checks that it exists."""
        return cls(rules.table(cls.NAME, required=("role",)).name("role"))

    def check(self, spend: Spend) -> tuple[Refusal, ...]:
        """Look again at the votes that step 6 counted: right role, enough, and not the initiator.

        An `ApprovedWithdrawal` cannot fail here; this is the second lock on that door.
        """
        votes, initiator = spend.withdrawal.tally, spend.withdrawal.withdrawal.initiator
        if votes.role == self.role and votes.reached and initiator not in votes.signed:
            return ()
        return (
            refusal(
                "approvals.role",
                f"the quorum of {self.role} has not approved",
                f"{votes.threshold} of {self.role}, without {initiator}",
                votes.sentence,
                "let more officers approve",
            ),
        )

    def explain(self) -> str:
        """Say whose quorum."""
        return (
            f"the quorum of {self.role} approves each withdrawal; "
            "the officer who asked for it does not count"
        )
