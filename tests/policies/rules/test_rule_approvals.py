"""approvals: the second look at the votes."""

from dataclasses import replace

import pytest
from policy_world import approved, rules_of, spend, withdrawal

from policies.quorum import Tally
from policies.rules import Approvals

RULE = Approvals("approvers")


def check(votes, initiator="dave"):
    """Ask about hand-made votes: nothing that step 6 lets through would be refused."""
    approval = approved(withdrawal(initiator=initiator), names=("alice", "bob", "carol"))
    object.__setattr__(approval, "tally", votes)
    return RULE.check(spend(approval))


VOTES = Tally("approvers", 2, ("alice", "bob"), ("alice", "bob", "carol"))


@pytest.mark.parametrize(
    ("votes", "initiator", "refusals"),
    [
        (VOTES, "dave", 0),
        (replace(VOTES, signed=("alice", "bob", "carol")), "dave", 0),
        (replace(VOTES, signed=("alice",)), "dave", 1),
        (replace(VOTES, signed=()), "dave", 1),
        (replace(VOTES, role="admins"), "dave", 1),
        (VOTES, "alice", 1),
    ],
)
def test_the_right_role_enough_and_not_the_initiator(votes, initiator, refusals):
    """At the threshold it passes, one below is refused; another role or the initiator, too."""
    assert rules_of(check(votes, initiator)) == ["approvals.role"] * refusals


def test_what_step_6_lets_through_passes():
    """The rule and the step agree."""
    assert RULE.check(spend()) == ()


def test_explain():
    """One sentence for an officer."""
    assert RULE.explain() == (
        "the quorum of approvers approves each withdrawal; "
        "the officer who asked for it does not count"
    )
