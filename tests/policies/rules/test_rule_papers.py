"""prices and hot: whose signatures a paper needs, how old it may be, and which one is newer."""

import tomllib
from dataclasses import replace

import pytest
from policy_world import BTC, OTHER_ID, VAULT, rules_of
from rule_world import proposed, rule
from value_world import BCH_VAULT, HOT, NEED, PRICES, VAULTS, presented, sheet, snapshot, valued

from policies.chain import Known
from policies.errors import BadInput
from policies.explain import Words
from policies.grounds import Grounds
from policies.prices import Life
from policies.quorum import Tally, Votes
from policies.rules.prices import Prices

BOTH = {"prices": (PRICES, sheet), "hot": (HOT, snapshot)}
KIND = {"prices": "prices", "hot": "balances"}


def living(name, life):
    """A paper with other heights for every vault and coin."""
    if name == "prices":
        coins = {coin: replace(price, life=life) for coin, price in sheet().coins.items()}
        return sheet(coins=coins)
    return snapshot(cold={v: replace(one, life=life) for v, one in snapshot().cold.items()})


def judged(name, paper, **changes):
    """The refusals of a withdrawal of height 1,000 that lives to 1,100 and names a paper."""
    return BOTH[name][0].check(valued(1, **{KIND[name]: paper}, **changes))


both = pytest.mark.parametrize("name", BOTH)


@both
@pytest.mark.parametrize(
    ("height", "expiry", "refused"),
    [
        (1_000, 1_100, []),
        (900, 1_100, []),  # the oldest: 200 blocks before the withdrawal ends
        (899, 9_999, ["age"]),
        (1_000, 1_099, ["age"]),  # it ends before the withdrawal does
        (1_001, 9_999, ["early"]),  # it is made after the withdrawal
        (9_000, 9_999, ["early"]),
    ],
)
def test_when_a_paper_is_used(name, height, expiry, refused):
    """From its own height on, until it ends or is too old, whichever comes first."""
    found = judged(name, living(name, Life(height, expiry)))
    assert rules_of(found) == [f"{name}.{word}" for word in refused]


@both
def test_what_is_told_of_a_papers_age(name):
    """The height from which on it would do, and the last expiry."""
    (early,) = judged(name, living(name, Life(1_001, 9_999)))
    assert (early.expected, early.found) == ("up to 1000", "1001")
    (old,) = judged(name, living(name, Life(899, 9_999)))
    assert (old.expected, old.found) == ("an expiry up to 1099", "1100")
    (old,) = judged(name, living(name, Life(990, 1_098)))
    assert old.expected == "an expiry up to 1098"


@both
def test_a_paper_for_other_vaults_is_refused_for_that_alone(name):
    """It has no height here, so that its age is not asked; not even of a long withdrawal."""
    foreign = {
        "prices": sheet(vaults=(BCH_VAULT,)),
        "hot": snapshot(
            cold={v: replace(c, coin="BCH") for v, c in snapshot().cold.items() if v in VAULTS}
        ),
    }
    (refusal,) = judged(name, foreign[name], expiry=9_000)
    assert refusal.rule == f"{name}.vault"
    assert refusal.what == f"the {KIND[name]} are not for this vault"
    assert refusal.expected == VAULT


@both
def test_a_paper_of_another_network_is_refused(name):
    """Test money has a price, too."""
    (refusal,) = judged(name, BOTH[name][1](network="main"))
    assert (refusal.rule, refusal.expected, refusal.found) == (f"{name}.network", "regtest", "main")


@both
def test_a_paper_needs_its_quorum(name):
    """Who has signed is told, or nobody."""
    paper = BOTH[name][1]()
    (refusal,) = judged(name, presented(paper, "alice"))
    assert (refusal.rule, refusal.found) == (f"{name}.quorum", "alice")
    nobody = presented(paper)
    none = Votes((Tally("approvers", 2, (), ("alice", "bob", "carol")),))
    (refusal,) = judged(name, nobody._replace(votes=none))
    assert refusal.found == "nobody"
    assert judged(name, presented(paper, "alice", "bob", "carol")) == ()


@both
def test_a_paper_that_did_not_come_is_asked_for(name):
    """By its id, or because none is named."""
    one, kind = BOTH[name][0], KIND[name]
    spend = valued(1)
    gone = replace(spend, evidence=replace(spend.evidence, **{kind: None}))
    (refusal,) = one.check(gone)
    named = getattr(spend.head.grounds, kind)
    assert (refusal.rule, refusal.expected, refusal.found) == (
        f"{name}.missing",
        f"signed {kind}",
        named,
    )
    assert refusal.what == f"the {kind} of this withdrawal are not here"
    assert refusal.hint == f"request it anew, with --{kind} FILE"
    bare = replace(proposed(1, grounds=Grounds()), evidence=gone.evidence)
    (refusal,) = one.check(bare)
    assert refusal.found == "none named"


@both
@pytest.mark.parametrize(
    ("number", "same", "refused"),
    [(5, False, True), (6, False, True), (6, True, False), (7, False, False)],
)
def test_a_signer_never_goes_back_to_an_older_paper(name, number, same, refused):
    """Nor to another one of the same number: two sheets of one number are one too many."""
    paper = BOTH[name][1](number)
    seen = (6, paper.id if same else OTHER_ID)
    known = Known({1: OTHER_ID}, papers={KIND[name]: seen, "another kind": (99, OTHER_ID)})
    found = judged(name, paper, known={VAULT: known})
    assert rules_of(found) == [f"{name}.older"] * refused
    for refusal in found:
        assert refusal.expected == f"number 6, {OTHER_ID}, or later"
        assert refusal.found == f"number {number}, {paper.id}"


@both
@pytest.mark.parametrize("newest", [0, 1, 2, 3])
def test_a_withdrawal_that_is_known_keeps_its_paper(name, newest):
    """It is signed again, or its fee is raised, after newer papers have come: so from number 2 on.

    One that this signer does not know yet has to come with a paper that is no older.
    """
    ids = dict.fromkeys(range(1, newest + 1), OTHER_ID)
    known = {VAULT: Known(ids, papers={KIND[name]: (99, OTHER_ID)})}
    found = judged(name, BOTH[name][1](), known=known)
    assert rules_of(found) == ([] if newest >= 2 else [f"{name}.older"])


@both
def test_the_first_paper_of_all_is_taken(name):
    """By a signer that has seen none, and by one that knows nothing of the vault."""
    for known in (None, Known(), Known({1: OTHER_ID})):
        assert judged(name, BOTH[name][1](1), known={VAULT: known}) == ()


@both
def test_every_reason_is_told(name):
    """All at once: whoever makes a new paper makes it once."""
    paper = BOTH[name][1](1, network="main")
    known = Known(papers={KIND[name]: (2, OTHER_ID)})
    found = judged(name, presented(paper, "alice"), known={VAULT: known}, expiry=2_000)
    assert rules_of(found) == [f"{name}.{word}" for word in ("network", "quorum", "age", "older")]


def test_only_what_pays_nobody_needs_no_prices():
    """A void and a consolidation; one that they name is judged all the same."""
    for purpose in ("void", "consolidation"):
        assert PRICES.check(proposed(purpose=purpose)) == ()
        assert PRICES.check(proposed(purpose=purpose, grounds=Grounds())) == ()
        wrong = valued(purpose=purpose, prices=sheet(network="main"))
        assert rules_of(PRICES.check(wrong)) == ["prices.network"]
    for purpose in ("payment", "internal"):
        for grounds in (None, Grounds()):
            spend = proposed(1, purpose=purpose, grounds=grounds)
            assert rules_of(PRICES.check(spend)) == ["prices.missing"]


def test_prices_are_in_the_policys_unit():
    """Else five million dollars would pass for as many yen."""
    (refusal,) = PRICES.check(valued(BTC, prices=sheet(unit="USD")))
    assert (refusal.rule, refusal.expected, refusal.found) == ("prices.unit", "JPY", "USD")


TEXT = """
require = [{ role = "approvers", count = 2 }]
max_age = 200
unit = "JPY"
"""


def test_it_is_read_as_it_is_written():
    """All settings, through a table and back; and who signs is who is demanded."""
    read = rule("prices", TEXT)
    assert read == PRICES == Prices(NEED, 200, "JPY")
    assert read.to_table() == tomllib.loads(TEXT)
    assert read.every_demand() == NEED


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"JPY"', '"jpy"'),
        ('"JPY"', '"¥"'),
        ('unit = "JPY"', ""),
        ("max_age = 200", ""),
        ("max_age = 200", "max_age = 0"),
        ("count = 2", "count = 0"),
    ],
)
def test_malformed_settings_are_refused(old, new):
    """A unit is a word in capitals; every paper has its officers and its age."""
    with pytest.raises(BadInput, match=r"rules"):
        rule("prices", TEXT.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "direction"),
    [
        ('"JPY"', '"USD"', "looser"),
        ("max_age = 200", "max_age = 199", "tighter"),
        ("max_age = 200", "max_age = 201", "looser"),
        ("count = 2", "count = 3", "tighter"),
        ("count = 2", "count = 1", "looser"),
    ],
)
def test_which_way_a_change_points(old, new, direction):
    """Nobody can tell what another unit does, so it waits."""
    (change,) = rule("prices", TEXT).compare(rule("prices", TEXT.replace(old, new, 1)))
    assert change.direction == direction


def test_explain():
    """The unit, the officers and the age."""
    said = " / ".join(PRICES.explain(Words(coin="BTC")))
    assert "JPY" in said
    assert "2 of approvers" in said
    assert "200 blocks" in said
