"""The policy document: whole or refused."""

import json
from dataclasses import replace
from types import MappingProxyType

import pytest
from policy_world import ADDRESS, OTHER_ID, VAULT, key_id, policy

from policies.envelope import MAX_SIGNATURES, document_id
from policies.errors import BadInput, Fault
from policies.policy import MAX_POLICY, Policy
from policies.quorum import Demand, Role
from policies.rules import (
    RULES,
    Amounts,
    Approvals,
    Consolidation,
    Destinations,
    Fees,
    Internal,
    Schedule,
    Shape,
    Timing,
)
from policies.rules.approvals import Tier
from policies.rules.destinations import Entry, Group
from policies.rules.group import Hours, Member, VaultGroup
from policies.rules.hot import Hot
from policies.rules.prices import Prices
from policies.rules.windows import Window
from policies.value import Value

WHOLE = (
    Amounts(5, 6, (Window(144, 7), Window(1008, 8)), (Window(144, 9),)),
    Destinations(
        "listed",
        {
            "hot.wallet": Group(
                (Entry(ADDRESS, 0, 3), Entry("wpkh([aabbccdd/84h/1h/0h]tpub.../<0;1>/*)", 20, 4)),
                (Window(144, 10),),
                internal=True,
            )
        },
        cooling=11,
    ),
    Fees(12, 13, 14, (Window(1008, 15),)),
    Approvals(
        (Tier(16, (Demand("tokyo.desk", 1),)), Tier(None, (Demand("admins", 2),))),
        {"alice": 17},
    ),
    Shape(18, ("p2wpkh", "p2tr"), 1, op_return=True),
    Consolidation(19, 20, 21, (Demand("tokyo.desk", 1),)),
    Internal(22, 23, 24, (Demand("admins", 2),), 25, (Window(144, 26),)),
    Prices((Demand("admins", 2),), 32, "JPY"),
    VaultGroup(
        (Member(VAULT, "BTC", 33), Member(OTHER_ID, "MONA", 34)),
        (Hours(3, Value.of(36_000, "JPY")),),
    ),
    Hot((Demand("admins", 2),), 37, ("hot.wallet",), 38),
    Timing(27, 28, 29, 30, 31, frozen=True, confirmations=32),
    Schedule(("mon", "fri"), "09:00", "17:30", enforce=True),
)
"""Every rule with every setting."""


def tables(**changes):
    """Give a policy's tables with dotted paths replaced; `...` leaves one out."""
    table = json.loads(policy().payload)
    for path, value in changes.items():
        *heads, last = path.split("__")
        inner = table
        for head in heads:
            inner = inner[head]
        if value is ...:
            del inner[last]
        else:
            inner[last] = value
    return table


def raw(**changes):
    """Give a policy's payload with some fields changed."""
    return json.dumps(tables(**changes)).encode()


def test_round_trip_through_json():
    """What is written is read back the same, id over the received bytes."""
    there = policy()
    assert Policy.parse(there.payload) == there
    received = raw()
    assert Policy.parse(received).id == document_id(received) != there.id


def test_round_trip_of_every_rule():
    """A name with a dot stays one name."""
    names = ("o.suzuki", "alice", "bob")
    there = policy(
        epoch=7,
        previous=OTHER_ID,
        officers=MappingProxyType({name: key_id(name) for name in names}),
        roles=MappingProxyType(
            {name: Role(name, ("o.suzuki", "alice"), 1) for name in ("admins", "tokyo.desk")}
        ),
        rules=WHOLE,
        proposed_height=5,
        revoked=("bob",),
    )
    back = Policy.parse(there.payload)
    assert back == there
    assert back.id == there.id


@pytest.mark.parametrize("name", sorted(tables()))
def test_every_field_is_required_and_typed(name):
    """Without any one field, or with another type there, it is refused."""
    for value in (..., [], True, 1.5, [[]], {"x": {}}):
        with pytest.raises(BadInput, match="policy"):
            Policy.parse(raw(**{name: value}))


@pytest.mark.parametrize("rule", ["amounts", "fees", "approvals", "shape", "timing"])
def test_a_policy_without_a_mandatory_rule_is_none(rule):
    """Default deny: what is not limited is not allowed."""
    with pytest.raises(BadInput, match=f"{rule} is missing"):
        Policy.parse(raw(**{f"rules__{rule}": ...}))


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_with_an_unknown_key_is_refused(rule):
    """A mistyped limit is an error, not a limit that never was."""
    table = tables(roles__tokyo={"members": ["alice"], "threshold": 1})
    table["rules"] = json.loads(json.dumps({r.NAME: r.to_table() for r in WHOLE}))
    table["roles"]["tokyo.desk"] = table["roles"].pop("tokyo")
    assert Policy.parse(json.dumps(table).encode())
    table["rules"][rule]["max_typo"] = 1
    with pytest.raises(BadInput, match=f"rules.{rule}: unknown key 'max_typo'"):
        Policy.parse(json.dumps(table).encode())


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_with_a_missing_key_is_refused(rule):
    """An empty rule limits nothing."""
    with pytest.raises(BadInput, match=f"rules.{rule}: .* is missing"):
        Policy.parse(raw(**{f"rules__{rule}": {}}))


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "withdrawal"},
        {"version": 2},
        {"extra": 1},
        {"epoch": 0},
        {"epoch": 0, "previous": OTHER_ID},
        {"epoch": 1_000_001, "previous": OTHER_ID},
        {"epoch": 1, "previous": OTHER_ID},
        {"epoch": 2, "previous": None},
        {"activation_height": -1},
        {"activation_height": 500_000_000},
        {"loosening_delay": -1},
        {"loosening_delay": 1_000_001},
        {"officers": {}},
        {"officers__Alice": key_id("x")},
        {"officers__dan": "0" * 64},
        {"officers__dan": "not a key"},
        {"roles": {}},
        {"roles__admins": ...},
        {"roles__approvers": ...},
        {"roles__Ops": {"members": ["alice"], "threshold": 1}},
        {"roles__admins__threshold": 0},
        {"roles__admins__threshold": 4},
        {"roles__admins__threshold": True},
        {"roles__admins__threshold": "2"},
        {"roles__admins__members": []},
        {"roles__admins__members": ["alice", "alice"]},
        {"roles__admins__members": ["alice", "mallory"]},
        {"roles__admins__extra": 1},
        {"rules__velocity": {"per_day": 1}},
        {"rules__approvals__tiers": [{"require": [{"role": "nobody", "count": 2}]}]},
        {"rules__approvals__tiers": [{"require": [{"role": "approvers", "count": 4}]}]},
        {"proposed_height": -1},
        {"proposed_height": 500_000_000},
        {"revoked": ["alice"]},
        {"revoked": {}},
        {"revoked": {"officers": ["mallory"]}},
        {"revoked": {"officers": ["alice"]}},
        {"revoked": {"officers": [], "extra": 1}},
        {"rules__amounts__per_payment": 0},
        {"rules__amounts__per_payment": 2**63},
        {"rules__amounts__per_payment": "10%"},
        {"rules__fees__max_fee": 0},
        {"rules__fees__max_rate": 0},
        {"rules__fees__max_rate": 1.5},
        {"rules__timing__max_lifetime_blocks": 0},
    ],
    ids=str,
)
def test_malformed_policies_are_refused(changes):
    """Ranges, names, roles, rules: no gap is filled and nothing unknown passes."""
    with pytest.raises(BadInput, match="policy") as caught:
        Policy.parse(raw(**changes))
    assert caught.value.fault is Fault.COORDINATOR


@pytest.mark.parametrize("changes", [{"extra": 1}, {"epoch": 0}, {"officers__dan": "not a key"}])
def test_who_wrote_the_tables_is_at_fault(changes):
    """A person who writes them as TOML is told so, and no coordinator is suspected."""
    with pytest.raises(BadInput) as caught:
        Policy.read(tables(**changes), Fault.OFFICER)
    assert caught.value.fault is Fault.OFFICER


def test_a_policy_of_nobody_says_where_keys_come_from():
    """Before it complains of roles, which cannot be right without officers."""
    with pytest.raises(BadInput, match="a table of 1 to 100 officers") as caught:
        Policy.parse(raw(officers={}))
    assert "coldsign officer show" in caught.value.hint


@pytest.mark.parametrize("threshold", [1, 3])
def test_thresholds_at_their_limits_pass(threshold):
    """One, and all."""
    found = Policy.parse(raw(roles__admins__threshold=threshold))
    assert found.admins.threshold == threshold


@pytest.mark.parametrize("number", [1, MAX_SIGNATURES])
def test_the_number_of_officers_at_its_limits_passes(number):
    """One, and as many as an envelope holds signatures; one more is refused."""
    names = [f"officer{n}" for n in range(number)]
    quorum = {"members": names, "threshold": number}
    roles = {"admins": quorum, "approvers": quorum}
    officers = {name: key_id(name) for name in names}
    tiers = [{"require": [{"role": "approvers", "count": number}]}]
    found = Policy.parse(raw(officers=officers, roles=roles, rules__approvals__tiers=tiers))
    assert list(found.officers) == names
    if number == MAX_SIGNATURES:
        officers["another"] = key_id("another")
        with pytest.raises(BadInput, match="a table of 1 to 100 officers"):
            Policy.parse(raw(officers=officers, roles=roles, rules__approvals__tiers=tiers))


def test_the_smallest_limits_pass():
    """One unit, one block, one officer."""
    rules = (
        Amounts(1),
        Fees(1, 1),
        Approvals((Tier(None, (Demand("admins", 2),)),)),
        Shape(1, ("p2wpkh",)),
        Timing(1),
    )
    there = policy(rules=rules)
    assert Policy.parse(there.payload) == there
    assert there.window == 0


def test_the_longest_window_of_any_rule_counts():
    """So far back a transaction must bring the chain."""
    assert policy(rules=WHOLE).window == 1008
    assert policy(rules=(*policy().rules[1:], Amounts(1, windows=(Window(9, 1),)))).window == 9


def test_a_revoked_officer_keeps_the_key_and_has_no_role():
    """The key stays known, so that nobody brings it back under another name."""
    roles = {
        name: {"members": ["alice", "bob"], "threshold": 2} for name in ("admins", "approvers")
    }
    found = Policy.parse(raw(revoked={"officers": ["carol"]}, roles=roles))
    assert found.revoked == ("carol",)
    assert found.officers["carol"] == key_id("carol")
    with pytest.raises(BadInput, match="another key than carol's"):
        Policy.parse(
            raw(revoked={"officers": ["carol"]}, roles=roles, officers__karl=key_id("carol"))
        )


def test_one_key_under_two_names_is_refused():
    """One person with two names would be a quorum alone; the error names both."""
    with pytest.raises(BadInput, match="dan must be another key than alice's") as caught:
        Policy.parse(raw(officers__dan=key_id("alice")))
    assert "twice" in caught.value.hint


def test_duplicate_keys_in_json_are_refused():
    """Two thresholds: one shown, one used."""
    payload = policy().payload.replace(b'"threshold":2', b'"threshold":2,"threshold":1', 1)
    with pytest.raises(BadInput, match="occurs twice"):
        Policy.parse(payload)


def test_too_large_is_refused():
    """The size is checked first."""
    with pytest.raises(BadInput, match="too large"):
        Policy.parse(b" " * (MAX_POLICY + 1))


def test_a_hand_made_policy_that_lacks_a_rule_is_found_when_read():
    """Making one checks nothing; every reader checks everything."""
    with pytest.raises(BadInput, match="amounts is missing"):
        Policy.parse(policy(rules=()).payload)
    with pytest.raises(BadInput, match="none revoked"):
        Policy.parse(policy(revoked=("alice",)).payload)


def test_replacing_a_field_gives_new_bytes():
    """No stale payload survives `dataclasses.replace`."""
    changed = replace(Policy.parse(raw()), loosening_delay=5)
    assert json.loads(changed.payload)["loosening_delay"] == 5


def test_officers_and_roles_cannot_be_changed_afterwards():
    """The mappings of a parsed policy are read-only."""
    found = Policy.parse(raw())
    with pytest.raises(TypeError):
        found.officers["mallory"] = key_id("mallory")
    with pytest.raises(TypeError):
        found.roles["approvers"] = Role("approvers", ("alice",), 1)
    assert "mallory" not in found.officers
