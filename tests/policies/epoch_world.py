"""What the tests of epochs share: staffs, next policies, and how they are taken up."""

from dataclasses import replace
from types import MappingProxyType

import pytest
from policy_world import key_id, policy, sign

from policies.epochs import trust_first
from policies.errors import Fault, Refused
from policies.quorum import Role
from policies.rules import Amounts, Timing

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
    foreign = refusal.rule in ("policy.vault", "policy.coin", "policy.network")
    assert ("is for another" in refusal.what) == foreign
    return refusal.rule


def advance(new, *names, old=None):
    """Advance from the first policy to a signed new one."""
    return trusted(old).advance(sign("policy", new.payload, *names))


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
