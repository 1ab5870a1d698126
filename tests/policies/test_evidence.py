"""What rules count with: worth, then and now; and what is said of the papers."""

import pytest
from policy_world import BTC, OTHER_ID, VAULT, withdrawal
from rule_world import earlier, payment
from value_world import (
    BCH_VAULT,
    MONA_VAULT,
    YEN,
    chain,
    presented,
    sheet,
    snapshot,
    stands,
    under,
    valued,
    yen,
)

from policies.evidence import NO_EVIDENCE, Evidence, Excess
from policies.grounds import NO_GROUNDS, Grounds
from policies.names import Sats
from policies.strict_json import MAX_INTEGER
from policies.value import Priced, Value

CHEAP, DEAR = sheet(6, {**YEN, "BTC": 10_000_000}), sheet(5, {**YEN, "BTC": 20_000_000})
LIMIT = Priced.at(yen(1_000), 15_000_000, BTC)


def evidence(now=None, *older, **changes):
    """Evidence with a sheet of today, and earlier ones."""
    today = presented(now or sheet())
    return Evidence(today, sheets={one.id: one for one in older}, **changes)


def test_only_a_sheet_is_a_sheet():
    """A snapshot in a sheet's place is none, and the other way round."""
    swapped = Evidence(presented(snapshot()), presented(sheet()))
    assert (swapped.sheet, swapped.snapshot) == (None, None)
    right = Evidence(presented(sheet()), presented(snapshot()))
    assert (right.sheet, right.snapshot) == (sheet(), snapshot())
    assert (NO_EVIDENCE.sheet, NO_EVIDENCE.snapshot) == (None, None)


def test_what_a_signer_remembers_of_the_papers():
    """Number and id of each kind that came; nothing where nothing came."""
    prices, balances = sheet(), snapshot()
    both = {"prices": (7, prices.id), "balances": (3, balances.id)}
    assert Evidence(presented(prices), presented(balances)).seen == {"papers": both}
    assert evidence(prices).seen == {"papers": {"prices": (7, prices.id)}}
    assert NO_EVIDENCE.seen == {}


def test_the_chains_that_a_withdrawal_names():
    """Those that came along of those that it names, and no others."""
    bch = chain(BCH_VAULT, (4_999, 1))
    there = Evidence(chains={BCH_VAULT: bch, OTHER_ID: bch})
    both = Grounds(chains=stands({BCH_VAULT: bch, MONA_VAULT: ()}))
    assert there.named(withdrawal(grounds=both)) == {BCH_VAULT: bch}
    assert there.named(withdrawal(grounds=NO_GROUNDS)) == {}
    assert there.named(withdrawal()) == {}


def test_what_an_amount_is_worth():
    """At today's price, rounded up."""
    assert evidence().worth("BTC", BTC) == 15_000_000
    assert evidence().worth("BTC", 1) == 1


@pytest.mark.parametrize("there", [NO_EVIDENCE, evidence(sheet(yen={"BCH": 75_000}))])
def test_without_a_price_anything_is_worth_more_than_every_limit(there):
    """Even than the largest that a policy can write."""
    assert there.worth("BTC", 1) > MAX_INTEGER
    assert there.counted(earlier(990, 1), 1) > MAX_INTEGER
    most = Priced.at(yen(MAX_INTEGER), 1, 1)
    assert there.excess(most, (withdrawal(), 1), 0)


def test_a_withdrawal_counts_at_its_own_price_or_todays():
    """Whichever is more: neither a price that falls makes room, nor one that rises."""
    there = evidence(sheet(), CHEAP, DEAR)
    assert there.counted(under(CHEAP, 990, BTC), BTC) == 15_000_000
    assert there.counted(under(DEAR, 990, BTC), BTC) == 20_000_000
    assert there.counted(earlier(990, BTC), BTC) == 15_000_000, "it named no sheet"
    bare = earlier(990, BTC, grounds=Grounds(balances=OTHER_ID))
    assert there.counted(bare, BTC) == 15_000_000


def test_a_withdrawal_whose_sheet_did_not_come_counts_above_every_limit():
    """Leaving out an old sheet, or sending one without the coin, makes no room."""
    foreign = sheet(6, {"BCH": 75_000})
    assert evidence().counted(under(DEAR, 990, 1), 1) > MAX_INTEGER
    assert evidence(sheet(), foreign).counted(under(foreign, 990, 1), 1) > MAX_INTEGER


def test_without_a_sheet_of_today_an_old_one_prices_nothing():
    """Else what is known of the past would stand in for what nobody signed today."""
    there = Evidence(sheets={DEAR.id: DEAR})
    assert there.counted(under(DEAR, 990, 1), 1) > MAX_INTEGER


def test_a_price_in_another_unit_is_not_compared():
    """The policy counted in dollars then: today's price is all there is."""
    dollars = sheet(6, {"BTC": 10**12}, unit="USD")
    assert evidence(sheet(), dollars).counted(under(dollars, 990, BTC), BTC) == 15_000_000


def test_a_limit_that_a_price_made_counts_values():
    """To the yen; each withdrawal is rounded up by itself."""
    there = evidence()
    head = withdrawal()
    before = there.counted(earlier(990, 2_001), 2_001) + there.counted(earlier(991, 2_991), 2_991)
    assert before == 301 + 449
    assert there.excess(LIMIT, (head, 1_666), before) is None  # 250 yen
    found = there.excess(LIMIT, (head, 1_667), before)
    assert found == Excess("at most 1 000 JPY", "1 001 JPY, 251 JPY of it now")


def test_a_limit_in_the_coin_counts_amounts():
    """It needs no sheet."""
    assert NO_EVIDENCE.excess(Sats(10), (withdrawal(), 5), 5) is None
    found = NO_EVIDENCE.excess(Sats(10), (withdrawal(), 6), 5)
    assert found == Excess("at most 10 sat", "11 sat, 6 sat of it now")


def test_a_limit_in_value_without_a_price_lets_nothing_pass():
    """It is told as it was written."""
    found = NO_EVIDENCE.excess(yen(10**15), (withdrawal(), 1), 0)
    assert found == Excess("at most 1 000 000 000 000 000 JPY", "1 sat, 1 sat of it now")
    assert NO_EVIDENCE.excess(yen(0), (withdrawal(), 0), 0) is None


def test_what_an_officer_reads_of_the_papers():
    """Numbers, signers, and what the withdrawal is worth at which price of which block."""
    there = valued(BTC // 2, prices=presented(sheet(), "alice", "carol"))
    assert there.evidence.sentences(there.head) == (
        "price sheet 7, signed by alice, carol",
        "balance snapshot 3, signed by alice, bob",
        "worth 7 500 000 JPY: 100 000 000 sat are 15 000 000 JPY at block 990",
    )
    document = withdrawal(payments=(payment(1), payment(2)), vault=VAULT)
    foreign = presented(sheet(yen={"BCH": 75_000}))
    assert Evidence(foreign).sentences(document) == ("price sheet 7, signed by alice, bob",)
    assert NO_EVIDENCE.sentences(document) == ()
    assert evidence().sentences(document)[-1].startswith("worth 1 JPY: ")


def test_a_worth_is_told_in_the_unit_of_the_sheet():
    """And in none where there is no sheet."""
    assert evidence(sheet(unit="USD")).told(5_000) == Value.of(5_000, "USD")
    assert NO_EVIDENCE.told(5) == "5 NONE"
