"""The verdict: every rule must pass, and what no rule allows is denied (step 8)."""

from typing import NamedTuple

from policies.errors import Refusal
from policies.explain import Words
from policies.gather import unasked
from policies.policy import Policy
from policies.rules import MANDATORY
from policies.rules.rule import refusal
from policies.spend import Spend
from policies.withdrawal import PAYMENT, VOID


class Passed(NamedTuple):
    """A rule that has nothing against the transaction.

    Attributes:
        rule: its name.
        sentence: what it demands, for officers and auditors.
    """

    rule: str
    sentence: str


class Verdict(NamedTuple):
    """What the policy says to a transaction.

    Attributes:
        passed: the rules that passed.
        refusals: every reason against it, in the rules' order.
        warnings: what is allowed and yet worth a second look.
    """

    passed: tuple[Passed, ...]
    refusals: tuple[Refusal, ...]
    warnings: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether it may be signed: no reason against it, and every mandatory rule was asked."""
        return not self.refusals and {passed.rule for passed in self.passed}.issuperset(MANDATORY)


def decide(policy: Policy, spend: Spend) -> Verdict:
    """Ask every rule of the policy in force about a transaction."""
    words = Words(coin=policy.coin)
    refusals = [*_belongs(policy, spend), *_fits(policy, spend), *unasked(policy, spend.head)]
    passed: list[Passed] = []
    warnings: list[str] = []
    for rule in policy.rules:
        found = rule.check(spend)
        refusals += found
        warnings += rule.warn(spend)
        if not found:
            passed.append(Passed(rule.NAME, "; ".join(rule.summary(words))))
    return Verdict(tuple(passed), tuple(refusals), tuple(warnings))


def _belongs(policy: Policy, spend: Spend) -> tuple[Refusal, ...]:
    """Check that transaction, approvals and policy are of one vault: rules compare no ids."""
    head, approved = spend.head, spend.withdrawal.policy
    named = approved if head.purpose == VOID else head.policy  # a void outlives its policy
    checks = (
        ("coin", policy.coin, (spend.coin, head.coin)),
        ("network", policy.network, (spend.network, head.network)),
        ("vault", policy.vault, (spend.vault, head.vault)),
        ("policy", policy.id, (approved, named)),
    )
    return tuple(
        refusal(
            f"policy.{name}",
            f"it is for another {name}",
            expected,
            ", ".join(found),
            "request it anew under the policy in force",
        )
        for name, expected, found in checks
        if set(found) != {expected}
    )


def _fits(policy: Policy, spend: Spend) -> tuple[Refusal, ...]:
    """Check that the policy knows the purpose, and that its windows see all that they count."""
    head, names = spend.head, [PAYMENT, VOID, *(rule.NAME for rule in policy.rules if rule.GRANTS)]
    oldest = spend.history[0] if spend.history else head
    start = head.height - policy.window
    checks = (
        ("purpose", head.purpose in names, ", ".join(names), head.purpose, "request a payment"),
        (
            "history",
            oldest.sequence == 1 or oldest.height <= start,
            f"withdrawals back to height {start}",
            f"withdrawal {oldest.sequence} at height {oldest.height}",
            "give the whole history",
        ),
    )
    return tuple(
        refusal(f"policy.{name}", f"the policy cannot judge its {name}", expected, found, hint)
        for name, passed, expected, found, hint in checks
        if not passed
    )
