"""Policy epochs: old and new quorum, one step at a time, never back; tighter now, looser later."""

from dataclasses import replace
from types import MappingProxyType

import pytest
from epoch_world import (
    FREEZE,
    LOOSER,
    NEW,
    TIGHTER,
    advance,
    after,
    next_policy,
    refused,
    staff,
    trusted,
    with_rule,
)
from policy_world import OTHER_ID, key_id, policy, sign

from policies.epochs import count_admins, trust_first
from policies.errors import BadInput, Refused
from policies.quorum import Demand
from policies.rules import Amounts, Consolidation, Destinations, Fees, Timing
from policies.rules.destinations import Entry, Group


def test_the_first_needs_its_own_quorum():
    """Two of three admins."""
    found = trusted()
    assert found.policy == policy()
    assert count_admins(found.policy, found.envelope).signed == ("alice", "bob")


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
    assert count_admins(found.policy, found.envelope).signed == ("bob", "carol")


def test_advance_with_a_wholly_new_staff_needs_both_quorums():
    """The old admins let the new ones in, and the new ones show their keys."""
    new = next_policy(policy(), **staff(NEW))
    assert advance(new, "alice", "bob", "dave", "erin").policy == new
    for names in (("dave", "erin", "frank"), ("alice", "dave", "erin"), ()):
        assert refused(advance, new, *names) == "policy.old_quorum"
    for names in (("alice", "bob", "carol"), ("alice", "bob", "dave")):
        assert refused(advance, new, *names) == "policy.new_quorum"


def test_a_threshold_lowered_by_the_new_policy_does_not_help_it_in():
    """One thief with one admin key writes a policy whose threshold is 1."""
    new = next_policy(policy(), **staff(("alice", "bob", "carol"), threshold=1))
    assert refused(advance, new, "alice") == "policy.old_quorum"


def test_an_old_name_with_a_new_key_does_not_count_for_the_old_quorum():
    """The old quorum is counted with the old keys."""
    swapped = {**policy().officers, "bob": key_id("mallory")}
    new = next_policy(policy(), officers=MappingProxyType(swapped))
    assert refused(advance, new, "alice", "mallory") == "policy.old_quorum"


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
    assert caught.value.hint.startswith("give every policy in order")
    with pytest.raises(Refused) as caught:
        trust_first(sign("policy", policy().payload, "bob", "mallory"))
    assert caught.value.found == "bob"
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


# tighter at once, looser later


@pytest.mark.parametrize("changes", [TIGHTER, FREEZE, {"loosening_delay": 200}, {}], ids=range(4))
@pytest.mark.parametrize("height", [0, 100, 10_000])
def test_what_only_tightens_acts_at_once(changes, height):
    """Whatever heights it claims: the one before is dead as soon as this one is known."""
    old = policy(loosening_delay=144)
    found = after(old, {**changes, "activation_height": height, "proposed_height": 9_000})
    assert not found.waits
    for at in (0, 99, height, 10**6):
        assert found.at(at) is found


@pytest.mark.parametrize("delay", [0, 1, 144])
@pytest.mark.parametrize(
    "changes",
    [LOOSER, with_rule(Consolidation(9, 9, 9, (Demand("admins", 2),)))],
    ids=("limit", "grant"),
)
def test_what_loosens_waits_for_the_delay(delay, changes):
    """From the height at which it was proposed; until then the one before governs."""
    changes = {**changes, "proposed_height": 1_000}
    old = policy(loosening_delay=delay)
    found = after(old, {**changes, "activation_height": 1_000 + delay})
    assert found.waits
    assert found.at(999 + delay).policy == old
    assert found.at(1_000 + delay) is found
    with pytest.raises(Refused) as caught:
        after(old, {**changes, "activation_height": 999 + delay})
    assert caught.value.refusals[0].rule == "policy.activation"
    assert caught.value.expected == f"height {1_000 + delay} or later"


def test_a_change_of_both_kinds_waits_as_a_whole():
    """One looser setting among many tighter ones: split it into two policies to act at once."""
    old = policy(loosening_delay=144)
    rules = (Amounts(50_000_000), Fees(100_001, 100), *policy().rules[2:])
    mixed = {"rules": rules, "proposed_height": 1_000}
    assert after(old, {**mixed, "activation_height": 1_144}).waits
    with pytest.raises(Refused):
        after(old, {**mixed, "activation_height": 1_143})


def test_a_tighter_step_cannot_smuggle_in_a_looser_one_that_waits():
    """Limit 1, then 2 that waits, then 1.5: tighter than 2 and still looser than 1."""
    old = policy(loosening_delay=144)
    looser = {**LOOSER, "proposed_height": 1_000, "activation_height": 1_144}
    less = with_rule(Amounts(150_000_000), proposed_height=1_001)
    assert refused(after, old, looser, {**less, "activation_height": 1_001}) == "policy.activation"
    late = after(old, looser, {**less, "activation_height": 1_144})
    assert not late.waits
    assert late.at(0) is late


def test_a_freeze_passes_by_what_waits():
    """Tighter than the policy that waits and than the one in force: it acts at once."""
    old = policy(loosening_delay=144)
    looser = {**LOOSER, "proposed_height": 1_000, "activation_height": 1_144}
    freeze = with_rule(Timing(144, frozen=True), activation_height=100)
    found = after(old, looser, freeze)
    assert not found.waits
    assert found.at(1_001) is found


def test_two_that_wait_come_into_force_one_after_the_other():
    """Each at its height."""
    old = policy(loosening_delay=144)
    one = {**LOOSER, "proposed_height": 1_000, "activation_height": 1_144}
    two = with_rule(Amounts(300_000_000), proposed_height=1_010, activation_height=1_154)
    found = after(old, one, two)
    assert [found.at(h).policy.epoch for h in (0, 1_143, 1_144, 1_153, 1_154)] == [1, 1, 2, 2, 3]


def test_the_longest_delay_of_what_is_passed_by_counts():
    """A policy that waits and would shorten the delay does not shorten it for the next."""
    old = policy(loosening_delay=144)
    short = {"loosening_delay": 0, "proposed_height": 1_000, "activation_height": 1_144}
    with pytest.raises(Refused):
        after(old, short, {**LOOSER, "proposed_height": 1_001, "activation_height": 1_143})
    found = after(old, short, {**LOOSER, "proposed_height": 1_001, "activation_height": 1_145})
    assert found.at(1_144).policy.epoch == 2


def silent(old, since, *steps):
    """Meet policies in a transaction, knowing heights up to `since`."""
    envelopes = [sign("policy", old.payload, "alice", "bob")]
    for changes in steps:
        new = next_policy(trust_first(envelopes[0]).follow(envelopes).policy, **changes)
        envelopes.append(sign("policy", new.payload, "alice", "bob"))
    return trust_first(envelopes[0]).follow(envelopes, {"": since})


def test_a_proposal_that_claims_to_be_old_does_not_shorten_the_delay():
    """Stolen admin keys: proposed long ago, it says. Who saw later heights knows better."""
    old = policy(loosening_delay=144)
    claim = {**LOOSER, "proposed_height": 100, "activation_height": 1_000}
    assert silent(old, 856, claim).policy.epoch == 2
    with pytest.raises(Refused) as caught:
        silent(old, 857, claim)
    (refusal,) = caught.value.refusals
    assert refusal.rule == "policy.delay"
    assert (refusal.expected, refusal.found) == ("height 1001 or later", "height 1000")
    assert "coldsign policy accept" in refusal.hint
    assert silent(old, 10**6, {**TIGHTER, "activation_height": 0}).policy.epoch == 2


def test_the_delay_counts_from_what_was_withdrawn_before_that_policy():
    """A signer that missed two looser policies: withdrawals under the second do not hinder it.

    Nor do those under the first hinder the second; those under neither count for both.
    """
    old = policy(loosening_delay=100)
    two = next_policy(old, **LOOSER, proposed_height=1_000, activation_height=1_100)
    rules = with_rule(Amounts(300_000_000), proposed_height=1_200, activation_height=1_300)
    three = next_policy(two, **rules)
    envelopes = [sign("policy", one.payload, "alice", "bob") for one in (old, two, three)]
    start = trust_first(envelopes[0])
    honest = {"": 0, old.id: 1_000, two.id: 1_200, three.id: 5_000}
    assert start.follow(envelopes, honest).policy.epoch == 3
    for late in ({old.id: 1_001}, {two.id: 1_201}, {"": 1_001}, {"stranger": 1_001}):
        assert refused(start.follow, envelopes, {**honest, **late}) == "policy.delay"


def test_an_officer_who_read_the_changes_may_accept_them():
    """Then only the documents count."""
    claim = {**LOOSER, "proposed_height": 100, "activation_height": 1_000}
    assert after(policy(loosening_delay=144), claim).waits


def test_new_destinations_cool_from_their_activation():
    """One that claims to be listed since long ago would skip the cooling."""
    listed = Destinations("listed", {"hot": Group((Entry("a", 0, 0),))}, 144)
    old = policy(**with_rule(listed))
    for since, passes in ((1_000, True), (999, False)):
        group = {"hot": Group((Entry("a", 0, 0), Entry("b", 0, since)))}
        new = with_rule(Destinations("listed", group, 144), activation_height=1_000)
        if passes:
            assert after(old, new).waits
        else:
            with pytest.raises(
                Refused, match="a new destination claims to be an old one"
            ) as caught:
                after(old, new)
            assert caught.value.refusals[0].rule == "policy.since"
            assert caught.value.found == "b"
