"""Price sheets, balance snapshots and grounds as documents: strict, whole, and limited."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_world import BTC, OTHER_ID, VAULT, withdrawal
from value_world import BCH_VAULT, sheet, snapshot

from policies.balances import Snapshot
from policies.errors import BadInput
from policies.grounds import Grounds, Stand
from policies.prices import Life, Price, PriceSheet
from policies.strict_json import Fields
from policies.value import Priced, Value, read_limit
from policies.withdrawal import Withdrawal

GROUNDS = Grounds(OTHER_ID, None, (Stand(BCH_VAULT, 2, OTHER_ID), Stand(VAULT, 0, None)))


@pytest.mark.parametrize("document", [sheet(), snapshot(hot=7)], ids=["prices", "balances"])
def test_a_paper_is_read_as_it_was_written(document):
    """Its own form is the canonical one, and its id that of its bytes."""
    again = type(document).parse(document.payload)
    assert again == document
    assert again.id == document.id


def test_a_withdrawal_with_grounds_is_read_as_it_was_written():
    """Without, its bytes are as they always were."""
    one = withdrawal(grounds=GROUNDS)
    assert Withdrawal.parse(one.payload) == one
    assert b"grounds" not in withdrawal().payload
    assert GROUNDS.chain(VAULT) == Stand(VAULT, 0, None)
    assert GROUNDS.chain(OTHER_ID) is None


def changed(payload, path, value):
    """A payload with one value replaced; `...` leaves it out."""
    table = json.loads(payload)
    *heads, last = path
    inner = table
    for head in heads:
        inner = inner[head]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return json.dumps(table).encode()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("kind",), "balances"),
        (("version",), 2),
        (("extra",), 1),
        (("network",), ""),
        (("number",), 0),
        (("number",), 1_000_001),
        (("unit",), "jpy"),
        (("unit",), ...),
        (("vaults",), []),
        (("vaults",), [VAULT, VAULT]),
        (("vaults",), ["treasury"]),
        (("coins",), []),
        (("coins", 0, "price"), 0),
        (("coins", 0, "price"), -1),
        (("coins", 0, "price"), 1.5),
        (("coins", 0, "price"), 2**63),
        (("coins", 0, "per"), 0),
        (("coins", 0, "expiry"), 989),
        (("coins", 0, "height"), 500_000_000),
        (("coins", 1, "coin"), "BTC"),
        (("coins", 0, "note"), "x"),
    ],
)
def test_a_malformed_sheet_is_refused(path, value):
    """A price of nothing, a coin twice, an end before its beginning: none is a sheet."""
    with pytest.raises(BadInput):
        PriceSheet.parse(changed(sheet().payload, path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("kind",), "prices"),
        (("number",), 0),
        (("hot", 0, "amount"), -1),
        (("hot", 0, "coin"), "B T C"),
        (("hot",), [{"coin": "BTC", "amount": 1}, {"coin": "BTC", "amount": 1}]),
        (("vaults",), []),
        (("vaults", 1, "vault"), VAULT),
        (("vaults", 0, "amount"), "1"),
        (("vaults", 0, "sequence"), 1_000_001),
        (("vaults", 0, "expiry"), 1),
        (("vaults", 0, "sequence"), ...),
    ],
)
def test_a_malformed_snapshot_is_refused(path, value):
    """A coin or a vault twice would leave open which one counts."""
    with pytest.raises(BadInput):
        Snapshot.parse(changed(snapshot().payload, path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("grounds",), None),
        (("grounds", "prices"), "7"),
        (("grounds", "prices"), ...),
        (("grounds", "rates"), None),
        (("grounds", "chains", 0, "sequence"), 0),
        (("grounds", "chains", 1, "vault"), BCH_VAULT),
        (("grounds", "chains", 0, "sequence"), -1),
    ],
)
def test_malformed_grounds_are_refused(path, value):
    """A vault twice, an id of no withdrawal, a number that is none."""
    with pytest.raises(BadInput):
        Withdrawal.parse(changed(withdrawal(grounds=GROUNDS).payload, path, value))


def test_a_stand_of_a_chain_has_an_id_or_none():
    """A number above zero without an id names nothing: the chain that comes cannot match it."""
    stand = {"vault": VAULT, "sequence": 3, "id": None}
    found = Withdrawal.parse(
        changed(
            withdrawal(grounds=GROUNDS).payload,
            ("grounds", "chains", 0),
            stand | {"vault": OTHER_ID},
        )
    )
    assert found.grounds.chains[0] == Stand(OTHER_ID, 3, None)


@pytest.mark.parametrize(
    "text",
    [
        "5 jpy",
        "JPY 5",
        "5JPY",
        "5.5 JPY",
        "-5 JPY",
        "0 JPY",
        "5 JP",
        "_5 JPY",
        "5  JPY",
        f"{2**63} JPY",
        "9" * 30 + " JPY",
        "",
    ],
)
def test_a_malformed_value_is_refused(text):
    """A limit that two people read differently is none."""
    with pytest.raises(BadInput):
        read_limit(Fields({"most": text}, "rules", ("most",)), "most")


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, 10**12), st.integers(1, 10**12), st.integers(1, 10**9), st.integers(0, 10**15)
)
def test_rounding_is_always_against_the_spender(limit, price, per, amount):
    """An amount is within a priced limit exactly if its worth, rounded up, is within the value."""
    priced = Priced.at(Value.of(limit, "JPY"), price, per)
    worth = Price(price, per, Life(0, 1)).worth(amount)
    assert (amount <= priced) == (worth <= limit)
    assert worth * per >= amount * price


@settings(max_examples=100, deadline=None)
@given(st.integers(1, BTC))
def test_without_a_price_no_payment_is_within_a_value(amount):
    """And what pays nobody is: a void needs no paper."""
    limit = Value.of(10**15, "JPY")
    assert amount > limit
    assert not amount <= limit
    assert limit >= 0
    assert not limit < 0


def test_values_of_two_units_do_not_compare():
    """What nobody can compare is not tighter, in either direction."""
    yen, dollars = Value.of(5, "JPY"), Value.of(9, "USD")
    assert not yen <= dollars
    assert not dollars <= yen
    assert yen <= Value.of(5, "JPY") <= Value.of(6, "JPY")
    assert yen <= float("inf")
    assert not yen <= 100
