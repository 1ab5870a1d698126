"""approvals: tiers by amount, ceilings of officers, and the second look at the votes."""

import json

import pytest
from policy_world import approved, rules_of, spend
from rule_world import earlier, proposed, rule, votes

from policies.change import Direction
from policies.errors import BadInput
from policies.quorum import Demand, Votes
from policies.rules.approvals import unmet

TEXT = """
tiers = [
  { up_to = 100, require = [{ role = "desk", count = 2 }] },
  { up_to = 200, require = [{ role = "board", count = 1 }] },
  { require = [{ role = "board", count = 3 }, { role = "compliance", count = 1 }] },
]
ceilings = { bob = 100, carol = 0 }
"""
RULE = rule("approvals", TEXT)
DESK, BOARD = Demand("desk", 2), Demand("board", 1)


@pytest.mark.parametrize(
    ("amount", "demands"),
    [
        (1, (DESK,)),
        (100, (DESK,)),
        (101, (BOARD,)),
        (200, (BOARD,)),
        (201, (Demand("board", 3), Demand("compliance", 1))),
        (2**63 - 1, (Demand("board", 3), Demand("compliance", 1))),
    ],
)
def test_the_amount_decides_who_approves(amount, demands):
    """Each band includes its upper end; one satoshi more is in the next."""
    assert RULE.demands(earlier(1, amount)) == demands


def test_a_sum_that_no_document_could_hold_is_in_the_last_band():
    """Two payments of the largest amount each: no gap above the last band."""
    most = 2**63 - 1
    assert RULE.demands(earlier(1, most, most)) == RULE.tiers[-1].require
    assert RULE.barred(earlier(1, most, most)) == {"bob", "carol"}


def test_all_payments_count_together_and_nothing_is_the_lowest_band():
    """Splitting a withdrawal into payments does not help; a void is the desk's."""
    assert RULE.demands(earlier(1, 100, 1)) == (BOARD,)
    assert RULE.demands(earlier(1, purpose="void")) == (DESK,)


@pytest.mark.parametrize(
    ("amount", "barred"), [(100, {"carol"}), (101, {"bob", "carol"}), (0, set()), (1, {"carol"})]
)
def test_an_officer_has_a_ceiling(amount, barred):
    """At the limit the approval counts, one satoshi above it does not."""
    assert RULE.barred(earlier(1, amount)) == barred


@pytest.mark.parametrize(
    ("amount", "given", "rules"),
    [
        (50, {"desk": ("alice", "dan")}, []),
        (50, {"desk": ("alice", "dan", "erin")}, []),
        (50, {"desk": ("alice",)}, ["approvals.role"]),
        (50, {"desk": ("alice", "alice")}, ["approvals.role"]),
        (50, {"board": ("alice", "dan")}, ["approvals.role"]),
        (50, {}, ["approvals.role"]),
        (150, {"desk": ("alice", "dan")}, ["approvals.role"]),
        (150, {"board": ("alice",)}, []),
        (150, {"board": ("bob",)}, ["approvals.barred"]),
        (100, {"desk": ("alice", "bob")}, []),
        (201, {"board": ("alice", "dan", "erin"), "compliance": ("erin",)}, []),
        (201, {"board": ("alice", "dan", "erin")}, ["approvals.role"]),
        (201, {"board": ("alice", "dan"), "compliance": ("erin",)}, ["approvals.role"]),
        (201, {}, ["approvals.role", "approvals.role"]),
    ],
)
def test_the_votes_are_looked_at_again(amount, given, rules):
    """Enough of each role, each person once; nothing that step 6 lets through is refused."""
    assert rules_of(RULE.check(proposed(amount, votes=votes(**given)))) == rules


def test_the_refusal_says_who_is_missing():
    """The demand, and who has approved so far."""
    (refusal,) = RULE.check(proposed(50, votes=votes(desk=("alice",))))
    assert (refusal.expected, refusal.found) == ("2 of desk", "alice")
    (refusal,) = RULE.check(proposed(50, votes=Votes(())))
    assert refusal.found == "nobody"


def test_whoever_asked_does_not_count():
    """A vote of the initiator that was counted is refused."""
    there = proposed(50, initiator="dan", votes=votes(desk=("alice", "dan", "erin")))
    assert rules_of(RULE.check(there)) == ["approvals.barred"]


@pytest.mark.parametrize("purpose", ["internal", "consolidation"])
def test_special_purposes_have_their_own_demands(purpose):
    """Tiers are for payments and voids; ceilings and the initiator are for all."""
    assert RULE.check(proposed(50, purpose=purpose, votes=Votes(()))) == ()
    there = proposed(101, purpose=purpose, votes=votes(desk=("bob",)))
    assert rules_of(RULE.check(there)) == ["approvals.barred"]


def test_what_step_6_lets_through_passes():
    """The rule and the step agree."""
    assert (
        rule("approvals", 'tiers = [{ require = [{ role = "approvers", count = 2 }] }]').check(
            spend(approved())
        )
        == ()
    )


def test_it_is_read_as_it_is_written():
    """All settings, through a table and back."""
    assert RULE.to_table() == {
        "tiers": [
            {"up_to": 100, "require": [{"role": "desk", "count": 2}]},
            {"up_to": 200, "require": [{"role": "board", "count": 1}]},
            {
                "require": [
                    {"role": "board", "count": 3},
                    {"role": "compliance", "count": 1},
                ]
            },
        ],
        "ceilings": {"bob": 100, "carol": 0},
    }
    assert RULE.every_demand() == (DESK, BOARD, Demand("board", 3), Demand("compliance", 1))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("up_to = 100,", "up_to = 200,"),
        ("up_to = 100,", "up_to = 201,"),
        ("up_to = 100,", "up_to = 0,"),
        ("up_to = 100,", ""),
        ('[{ role = "desk", count = 2 }]', "[]"),
        ("{ require =", "{ up_to = 300, require ="),
        ("count = 2", "count = 0"),
        (", count = 2", ""),
        ('"compliance"', '"board"'),
        ("bob = 100", "bob = -1"),
        ("bob = 100", "Bob = 100"),
    ],
)
def test_malformed_tiers_are_refused(old, new):
    """Bands rise and the last is open; nobody's approval is no demand."""
    text = TEXT.replace(old, new, 1)
    assert text != TEXT
    with pytest.raises(BadInput, match=r"rules\.approvals"):
        rule("approvals", text)


def test_the_smallest_settings_pass():
    """A band of one satoshi, one member of a role, a ceiling of nothing."""
    text = TEXT.replace("up_to = 100", "up_to = 1").replace("count = 2", "count = 1")
    found = rule("approvals", text.replace("bob = 100", "bob = 0"))
    assert found.demands(earlier(1, 1)) == (Demand("desk", 1),)
    assert found.demands(earlier(1, 2)) == (BOARD,)


def test_tiers_may_not_be_missing_or_closed():
    """Default deny: no band without approvals, and none above all bands."""
    for text in ("tiers = []", 'tiers = [{ up_to = 5, require = [{ role = "a", count = 1 }] }]'):
        with pytest.raises(BadInput, match=r"rules\.approvals\.tiers"):
            rule("approvals", text)


@pytest.mark.parametrize(
    ("first", "second", "fine"),
    [
        ("100 JPY", "101 JPY", True),
        ("100 JPY", "100 JPY", False),
        ("100 JPY", "99 JPY", False),
        ("100 JPY", "200 USD", False),
        (100, "200 JPY", False),
        ("100 JPY", 200, False),
    ],
)
def test_bands_by_value_rise_in_one_unit(first, second, fine):
    """What cannot be compared does not rise: nobody could tell which band a payment is in."""
    bands = TEXT.replace("100", json.dumps(first), 1).replace("200", json.dumps(second), 1)
    if fine:
        assert [tier.up_to for tier in rule("approvals", bands).tiers] == [first, second, None]
    else:
        with pytest.raises(BadInput, match="tiers with rising up_to"):
            rule("approvals", bands)


@pytest.mark.parametrize("bounds", [("5 JPY", "6 USD"), (5, "6 JPY"), ("5 JPY", 6)])
def test_bands_in_another_unit_are_looser(bounds):
    """A small payment took the desk, and would now take the board: no price says how small."""
    band = "tiers = [{{ up_to = {}, require = [{}] }}, {{ require = [{}] }}]"
    desk, board = '{ role = "desk", count = 2 }', '{ role = "board", count = 2 }'
    first, second = map(json.dumps, bounds)
    old = rule("approvals", band.format(first, desk, board))
    new = rule("approvals", band.format(second, board, f"{desk}, {board}"))
    (change,) = old.compare(new)
    assert change.direction is Direction.LOOSER


def test_a_demand_of_nobody_is_never_met():
    """Default deny: a hand-made rule without demands lets nothing pass, whoever voted."""
    (refusal,) = unmet("approvals", (), proposed(1, votes=votes(desk=("alice", "bob"))))
    assert (refusal.rule, refusal.expected) == ("approvals.role", "1 of nobody")


def test_one_tier_is_of_any_amount():
    """Without bands there is no bound to tell."""
    found = rule("approvals", 'tiers = [{ require = [{ role = "desk", count = 2 }] }]')
    assert found.explain()[1:] == ("a withdrawal of any amount: 2 of desk approve",)


def test_explain():
    """One sentence a band and a ceiling, for an officer."""
    assert RULE.explain()[1:] == (
        "a withdrawal of up to 100 sat: 2 of desk approve",
        "a withdrawal above 100 sat, up to 200 sat: 1 of board approve",
        "a withdrawal above 200 sat: 3 of board and 1 of compliance approve",
        "bob approves withdrawals of up to 100 sat",
        "carol approves withdrawals of up to 0 sat",
    )
