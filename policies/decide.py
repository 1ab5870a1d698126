"""The verdict: every rule must pass, and what no rule allows is denied (step 8)."""

from dataclasses import dataclass

from policies.errors import Refusal
from policies.policy import Policy
from policies.rules import MANDATORY
from policies.rules.rule import refusal
from policies.spend import Spend


@dataclass(frozen=True, slots=True)
class Passed:
    """A rule that has nothing against the transaction.

    Attributes:
        rule: its name.
        sentence: what it demands, for officers and auditors.
    """

    rule: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the policy says to a transaction.

    Attributes:
        passed: the rules that passed.
        refusals: every reason against it, in the rules' order.
    """

    passed: tuple[Passed, ...]
    refusals: tuple[Refusal, ...]

    @property
    def allowed(self) -> bool:
        """Whether it may be signed: no reason against it, and every mandatory rule was asked."""
        return not self.refusals and {passed.rule for passed in self.passed}.issuperset(MANDATORY)


def decide(policy: Policy, spend: Spend) -> Verdict:
    """Ask every rule of the policy in force about a transaction."""
    passed, refusals = [], list(_belongs(policy, spend))
    for rule in policy.rules:
        found = rule.check(spend)
        refusals += found
        if not found:
            passed.append(Passed(rule.NAME, rule.explain()))
    return Verdict(tuple(passed), tuple(refusals))


def _belongs(policy: Policy, spend: Spend) -> tuple[Refusal, ...]:
    """Check that transaction, approvals and policy are of one vault: rules compare no ids."""
    approved, withdrawal = spend.withdrawal, spend.withdrawal.withdrawal
    checks = (
        ("coin", policy.coin, (spend.coin, withdrawal.coin)),
        ("network", policy.network, (spend.network, withdrawal.network)),
        ("vault", policy.vault, (spend.vault, withdrawal.vault)),
        ("policy", policy.id, (approved.policy, withdrawal.policy)),
    )
    hint = "request it anew under the policy in force"
    return tuple(
        refusal(f"policy.{name}", f"it is for another {name}", expected, ", ".join(found), hint)
        for name, expected, found in checks
        if set(found) != {expected}
    )
