"""Policy epochs: old and new quorum, one step at a time, never back."""

from dataclasses import replace
from types import MappingProxyType

import pytest
from policy_world import OTHER_ID, key_id, policy, sign

from policies.epochs import TrustedPolicy, count_admins, trust_first
from policies.errors import BadInput, Fault, Refused
from policies.quorum import Role
from policies.rules import Fees

NEW = ("dave", "erin", "frank")


def staff(names, threshold=2):
    """Give officers and roles for a policy run by the named people."""
    return {
        "officers": MappingProxyType({name: key_id(name) for name in names}),
        "roles": MappingProxyType(
            {role: Role(role, tuple(names), threshold) for role in ("admins", "approvers")}
        ),
    }


def next_policy(old, **changes):
    """Give the policy that follows another; changes replace its fields."""
    return replace(old, **{"epoch": old.epoch + 1, "previous": old.id, **changes})


def trusted(old=None):
    """Give a trusted first policy."""
    return trust_first(sign("policy", (old or policy()).payload, "alice", "bob"))


def refused(call, *args):
    """Give the rule of the one refusal that a call ends with."""
    with pytest.raises(Refused) as caught:
        call(*args)
    (refusal,) = caught.value.refusals
    assert (refusal.step, refusal.fault) == (5, Fault.COORDINATOR)
    return refusal.rule


def advance(new, *names, old=None):
    """Advance from the first policy to a signed new one."""
    return trusted(old).advance(sign("policy", new.payload, *names))


def test_the_first_needs_its_own_quorum():
    """Two of three admins."""
    found = trusted()
    assert found.policy == policy()
    assert found.tally.signed == ("alice", "bob")


@pytest.mark.parametrize(
    "names", [(), ("alice",), ("alice", "alice"), ("alice", "mallory")], ids=str
)
def test_the_first_without_quorum_is_refused(names):
    """One admin, one twice, a stranger."""
    assert refused(trust_first, sign("policy", policy().payload, *names)) == "policy.new_quorum"


def test_the_first_with_a_tampered_payload_is_refused():
    """The admins' signatures cover every byte."""
    envelope = sign("policy", policy().payload, "alice", "bob")
    looser = policy(
        rules=tuple(
            Fees(10**9, 10**6) if isinstance(rule, Fees) else rule for rule in policy().rules
        )
    )
    assert refused(trust_first, replace(envelope, payload=looser.payload)) == "policy.new_quorum"


def test_approvals_of_a_withdrawal_make_no_policy():
    """Another kind of envelope is bad input."""
    with pytest.raises(BadInput, match="not a policy"):
        trust_first(sign("withdrawal", policy().payload, "alice", "bob"))
    with pytest.raises(BadInput, match="not a policy"):
        trusted().advance(sign("withdrawal", next_policy(policy()).payload, "alice", "bob"))
    with pytest.raises(BadInput, match="not a policy"):
        count_admins(policy(), sign("withdrawal", policy().payload, "alice"))


def test_advance_with_the_same_admins():
    """One quorum is both."""
    new = next_policy(policy())
    found = advance(new, "bob", "carol")
    assert found.policy == new
    assert found.tally.signed == ("bob", "carol")


def test_advance_with_a_wholly_new_staff_needs_both_quorums():
    """The old admins let the new ones in, and the new ones show their keys."""
    new = next_policy(policy(), **staff(NEW))
    assert advance(new, "alice", "bob", "dave", "erin").policy == new
    for names in (("dave", "erin", "frank"), ("alice", "dave", "erin"), ()):
        with pytest.raises(Refused) as caught:
            advance(new, *names)
        assert caught.value.refusals[0].rule == "policy.old_quorum"
    for names in (("alice", "bob", "carol"), ("alice", "bob", "dave")):
        with pytest.raises(Refused) as caught:
            advance(new, *names)
        assert caught.value.refusals[0].rule == "policy.new_quorum"


def test_a_threshold_lowered_by_the_new_policy_does_not_help_it_in():
    """One thief with one admin key writes a policy whose threshold is 1."""
    new = next_policy(policy(), **staff(("alice", "bob", "carol"), threshold=1))
    with pytest.raises(Refused) as caught:
        advance(new, "alice")
    assert caught.value.refusals[0].rule == "policy.old_quorum"


def test_an_old_name_with_a_new_key_does_not_count_for_the_old_quorum():
    """The old quorum is counted with the old keys."""
    swapped = {**policy().officers, "bob": key_id("mallory")}
    new = next_policy(policy(), officers=MappingProxyType(swapped))
    with pytest.raises(Refused) as caught:
        advance(new, "alice", "mallory")
    assert caught.value.refusals[0].rule == "policy.old_quorum"


def test_a_tampered_next_policy_is_refused():
    """Signatures over other bytes are no quorum."""
    new = next_policy(policy())
    envelope = sign("policy", new.payload, "alice", "bob")
    changed = replace(new, loosening_delay=9)
    tampered = replace(envelope, payload=changed.payload)
    assert refused(trusted().advance, tampered) == "policy.old_quorum"


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"epoch": 1, "previous": None}, "policy.rollback"),
        ({"epoch": 3}, "policy.skipped"),
        ({"previous": OTHER_ID}, "policy.previous"),
        ({"vault": OTHER_ID}, "policy.vault"),
        ({"coin": "MONA"}, "policy.coin"),
        ({"network": "main"}, "policy.network"),
        ({"activation_height": 99}, "policy.activation"),
    ],
)
def test_what_does_not_follow_is_refused(changes, rule):
    """Even when both quorums signed it."""
    new = next_policy(policy(), **changes)
    envelope = sign("policy", new.payload, "alice", "bob", "carol")
    assert refused(trusted().advance, envelope) == rule


def test_refusals_tell_both_sides():
    """Who could sign and who did; which epoch is next and which came."""
    with pytest.raises(Refused) as caught:
        trust_first(sign("policy", policy().payload))
    assert caught.value.expected == "2 of alice, bob, carol (epoch 1)"
    assert caught.value.found == "none"
    with pytest.raises(Refused) as caught:
        advance(next_policy(policy(), epoch=3), "alice", "bob")
    assert (caught.value.expected, caught.value.found) == ("epoch 2", "epoch 3")


def test_rollback_is_refused():
    """The first policy again, truly signed once, does not come back; nor does the same epoch."""
    first = sign("policy", policy().payload, "alice", "bob")
    second = trusted().advance(sign("policy", next_policy(policy()).payload, "alice", "bob"))
    assert refused(second.advance, first) == "policy.rollback"
    assert refused(second.advance, second.envelope) == "policy.rollback"
    fork = next_policy(policy(), loosening_delay=3)
    assert (
        refused(second.advance, sign("policy", fork.payload, "alice", "bob")) == "policy.rollback"
    )


@pytest.mark.parametrize("delay", [0, 1, 144])
def test_the_next_policy_waits_for_the_delay(delay):
    """It takes effect at the old one's activation and delay, not a block earlier."""
    old = policy(loosening_delay=delay)
    at = replace(next_policy(old), activation_height=100 + delay)
    assert advance(at, "alice", "bob", old=old).policy == at
    early = replace(at, activation_height=99 + delay)
    with pytest.raises(Refused) as caught:
        advance(early, "alice", "bob", old=old)
    assert caught.value.refusals[0].rule == "policy.activation"


def series(length):
    """Give signed envelopes of epochs 1 to length."""
    policies = [policy()]
    while len(policies) < length:
        policies.append(next_policy(policies[-1]))
    return [sign("policy", one.payload, "alice", "bob") for one in policies]


@pytest.mark.parametrize("start", [0, 1, 2, 3])
def test_follow_catches_up_from_any_epoch(start):
    """What a transaction brings: older ones only link, newer ones are checked one by one."""
    envelopes = series(4)
    found = trust_first(envelopes[start]).follow(envelopes)
    assert found.policy.epoch == 4
    assert trust_first(envelopes[start]).follow(envelopes[start:]).policy == found.policy


def test_follow_refuses_to_go_back():
    """Policies that end before the one in force, or none at all, are a rollback."""
    envelopes = series(3)
    ahead = trust_first(envelopes[2])
    assert refused(ahead.follow, envelopes[:2]) == "policy.rollback"
    assert refused(ahead.follow, []) == "policy.rollback"


def test_follow_refuses_a_gap_and_a_fork():
    """A missing epoch, and another policy of the epoch in force."""
    envelopes = series(4)
    assert refused(trust_first(envelopes[0]).follow, envelopes[2:]) == "policy.skipped"
    fork = next_policy(policy(), loosening_delay=3)
    beside = [envelopes[0], sign("policy", fork.payload, "alice", "bob")]
    assert refused(trust_first(envelopes[1]).follow, beside) == "policy.rollback"


def test_follow_refuses_strangers_among_old_policies():
    """Out of order, twice, or an unsigned fork of an old epoch: each must link to the next."""
    one, two, three = series(3)
    fork = sign("policy", next_policy(policy(), loosening_delay=3).payload)
    for offered in (
        [three, two],
        [two, one, two, three],
        [one, one, two, three],
        [one, fork, three],
    ):
        assert refused(trust_first(three).follow, offered) == "policy.previous"
    assert refused(trust_first(two).follow, [one, two, fork, three]) == "policy.previous"


def test_follow_refuses_an_unsigned_step():
    """Every step has its quorums, also one in the middle."""
    envelopes = series(4)
    envelopes[2] = replace(envelopes[2], signatures=envelopes[2].signatures[:1])
    assert refused(trust_first(envelopes[0]).follow, envelopes) == "policy.old_quorum"


def test_only_the_checks_make_a_trusted_policy():
    """Neither the class nor a changed copy gets past them."""
    real = trusted()
    with pytest.raises(TypeError, match="only trust_first and advance"):
        TrustedPolicy(real.policy, real.envelope, real.tally, object())
    with pytest.raises((TypeError, ValueError)):
        replace(real, policy=policy(loosening_delay=1))
