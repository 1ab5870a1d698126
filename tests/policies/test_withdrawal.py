"""The withdrawal document and its approvals."""

import json
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_world import (
    ADDRESS,
    OTHER_ID,
    TXID,
    approved,
    key_id,
    policy,
    rules_of,
    sign,
    withdrawal,
)

from policies.envelope import MAX_DOCUMENT, Envelope, document_id
from policies.errors import BadInput, Fault, Refused
from policies.quorum import Demand, Role, Votes
from policies.rules import Approvals
from policies.rules.approvals import Tier
from policies.withdrawal import (
    MAX_HEIGHT,
    MAX_SEQUENCE,
    Anchor,
    ApprovedWithdrawal,
    Payment,
    Withdrawal,
    approve_check,
    check_terms,
    count_approvals,
)


def raw(**changes):
    """Give a withdrawal's payload with some fields replaced; `...` leaves one out."""
    table = {**json.loads(withdrawal().payload), **changes}
    return json.dumps({k: v for k, v in table.items() if v is not ...}).encode()


def payment(**changes):
    """Give a payments list of one with some fields replaced."""
    one = {"address": ADDRESS, "amount": 1, "beneficiary": "Acme", "label": "hot", **changes}
    return {"payments": [{k: v for k, v in one.items() if v is not ...}]}


def refused(envelope, under=None):
    """Give the refusals that an approval check ends with."""
    with pytest.raises(Refused) as caught:
        approve_check(envelope, under or policy())
    assert {refusal.step for refusal in caught.value.refusals} == {6}
    return caught.value.refusals


def test_round_trip():
    """What is written is read back the same, id and all."""
    there = withdrawal()
    back = Withdrawal.parse(there.payload)
    assert back == there
    assert back.id == there.id == document_id(there.payload)
    assert back.total == 50_000_000


def test_the_id_is_of_the_received_bytes():
    """The same fields in other bytes are another document, and are not equal."""
    received = raw()
    back = Withdrawal.parse(received)
    assert back.payload == received != withdrawal().payload
    assert back.id == document_id(received) != withdrawal().id
    assert back != withdrawal()


def test_replacing_a_field_gives_new_bytes():
    """No stale payload survives `dataclasses.replace`."""
    back = replace(Withdrawal.parse(raw()), height=201)
    assert json.loads(back.payload)["height"] == 201
    assert back.id == withdrawal(height=201).id


def test_what_was_read_is_as_frozen_as_what_was_made():
    """It is filled in by another way, and is then of the same class, with the same fields set."""
    made = withdrawal()
    read = Withdrawal.parse(made.payload)
    assert type(read) is type(made)
    for name in Withdrawal.__slots__:
        assert getattr(read, name) == getattr(made, name)
        with pytest.raises(FrozenInstanceError):
            setattr(read, name, getattr(made, name))
    with pytest.raises((AttributeError, TypeError)):  # TypeError: a slotted one's own fault
        read.anything_else = 1


def test_the_id_that_is_kept_is_that_of_the_bytes():
    """However it came to be: made, read, or copied with and without a change."""
    made = withdrawal()
    read = Withdrawal.parse(raw())
    for one in (made, read, replace(made), replace(read), replace(read, why="another")):
        assert one.id == document_id(one.payload)
        assert Withdrawal.parse(one.payload).id == one.id
    assert ", id=" not in repr(made)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"kind": "policy"}, "withdrawal.kind must be 'withdrawal'"),
        ({"kind": None}, "withdrawal.kind must be 'withdrawal'"),
        ({"purpose": "paymentvoid"}, "withdrawal.purpose must be payment, consolidation, internal"),
        ({"purpose": "void\n"}, "withdrawal.purpose must be payment, consolidation, internal"),
        ({"coin": "BTC\nmain"}, "withdrawal.coin must be a short plain word"),
        ({"vault": 5, "initiator": "?"}, "withdrawal.vault must be 64 lower-case hex digits"),
    ],
    ids=str,
)
def test_the_word_that_is_wrong_is_told(changes, told):
    """Words are read together, and yet the field that is wrong is named: the first, if several."""
    with pytest.raises(BadInput) as caught:
        Withdrawal.parse(raw(**changes))
    assert caught.value.what.startswith(told)


@pytest.mark.parametrize("name", sorted(json.loads(withdrawal().payload)))
def test_every_field_is_required_and_typed(name):
    """Without any one field, or with a list, a table, a boolean or a float there, it is refused."""
    for value in (..., {}, [], True, 1.5, [[]]):
        with pytest.raises(BadInput):
            Withdrawal.parse(raw(**{name: value}))


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "policy"},
        {"version": 2},
        {"version": "1"},
        {"extra": 1},
        {"coin": ""},
        {"network": "main\n"},
        {"vault": "A" * 64},
        {"policy": "0" * 63},
        {"sequence": 0},
        {"sequence": 0, "previous": OTHER_ID},
        {"sequence": -1},
        {"sequence": MAX_SEQUENCE + 1, "previous": OTHER_ID},
        {"sequence": 1, "previous": OTHER_ID},
        {"sequence": 2, "previous": None},
        {"previous": ""},
        {"initiator": "Alice"},
        {"initiator": ""},
        {"initiator": None},
        {"why": ""},
        {"why": "pay\u202egnihton"},
        {"payments": []},
        {"payments": None},
        payment(amount=0),
        payment(amount=-1),
        payment(amount=2**63),
        payment(amount="1"),
        payment(amount=0.5),
        payment(amount=True),
        payment(address=""),
        payment(address=ADDRESS + " "),
        payment(beneficiary=""),
        payment(label=..., x=1),
        payment(extra=1),
        {"fee_ceiling": -1},
        {"height": -1},
        {"height": MAX_HEIGHT + 1},
        {"expiry": MAX_HEIGHT + 1},
        {"anchor": None},
        {"anchor": {"txid": TXID, "vout": -1}},
        {"anchor": {"txid": TXID, "vout": 2**32}},
        {"anchor": {"txid": TXID.upper(), "vout": 0}},
        {"anchor": {"txid": TXID}},
        {"anchor": {"txid": TXID, "vout": 0, "x": 0}},
    ],
    ids=str,
)
def test_malformed_withdrawals_are_refused(changes):
    """Every field has its form and range."""
    with pytest.raises(BadInput, match="withdrawal"):
        Withdrawal.parse(raw(**changes))


def test_the_ends_of_the_ranges_are_taken():
    """The largest legal numbers pass."""
    payments = (Payment(ADDRESS, 2**63 - 1, "Acme", "hot"), Payment(ADDRESS, 1, "Acme", "hot"))
    there = withdrawal(
        sequence=MAX_SEQUENCE,
        previous=OTHER_ID,
        payments=payments,
        fee_ceiling=0,
        height=MAX_HEIGHT,
        expiry=MAX_HEIGHT,
        anchor=Anchor(TXID, 2**32 - 1),
    )
    assert Withdrawal.parse(there.payload) == there


def test_duplicate_keys_are_refused():
    """Two amounts: one for the officer's eye, one for the signer's."""
    payload = withdrawal().payload.replace(b'"amount":', b'"amount":1,"amount":')
    with pytest.raises(BadInput, match="occurs twice"):
        Withdrawal.parse(payload)


def test_too_large_is_refused():
    """The size is checked first."""
    with pytest.raises(BadInput, match="too large"):
        Withdrawal.parse(b" " * (MAX_DOCUMENT + 1))


def test_a_hand_made_withdrawal_is_judged_when_read():
    """Making one checks only what no document could hold; every reader checks everything."""
    with pytest.raises(BadInput, match="payments"):
        Withdrawal.parse(withdrawal(payments=()).payload)
    with pytest.raises(BadInput, match="not UTF-8"):
        withdrawal(why="caf\udce9")


@given(st.binary(max_size=60), st.integers(0, 1000), st.integers(0, 60))
def test_damaged_payloads_are_bad_input_or_documents(patch, at, length):
    """Bytes cut out and put in anywhere: bad input or a withdrawal, never another exception."""
    payload = withdrawal().payload
    at %= len(payload)
    damaged = payload[:at] + patch + payload[at + length :]
    try:
        found = Withdrawal.parse(damaged)
    except BadInput:
        found = None
    assert found is None or found.payload == damaged


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


# purposes


def special(purpose, **changes):
    """Give a withdrawal that pays nobody."""
    voids = OTHER_ID if purpose == "void" else None
    return withdrawal(**{"purpose": purpose, "payments": (), "voids": voids, **changes})


@pytest.mark.parametrize("purpose", ["payment", "internal"])
def test_what_pays_has_payments_and_voids_nothing(purpose):
    """At least one payment; nothing to void."""
    assert Withdrawal.parse(withdrawal(purpose=purpose).payload).purpose == purpose
    for changes in ({"payments": ()}, {"voids": OTHER_ID}):
        with pytest.raises(BadInput):
            Withdrawal.parse(withdrawal(purpose=purpose, **changes).payload)


@pytest.mark.parametrize("purpose", ["consolidation", "void"])
def test_what_stays_in_the_vault_pays_nobody(purpose):
    """No payments; and a void, and nothing but a void, says what it cancels."""
    there = special(purpose)
    assert Withdrawal.parse(there.payload) == there
    assert there.total == 0
    other = None if there.voids else OTHER_ID
    for changes in ({"payments": withdrawal().payments}, {"voids": other}):
        with pytest.raises(BadInput):
            Withdrawal.parse(special(purpose, **changes).payload)


@pytest.mark.parametrize("purpose", ["", "PAYMENT", "sweep", 1, None, ...])
def test_an_unknown_purpose_is_refused(purpose):
    """A signer that does not know what it is for does not sign it."""
    with pytest.raises(BadInput, match="purpose"):
        Withdrawal.parse(raw(purpose=purpose))


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


def test_a_changed_copy_has_bytes_of_its_own():
    """What was read keeps its bytes, blanks and all; a copy with another height never does."""
    made = withdrawal()
    spaced = made.payload.replace(b"{", b"{ ", 1)
    read = Withdrawal.parse(spaced)
    assert read.payload == spaced != made.payload
    later = replace(read, height=read.height + 1)
    assert later.payload != spaced
    assert Withdrawal.parse(later.payload) == later


def test_a_withdrawal_is_shown_without_what_follows_from_it():
    """An error that shows one shows its fields once: no sum, no payload beside them."""
    told = repr(withdrawal())
    assert "sequence=" in told
    assert "total=" not in told
    assert "payload=" not in told
