"""The verdict: every rule passes, or nothing does."""

from dataclasses import replace

import pytest
from policy_world import BTC, OTHER_ID, approved, policy, rules_of, spend, withdrawal

from policies.decide import decide
from policies.rules import MANDATORY, RULES, Destinations


def test_a_spend_within_every_rule_is_allowed():
    """Each rule passes and says what it demands."""
    verdict = decide(policy(), spend())
    assert verdict.allowed
    assert [passed.rule for passed in verdict.passed] == ["amounts", "fees", "approvals", "timing"]
    assert all(passed.sentence for passed in verdict.passed)


def test_every_refusal_is_told():
    """All rules are asked, not the first only, and those that passed are still told."""
    verdict = decide(policy(), spend(fee=100_001, height=201))
    assert not verdict.allowed
    assert rules_of(verdict.refusals) == [
        "fees.max_fee",
        "fees.max_rate",
        "fees.approved",
        "timing.height",
    ]
    assert {refusal.step for refusal in verdict.refusals} == {8}
    assert [passed.rule for passed in verdict.passed] == ["amounts", "approvals"]


def test_one_failing_rule_is_enough():
    """An AND where an AND belongs: the optional list alone refuses."""
    rules = (*policy().rules, Destinations(("bcrt1qelsewhere",)))
    under = policy(rules=rules)
    verdict = decide(under, spend(approved(under=under)))
    assert rules_of(verdict.refusals) == ["destinations.allowed"]
    assert not verdict.allowed


@pytest.mark.parametrize("missing", MANDATORY)
def test_a_policy_without_a_mandatory_rule_allows_nothing(missing):
    """Default deny holds for a hand-made policy, too: silence is no consent."""
    under = policy()
    # The approval names the whole policy; the rule is taken out behind its back.
    object.__setattr__(under, "rules", tuple(r for r in under.rules if missing != r.NAME))
    verdict = decide(under, spend())
    assert verdict.refusals == ()
    assert not verdict.allowed


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"coin": "BCH"}, "policy.coin"),
        ({"network": "main"}, "policy.network"),
        ({"vault": OTHER_ID}, "policy.vault"),
    ],
)
def test_a_spend_of_another_vault_is_refused(changes, rule):
    """Facts, approvals and policy must be of one vault."""
    assert rules_of(decide(policy(), spend(**changes)).refusals) == [rule]


def test_approvals_under_another_policy_are_refused():
    """Withdrawals in flight die with their policy."""
    newer = replace(policy(), epoch=2, previous=policy().id)
    assert rules_of(decide(newer, spend()).refusals) == ["policy.policy"]


def test_the_table_of_rules_is_in_order_and_complete():
    """Each rule stands under its own name, and every mandatory one is there."""
    assert all(name == rule.NAME for name, rule in RULES.items())
    assert set(MANDATORY) == {"amounts", "fees", "approvals", "timing"} < set(RULES)


def test_many_payments_are_all_looked_at():
    """A too large payment hides behind no other."""
    document = withdrawal()
    one = document.payments[0]
    many = withdrawal(payments=(one, replace(one, amount=BTC + 1), one))
    there = spend(approved(many))
    assert "amounts.per_payment" in rules_of(decide(policy(), there).refusals)
