"""hot: a refill may not push what lies hot above its share of everything."""

import tomllib
from dataclasses import replace

import pytest
from policy_world import ADDRESS, BTC, OTHER_ID, VAULT, rules_of, withdrawal
from rule_world import OTHER, OTHER_SCRIPT, earlier, payment, proposed, rule
from value_world import (
    BCH_VAULT,
    HOT,
    LIVES,
    MONA_VAULT,
    NEED,
    YEN,
    chain,
    sheet,
    snapshot,
    under,
    valued,
)

from policies.balances import Cold
from policies.errors import BadInput
from policies.explain import Words
from policies.grounds import Grounds
from policies.rules.hot import Hot
from policies.spend import Output

MOST = 525_133_333
"""Satoshi worth 5% of the 1,575,400,000 yen that lie cold in `snapshot()`, rounded up."""

WALLET = "wpkh([aabbccdd/84h/1h/0h]tpub/<0;1>/*)#checksum"


def found(*amounts, **changes):
    """The names of the refusals."""
    return rules_of(HOT.check(valued(*amounts, **changes)))


def room(spent=0, **changes):
    """Check that a refill fits to the satoshi, when so many satoshi have been taken before."""
    assert found(MOST - spent, **changes) == []
    assert found(MOST - spent + 1, **changes) == ["hot.cap"]


def test_a_refill_up_to_the_cap():
    """To the yen; the refusal says what would lie hot, and what may."""
    room()
    (refusal,) = HOT.check(valued(MOST + 1))
    assert refusal.what == "more than 5% would lie hot"
    assert refusal.expected == "at most 78 770 000 JPY"
    assert refusal.found == "78 770 001 JPY after this refill"
    (refusal,) = replace(HOT, cap_bp=25).check(valued(MOST))
    assert refusal.what == "more than 0.25% would lie hot"
    assert replace(HOT, cap_bp=501).check(valued(MOST + 1)) == ()


def test_what_lies_hot_already_takes_room():
    """By value, of every coin, each rounded up: its owner could take it tonight."""
    one = snapshot(hot=2 * BTC)  # 30 million yen, of which 5% are more room
    room(2 * BTC - 10_000_000, balances=one)
    dust = replace(snapshot(), hot={"BTC": 1, "MONA": 1})  # a yen each
    assert found(MOST - 13, balances=dust) == []
    assert found(MOST - 12, balances=dust) == ["hot.cap"]


def test_what_lies_cold_is_rounded_down():
    """Two yen less cold make room for less, although only one and a bit are gone."""
    cold = dict(snapshot().cold)
    cold[MONA_VAULT] = replace(cold[MONA_VAULT], amount=10_000 * BTC - 1)
    whole = replace(HOT, cap_bp=10_000)
    after = {"balances": snapshot(cold=cold)}
    all_of_it = 1_575_399_999 * BTC // YEN["BTC"]
    assert whole.check(valued(all_of_it, **after)) == ()
    assert rules_of(whole.check(valued(all_of_it + 1, **after))) == ["hot.cap"]


def test_earlier_refills_count_from_the_snapshot_on():
    """The own vault's later ones to hot addresses, however written; what else it paid is none.

    Up to the withdrawal that the snapshot names, everything has arrived and is counted there.
    """
    paid = (payment(3, ADDRESS.upper()), payment(5, ADDRESS), payment(BTC, OTHER))
    later = withdrawal(height=991, sequence=2, payments=paid)
    arrived = earlier(990, 9 * BTC, sequence=1)
    spent = {"sequence": 3, "history": (arrived, later)}
    assert found(MOST - 13, **spent) == []
    assert found(MOST - 12, **spent) == ["hot.cap"]  # 8 satoshi came before: two yen
    only_others = earlier(991, 9 * BTC, address=OTHER, sequence=2)
    room(sequence=3, history=(arrived, only_others))


def test_what_left_other_vaults_counts_whoever_got_it():
    """Their lists are not known here; up to the snapshot it is in the amounts."""
    bch = chain(BCH_VAULT, (4_998, 200 * BTC), (4_999, 100 * BTC))  # 15 and 7.5 million yen
    both = {BCH_VAULT: bch, MONA_VAULT: ()}
    room(150_000_000, chains=both)
    cold = dict(snapshot().cold)
    for sequence, spent in ((1, 50_000_000), (2, 0), (3, 0)):
        cold[BCH_VAULT] = replace(cold[BCH_VAULT], sequence=sequence)
        room(spent, chains=both, balances=snapshot(cold=cold))


def test_earlier_refills_count_at_the_greater_price():
    """A bitcoin that was dearer then takes more room."""
    dear = sheet(6, {**YEN, "BTC": 2 * YEN["BTC"]})
    before = (earlier(980, 1), under(dear, 990, BTC, sequence=2))
    room(2 * BTC, sequence=3, history=before, older=(dear,))
    assert found(1, sequence=3, history=before) == ["hot.cap"], "its sheet did not come"
    others_paid = (earlier(980, 1), under(dear, 990, BTC, sequence=2, address=OTHER))
    assert found(1, sequence=3, history=others_paid) == [], "and is not needed"


def test_only_what_pays_hot_wallets_is_a_refill():
    """Other payments are not judged, in the same withdrawal or alone."""
    spend = valued(MOST)
    other = Output(OTHER, OTHER_SCRIPT, 50 * BTC)
    assert HOT.check(replace(spend, externals=(*spend.externals, other))) == ()
    assert HOT.check(replace(spend, externals=(other,))) == ()
    overfull = valued(BTC, address=OTHER, balances=snapshot(hot=90 * BTC))
    assert HOT.check(overfull) == ()
    two = (*spend.externals, spend.externals[0]._replace(amount=1))
    assert rules_of(HOT.check(replace(spend, externals=two))) == ["hot.cap"]


def test_the_addresses_of_a_hot_wallet_are_hot():
    """Of those that the policy lists as hot; another wallet's are not."""
    spend = valued(MOST + 1, address=OTHER, wallets={WALLET: frozenset({OTHER})})
    assert HOT.check(spend) == ()
    listed = replace(spend.evidence, hot=frozenset({WALLET, "wpkh(unknown)"}))
    assert rules_of(HOT.check(replace(spend, evidence=listed))) == ["hot.cap"]


def test_only_a_refill_needs_a_snapshot():
    """What pays others names none; one that is named is judged all the same."""
    assert HOT.check(proposed(9 * BTC, address=OTHER)) == ()
    assert HOT.check(proposed(purpose="void", grounds=Grounds())) == ()
    assert found(1, balances=False) == ["hot.missing"]
    wrong = snapshot(network="main")
    assert found(1, address=OTHER, balances=wrong) == ["hot.network"]
    assert found(purpose="void", balances=wrong) == ["hot.network"]
    assert found(9 * BTC, address=OTHER) == []


def test_the_snapshot_is_of_the_vaults_whose_chains_are_here():
    """Of exactly those: what left a vault that nobody shows is counted nowhere."""
    cold = dict(snapshot().cold)
    fewer = {vault: one for vault, one in cold.items() if vault != BCH_VAULT}
    more = cold | {OTHER_ID: Cold("BTC", BTC, 0, LIVES["BTC"])}
    for there in (fewer, more):
        (refusal,) = HOT.check(valued(1, balances=snapshot(cold=there)))
        assert refusal.rule == "hot.vaults"
        assert refusal.expected == ", ".join(sorted(cold))
        assert refusal.found == ", ".join(sorted(there))
    own = {VAULT: cold[VAULT]}
    assert found(1, chains={}, balances=snapshot(cold=own)) == []


def test_every_chain_reaches_back_to_the_snapshot():
    """From the first withdrawal on that is not in its amounts."""
    late = (earlier(990, 1, sequence=3),)
    assert found(1, sequence=4, history=late[:0]) == ["hot.history"]
    (refusal,) = HOT.check(valued(1, sequence=4, history=late))
    assert (refusal.rule, refusal.found) == ("hot.history", "from 3")
    assert refusal.expected == f"from withdrawal 2 of {VAULT} on"
    assert found(1, sequence=3, history=(earlier(990, 1, sequence=2),)) == []
    assert found(1, sequence=2, history=()) == []
    links = chain(BCH_VAULT, (4_998, 1), (4_999, 1))
    both = {BCH_VAULT: links, MONA_VAULT: ()}
    (refusal,) = HOT.check(valued(1, chains=both, carried={BCH_VAULT: links[1:]}))
    assert refusal.expected == f"from withdrawal 1 of {BCH_VAULT} on"


def test_papers_of_the_own_vault_do_not_stand_for_its_history():
    """What a coordinator brings among other chains replaces nothing that was verified."""
    history = (earlier(980, 1), earlier(990, 9 * BTC, sequence=2))
    spend = valued(1, sequence=3, history=history, carried={VAULT: (earlier(0, 1),)})
    assert rules_of(HOT.check(spend)) == ["hot.cap"]
    late = valued(1, sequence=4, history=history[:0], carried={VAULT: (earlier(0, 1),)})
    assert rules_of(HOT.check(late)) == ["hot.history"]


def test_every_coin_of_the_snapshot_has_a_price():
    """Of what lies hot and of what lies cold, whether this is a refill or not."""
    hot = replace(snapshot(), hot={"LTC": 1, "DOGE": 1})
    (refusal,) = HOT.check(valued(1, balances=hot))
    assert (refusal.rule, refusal.found) == ("hot.price", "DOGE, LTC")
    no_mona = sheet(yen={"BTC": 1, "BCH": 1})
    for changes in ({}, {"address": OTHER}):
        assert found(1, prices=no_mona, **changes) == ["hot.price"]
    spend = valued(1)
    without = replace(spend, evidence=replace(spend.evidence, prices=None))
    (refusal,) = HOT.check(without)
    assert (refusal.rule, refusal.found) == ("hot.price", "BCH, BTC, MONA")


def test_nothing_lies_anywhere():
    """An empty house takes no refill: there is nothing that 5% could be of."""
    empty = {vault: replace(one, amount=0) for vault, one in snapshot().cold.items()}
    assert found(1, balances=snapshot(cold=empty)) == ["hot.cap"]


TEXT = """
groups = ["hot", "warm"]
require = [{ role = "approvers", count = 2 }]
max_age = 200
"""


def test_it_is_read_as_it_is_written():
    """All settings, through a table and back; the usual cap is 5%."""
    read = rule("hot", TEXT)
    assert read == Hot(NEED, 200, ("hot", "warm"), 500)
    assert read.to_table() == tomllib.loads(TEXT) | {"cap_bp": 500}
    assert read.every_demand() == NEED
    for edge in (1, 10_000):
        assert rule("hot", f"cap_bp = {edge}\n{TEXT}").cap_bp == edge


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("max_age = 200", "max_age = 200\ncap_bp = 0"),
        ("max_age = 200", "max_age = 200\ncap_bp = 10001"),
        ("max_age = 200", "max_age = 0"),
        ('["hot", "warm"]', "[]"),
        ('["hot", "warm"]', '["Hot"]'),
        ('["hot", "warm"]', '["hot", "hot"]'),
        ("count = 2", "count = 0"),
    ],
)
def test_malformed_settings_are_refused(old, new):
    """More than everything, nothing, a group that is none."""
    with pytest.raises(BadInput, match=r"rules\.hot"):
        rule("hot", TEXT.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "direction"),
    [
        ('"warm"', '"warm", "third"', "tighter"),
        ('"hot", "warm"', '"warm", "hot"', "tighter"),
        ('"hot", "warm"', '"hot"', "looser"),
        ('"hot", "warm"', '"hot", "cool"', "looser"),
        ("max_age = 200", "max_age = 200\ncap_bp = 499", "tighter"),
        ("max_age = 200", "max_age = 200\ncap_bp = 501", "looser"),
        ("max_age = 200", "max_age = 199", "tighter"),
        ("max_age = 200", "max_age = 201", "looser"),
        ("count = 2", "count = 1", "looser"),
    ],
)
def test_which_way_a_change_points(old, new, direction):
    """More hot groups and a lower cap are tighter: more is counted, and less may lie there."""
    assert old in TEXT
    (change,) = rule("hot", TEXT).compare(rule("hot", TEXT.replace(old, new, 1)))
    assert change.direction == direction


def test_explain():
    """The groups by name, and the cap in percent, as precisely as it is written."""
    said = " / ".join(rule("hot", f"cap_bp = 125\n{TEXT}").explain(Words(coin="BTC")))
    assert "hot, warm" in said
    assert "at most 1.25% of everything" in said
    assert "at most 10% of" in " / ".join(replace(HOT, cap_bp=1_000).explain())
