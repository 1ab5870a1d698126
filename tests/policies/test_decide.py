"""The verdict: every rule passes, or nothing does."""

from dataclasses import replace

import pytest
from policy_world import BTC, OTHER_ID, approved, policy, rules_of, spend, withdrawal
from rule_world import ADDRESS, OTHER, earlier, proposed
from value_world import GROUP, HOT, PRICES, others, presented, sheet, snapshot, valued

from policies.decide import decide
from policies.quorum import Demand
from policies.rules import MANDATORY, RULES, Consolidation, Destinations, Internal, Schedule, Timing
from policies.rules.destinations import Entry, Group
from policies.rules.windows import Window
from policies.spend import LocalTime, Output, SpentCoin

NEED = (Demand("approvers", 2),)
HOURS = Schedule(("mon",), "09:00", "17:00", enforce=True)
EXTRA = (
    Destinations("listed", {"all": Group((Entry(ADDRESS, 0, 0),), internal=True)}),
    Consolidation(2, 10**6, 1000, NEED),
    Internal(2, 10**6, 1000, NEED, BTC),
    HOURS,
    PRICES,
    GROUP,
    HOT,
)
"""The rules that a policy may leave out."""


def full():
    """Give a policy with every rule there is, in the order of the table."""
    rules = {rule.NAME: rule for rule in (*policy().rules, *EXTRA)}
    return policy(rules=tuple(rules[name] for name in RULES))


def under(there, *amounts, **changes):
    """Give a spend of an approved withdrawal under a policy."""
    found = proposed(*(amounts or (BTC // 2,)), policy=there.id, **changes)
    object.__setattr__(found.withdrawal, "policy", there.id)
    return found


def test_a_spend_within_every_rule_is_allowed():
    """Each rule passes and says what it demands."""
    verdict = decide(policy(), spend())
    assert verdict.allowed
    assert [passed.rule for passed in verdict.passed] == list(MANDATORY)
    assert "no destination receives more than 1 BTC" in verdict.passed[0].sentence


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
    assert [passed.rule for passed in verdict.passed] == ["amounts", "approvals", "shape"]


BITES = {
    "amounts": ((BTC + 1,), {}, "amounts.per_payment"),
    "destinations": ((BTC,), {"address": OTHER}, "destinations.listed"),
    "fees": ((BTC,), {"fee": 20_001, "vsize": 300}, "fees.approved"),
    "approvals": ((BTC,), {"initiator": "alice"}, "approvals.barred"),
    "shape": ((1,), {}, "shape.dust"),
    "consolidation": (
        (),
        {"purpose": "consolidation", "inputs": (SpentCoin("00", 0, BTC),) * 3},
        "consolidation.max_inputs",
    ),
    "internal": ((BTC + 1,), {"purpose": "internal"}, "internal.per_withdrawal"),
    "prices": ((BTC,), {"prices": presented(sheet(), "alice")}, "prices.quorum"),
    "group": ((BTC,), {"chains": others((4_999, 20_001 * BTC // 75))}, "group.windows"),
    "hot": ((BTC,), {"balances": snapshot(hot=5 * BTC)}, "hot.cap"),
    "timing": ((BTC,), {"expiry": 1145}, "timing.max_lifetime_blocks"),
    "schedule": ((BTC,), {"clock": LocalTime(6, "12:00")}, "schedule.hours"),
}


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_bites_alone(rule):
    """A spend that one rule alone refuses: without its check, it would be allowed."""
    amounts, changes, name = BITES[rule]
    there = full()
    found = valued(*amounts, policy=there.id, **changes)
    object.__setattr__(found.withdrawal, "policy", there.id)
    verdict = decide(there, found)
    assert rules_of(verdict.refusals) == [name]
    assert {passed.rule for passed in verdict.passed} == set(RULES) - {rule}
    without = tuple(one for one in there.rules if rule != one.NAME)
    object.__setattr__(there, "rules", without)
    # Grounds that no rule judges are refused, too.
    left = {"consolidation": 1, "internal": 1, "prices": 1, "group": 1, "hot": 1}
    assert len(decide(there, found).refusals) == left.get(rule, 0)


def test_a_spend_within_all_rules_is_allowed():
    """With every rule there is, of each purpose."""
    there = full()
    for purpose, amounts in (
        ("payment", (BTC,)),
        ("internal", (BTC,)),
        ("consolidation", ()),
        ("void", ()),
    ):
        found = valued(*amounts, purpose=purpose, policy=there.id, clock=LocalTime(0, "12:00"))
        object.__setattr__(found.withdrawal, "policy", there.id)
        verdict = decide(there, found)
        assert verdict.allowed, verdict.refusals
        assert verdict.warnings == ()


@pytest.mark.parametrize("missing", MANDATORY)
def test_a_policy_without_a_mandatory_rule_allows_nothing(missing):
    """Default deny holds for a hand-made policy, too: silence is no consent."""
    there = policy()
    # The approval names the whole policy; the rule is taken out behind its back.
    object.__setattr__(there, "rules", tuple(r for r in there.rules if missing != r.NAME))
    verdict = decide(there, spend())
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
    verdict = decide(policy(), spend(**changes))
    assert rules_of(verdict.refusals) == [rule]
    assert len(verdict.passed) == len(MANDATORY), "every rule has passed"
    assert not verdict.allowed


def test_approvals_under_another_policy_are_refused():
    """Withdrawals in flight die with their policy."""
    newer = replace(policy(), epoch=2, previous=policy().id)
    assert rules_of(decide(newer, spend()).refusals) == ["policy.policy"]


def test_approvals_counted_under_another_policy_than_the_document_names_are_refused():
    """The votes are of the policy in force; the withdrawal itself names an older one."""
    newer = replace(policy(), epoch=2, previous=policy().id)
    there = spend()
    object.__setattr__(there.withdrawal, "policy", newer.id)
    (refusal,) = decide(newer, there).refusals
    assert (refusal.rule, refusal.found) == ("policy.policy", f"{newer.id}, {policy().id}")


def test_a_void_outlives_its_policy():
    """It names the older one; its approvals are counted under the one in force."""
    newer = replace(policy(), epoch=2, previous=policy().id)
    there = proposed(purpose="void")
    assert rules_of(decide(newer, there).refusals) == ["policy.policy"]
    object.__setattr__(there.withdrawal, "policy", newer.id)
    assert decide(newer, there).refusals == ()


@pytest.mark.parametrize("purpose", ["consolidation", "internal"])
def test_a_special_purpose_needs_its_rule(purpose):
    """Default deny: what has no table is not allowed; and no other rule's name is a purpose."""
    there = policy()
    found = rules_of(decide(there, under(there, purpose=purpose)).refusals)
    assert found == ["policy.purpose"]
    for name in ("amounts", "destinations", "", "Payment"):
        found = rules_of(decide(full(), under(full(), purpose=name)).refusals)
        assert "policy.purpose" in found


@pytest.mark.parametrize(
    ("history", "sequence", "refusals"),
    [
        ((), 1, 0),
        ((), 2, 1),
        ((earlier(990, 1, sequence=1),), 2, 0),
        ((earlier(990, 1, sequence=2),), 3, 1),
        ((earlier(901, 1, sequence=2),), 3, 1),
        ((earlier(900, 1, sequence=2),), 3, 0),
    ],
)
def test_the_windows_must_see_all_that_they_count(history, sequence, refusals):
    """Back to the vault's first withdrawal, or to one that the longest window leaves out."""
    there = policy()
    rules = (replace(there.rules[0], windows=(Window(100, BTC),)), *there.rules[1:])
    there = policy(rules=rules)
    found = decide(there, under(there, sequence=sequence, history=history))
    assert rules_of(found.refusals) == ["policy.history"] * refusals
    object.__setattr__(there, "rules", policy().rules)
    assert decide(there, under(there, sequence=sequence, history=history)).refusals == ()


def test_a_freeze_refuses_all_but_voids():
    """Whatever else the policy says."""
    there = full()
    rules = tuple(Timing(144, frozen=True) if r.NAME == "timing" else r for r in there.rules)
    there = policy(rules=rules)
    found = valued(BTC // 2, policy=there.id)
    object.__setattr__(found.withdrawal, "policy", there.id)
    assert rules_of(decide(there, found).refusals) == ["timing.frozen"]
    found = proposed(purpose="void")
    object.__setattr__(found.withdrawal, "policy", there.id)
    assert decide(there, found).allowed


def test_warnings_are_told_and_refuse_nothing():
    """A look-alike, and a time outside of business hours that is not enforced."""
    alike = f"bcrt1q{'x' * 30}{ADDRESS[-6:]}"
    listed = Destinations("any", {"all": Group((Entry(ADDRESS, 0, 0),))})
    there = policy(rules=(*policy().rules, listed, replace(HOURS, enforce=False)))
    found = under(there, clock=LocalTime(6, "12:00"))
    script = found.externals[0].script
    object.__setattr__(found, "externals", (Output(alike, script, BTC),))
    verdict = decide(there, found)
    assert verdict.allowed
    assert len(verdict.warnings) == 2
    assert "begins and ends like" in verdict.warnings[0]
    assert "business hours" in verdict.warnings[1]


def test_the_table_of_rules_is_in_order_and_complete():
    """Each rule stands under its own name, and every mandatory one is there."""
    assert all(name == rule.NAME for name, rule in RULES.items())
    assert set(MANDATORY) == {"amounts", "fees", "approvals", "shape", "timing"} < set(RULES)
    assert {name for name, rule in RULES.items() if rule.GRANTS} == {"consolidation", "internal"}


def test_many_payments_are_all_looked_at():
    """A too large payment hides behind no other."""
    document = withdrawal()
    one = document.payments[0]
    many = withdrawal(payments=(one, one._replace(amount=BTC + 1), one))
    there = spend(approved(many))
    assert "amounts.per_payment" in rules_of(decide(policy(), there).refusals)
