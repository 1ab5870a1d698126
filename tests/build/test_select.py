"""Coin selection never loses a satoshi, underpays, overpays, or leaves the anchor out."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from signer.build.select import (
    LONG_TERM_RATE,
    MAX_STANDARD_WEIGHT,
    Need,
    dust_limit,
    fee_for,
    select,
)
from signer.chain.chain import FeeRate, UnspentCoin
from signer.core.errors import BadInput, Refused
from signer.core.names import Height, Sats, Txid
from signer.core.transaction import OutPoint, TxOut

P2WSH = bytes.fromhex("0020") + bytes(32)
INPUT_WEIGHT = 4 * 41 + 255
"""A 2-of-3 P2WSH input: outpoint, empty script, sequence; 2 signatures of 72 bytes, the script."""


def coin(number, amount):
    """Make a coin; its number is its outpoint."""
    return UnspentCoin(
        outpoint=OutPoint(Txid(f"{number:064x}"), 0),
        amount=Sats(amount),
        script=P2WSH,
        branch=0,
        index=number,
        height=Height(1),
        coinbase=False,
    )


def need(*amounts, rate=2000, ceiling=10**8, **more):
    """Need these payments; the anchor is coin 0."""
    fields = {
        "payments": tuple(TxOut(Sats(amount), P2WSH) for amount in amounts),
        "anchor": OutPoint(Txid(f"{0:064x}"), 0),
        "fee_rate": FeeRate(rate),
        "fee_ceiling": Sats(ceiling),
        "input_weight": INPUT_WEIGHT,
        "change_script": P2WSH,
    }
    return Need(**(fields | more))


def coins(*amounts):
    """Make coins 0, 1, 2 … of these amounts."""
    return [coin(number, amount) for number, amount in enumerate(amounts)]


wealth = st.lists(st.integers(200, 5_000_000), min_size=1, max_size=25)


@settings(max_examples=300, deadline=None)
@given(
    amounts=wealth,
    payments=st.lists(st.integers(330, 3_000_000), min_size=1, max_size=4),
    rate=st.integers(1, 300_000),
    ceiling=st.integers(0, 400_000),
    most=st.none() | st.integers(1000, 400_000),
    random=st.randoms(),
)
def test_what_holds_for_every_selection(*, amounts, payments, rate, ceiling, most, random):
    """Money in is money out, the fee is within its bounds, no dust, the anchor, in any order."""
    wanted = need(*payments, rate=rate, ceiling=ceiling, max_fee_rate=most)
    purse = coins(*amounts)
    try:
        chosen = select(purse, wanted)
    except (BadInput, Refused):
        assume(False)
    spent = sum(one.amount for one in chosen.coins)
    assert spent == sum(payments) + chosen.change + chosen.fee
    assert chosen.fee >= fee_for(chosen.vsize, wanted.fee_rate)
    assert chosen.fee <= ceiling
    assert most is None or chosen.fee * 1000 <= most * chosen.vsize
    assert chosen.change == 0 or chosen.change >= dust_limit(P2WSH)
    assert chosen.coins[0].outpoint == wanted.anchor
    assert len({one.outpoint for one in chosen.coins}) == len(chosen.coins)
    assert set(chosen.coins) <= set(purse)
    assert chosen.vsize == wanted.vsize(len(chosen.coins), change=chosen.change > 0)
    random.shuffle(purse)
    assert select(purse, wanted) == chosen


@settings(max_examples=200, deadline=None)
@given(wealth, st.integers(330, 3_000_000), st.integers(1, 100_000))
def test_it_fails_only_when_it_must(amounts, payment, rate):
    """With no ceiling in the way, money that suffices is always enough."""
    wanted = need(payment, rate=rate, ceiling=10**12)
    purse = coins(*amounts)
    worth = [one for one in purse[1:] if one.amount * 4000 > rate * INPUT_WEIGHT]
    fee = wanted.fee(1 + len(worth), change=False)
    enough = amounts[0] + sum(one.amount for one in worth) >= payment + fee
    if enough:
        assert select(purse, wanted).fee >= 1
    else:
        with pytest.raises(BadInput, match=r"^the vault is \d+ sat short$"):
            select(purse, wanted)


def test_the_size_of_a_transaction():
    """One input, two P2WSH outputs: 8 + 2 bytes of frame, 2 x 43, then the input (BIP141)."""
    assert need(1000).weight(1, change=True) == 4 * (10 + 86) + 2 + INPUT_WEIGHT
    assert need(1000).weight(253, change=False) == 4 * (12 + 43) + 2 + 253 * INPUT_WEIGHT


@pytest.mark.parametrize(
    ("script", "limit"),
    [
        ("76a914" + "00" * 20 + "88ac", 546),
        ("a914" + "00" * 20 + "87", 540),
        ("0014" + "00" * 20, 294),
        ("0020" + "00" * 32, 330),
        ("5120" + "00" * 32, 330),
    ],
    ids=["p2pkh", "p2sh", "p2wpkh", "p2wsh", "p2tr"],
)
def test_dust_limits_are_bitcoin_cores(script, limit):
    """The amounts that Bitcoin Core's documentation of GetDustThreshold gives at 3 sat/vB."""
    assert dust_limit(bytes.fromhex(script)) == limit


def test_no_change_when_a_set_fits():
    """A set that pays exactly is taken, although fewer coins with change would do, too."""
    wanted = need(500_000)
    fee = wanted.fee(3, change=False)
    chosen = select(coins(100_000, 150_000, 250_000 + fee, 900_000), wanted)
    assert [one.index for one in chosen.coins] == [0, 2, 1]
    assert (chosen.change, chosen.fee) == (0, fee)


def test_change_when_no_set_fits():
    """The anchor, the largest, and then the smallest that suffices."""
    chosen = select(coins(10_000, 400_000, 300_000, 60_000, 120_000), need(500_000))
    assert [one.index for one in chosen.coins] == [0, 1, 4]
    assert chosen.change > 0


def test_change_is_spared_when_it_is_not_worth_it():
    """What could not pay for its own spending at the long-term rate goes to the fee."""
    wanted = need(100_000, rate=1000)
    least = -(-LONG_TERM_RATE * INPUT_WEIGHT // 4000)
    chosen = select(coins(100_000 + wanted.fee(1, change=True) + least - 1), wanted)
    assert chosen.change == 0
    chosen = select(coins(100_000 + wanted.fee(1, change=True) + least), wanted)
    assert chosen.change == least


def test_a_tight_rate_prefers_change():
    """Where leaving the rest to the fee would pass the policy's rate, a coin brings change."""
    loose = need(100_000, rate=12_000)
    purse = coins(100_000 + loose.fee(1, change=False) + 900, 50_000)
    assert select(purse, loose).change == 0
    chosen = select(purse, need(100_000, rate=12_000, max_fee_rate=FeeRate(13_000)))
    assert chosen.change > 0
    assert len(chosen.coins) == 2


def test_too_little_money_says_how_much_is_missing():
    """The error names the sum that is missing, what there is, and what was not counted."""
    wanted = need(500_000)
    fee = wanted.fee(2, change=False)
    with pytest.raises(BadInput, match=f"^the vault is {fee + 200_000} sat short$") as caught:
        select(coins(100_000, 200_000, 50), wanted)
    assert "300000 sat in 2 confirmed coins" in caught.value.found
    assert "unconfirmed and immature coins are not counted" in caught.value.hint


def test_a_fee_past_the_ceiling_is_refused():
    """The refusal gives the limit, the fee, and a rate that would fit."""
    with pytest.raises(Refused, match="the fee would pass the withdrawal's fee ceiling") as caught:
        select(coins(10**6), need(500_000, rate=20_000, ceiling=1000))
    assert caught.value.refusals[0].rule == "fees.approved"
    assert caught.value.expected == "at most 1000 sat"
    rate = int(caught.value.hint.split()[-2])
    assert select(coins(10**6), need(500_000, rate=rate, ceiling=1000)).fee <= 1000


def test_a_fee_past_the_policys_limits_is_refused():
    """The policy's ceiling and its sat/vB count beside the withdrawal's ceiling."""
    with pytest.raises(Refused, match="the fee would pass the policy's fee rate"):
        select(coins(10**6), need(500_000, rate=20_000, max_fee_rate=FeeRate(19_000)))
    with pytest.raises(Refused, match="the fee would pass the policy's fee ceiling"):
        select(coins(10**6), need(500_000, rate=20_000, max_fee=Sats(3000)))


def test_an_anchor_that_is_gone():
    """Without its anchor a withdrawal cannot be built, however rich the vault is."""
    with pytest.raises(BadInput, match="anchor coin is not there"):
        select(coins(10**6, 10**6)[1:], need(1000))


def test_the_anchor_is_spent_even_if_it_costs_more_than_it_brings():
    """An anchor of dust is still spent: it is not there for its amount."""
    chosen = select(coins(330, 10**6), need(1000, rate=50_000))
    assert [one.index for one in chosen.coins] == [0, 1]


def test_a_payment_of_dust_is_refused():
    """A payment that no node relays is said to be one before anybody signs it."""
    with pytest.raises(BadInput, match="payment 2 is so small") as caught:
        select(coins(10**6), need(1000, 329))
    assert caught.value.expected == "at least 330 sat"


def test_a_rate_of_nothing_is_refused():
    """A fee rate of zero is a mistake, not a wish."""
    with pytest.raises(BadInput, match="fee rate must be above zero"):
        select(coins(10**6), need(1000, rate=0))


def test_too_many_small_coins_for_one_transaction():
    """A transaction that no node relays is not built."""
    count = MAX_STANDARD_WEIGHT // INPUT_WEIGHT + 50
    purse = coins(*[10_000] * count)
    with pytest.raises(BadInput, match="too many for one transaction"):
        select(purse, need(10_000 * (count - 20) - 10_000 * 10, rate=1000))
