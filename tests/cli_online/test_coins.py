"""Which coins are free, where change goes, and what a new withdrawal says by itself."""

import coordinators_desk as desk
import pytest

from policies.withdrawal import PAYMENT
from signer.cli.online import terms
from signer.cli.online.coins import change_index, free
from signer.core.errors import BadInput, Refused

COINS = tuple(desk.coin(number, number * 10_000) for number in (1, 2, 3, 4))


def numbers(coins):
    """Tell coins by their numbers."""
    return [int(coin.outpoint.txid, 16) for coin in coins]


def test_anchors_and_drafts_of_others_take_coins(store):
    """An anchor is taken as soon as it is asked for, other coins once they are built with."""
    first = desk.withdrawal(anchor=1)
    second = desk.withdrawal(2, first.id, anchor=2)
    for one in (first, second):
        store.add_withdrawal(desk.signed(one))
    store.add_draft(first.id, b"psbt", [COINS[0].outpoint, COINS[2].outpoint], 0)
    everything = free(desk.vault(), COINS, desk.tip(), store)
    assert numbers(everything) == [4]
    own = free(desk.vault(), COINS, desk.tip(), store, besides=first.id)
    assert numbers(own) == [1, 3, 4]


def test_an_expired_withdrawal_takes_nothing(store):
    """One block after its expiry its anchor and its draft's coins are free again."""
    first = desk.withdrawal(anchor=1)
    store.add_withdrawal(desk.signed(first))
    store.add_draft(first.id, b"psbt", [COINS[0].outpoint, COINS[1].outpoint], 0)
    assert numbers(free(desk.vault(), COINS, desk.tip(first.expiry), store)) == [3, 4]
    assert numbers(free(desk.vault(), COINS, desk.tip(first.expiry + 1), store)) == [1, 2, 3, 4]


def test_change_starts_at_a_place_of_each_withdrawals_own(store):
    """Without any memory, two withdrawals never share a change address."""
    chain = desk.UsedIndexes()
    one = desk.withdrawal()
    store.add_withdrawal(desk.signed(one))
    assert change_index(desk.vault(), chain, store, one.id, 1) == 0
    assert change_index(desk.vault(), chain, store, one.id, 7) == 6


def test_used_change_addresses_are_passed_over(store):
    """Used on the chain, or by another withdrawal's draft; its own draft's may be used again."""
    one = desk.withdrawal()
    two = desk.withdrawal(2, one.id, anchor=2)
    for each in (one, two):
        store.add_withdrawal(desk.signed(each))
    store.add_draft(one.id, b"psbt", [COINS[0].outpoint], 2)
    chain = desk.UsedIndexes(1, 3)
    assert change_index(desk.vault(), chain, store, two.id, 2) == 4
    assert change_index(desk.vault(), chain, store, one.id, 2) == 2


def test_change_stays_where_signers_take_it(store):
    """With everything up to the gap limit used, it says so instead of building in vain."""
    one = desk.withdrawal()
    store.add_withdrawal(desk.signed(one))
    assert change_index(desk.vault(), desk.UsedIndexes(*range(20)), store, one.id, 1) == 20
    with pytest.raises(Refused) as caught:
        change_index(desk.vault(), desk.UsedIndexes(*range(21)), store, one.id, 1)
    assert caught.value.refusals[0].rule == "outputs.gap"


def test_the_anchor_is_the_smallest_coin_that_pays_for_all():
    """No further coin is needed then; if none suffices, the largest."""
    for needed, number in ((10_000, 1), (10_001, 2), (40_000, 4), (40_001, 4)):
        found = terms.anchor(desk.vault(), COINS, needed)
        assert int(found.txid, 16) == number


def test_too_little_money_is_said_before_anybody_approves():
    """What is needed, and what is there."""
    with pytest.raises(BadInput) as caught:
        terms.anchor(desk.vault(), COINS, 100_001)
    assert "0.001 000 01 BTC" in caught.value.expected
    assert "0.001 000 00 BTC" in caught.value.found
    with pytest.raises(BadInput):
        terms.anchor(desk.vault(), (), 0)


def test_lifetime_and_fee_ceiling_come_from_the_policy():
    """A day, or what the policy allows; never more than that."""
    assert terms.max_fee(desk.policy(), PAYMENT) == 100_000
    assert terms.lifetime(desk.policy(), None) == 144
    assert terms.lifetime(desk.policy(), 1) == 1
    for asked in (0, 145, -1):
        with pytest.raises(BadInput):
            terms.lifetime(desk.policy(), asked)
