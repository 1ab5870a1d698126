"""consolidation and internal: special cases with limits and approvals of their own."""

import pytest
from policy_world import rules_of
from rule_world import earlier, proposed, rule, votes

from policies.errors import BadInput
from policies.quorum import Demand
from policies.rules import Consolidation, Internal
from policies.rules.windows import Window
from policies.spend import SpentCoin

NEED = (Demand("ops", 2),)
JOIN = Consolidation(3, 1000, 10, NEED)
MOVE = Internal(3, 1000, 10, NEED, 100, (Window(144, 150),))
RULES = {"consolidation": JOIN, "internal": MOVE}
GIVEN = votes(ops=("alice", "bob"))


def move(purpose, *amounts, **changes):
    """Give an approved spend of a purpose."""
    return proposed(*amounts, **{"purpose": purpose, "votes": GIVEN, "fee": 100, **changes})


@pytest.mark.parametrize("purpose", RULES)
@pytest.mark.parametrize(
    ("changes", "rules"),
    [
        ({}, []),
        ({"inputs": (SpentCoin("00", 0, 1),) * 3}, []),
        ({"inputs": (SpentCoin("00", 0, 1),) * 4}, ["max_inputs"]),
        ({"fee": 1000}, []),
        ({"fee": 1001, "vsize": 1000}, ["max_fee"]),
        ({"fee": 100, "vsize": 10}, []),
        ({"fee": 101, "vsize": 10}, ["max_rate"]),
        ({"votes": votes(ops=("alice",))}, ["role"]),
        ({"votes": votes(desk=("alice", "bob"))}, ["role"]),
    ],
    ids=str,
)
def test_both_have_their_own_limits(purpose, changes, rules):
    """At the limit it passes, one more is refused."""
    found = RULES[purpose].check(move(purpose, **changes))
    assert rules_of(found) == [f"{purpose}.{name}" for name in rules]


@pytest.mark.parametrize("purpose", RULES)
def test_they_judge_no_other_purpose(purpose):
    """Payments and voids have their own rules."""
    for other in {"payment", "void", *RULES} - {purpose}:
        assert RULES[purpose].check(move(other, 10**6, fee=10**6, votes=votes())) == ()


def test_a_consolidation_pays_nobody():
    """Only change comes out."""
    assert rules_of(JOIN.check(move("consolidation", 1, 1))) == ["consolidation.pays"] * 2


@pytest.mark.parametrize(("amounts", "refusals"), [((60, 40), 0), ((60, 41), 1)])
def test_a_move_has_a_ceiling(amounts, refusals):
    """All payments together: at the limit it passes, one satoshi more is refused."""
    found = MOVE.check(move("internal", *amounts))
    assert rules_of(found) == ["internal.per_withdrawal"] * refusals


@pytest.mark.parametrize(
    ("height", "amount", "purpose", "refusals"),
    [
        (857, 90, "internal", 0),
        (857, 91, "internal", 1),
        (856, 91, "internal", 0),
        (857, 91, "payment", 0),
    ],
)
def test_moves_have_a_window(height, amount, purpose, refusals):
    """It counts internal moves only: at the limit it passes, one satoshi more is refused."""
    before = (earlier(height, amount, purpose=purpose),)
    found = MOVE.check(move("internal", 60, history=before))
    assert rules_of(found) == ["internal.windows"] * refusals


@pytest.mark.parametrize("purpose", RULES)
def test_they_demand_their_own_approvals(purpose):
    """Whatever the amount."""
    one = RULES[purpose]
    assert one.demands(earlier(1, 10**9)) == one.every_demand() == NEED


def test_they_are_read_as_they_are_written():
    """All settings, through a table and back."""
    text = 'max_inputs = 3\nmax_fee = 1000\nmax_rate = 10\nrequire = [{ role = "ops", count = 2 }]'
    assert rule("consolidation", text) == JOIN
    more = "\nper_withdrawal = 100\nwindows = [{ blocks = 144, limit = 150 }]"
    assert rule("internal", text + more) == MOVE
    assert MOVE.window == 144
    assert rule("internal", f"{text}\nper_withdrawal = 100").windows == ()
    assert MOVE.to_table()["require"] == [{"role": "ops", "count": 2}]
    with pytest.raises(BadInput, match="per_withdrawal is missing"):
        rule("internal", text)
    with pytest.raises(BadInput, match=r"consolidation\.require must be"):
        rule("consolidation", text.replace('[{ role = "ops", count = 2 }]', "[]"))


def test_explain():
    """One sentence a limit, for an officer."""
    assert JOIN.explain()[1:] == (
        "it spends at most 3 coins",
        "it costs at most 1 000 sat",
        "it costs at most 10 sat/vB",
        "2 of ops approve it",
    )
    assert MOVE.explain()[-2:] == (
        "it moves at most 100 sat",
        "internal moves come to at most 150 sat within any 144 blocks",
    )
