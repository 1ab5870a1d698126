"""From papers that came along to evidence: found by id, sorted, counted, and not believed."""

from dataclasses import replace
from itertools import permutations

import pytest
from policy_world import ADDRESS, BTC, OTHER_ID, VAULT, policy, rules_of, sign, withdrawal
from rule_world import OTHER
from value_world import (
    BCH_VAULT,
    GROUP,
    HOT,
    MONA_VAULT,
    PRICES,
    chain,
    presented,
    sheet,
    snapshot,
    stands,
    yen,
)

from policies.chain import NOTHING
from policies.envelope import Envelope
from policies.errors import BadInput, Fault
from policies.evidence import Evidence
from policies.gather import gather, priced, unasked
from policies.grounds import NO_GROUNDS, Grounds
from policies.quorum import Demand
from policies.rules import Amounts, Approvals, Destinations
from policies.rules.approvals import Tier
from policies.rules.destinations import Entry, Group
from policies.rules.windows import Window
from policies.value import Priced

WALLET = "wpkh([aabbccdd/84h/1h/0h]tpub/<0;1>/*)#checksum"
LISTS = Destinations(
    "listed",
    {
        "all": Group((Entry(ADDRESS, 0, 0), Entry(WALLET, 10, 0))),
        "cold": Group((Entry(OTHER, 0, 0),)),
    },
)
POLICY = policy(rules=(*policy().rules, LISTS, PRICES, GROUP, HOT))
BCH = chain(BCH_VAULT, (4_998, 1), (4_999, 2), (5_000, 3))
MONA = chain(MONA_VAULT, (20_000, 4), (20_001, 5))
SHEET, OLDER, SNAPSHOT = sheet(), sheet(6), snapshot()
HEAD = withdrawal(grounds=Grounds(SHEET.id, SNAPSHOT.id, stands({BCH_VAULT: BCH})))


def paper(document, kind="withdrawal", *names):
    """An envelope as it travels."""
    return sign(kind, document.payload, *names)


PAPERS = (
    paper(SHEET, "prices", "alice", "bob"),
    paper(OLDER, "prices"),
    paper(SNAPSHOT, "balances", "bob", "carol"),
    *map(paper, (*BCH, *MONA)),
)


def test_papers_are_found_by_what_the_withdrawal_names():
    """The sheet and the snapshot with their votes, all sheets by id, and chains by vault."""
    known = {VAULT: NOTHING}
    found = gather(POLICY, HEAD, PAPERS, known)
    assert (found.sheet, found.prices.votes.signed) == (SHEET, ("alice", "bob"))
    assert (found.snapshot, found.balances.votes.signed) == (SNAPSHOT, ("bob", "carol"))
    assert found.sheets == {SHEET.id: SHEET, OLDER.id: OLDER}
    assert found.chains == {BCH_VAULT: BCH, MONA_VAULT: MONA}
    assert found.known is known


def test_the_order_in_which_papers_come_does_not_matter():
    """A coordinator shuffles them, or brings one twice: a chain is sorted by number."""
    links = [PAPERS[at] for at in (3, 4, 5, 6)]
    for order in permutations(links):
        found = gather(POLICY, HEAD, (*order, links[0]), {})
        assert found.chains == {BCH_VAULT: BCH, MONA_VAULT: MONA[:1]}


def test_what_is_not_named_is_not_presented():
    """A sheet that came along is none that the approvers have chosen; it only prices the past."""
    for grounds in (None, NO_GROUNDS, Grounds(OTHER_ID, OTHER_ID)):
        found = gather(POLICY, withdrawal(grounds=grounds), PAPERS, {})
        assert (found.prices, found.balances) == (None, None)
        assert SHEET.id in found.sheets


def test_a_paper_of_another_kind_than_it_is_named_for_is_not_presented():
    """A snapshot named as the price sheet, and the other way round."""
    swapped = withdrawal(grounds=Grounds(SNAPSHOT.id, SHEET.id))
    found = gather(POLICY, swapped, PAPERS, {})
    assert (found.prices, found.balances) == (None, None)


def test_without_its_rule_a_paper_is_not_presented():
    """The rule says who signs it; `unasked` refuses the withdrawal that names it."""
    for rules, named in (((PRICES,), "prices"), ((HOT,), "balances")):
        found = gather(policy(rules=(*policy().rules, *rules)), HEAD, PAPERS, {})
        presented_ones = {"prices": found.prices, "balances": found.balances}
        assert [name for name, one in presented_ones.items() if one] == [named]


def test_a_strange_paper_is_refused():
    """A policy, or anything else: it would travel along unread."""
    strange = Envelope.wrap("policy", b"{}")
    with pytest.raises(BadInput, match="a strange paper") as caught:
        gather(POLICY, HEAD, (*PAPERS, strange), {})
    assert caught.value.fault is Fault.COORDINATOR
    assert caught.value.expected == "prices, balances, withdrawal"


def test_what_is_hot_is_what_the_policy_lists_in_its_hot_groups():
    """Addresses, and wallets by descriptor; not the other groups, and nothing without the rule."""
    assert gather(POLICY, HEAD, PAPERS, {}).hot == {ADDRESS, WALLET}
    cold = policy(rules=(*policy().rules, LISTS, PRICES))
    assert gather(cold, HEAD, PAPERS, {}).hot == frozenset()
    both = policy(rules=(*policy().rules, LISTS, PRICES, replace(HOT, groups=("all", "cold"))))
    assert gather(both, HEAD, PAPERS, {}).hot == {ADDRESS, WALLET, OTHER}


@pytest.mark.parametrize(
    ("rule", "left"),
    [
        (PRICES, ["grounds.balances", "grounds.chains"]),
        (HOT, ["grounds.prices", "grounds.chains"]),
        (GROUP, ["grounds.prices", "grounds.balances"]),
        (None, ["grounds.prices", "grounds.balances", "grounds.chains"]),
    ],
)
def test_grounds_that_no_rule_looks_at_are_refused(rule, left):
    """Each by name, whatever else the policy has."""
    there = policy(rules=(*policy().rules, *([rule] if rule else ())))
    assert rules_of(unasked(there, HEAD)) == left
    assert rules_of(unasked(POLICY, HEAD)) == []
    for grounds in (None, NO_GROUNDS):
        assert rules_of(unasked(there, withdrawal(grounds=grounds))) == []


def test_every_limit_of_a_policy_is_priced():
    """In tiers, ceilings, windows and groups, however deep; what is in the coin stays as it is."""
    limit, dear = yen(1_500), yen(3_000)
    demand = (Demand("approvers", 2),)
    there = policy(
        rules=(
            Amounts(limit, 7, (Window(10, dear), Window(11, 8))),
            Approvals((Tier(limit, demand), Tier(None, demand)), {"alice": dear, "bob": 9}),
            replace(LISTS, groups={"all": Group(LISTS.groups["all"].entries, (Window(5, limit),))}),
            PRICES,
        )
    )
    found = priced(there, Evidence(presented(SHEET)))
    amounts, approvals, lists, prices = found.rules
    assert (amounts.per_payment, amounts.per_withdrawal) == (10_000, 7)
    assert amounts.windows == (Window(10, 20_000), Window(11, 8))
    assert [tier.up_to for tier in approvals.tiers] == [10_000, None]
    assert approvals.ceilings == {"alice": 20_000, "bob": 9}
    assert lists.groups["all"].windows == (Window(5, 10_000),)
    assert lists.groups["all"].entries == LISTS.groups["all"].entries
    assert prices == PRICES
    made = (amounts.per_payment, amounts.windows[0].limit, approvals.ceilings["alice"])
    assert all(isinstance(one, Priced) for one in made)
    assert [one.value for one in made] == [limit, dear, dear]


def test_the_groups_limits_stay_values():
    """They are of several coins, so that no one price makes an amount of them."""
    assert priced(POLICY, Evidence(presented(SHEET))).rules[-2] is GROUP


def test_a_price_in_another_unit_prices_nothing():
    """A sheet in dollars leaves a limit in yen, within which no payment is."""
    there = policy(rules=(Amounts(yen(1_500)), *policy().rules[1:], PRICES))
    dollars = Evidence(presented(sheet(unit="USD")))
    assert priced(there, dollars).rules[0] == Amounts(yen(1_500))
    assert not isinstance(priced(there, dollars).rules[0].per_payment, Priced)
    foreign = Evidence(presented(sheet(yen={"BCH": 75_000})))
    assert priced(there, foreign) is there
    assert priced(there, Evidence()) is there


def test_a_limit_says_what_it_was_made_of():
    """In the policy's own sentences, once there is a price."""
    there = policy(rules=(Amounts(yen(15_000_000)), *policy().rules[1:], PRICES))
    (_, said) = priced(there, Evidence(presented(SHEET))).rules[0].summary()
    assert f"{BTC:,} sat (15,000,000 JPY)".replace(",", " ") in said
