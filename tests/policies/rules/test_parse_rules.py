"""What no rule can check alone: shares of the balance, internal groups, ceilings, demands."""

import json

import pytest
from policy_world import policy

from policies.errors import BadInput
from policies.policy import Policy

GROUP = {"internal": True, "addresses": [{"address": "bcrt1qother", "since": 0}]}
SPECIAL = {
    "max_inputs": 1,
    "max_fee": 1,
    "max_rate": 1,
    "require": [{"role": "approvers", "count": 2}],
}


def parsed(**rules):
    """Read the policy with some rules replaced or added."""
    table = json.loads(policy().payload)
    table["rules"] |= rules
    return Policy.parse(json.dumps(table).encode())


@pytest.mark.parametrize(
    "amounts",
    [
        {"per_payment": "10%"},
        {"per_payment": 1, "percent_of_balance": 10},
        {"per_payment": 1, "share_of_balance": 10},
        {"per_payment": 1, "windows": [{"blocks": 1, "percent": 10}]},
        {"per_payment": 1, "windows": [{"blocks": 1, "limit": "5 %"}]},
        {"per_payment": 1, "ratio": 1},
    ],
    ids=str,
)
def test_shares_of_the_balance_are_refused_as_a_design(amounts):
    """With the reason, wherever they stand: a signer cannot know the balance."""
    with pytest.raises(BadInput, match="must be no share of a balance") as caught:
        parsed(amounts=amounts)
    assert "cannot know the vault's balance" in caught.value.hint


def test_a_share_of_the_payments_and_a_groups_name_are_fine():
    """The fee's share is of what the transaction itself says; groups may be called anything."""
    groups = {"fund-of-balance": GROUP}
    fees = {"max_fee": 1, "max_rate": 1, "share_ppm": 5}
    assert parsed(fees=fees, destinations={"mode": "any", "groups": groups})


def test_internal_moves_need_an_internal_group():
    """Else they could go anywhere, or nowhere."""
    internal = {**SPECIAL, "per_withdrawal": 1}
    closed = {"mode": "any", "groups": {"a": {**GROUP, "internal": False}}}
    for others in ({}, {"destinations": closed}):
        with pytest.raises(BadInput, match="a list with an internal group") as caught:
            parsed(internal=internal, **others)
        assert "internal = true" in caught.value.hint
    assert parsed(internal=internal, destinations={"mode": "any", "groups": {"a": GROUP}})


def test_ceilings_are_of_officers():
    """A mistyped name would be a ceiling that never was."""
    tiers = [{"require": [{"role": "approvers", "count": 2}]}]
    assert parsed(approvals={"tiers": tiers, "ceilings": {"alice": 1}})
    with pytest.raises(BadInput, match=r"rules\.approvals\.ceilings") as caught:
        parsed(approvals={"tiers": tiers, "ceilings": {"alice": 1, "alise": 1}})
    assert caught.value.found == "'alise'"


@pytest.mark.parametrize(("count", "fine"), [(1, False), (2, True), (3, True), (4, False)])
@pytest.mark.parametrize("rule", ["approvals", "consolidation"])
def test_demands_fit_their_role(rule, count, fine):
    """No fewer than the role's threshold, no more than it has members; of three, two at least."""
    require = [{"role": "approvers", "count": count}]
    table = {"tiers": [{"require": require}]} if rule == "approvals" else SPECIAL
    table = {**table, **({} if rule == "approvals" else {"require": require})}
    if fine:
        assert parsed(**{rule: table})
    else:
        with pytest.raises(BadInput, match=rf"rules\.{rule}"):
            parsed(**{rule: table})


def test_rules_must_be_a_table():
    """Whatever stands there, one error."""
    for nonsense in ([], 1, "10%", None, [{"a": 1}]):
        table = json.loads(policy().payload) | {"rules": nonsense}
        with pytest.raises(BadInput, match="rules"):
            Policy.parse(json.dumps(table).encode())
