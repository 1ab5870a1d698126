"""Policy epochs: old and new quorum, one step at a time, never back; tighter now, looser later."""

from dataclasses import replace
from types import MappingProxyType

import pytest
from policy_world import OTHER_ID, key_id, policy, sign

from policies.change import Direction
from policies.epochs import TrustedPolicy, compare, count_admins, trust_first
from policies.errors import BadInput, Fault, Refused
from policies.quorum import Demand, Role
from policies.rules import Amounts, Consolidation, Destinations, Fees, Timing
from policies.rules.destinations import Entry, Group

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


def with_rule(rule, **changes):
    """Give the rules of the usual policy with one exchanged or added."""
    others = tuple(one for one in policy().rules if not isinstance(one, type(rule)))
    return {"rules": (*others, rule), **changes}


TIGHTER = with_rule(Amounts(50_000_000))
LOOSER = with_rule(Amounts(200_000_000))
FREEZE = with_rule(Timing(144, frozen=True))


def after(old, *steps):
    """Advance from a first policy through next ones, each signed by alice and bob."""
    found = trusted(old)
    for changes in steps:
        new = next_policy(found.policy, **changes)
        found = found.advance(sign("policy", new.payload, "alice", "bob"))
    return found


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
    with pytest.raises(Refused) as caught:
        after(old, looser, {**less, "activation_height": 1_001})
    assert caught.value.refusals[0].rule == "policy.activation"
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
            with pytest.raises(Refused) as caught:
                after(old, new)
            assert caught.value.refusals[0].rule == "policy.since"
            assert caught.value.found == "b"


# what changed


def directions(old, new):
    """Give each change's path and direction."""
    return [(change.path, str(change.direction)) for change in compare(old, new)]


def test_nothing_changed():
    """The place in time alone is no change."""
    new = next_policy(policy(), activation_height=5, proposed_height=6)
    assert compare(policy(), new) == ()


CAROL_OUT = {
    "revoked": ("carol",),
    "roles": {r: Role(r, ("alice", "bob"), 2) for r in ("admins", "approvers")},
}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"loosening_delay": 1}, [("loosening_delay", "tighter")]),
        (
            {"officers": {**policy().officers, "dave": key_id("dave")}},
            [("officers.dave", "looser")],
        ),
        (
            {"officers": {**policy().officers, "carol": key_id("karl")}},
            [("officers.carol", "looser")],
        ),
        (
            CAROL_OUT,
            [
                ("revoked.carol", "tighter"),
                ("roles.admins.members", "tighter"),
                ("roles.approvers.members", "tighter"),
            ],
        ),
        (
            {"roles": {**policy().roles, "admins": Role("admins", ("alice", "bob", "carol"), 3)}},
            [("roles.admins.threshold", "tighter")],
        ),
        (
            {"roles": {**policy().roles, "desk": Role("desk", ("alice",), 1)}},
            [("roles.desk", "neutral")],
        ),
        (TIGHTER, [("rules.amounts.per_payment", "tighter")]),
        (FREEZE, [("rules.timing.frozen", "tighter")]),
        (
            with_rule(Destinations("listed", {"hot": Group((Entry("a", 0, 100),))}, 144)),
            [("rules.destinations", "tighter")],
        ),
        (with_rule(Consolidation(9, 9, 9, ())), [("rules.consolidation", "looser")]),
    ],
    ids=lambda value: value[0][0] if isinstance(value, list) else "",
)
def test_each_change_points_one_way_and_back_the_other(changes, found):
    """Undone, a change points the other way; what nobody can tell is looser both ways."""
    old, new = policy(), policy(**changes)
    assert directions(old, new) == found
    both_ways = {"tighter": "looser", "looser": "tighter", "neutral": "neutral"}
    undone = [(path, both_ways[direction]) for path, direction in found]
    if ("officers.carol", "looser") in found:
        undone = found  # another key is another person
    assert directions(new, old) == undone


def test_a_change_tells_old_and_new():
    """For officers to read."""
    (change,) = compare(policy(), policy(**TIGHTER))
    assert (change.old, change.new) == ("100 000 000 sat", "50 000 000 sat")
    assert change.direction is Direction.TIGHTER


def test_a_change_of_people_and_of_a_whole_rule_tells_old_and_new():
    """What was not there before is empty; a rule is told with all that it demands."""
    new = policy(**CAROL_OUT, loosening_delay=7)
    assert [(c.path, c.old, c.new) for c in compare(policy(), new)] == [
        ("loosening_delay", "0 blocks", "7 blocks"),
        ("revoked.carol", "", "revoked"),
        ("roles.admins.members", "carol", ""),
        ("roles.approvers.members", "carol", ""),
    ]
    desk = policy(roles={**policy().roles, "desk": Role("desk", ("alice", "bob"), 1)})
    (change,) = compare(desk, policy())
    assert (change.old, change.new) == ("1 of alice, bob", "")
    special = Consolidation(9, 9, 9, ())
    (change,) = compare(policy(), policy(**with_rule(special)))
    assert (change.old, change.new) == ("", "; ".join(special.explain()))


# officers come and go


def test_a_lost_admin_key_is_replaced_by_those_who_remain():
    """Two of three: alice and bob let karl in for carol; as a loosening it waits."""
    people = {**policy().officers, "karl": key_id("karl")}
    names = ("alice", "bob", "karl")
    change = {
        "officers": MappingProxyType(people),
        "roles": {r: Role(r, names, 2) for r in ("admins", "approvers")},
        "revoked": ("carol",),
        "proposed_height": 1_000,
        "activation_height": 1_144,
    }
    found = after(policy(loosening_delay=144), change)
    assert found.waits
    assert found.policy.admins.members == names
    third = next_policy(found.policy, **TIGHTER)
    assert found.advance(sign("policy", third.payload, "bob", "karl")).policy.id == third.id
    with pytest.raises(Refused):
        found.advance(sign("policy", third.payload, "bob", "carol"))


def test_a_stolen_admin_key_is_revoked_at_once():
    """Without waiting; from then on it signs nothing."""
    found = after(policy(loosening_delay=144), {**CAROL_OUT, "activation_height": 0})
    assert found.at(0) is found
    third = next_policy(found.policy, **TIGHTER)
    with pytest.raises(Refused) as caught:
        found.advance(sign("policy", third.payload, "alice", "carol"))
    assert caught.value.refusals[0].rule == "policy.old_quorum"


def test_one_lost_key_too_many_is_final():
    """Of two admins who both must sign, one is lost: nobody can change the policy any more."""
    both = {r: Role(r, ("alice", "bob"), 2) for r in ("admins", "approvers")}
    found = trusted(policy(roles=MappingProxyType(both)))
    new = next_policy(found.policy, roles={**both, "admins": Role("admins", ("alice",), 1)})
    for names in (("alice",), ("alice", "carol")):
        with pytest.raises(Refused) as caught:
            found.advance(sign("policy", new.payload, *names))
        assert caught.value.refusals[0].rule == "policy.old_quorum"


# catching up


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
    for offered, found in ((envelopes[:2], f"epoch 2, {envelopes[1].id}"), ([], "no policy")):
        with pytest.raises(Refused) as caught:
            ahead.follow(offered)
        (refusal,) = caught.value.refusals
        assert (refusal.expected, refusal.found) == (f"epoch 3, {envelopes[2].id}", found)


def test_follow_refuses_a_gap_and_a_fork():
    """A missing epoch, and another policy of the epoch in force."""
    envelopes = series(4)
    assert refused(trust_first(envelopes[0]).follow, envelopes[2:]) == "policy.skipped"
    fork = next_policy(policy(), loosening_delay=3)
    beside = [envelopes[0], sign("policy", fork.payload, "alice", "bob")]
    assert refused(trust_first(envelopes[1]).follow, beside) == "policy.rollback"


@pytest.mark.parametrize(("end", "passes"), [(1, True), (2, True), (3, True)])
def test_follow_takes_one_that_still_governs(end, passes):
    """While the newest waits, a transaction under the one before may bring that as its last."""
    old = policy(loosening_delay=144)
    two = next_policy(old, **LOOSER, proposed_height=1_000, activation_height=1_144)
    three = next_policy(two, **with_rule(Amounts(300_000_000), activation_height=1_154))
    envelopes = [sign("policy", one.payload, "alice", "bob") for one in (old, two, three)]
    ahead = trust_first(envelopes[0]).follow(envelopes)
    assert (ahead.follow(envelopes[:end]) is ahead) is passes
    frozen = next_policy(three, **FREEZE, activation_height=0)
    envelopes.append(sign("policy", frozen.payload, "alice", "bob"))
    dead = trust_first(envelopes[0]).follow(envelopes)
    assert refused(dead.follow, envelopes[:end]) == "policy.rollback"


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
        TrustedPolicy(real.policy, real.envelope, None, (), object())
    with pytest.raises((TypeError, ValueError)):
        replace(real, policy=policy(loosening_delay=1))
