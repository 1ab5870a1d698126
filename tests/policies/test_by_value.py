"""Policies by value as wholes: the documented example, tiers and ceilings, and sums by value."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from policy_world import ADDRESS, BTC, policy, rules_of, sign, withdrawal
from rule_world import payment
from value_world import NEED, PRICES, YEN, presented, sheet, under, valued, yen

from policies.balances import Cold, Snapshot
from policies.epochs import compare
from policies.errors import BadInput
from policies.evidence import Evidence
from policies.explain import Words
from policies.gather import gather, priced
from policies.grounds import Grounds
from policies.prices import Life, Price, PriceSheet
from policies.quorum import Demand
from policies.rules import Amounts, Approvals
from policies.rules.approvals import Tier
from policies.rules.windows import Window
from policies.withdrawal import approve_check, count_approvals
from signer.build.policy_source import read_toml

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "examples" / "three-coins.toml").read_text()
EXAMPLE = read_toml(TEXT)
(GROUP,) = (rule for rule in EXAMPLE.rules if rule.NAME == "group")
OTHERS = {one.coin: one.vault for one in GROUP.vaults}

PRICED = policy(
    rules=(
        Amounts(yen(9_000_000)),
        *policy().rules[1:2],
        Approvals(
            (Tier(yen(3_000_000), NEED), Tier(None, (Demand("approvers", 3),))),
            {"carol": yen(1_500_000)},
        ),
        *policy().rules[3:],
        PRICES,
    )
)


def named(amount, under=PRICED, paper=None):
    """A withdrawal that names a sheet, and what came with it."""
    paper = paper or sheet(coins={"BTC": Price(YEN["BTC"], BTC, Life(190, 400))})
    document = withdrawal(under, payments=(payment(amount),), grounds=Grounds(paper.id))
    papers = [sign("prices", paper.payload, "alice", "bob")]
    return document, gather(under, document, papers, {})


def test_a_priced_policy_keeps_its_id():
    """Approvals name the document that the admins signed, and no other."""
    _, evidence = named(1)
    found = priced(PRICED, evidence)
    assert (found.id, found.payload) == (PRICED.id, PRICED.payload)
    assert found.rules[0].per_payment == 9_000_000 * BTC // 15_000_000
    assert priced(PRICED, Evidence()) is PRICED


@pytest.mark.parametrize(
    ("amount", "names", "reached"),
    [
        (20_000_000, ("alice", "bob"), True),  # three million yen exactly
        (20_000_001, ("alice", "bob"), False),
        (20_000_001, ("alice", "bob", "carol"), False),  # carol's ceiling is lower
        (10_000_000, ("alice", "carol"), True),
        (10_000_001, ("alice", "carol"), False),
    ],
)
def test_tiers_and_ceilings_by_value(amount, names, reached):
    """Who approves depends on what it is worth, to the satoshi."""
    document, evidence = named(amount)
    envelope = sign("withdrawal", document.payload, *names)
    assert count_approvals(envelope, priced(PRICED, evidence)).reached is reached


def test_without_a_price_the_highest_tier_and_no_ceiling_hold():
    """A coordinator that forgets the sheet finds fewer approvers, never more."""
    document, _ = named(1)
    envelope = sign("withdrawal", document.payload, "alice", "bob")
    assert not count_approvals(envelope, PRICED).reached
    void = withdrawal(PRICED, payments=(), purpose="void", voids="0" * 64)
    assert approve_check(sign("withdrawal", void.payload, "alice", "bob"), PRICED)


def test_signatures_under_a_sheet_are_counted_by_the_policy():
    """Of the role that it names, and of nobody else; revoked officers never."""
    document, evidence = named(1)
    assert evidence.prices.votes.signed == ("alice", "bob")
    paper = evidence.sheet
    for signers in ((), ("alice",), ("alice", "dave"), ("mallory", "dave")):
        papers = [sign("prices", paper.payload, *signers)]
        assert not gather(PRICED, document, papers, {}).prices.votes.reached
    revoked = replace(PRICED, revoked=("bob",))
    papers = [sign("prices", paper.payload, "alice", "bob")]
    assert not gather(revoked, document, papers, {}).prices.votes.reached
    # under another kind of envelope, the same signatures say nothing
    papers = [sign("balances", paper.payload, "alice", "bob")]
    assert gather(PRICED, document, papers, {}).prices is None


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(900, 1_000), st.integers(1, 2 * BTC), st.integers(1, 10**8)),
        max_size=4,
    ),
    st.integers(1, 2 * BTC),
    st.integers(1, 10**8),
)
def test_windows_count_the_greater_of_both_prices(before, amount, now):
    """Against a sum made here, in fractions of a yen: never less is counted than is true."""
    today = sheet(yen={**YEN, "BTC": now})
    sheets = [sheet(number=n + 1, yen={**YEN, "BTC": p}) for n, (_, _, p) in enumerate(before)]
    chain = tuple(
        under(paper, height, paid)
        for paper, (height, paid, _) in zip(sheets, sorted(before), strict=True)
    )
    prices = [one.coins["BTC"].price for one in sheets]
    parts = [
        paid * max(now, price)
        for (height, paid, _), price in zip(sorted(before), prices, strict=True)
        if height > 1_000 - 50
    ]
    exact = amount * now + sum(parts)
    limit = exact // BTC
    for most in (limit - 1, limit + 1 + len(parts)):
        rule = priced(
            policy(rules=(Amounts(10**18, windows=(Window(50, yen(max(0, most))),)), PRICES)),
            Evidence(presented(today)),
        ).rules[0]
        spend = valued(amount, prices=today, older=sheets, history=chain)
        refused = rules_of(rule.check(spend))
        assert refused == (["amounts.windows"] if most < limit else [])


def test_the_documented_example():
    """Every number in docs/policy.md, at its edge."""
    life = {"BTC": Life(910_000, 910_216), "BCH": Life(922_400, 922_616)}
    life["MONA"] = Life(4_081_000, 4_082_500)
    paper = PriceSheet(
        "main",
        tuple(OTHERS.values()),
        1,
        "JPY",
        {coin: Price(YEN[coin], BTC, life[coin]) for coin in YEN},
    )
    cold = {"BTC": (1_250, 17), "BCH": (8_000, 9), "MONA": (3_000_000, 4)}
    balances = Snapshot(
        "main",
        1,
        {"BTC": 40 * BTC, "BCH": 300 * BTC, "MONA": BTC},
        {OTHERS[c]: Cold(c, held * BTC, last, life[c]) for c, (held, last) in cold.items()},
    )
    by_name = {rule.NAME: rule for rule in EXAMPLE.rules}
    evidence = Evidence(presented(paper), presented(balances), hot=frozenset({ADDRESS}))
    rules = {rule.NAME: rule for rule in priced(EXAMPLE, evidence).rules}
    assert 333_000_000 <= rules["amounts"].per_payment < 334_000_000
    total = 20_092_500_040
    text = (DOCS / "policy.md").read_text()
    assert f"{total:,}".replace(",", " ") in text
    hot = by_name["hot"]
    assert hot.cap_bp * total // 10_000 == 1_004_625_002
    lies = sum(paper.coins[c].worth(a) for c, a in balances.hot.items())
    assert lies == 622_500_040
    assert lies + paper.coins["BTC"].worth(2_547_000_000) <= 1_004_625_002
    assert lies + paper.coins["BTC"].worth(2_548_000_000) > 1_004_625_002
    (window,) = by_name["group"].windows
    left = window.limit.amount - paper.coins["BCH"].worth(1_000 * BTC)
    assert paper.coins["BTC"].worth(166_000_000) <= left < paper.coins["BTC"].worth(167_000_000)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('unit = "JPY"', 'unit = "USD"', "in JPY"),
        ('"10_000_000 JPY", require', '"10_000_000 USD", require', "limit 10_000_000 USD"),
        ('groups = ["hot"]', 'groups = ["warm"]', "rules.destinations.groups"),
        ('coin = "BTC", blocks', 'coin = "BCH", blocks', "this vault among them"),
        ('limit = "100_000_000 JPY"', "limit = 100_000_000", "a value"),
        ("max_fee = 1_000_000", 'max_fee = "1_000_000 JPY"', "a whole number"),
        (
            "max_rate = 200",
            'max_rate = 200\nwindows = [{ blocks = 1, limit = "1 JPY" }]',
            "amounts",
        ),
        ('per_payment = "50_000_000 JPY"', 'per_payment = "5%"', "share of a balance"),
    ],
)
def test_what_does_not_fit_together_is_refused(old, new, expected):
    """One unit, hot groups that exist, this vault in its group, fees in the coin, no shares."""
    assert old in TEXT
    with pytest.raises(BadInput) as caught:
        read_toml(TEXT.replace(old, new, 1))
    assert expected in f"{caught.value.what} {caught.value.expected}"


@pytest.mark.parametrize(
    ("old", "new", "direction"),
    [
        ('"50_000_000 JPY"', '"49_000_000 JPY"', "tighter"),
        ('"50_000_000 JPY"', '"51_000_000 JPY"', "looser"),
        ('"50_000_000 JPY"', "100_000_000", "looser"),
        ('up_to = "10_000_000 JPY"', "up_to = 10_000_000", "looser"),
        ('up_to = "10_000_000 JPY"', 'up_to = "9_000_000 JPY"', "tighter"),
        ('tanaka = "10_000_000 JPY"', 'tanaka = "11_000_000 JPY"', "looser"),
        ('limit = "80_000_000 JPY"', "limit = 1", "looser"),
        ("hours = 24", "hours = 25", "tighter"),
        ("cap_bp = 500", "cap_bp = 501", "looser"),
        ("max_age = 216", "max_age = 215", "tighter"),
        ("blocks_per_hour = 44", "blocks_per_hour = 43", "looser"),
    ],
)
def test_which_way_a_change_by_value_points(old, new, direction):
    """Whatever cannot be compared, as yen with coins, is looser."""
    assert old in TEXT
    (change,) = compare(EXAMPLE, read_toml(TEXT.replace(old, new, 1)))
    assert change.direction == direction


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en", "no destination receives more than 50 000 000 JPY in one withdrawal"),
        ("en", "payments of all these vaults come to at most 100 000 000 JPY within any 24 hours"),
        ("en", "at most 5% of everything, hot and cold, lies hot, by value"),
        ("ja", "1回の出金で一つの送金先に送る額は、50,000,000 JPY以下とする。"),
        (
            "ja",
            "連続する24時間以内の、これらの金庫すべての出金の合計額は、100,000,000 JPY以下とする。",
        ),
    ],
)
def test_it_is_told_in_both_languages(lang, said):
    """Values as values."""
    words = Words(lang, "BTC")
    assert said in [sentence for rule in EXAMPLE.rules for sentence in rule.explain(words)]
