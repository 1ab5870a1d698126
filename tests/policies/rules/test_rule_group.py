"""group: what several vaults share, summed over chains that a withdrawal commits to."""

import tomllib
from dataclasses import replace

import pytest
from policy_world import BTC, OTHER_ID, VAULT, rules_of, withdrawal
from rule_world import earlier, proposed, rule
from value_world import (
    BCH_VAULT,
    GROUP,
    MONA_VAULT,
    YEN,
    chain,
    others,
    sheet,
    stands,
    valued,
    yen,
)

from policies.chain import Known
from policies.errors import BadInput
from policies.explain import Words
from policies.grounds import Grounds, Stand
from policies.rules.group import Hours, Member, VaultGroup
from policies.spend import Output

BCH = BTC  # a whole coin has as many of its smallest unit
HALF = 200 * BCH  # 15 million yen, half of the limit
ONE = 15_000_000
DAY = 144  # blocks, at six an hour


def found(*amounts, **changes):
    """The names of the refusals."""
    return rules_of(GROUP.check(valued(*amounts, **changes)))


def naming(*others_stand, **changes):
    """A withdrawal of one bitcoin that says where the other chains stand, truly or not."""
    return valued(BTC, grounds=Grounds(sheet().id, None, others_stand), **changes)


def test_all_vaults_together_fill_the_window():
    """One bitcoin now and as much in Bitcoin Cash before: the limit, and not a yen more."""
    assert found(BTC, chains=others((4_999, HALF))) == []
    (refusal,) = GROUP.check(valued(BTC, chains=others((4_999, HALF + 1))))
    assert refusal.rule == "group.windows"
    assert refusal.what == "too much from all vaults of the group within 24 hours"
    assert refusal.expected == "at most 30 000 000 JPY"
    assert refusal.found == "30 000 001 JPY, 15 000 000 JPY of it now"


def test_every_output_and_every_withdrawal_counts():
    """Of this one, of the own chain, and of each of the others."""
    mona = chain(MONA_VAULT, (19_990, BTC), (20_000, BTC))  # 40 yen each
    chains = others((4_990, BCH), (4_999, BCH)) | {MONA_VAULT: mona}  # 75,000 each
    before = (earlier(989, 2_000), earlier(990, 2_000))  # 300 each
    rest = 30_000_000 - 80 - 150_000 - 600
    at_once = (rest * BTC // ONE - 40, 40)
    assert found(*at_once, chains=chains, history=before) == []
    more = (at_once[0], 80)
    assert found(*more, chains=chains, history=before) == ["group.windows"]


@pytest.mark.parametrize(("height", "refused"), [(4_856, False), (4_857, True), (5_000, True)])
def test_how_far_back_another_chain_counts(height, refused):
    """A day before the height that the price sheet says of it."""
    assert found(BTC, chains=others((height, HALF + 1))) == ["group.windows"] * refused


@pytest.mark.parametrize(("height", "refused"), [(856, False), (857, True), (1_000, True)])
def test_how_far_back_the_own_chain_counts(height, refused):
    """A day before the withdrawal's own height, whatever the sheet says."""
    history = (earlier(height, BTC + 7),)
    assert found(BTC, history=history) == ["group.windows"] * refused


def test_every_chain_has_its_own_pace():
    """MONA makes 40 blocks in an hour: a day is 960 of them."""
    for height, refused in ((19_040, False), (19_041, True)):
        chains = {BCH_VAULT: (), MONA_VAULT: chain(MONA_VAULT, (height, 10**6 * BTC))}
        assert found(BTC, chains=chains) == ["group.windows"] * refused


def test_every_window_holds():
    """An hour and a day: each is refused for itself, and a void fills neither."""
    both = replace(GROUP, windows=(Hours(1, yen(20_000_000)), *GROUP.windows))
    spend = valued(BTC, chains=others((4_900, HALF), (4_995, HALF)))
    told = [refusal.what.partition(" within ")[2] for refusal in both.check(spend)]
    assert told == ["1 hours", "24 hours"]
    spend = valued(BTC, chains=others((4_900, HALF), (4_994, HALF)))
    (refusal,) = both.check(spend)
    assert refusal.what.endswith(" 24 hours")
    assert both.check(valued(purpose="void", chains=others((4_999, 10 * HALF)))) == ()


def test_internal_moves_do_not_count():
    """Neither now nor before: they have limits of their own."""
    full = others((4_999, 10 * HALF), purpose="internal")
    assert found(BTC, chains=full) == []
    history = (earlier(999, 9 * BTC, purpose="internal"),)
    assert found(BTC, history=history) == []
    overfull = others((4_999, 10 * HALF))
    assert found(BTC, purpose="internal", chains=overfull) == []
    assert found(BTC, purpose="payment", chains=overfull) == ["group.windows"]


def test_papers_of_the_own_vault_do_not_stand_for_its_history():
    """What a coordinator brings as another vault's chain replaces nothing that was verified."""
    spend = valued(BTC, history=(earlier(999, 2 * BTC),), carried={VAULT: (earlier(0, 1),)})
    assert rules_of(GROUP.check(spend)) == ["group.windows"]


def test_without_a_price_everything_that_ever_left_counts():
    """At no time, and above every limit: leaving a coin out of the sheet makes no room."""
    slow = VaultGroup(tuple(replace(m, blocks_per_hour=1) for m in GROUP.vaults), GROUP.windows)
    short = replace(slow, windows=(Hours(1, yen(10**15)),))
    prices = sheet(yen={"BTC": YEN["BTC"], "MONA": 1})
    spend = valued(1, prices=prices, chains=others((0, 1)))
    assert rules_of(short.check(spend)) == ["group.windows"]


def test_without_a_sheet_nothing_passes():
    """The rule of prices refuses it as well; this one does not rely on that."""
    spend = valued(1, chains=others((4_999, 1)))
    without = replace(spend, evidence=replace(spend.evidence, prices=None))
    assert rules_of(GROUP.check(without)) == ["group.windows"]


def test_what_pays_nobody_need_not_say_where_chains_stand():
    """A void must never wait for another vault; if it says it, it has to be true."""
    assert GROUP.check(proposed(purpose="void")) == ()
    assert GROUP.check(proposed(purpose="void", grounds=Grounds())) == ()
    assert rules_of(GROUP.check(proposed(1))) == ["group.chains", "group.windows"]
    claimed = valued(purpose="void", known={BCH_VAULT: None})
    assert rules_of(GROUP.check(claimed)) == ["group.enrolled"]
    claimed = valued(purpose="void", chains={BCH_VAULT: ()})
    assert rules_of(GROUP.check(claimed)) == ["group.chains"]


def test_exactly_the_other_vaults_are_named():
    """None left out, none too many, and not the own one; names are told, to compare."""
    right = stands(others())
    assert GROUP.check(naming(*right)) == ()
    for wrong in (right[:1], (*right, Stand(OTHER_ID, 0, None)), (*right, Stand(VAULT, 0, None))):
        (refusal,) = GROUP.check(naming(*wrong))
        assert refusal.rule == "group.chains"
        assert refusal.expected == ", ".join(sorted((BCH_VAULT, MONA_VAULT)))
        assert refusal.found == ", ".join(sorted(one.vault for one in wrong))
    (refusal, *_) = GROUP.check(naming())
    assert (refusal.rule, refusal.found) == ("group.chains", "nothing")


def test_a_vault_outside_the_group_is_refused():
    """A policy cannot be read so; a rule that was made so allows nothing."""
    without = replace(GROUP, vaults=GROUP.vaults[1:])
    assert rules_of(without.check(naming(*stands(others())))) == ["group.chains"]


def test_a_chain_that_is_named_has_to_be_here():
    """All of it, to the withdrawal that is named, by number and by id."""
    links = chain(BCH_VAULT, (4_998, 1), (4_999, 1), (5_000, 1))
    mona = Stand(MONA_VAULT, 0, None)
    here = {"chains": {BCH_VAULT: links, MONA_VAULT: ()}}
    assert GROUP.check(naming(Stand(BCH_VAULT, 3, links[2].id), mona, **here)) == ()
    for lie in (
        Stand(BCH_VAULT, 2, links[1].id),  # a part that hides the newest
        Stand(BCH_VAULT, 4, links[2].id),  # a number that no rollback check would stop
        Stand(BCH_VAULT, 3, links[1].id),
        Stand(BCH_VAULT, 0, None),
    ):
        (refusal,) = GROUP.check(naming(lie, mona, **here))
        assert refusal.rule == "group.absent"
        assert refusal.expected == f"withdrawal {lie.sequence}, {lie.id}"
        assert refusal.found == f"withdrawal 3, {links[2].id}"
    (refusal,) = GROUP.check(naming(Stand(BCH_VAULT, 3, links[2].id), mona))
    assert (refusal.rule, refusal.found) == ("group.absent", "nothing")
    (refusal,) = GROUP.check(naming(Stand(BCH_VAULT, 0, links[0].id), mona))
    assert refusal.rule == "group.absent"


def test_another_chain_is_verified_link_by_link():
    """A cut, a forged or a foreign link in the middle is found like one of the own chain."""
    links = chain(BCH_VAULT, (4_996, 1), (4_997, 1), (4_998, 1), (4_999, 1))
    forged = withdrawal(vault=BCH_VAULT, coin="BCH", sequence=2, previous=links[0].id, height=4_997)
    head = {BCH_VAULT: links, MONA_VAULT: ()}
    for carried, refused in (
        (links, []),
        ((links[0], *links[2:]), ["chain.behind"]),
        ((links[0], forged, *links[2:]), ["chain.previous"]),
        ((links[0], links[0], *links[2:]), ["chain.sequence"]),
        ((*links[:2], links[3]), ["chain.behind"]),
    ):
        assert found(1, chains=head, carried={BCH_VAULT: carried}) == refused


@pytest.mark.parametrize(("height", "refused"), [(4_856, []), (4_857, ["chain.window"])])
def test_another_chain_reaches_back_beyond_the_longest_window(height, refused):
    """A signer that knows its beginning need not get it, but for what the windows count."""
    links = chain(BCH_VAULT, (4_000, 1), (height, 1), (5_000, 1))
    both = replace(GROUP, windows=(Hours(1, yen(10**12)), *GROUP.windows))
    spend = valued(
        1,
        chains={BCH_VAULT: links, MONA_VAULT: ()},
        carried={BCH_VAULT: links[1:]},
        known={BCH_VAULT: Known({1: links[0].id}, 4_000)},
    )
    assert rules_of(both.check(spend)) == refused


def test_a_vault_that_has_withdrawn_more_than_is_said_is_told():
    """By what this signer has verified, or by what its officer has approved here."""
    links = chain(BCH_VAULT, (4_998, 1), (4_999, 1))
    known = Known({1: links[0].id, 2: links[1].id}, 4_999)
    first, both = others((4_998, 1)), {BCH_VAULT: links, MONA_VAULT: ()}
    assert found(1, chains=both, known={BCH_VAULT: known}) == []
    (refusal,) = GROUP.check(valued(1, chains=first, known={BCH_VAULT: known}))
    assert refusal.rule == "group.rollback"
    assert refusal.expected == "withdrawal 2 or later"
    assert refusal.found == f"withdrawal 1 of {BCH_VAULT}"
    for approved in ({2: OTHER_ID}, {1: links[0].id, 2: OTHER_ID}):
        there = valued(1, chains=first, known={BCH_VAULT: Known(approved=approved)})
        assert rules_of(GROUP.check(there)) == ["group.rollback"]
    fewer = Known(known.ids, 4_999, {1: links[0].id})
    assert found(1, chains=first, known={BCH_VAULT: fewer}) == ["group.rollback"]


def test_a_withdrawal_that_is_known_stays_good():
    """It is signed again after others have paid: they were approved later, and count it."""
    links = chain(BCH_VAULT, (4_998, 1), (4_999, 1))
    known = Known({1: links[0].id, 2: links[1].id}, 4_999)
    for own, refused in (
        (Known({1: OTHER_ID, 2: OTHER_ID}), []),
        (Known({1: OTHER_ID, 2: OTHER_ID, 3: OTHER_ID}), []),
        (Known({1: OTHER_ID}), ["group.rollback"]),
        (None, ["group.rollback"]),
    ):
        spend = valued(1, chains=others((4_998, 1)), known={BCH_VAULT: known, VAULT: own})
        assert rules_of(GROUP.check(spend)) == refused


@pytest.mark.parametrize("changes", [{"coin": "MONA"}, {"network": "main"}])
def test_another_chain_is_of_its_coin_and_network(changes):
    """A vault that changed its coin would be counted at the wrong price."""
    (refusal,) = GROUP.check(valued(1, chains=others((4_999, 1), **changes)))
    assert (refusal.rule, refusal.expected) == ("group.coin", "BCH regtest")
    other = {"coin": "BCH", "network": "regtest", **changes}
    assert refusal.found == f"{other['coin']} {other['network']}"


def test_it_looks_back_as_far_as_the_fastest_chain_needs():
    """In blocks of the own chain: no shorter than its own window."""
    both = replace(GROUP, windows=(Hours(24, yen(1)), Hours(3, yen(1))))
    assert both.window == 24 * 40


TEXT = f"""
vaults = [
  {{ vault = "{VAULT}", coin = "BTC", blocks_per_hour = 6 }},
  {{ vault = "{BCH_VAULT}", coin = "BCH", blocks_per_hour = 7 }},
]
windows = [{{ hours = 24, limit = "5 JPY" }}, {{ hours = 1, limit = "4 JPY" }}]
"""


def test_it_is_read_as_it_is_written():
    """All settings, through a table and back."""
    members = Member(VAULT, "BTC", 6), Member(BCH_VAULT, "BCH", 7)
    read = rule("group", TEXT)
    assert read == VaultGroup(members, (Hours(24, yen(5)), Hours(1, yen(4))))
    table = tomllib.loads(TEXT)
    table["windows"] = [{"hours": 24, "limit": "5 JPY"}, {"hours": 1, "limit": "4 JPY"}]
    assert read.to_table() == table


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("hours = 24", "hours = 8784"),
        ("hours = 24", "hours = 1"),
        ('"5 JPY"', '"0 JPY"'),
        ("blocks_per_hour = 6", "blocks_per_hour = 1"),
        ("blocks_per_hour = 6", "blocks_per_hour = 3600"),
    ],
)
def test_the_edges_of_its_settings(old, new):
    """From an hour to a leap year, from nothing on, from one block an hour to one a second."""
    assert rule("group", TEXT.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("hours = 24", "hours = 8785", "1 to 8784"),
        ("hours = 24", "hours = 0", "1 to 8784"),
        ('"5 JPY"', "5", "coins differ"),
        ("blocks_per_hour = 6", "blocks_per_hour = 0", "1 to 3600"),
        ("blocks_per_hour = 6", "blocks_per_hour = 3601", "1 to 3600"),
        (VAULT, BCH_VAULT, "each vault once"),
        (VAULT, "treasury", "64 lower-case hex"),
        (TEXT.splitlines()[2], "", "at least 2"),
    ],
)
def test_malformed_settings_are_refused(old, new, expected):
    """A group is of two vaults at least, each once, and counts in one unit."""
    with pytest.raises(BadInput, match=r"rules\.group") as caught:
        rule("group", TEXT.replace(old, new))
    assert expected in caught.value.expected


@pytest.mark.parametrize(
    ("old", "new", "direction"),
    [
        ("blocks_per_hour = 6", "blocks_per_hour = 8", "tighter"),
        ("blocks_per_hour = 6", "blocks_per_hour = 5", "looser"),
        (VAULT, OTHER_ID, "looser"),
        ('"BCH"', '"MONA"', "looser"),
        ('{ hours = 1, limit = "4 JPY" }', '{ hours = 1, limit = "3 JPY" }', "tighter"),
        ('{ hours = 1, limit = "4 JPY" }', '{ hours = 2, limit = "4 JPY" }', "tighter"),
        ('{ hours = 1, limit = "4 JPY" }', '{ hours = 2, limit = "5 JPY" }', "looser"),
        ("hours = 24", "hours = 23", "looser"),
        (', { hours = 1, limit = "4 JPY" }', "", "looser"),
        ('"5 JPY"', '"6 JPY"', "looser"),
        ('"5 JPY"', '"5 USD"', "looser"),
        ("windows = [", 'windows = [{ hours = 2, limit = "9 JPY" }, ', "tighter"),
    ],
)
def test_which_way_a_change_points(old, new, direction):
    """More blocks an hour, longer windows and smaller limits are tighter; all else is looser."""
    assert old in TEXT
    (change,) = rule("group", TEXT).compare(rule("group", TEXT.replace(old, new, 1)))
    assert change.direction == direction


def test_a_vault_more_in_the_group_is_tighter():
    """And one less is looser: what leaves it is counted no more."""
    third = f'{{ vault = "{MONA_VAULT}", coin = "MONA", blocks_per_hour = 40 }}'
    more = rule("group", TEXT.replace("vaults = [", f"vaults = [\n  {third},"))
    (change,) = rule("group", TEXT).compare(more)
    assert change.direction == "tighter"
    (change,) = more.compare(rule("group", TEXT))
    assert change.direction == "looser"


def test_explain():
    """Each vault with its pace, each window with its limit."""
    said = rule("group", TEXT).explain(Words(coin="BTC"))
    assert len(said) == 5
    assert VAULT in said[1]
    assert "7 blocks" in said[2]
    assert said[3].endswith("at most 5 JPY within any 24 hours")
    assert said[4].endswith("at most 4 JPY within any 1 hours")


def test_only_outputs_that_leave_the_vault_count():
    """Change returns; what leaves is counted by output, not by what the document says."""
    spend = valued(BTC)
    twice = replace(spend, externals=spend.externals * 3)
    assert rules_of(GROUP.check(twice)) == ["group.windows"]
    assert GROUP.check(replace(spend, change=(Output("a", b"", 9 * BTC),))) == ()
