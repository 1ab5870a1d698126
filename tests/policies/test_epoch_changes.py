"""What differs between two epochs, how officers come and go, and how a signer catches up."""

from dataclasses import replace
from types import MappingProxyType

import pytest
from epoch_world import (
    FREEZE,
    LOOSER,
    TIGHTER,
    after,
    next_policy,
    refused,
    trusted,
    with_rule,
)
from policy_world import key_id, policy, sign

from policies.change import Direction
from policies.epochs import TrustedPolicy, compare, trust_first
from policies.errors import Refused
from policies.quorum import Role
from policies.rules import Amounts, Consolidation, Destinations
from policies.rules.destinations import Entry, Group

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
