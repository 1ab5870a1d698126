"""Price sheets, balance snapshots and grounds as documents: strict, whole, and limited."""

import json
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_world import BTC, OTHER_ID, VAULT, withdrawal
from value_world import BCH_VAULT, LIVES, MONA_VAULT, sheet, snapshot

from policies.balances import Cold, Snapshot
from policies.errors import BadInput
from policies.explain import PLAIN
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


@pytest.mark.parametrize("document", [sheet(), snapshot()], ids=["prices", "balances"])
def test_a_paper_keeps_the_bytes_that_it_came_in(document):
    """Officers signed those, so the id is of them, however another program may write JSON."""
    payload = json.dumps(json.loads(document.payload), indent=1).encode()
    found = type(document).parse(payload)
    assert found.payload == payload
    assert found.id == sha256(payload).hexdigest() != document.id


ID = "ab" * 32


@pytest.mark.parametrize(
    ("document", "text"),
    [
        (
            PriceSheet("main", (ID,), 3, "JPY", {"BTC": Price(15, 2, Life(7, 9))}),
            (
                '{"coins":[{"coin":"BTC","expiry":9,"height":7,"per":2,"price":15}],'
                '"kind":"prices","network":"main","number":3,"unit":"JPY",'
                f'"vaults":["{ID}"],"version":1}}'
            ),
        ),
        (
            Snapshot("main", 4, {"BTC": 5}, {ID: Cold("BTC", 6, 1, Life(7, 9))}),
            (
                '{"hot":[{"amount":5,"coin":"BTC"}],'
                '"kind":"balances","network":"main","number":4,'
                f'"vaults":[{{"amount":6,"coin":"BTC","expiry":9,"height":7,"sequence":1,'
                f'"vault":"{ID}"}}],"version":1}}'
            ),
        ),
    ],
    ids=["prices", "balances"],
)
def test_the_form_of_a_paper_is_fixed(document, text):
    """To the byte: what officers have signed is read by every later version of the program."""
    assert document.payload.decode() == text
    assert type(document).parse(text.encode()) == document
    assert "payload" not in repr(document), "its fields say it all"


@pytest.mark.parametrize("document", [sheet(), snapshot()], ids=["prices", "balances"])
def test_a_paper_has_a_size(document):
    """64 KiB, and not a byte more; the parser asks that first."""
    padded = document.payload.ljust(65_536)
    assert type(document).parse(padded).number == document.number
    with pytest.raises(BadInput, match="too large"):
        type(document).parse(padded + b" ")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("number",), 1),
        (("number",), 1_000_000),
        (("coins", 0, "price"), 1),
        (("coins", 0, "per"), 1),
        (("coins", 0, "height"), 1_300),
        (("coins", 0, "expiry"), 499_999_999),
    ],
)
def test_the_edges_of_a_sheet(path, value):
    """The first number and the last, the least price, and a life of one block."""
    assert PriceSheet.parse(changed(sheet().payload, path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("number",), 1),
        (("number",), 1_000_000),
        (("hot", 0, "amount"), 0),
        (("vaults", 0, "amount"), 0),
        (("vaults", 0, "sequence"), 1_000_000),
    ],
)
def test_the_edges_of_a_snapshot(path, value):
    """An empty wallet, an empty vault, the first number and the last."""
    assert Snapshot.parse(changed(snapshot(hot=1).payload, path, value))


def test_how_long_a_paper_speaks_for_a_vault():
    """A sheet: one of its vaults, and a coin that it prices. A snapshot: a vault's own coin."""
    of_two = {coin: sheet().coins[coin] for coin in ("BTC", "BCH")}
    prices = sheet(vaults=(VAULT, MONA_VAULT), coins=of_two)
    assert prices.life("BTC", VAULT) == LIVES["BTC"]
    assert prices.life("BCH", BCH_VAULT) is None
    assert prices.life("MONA", MONA_VAULT) is None
    balances = snapshot()
    assert balances.life("BCH", BCH_VAULT) == LIVES["BCH"]
    assert balances.life("BTC", BCH_VAULT) is None
    assert balances.life("BTC", OTHER_ID) is None


def test_a_worth_is_rounded_up():
    """A satoshi of what is worth anything is worth one yen, not none."""
    price = Price(3, 10, Life(0, 1))
    assert [price.worth(amount) for amount in (0, 1, 3, 4, 10, 11)] == [0, 1, 1, 2, 3, 4]
    assert price.worth(-4) == -1, "what is counted against it is rounded down"


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
        (("coins", 0, "expiry"), 500_000_000),
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
        (("number",), 1_000_001),
        (("version",), 2),
        (("extra",), 1),
        (("network",), ...),
        (("vaults", 0, "height"), 500_000_000),
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
        (("grounds", "chains", 0, "sequence"), 1_000_001),
        (("grounds", "chains", 0, "note"), "x"),
        (("grounds", "chains", 0, "vault"), "treasury"),
    ],
)
def test_malformed_grounds_are_refused(path, value):
    """A vault twice, an id of no withdrawal, a number that is none."""
    with pytest.raises(BadInput):
        Withdrawal.parse(changed(withdrawal(grounds=GROUNDS).payload, path, value))


def test_a_height_beyond_all_blocks_is_named():
    """From 500,000,000 on it would be a time."""
    with pytest.raises(BadInput, match=r"height must be a whole number 0 to 499999999"):
        PriceSheet.parse(changed(sheet().payload, ("coins", 0, "height"), 500_000_000))


def test_the_edges_of_grounds():
    """No chain of another vault, or one with as many withdrawals as there can be."""
    payload = withdrawal(grounds=GROUNDS).payload
    found = Withdrawal.parse(changed(payload, ("grounds", "chains"), []))
    assert found.grounds == Grounds(OTHER_ID, None, ())
    found = Withdrawal.parse(changed(payload, ("grounds", "chains", 0, "sequence"), 1_000_000))
    assert found.grounds.chains[0].sequence == 1_000_000


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


def test_the_edges_of_a_value():
    """From the least that a setting takes to what 64 bits hold; an amount of the coin likewise."""

    def read(limit, **least):
        return read_limit(Fields({"most": limit}, "rules", ("most",)), "most", **least)

    assert read("1 JPY") == Value.of(1, "JPY")
    assert read("0 JPY", least=0) == Value.of(0, "JPY")
    assert read(f"{2**63 - 1} JPY").amount == 2**63 - 1
    assert read("5000000 POINTS") == read("5_000_000 POINTS") == "5_000_000 POINTS"
    assert (read(1), read(0, least=0)) == (1, 0)
    for limit in (0, 2**63, 1.5, None):
        with pytest.raises(BadInput):
            read(limit)


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
    assert not yen <= float("-inf")


def test_a_text_is_no_amount():
    """A value is written as a text, and is never compared as one."""
    limit = Value.of(5, "JPY")
    for other in ("", "4 JPY", "6 JPY"):
        assert not limit >= other
        assert not limit < other
    assert not limit <= "6 JPY"


def test_a_value_in_words():
    """Digits in groups, as a policy has them; beside it the amount that a price made of it."""
    assert Value.of(5_000_000, "JPY") == "5_000_000 JPY"
    assert PLAIN.money(Value.of(5_000_000, "JPY")) == "5 000 000 JPY"
    priced = Priced.at(Value.of(5_000_000, "JPY"), 15_000_000, BTC)
    assert PLAIN.money(priced) == "33 333 333 sat (5 000 000 JPY)"
    assert priced.value == "5_000_000 JPY"
