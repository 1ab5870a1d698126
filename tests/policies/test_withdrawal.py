"""The withdrawal document."""

import json
from dataclasses import FrozenInstanceError, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from policy_world import (
    ADDRESS,
    OTHER_ID,
    TXID,
    raw,
    special,
    withdrawal,
)

from policies.envelope import MAX_DOCUMENT, document_id
from policies.errors import BadInput
from policies.withdrawal import (
    MAX_HEIGHT,
    MAX_SEQUENCE,
    Anchor,
    Payment,
    Withdrawal,
)


def payment(**changes):
    """Give a payments list of one with some fields replaced."""
    one = {"address": ADDRESS, "amount": 1, "beneficiary": "Acme", "label": "hot", **changes}
    return {"payments": [{k: v for k, v in one.items() if v is not ...}]}


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
