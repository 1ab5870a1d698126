"""Who approves a withdrawal, and on what terms."""

from dataclasses import FrozenInstanceError, replace

import pytest
from policy_world import (
    ADDRESS,
    OTHER_ID,
    approved,
    key_id,
    policy,
    raw,
    rules_of,
    sign,
    special,
    withdrawal,
)

from policies.envelope import Envelope
from policies.errors import BadInput, Fault, Refused
from policies.quorum import Demand, Role, Votes
from policies.rules import Approvals
from policies.rules.approvals import Tier
from policies.withdrawal import (
    ApprovedWithdrawal,
    Payment,
    Withdrawal,
    approve_check,
    check_terms,
    count_approvals,
)


def refused(envelope, under=None):
    """Give the refusals that an approval check ends with."""
    with pytest.raises(Refused) as caught:
        approve_check(envelope, under or policy())
    assert {refusal.step for refusal in caught.value.refusals} == {6}
    return caught.value.refusals


def test_two_of_three_approve():
    """The quorum's signatures make an approved withdrawal that says who."""
    found = approved()
    assert found.withdrawal == withdrawal()
    assert found.votes.signed == ("alice", "bob")
    assert found.policy == policy().id


@pytest.mark.parametrize(
    "names",
    [(), ("alice",), ("alice", "alice"), ("alice", "mallory"), ("dave", "mallory")],
    ids=["nobody", "one", "one twice", "one and a stranger", "strangers"],
)
def test_too_few_approvals_are_refused(names):
    """One officer twice and non-officers make no quorum."""
    (refusal,) = refused(sign("withdrawal", withdrawal().payload, *names))
    assert refusal.rule == "approvals.quorum"
    assert refusal.fault is Fault.OFFICER
    assert refusal.expected == "2 of approvers, out of alice, bob, carol"


def test_a_signature_repeated_in_the_envelope_counts_once():
    """A thief who holds one approval cannot multiply it."""
    once = sign("withdrawal", withdrawal().payload, "alice")
    again = replace(once, signatures=once.signatures * 3)
    (refusal,) = refused(Envelope.parse(again.to_bytes()))
    assert refusal.found == "alice"


def test_the_initiator_does_not_count_and_the_refusal_says_so():
    """Whoever asked cannot approve, under however many signatures."""
    asked = withdrawal(initiator="alice")
    (refusal,) = refused(sign("withdrawal", asked.payload, "alice", "bob"))
    assert refusal.found == "bob"
    assert refusal.hint.startswith("not counted: alice (asked for it")
    assert refusal.expected == "2 of approvers, out of bob, carol"
    assert approved(asked, names=("bob", "carol")).votes.signed == ("bob", "carol")
    assert approved(asked, names=("alice", "bob", "carol")).votes.signed == ("bob", "carol")


def test_the_tally_is_told_before_the_quorum_is_reached():
    """`request show` counts without judging."""
    votes = count_approvals(sign("withdrawal", withdrawal().payload, "carol"), policy())
    assert (votes.signed, votes.missing) == (("carol",), 1)


def test_what_was_read_before_is_believed_of_its_very_bytes_only():
    """The same document is not read twice; of any other, the envelope's own one is judged."""
    envelope = sign("withdrawal", raw(), "alice", "bob")
    read = Withdrawal.parse(raw())
    assert approve_check(envelope, policy(), read).withdrawal is read
    thief = withdrawal(payments=(Payment("bcrt1qthief", 1, "Acme", "hot wallet"),))
    for other in (thief, withdrawal(), withdrawal(initiator="alice")):
        found = approve_check(envelope, policy(), other)
        assert (found.withdrawal, found.votes.signed) == (read, ("alice", "bob"))
        assert count_approvals(envelope, policy(), other) == found.votes


def test_approvals_of_other_bytes_do_not_count():
    """Signatures moved over to a changed payload are worthless."""
    signed = sign("withdrawal", withdrawal().payload, "alice", "bob")
    thief = withdrawal(payments=(Payment("bcrt1qthief", 50_000_000, "Acme", "hot wallet"),))
    (refusal,) = refused(replace(signed, payload=thief.payload))
    assert refusal.found == "none"


def test_admins_signatures_on_a_policy_approve_nothing():
    """An envelope of another kind is no withdrawal, whatever its payload says."""
    for document in (withdrawal(), withdrawal(vault=OTHER_ID)):
        with pytest.raises(BadInput, match="this is a policy, not a withdrawal"):
            approve_check(sign("policy", document.payload, "alice", "bob"), policy())
    with pytest.raises(BadInput, match="not a withdrawal"):
        count_approvals(sign("policy", withdrawal().payload, "alice", "bob"), policy())


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"vault": OTHER_ID}, "withdrawal.vault"),
        ({"coin": "BCH"}, "withdrawal.coin"),
        ({"coin": "btc"}, "withdrawal.coin"),
        ({"network": "main"}, "withdrawal.network"),
        ({"policy": OTHER_ID}, "withdrawal.policy"),
        ({"height": 99}, "withdrawal.activation"),
        ({"height": 200, "expiry": 199}, "withdrawal.expired"),
    ],
)
def test_terms_that_do_not_fit_are_refused(changes, rule):
    """Another vault's, coin's, network's or policy's; before the policy; expired."""
    document = withdrawal(**changes)
    found = refused(sign("withdrawal", document.payload, "alice", "bob"))
    assert rules_of(found) == [rule]
    assert found[0].fault is Fault.COORDINATOR
    with pytest.raises(Refused):
        check_terms(document, policy())


@pytest.mark.parametrize("changes", [{"height": 100}, {"height": 200, "expiry": 200}])
def test_terms_at_their_limits_pass(changes):
    """The activation height itself, and an expiry at the height itself, are fine."""
    assert approved(withdrawal(**changes)).withdrawal.height == changes["height"]


def test_every_term_that_does_not_fit_is_told():
    """All reasons at once, not the first only."""
    document = withdrawal(vault=OTHER_ID, coin="MONA", height=50, expiry=40)
    found = refused(sign("withdrawal", document.payload, "alice", "bob"))
    assert rules_of(found) == [
        "withdrawal.coin",
        "withdrawal.vault",
        "withdrawal.activation",
        "withdrawal.expired",
    ]


def test_a_void_lives_on_under_a_newer_policy():
    """It is judged by the one in force, whose officers approve it; others die with theirs."""
    newer = policy(activation_height=250)
    for document, rules in (
        (withdrawal(), ["withdrawal.policy", "withdrawal.activation"]),
        (special("consolidation"), ["withdrawal.policy", "withdrawal.activation"]),
        (special("void"), []),
    ):
        if rules:
            assert rules_of(refused(sign("withdrawal", document.payload), newer)) == rules
        else:
            check_terms(document, newer)
            found = approve_check(sign("withdrawal", document.payload, "alice", "bob"), newer)
            assert found.policy == newer.id != document.policy


def test_a_void_of_another_vault_or_too_old_is_refused_all_the_same():
    """Only its policy may be another."""
    newer = policy(activation_height=250)
    document = special("void", vault=OTHER_ID, expiry=199)
    found = refused(sign("withdrawal", document.payload, "alice", "bob"), newer)
    assert rules_of(found) == ["withdrawal.vault", "withdrawal.expired"]


# who counts


def tiers(*bands, **ceilings):
    """Give a policy with bands of amounts: (up to, {role: count})."""
    found = tuple(
        Tier(most, tuple(Demand(role, count) for role, count in require.items()))
        for most, require in bands
    )
    people = policy()
    roles = {**people.roles, "compliance": Role("compliance", ("carol",), 1)}
    rules = [Approvals(found, ceilings) if r.NAME == "approvals" else r for r in people.rules]
    return policy(roles=roles, rules=tuple(rules))


@pytest.mark.parametrize(
    ("amount", "names", "missing"),
    [
        (100, ("alice",), 0),
        (100, (), 1),
        (101, ("alice",), 1),
        (101, ("alice", "bob"), 1),
        (101, ("alice", "carol"), 0),
        (101, ("carol",), 1),
    ],
)
def test_larger_amounts_demand_more_roles(amount, names, missing):
    """Up to 100 one approver; above that two, and one of compliance, who may be one of the two."""
    under = tiers((100, {"approvers": 1}), (None, {"approvers": 2, "compliance": 1}))
    document = withdrawal(under, payments=(Payment(ADDRESS, amount, "Acme", "hot"),))
    envelope = sign("withdrawal", document.payload, *names)
    votes = count_approvals(envelope, under)
    assert votes.missing == missing
    assert votes.reached is not bool(missing)
    if missing:
        (refusal,) = refused(envelope, under)
        assert refusal.rule == "approvals.quorum"
    else:
        assert approve_check(envelope, under).votes.signed == names


def test_an_officer_s_ceiling():
    """Above it, that approval is told and not counted."""
    under = tiers((None, {"approvers": 2}), bob=100)
    for amount, counted in ((100, ("alice", "bob")), (101, ("alice",))):
        document = withdrawal(under, payments=(Payment(ADDRESS, amount, "Acme", "hot"),))
        votes = count_approvals(sign("withdrawal", document.payload, "alice", "bob"), under)
        assert votes.signed == counted
        assert votes.discounted == (() if "bob" in counted else ("bob",))


def test_a_revoked_officer_s_approval_does_not_count():
    """Even if a role still names that officer, which no policy that is read does."""
    under = policy(revoked=("bob",))
    document = withdrawal(under)
    (refusal,) = refused(sign("withdrawal", document.payload, "alice", "bob"), under)
    assert (refusal.found, refusal.expected) == ("alice", "2 of approvers, out of alice, carol")
    assert "bob" in refusal.hint


def test_no_demand_is_no_quorum():
    """A rule that demands nobody lets nobody approve."""
    assert not Votes(()).reached
    assert Votes(()).missing == 1


def test_only_the_check_makes_an_approved_withdrawal():
    """Neither the class, nor a copy with a changed field, gets past it."""
    real = approved()
    with pytest.raises(TypeError, match="only approve_check"):
        ApprovedWithdrawal(withdrawal(), real.envelope, real.votes, real.policy, object())
    with pytest.raises((TypeError, ValueError)):
        replace(real, withdrawal=withdrawal(height=201))
    with pytest.raises(FrozenInstanceError):
        real.withdrawal = withdrawal(height=201)


def test_keys_of_officers_outside_the_role_do_not_count():
    """An officer who is no approver has a key and no voice."""
    under = policy(officers={**policy().officers, "erin": key_id("erin")})
    document = withdrawal(under)
    (refusal,) = refused(sign("withdrawal", document.payload, "alice", "erin"), under)
    assert refusal.found == "alice"
