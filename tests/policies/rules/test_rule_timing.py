"""timing: lifetimes, distances, a time to act in, a freeze; all in blocks."""

import pytest
from policy_world import approved, rules_of, spend, withdrawal
from rule_world import earlier, proposed, rule

from policies.errors import BadInput
from policies.rules import Timing

RULE = Timing(100)


@pytest.mark.parametrize(
    ("expiry", "rules"),
    [(200, []), (201, []), (300, []), (301, ["timing.max_lifetime_blocks"])],
)
def test_the_longest_lifetime(expiry, rules):
    """From height 200: at the limit it passes, one block more is refused."""
    assert rules_of(RULE.check(spend(approved(withdrawal(expiry=expiry))))) == rules


@pytest.mark.parametrize(("height", "refusals"), [(199, 1), (200, 0), (201, 1), (0, 1)])
def test_the_transaction_has_the_withdrawals_height(height, refusals):
    """Neither earlier nor later: consensus is the clock."""
    found = RULE.check(spend(approved(withdrawal(height=200)), height=height))
    assert rules_of(found) == ["timing.height"] * refusals


def test_an_expired_one_is_refused_here_too():
    """Step 6 refuses it first; the rule does not rely on that."""
    approval = approved()
    object.__setattr__(approval, "withdrawal", withdrawal(height=200, expiry=199))
    assert rules_of(RULE.check(spend(approval, height=200))) == ["timing.expired"]


@pytest.mark.parametrize(("before", "refusals"), [(990, 0), (991, 1), (1000, 1)])
def test_the_least_distance(before, refusals):
    """Ten blocks: at the limit it passes, one block less is refused."""
    limited = Timing(100, min_age_between=10)
    found = limited.check(proposed(1, history=(earlier(0, 1), earlier(before, 1))))
    assert rules_of(found) == ["timing.min_age_between"] * refusals


@pytest.mark.parametrize(("before", "refusals"), [(1000, 0), (990, 0), (989, 1)])
def test_the_largest_jump(before, refusals):
    """Ten blocks: at the limit it passes, one block more is refused."""
    limited = Timing(100, max_height_jump=10)
    found = limited.check(proposed(1, history=(earlier(0, 1), earlier(before, 1))))
    assert rules_of(found) == ["timing.max_height_jump"] * refusals


@pytest.mark.parametrize("limits", [{"min_age_between": 10}, {"max_height_jump": 10}])
def test_distances_need_the_one_before(limits):
    """The vault's first has none; any other without it is refused."""
    limited = Timing(100, **limits)
    assert limited.check(proposed(1, sequence=1, previous=None, history=())) == ()
    assert rules_of(limited.check(proposed(1, history=()))) == ["timing.previous"]
    assert RULE.check(proposed(1, history=())) == ()


@pytest.mark.parametrize(("limit", "refusals"), [(999, 0), (1000, 0), (1001, 1)])
def test_the_first_height(limit, refusals):
    """At the limit it passes, one block earlier is refused."""
    found = Timing(100, from_height=limit).check(proposed(1))
    assert rules_of(found) == ["timing.from_height"] * refusals


@pytest.mark.parametrize(("limit", "refusals"), [(1101, 0), (1100, 0), (1099, 1)])
def test_the_last_height(limit, refusals):
    """The expiry counts: at the limit it passes, one block later is refused."""
    found = Timing(100, until_height=limit).check(proposed(1))
    assert rules_of(found) == ["timing.until_height"] * refusals


@pytest.mark.parametrize("purpose", ["payment", "internal", "consolidation"])
def test_a_freeze_stops_everything(purpose):
    """Whatever the purpose."""
    found = Timing(100, frozen=True).check(proposed(1, purpose=purpose))
    assert rules_of(found) == ["timing.frozen"]


def test_a_void_only_needs_to_be_alive():
    """Neither a freeze nor a distance keeps anybody from cancelling; a lifetime does."""
    strict = Timing(100, 10, 1, 2000, 500, frozen=True)
    before = (earlier(999, 1),)
    assert strict.check(proposed(purpose="void", history=before)) == ()
    found = strict.check(proposed(purpose="void", expiry=1101, history=before))
    assert rules_of(found) == ["timing.max_lifetime_blocks"]


def test_refusals_say_what_to_do():
    """A freeze is lifted by a policy; else time helps; the one before has a number."""
    (refusal,) = Timing(100, frozen=True).check(proposed(1))
    assert refusal.hint == "lift the freeze with a new policy"
    (refusal,) = Timing(100, min_age_between=5).check(proposed(1, sequence=7, history=()))
    assert refusal.expected == "withdrawal 6"
    assert refusal.hint == "request it anew, or later"


def test_it_is_read_as_it_is_written():
    """All settings, through a table and back; what restricts nothing is left out."""
    text = """
    max_lifetime_blocks = 1
    min_age_between = 2
    max_height_jump = 3
    from_height = 4
    until_height = 5
    frozen = true
    confirmations = 6
    """
    assert rule("timing", text) == Timing(1, 2, 3, 4, 5, frozen=True, confirmations=6)
    assert rule("timing", text).to_table()["frozen"] is True
    assert RULE.to_table() == {"max_lifetime_blocks": 100, "frozen": False}
    zero = rule("timing", "max_lifetime_blocks = 1\nfrom_height = 0\nuntil_height = 0")
    assert zero.to_table()["until_height"] == 0


@pytest.mark.parametrize(
    "line",
    [
        "frozen = 1",
        'frozen = "yes"',
        "min_age_between = 0",
        "until_height = 500000000",
        "confirmations = 0",
        "confirmations = 500000000",
    ],
)
def test_malformed_settings_are_refused(line):
    """True is true; heights are heights."""
    with pytest.raises(BadInput, match=r"rules\.timing"):
        rule("timing", f"max_lifetime_blocks = 1\n{line}")


def test_explain():
    """One sentence a limit, for an officer; a freeze is told when there is one."""
    assert RULE.explain()[1:] == ("an approval lives for at most 100 blocks",)
    assert Timing(1, 2, 3, 4, 5, frozen=True, confirmations=6).explain()[1:] == (
        "an approval lives for at most 1 block",
        "a withdrawal comes 2 blocks after the one before, or later",
        "a withdrawal's height is at most 3 blocks after the one before",
        "a withdrawal's height is 4 or later",
        "a withdrawal expires at height 5 at the latest",
        "the vault is frozen: everything is refused but voids",
        "the coordinator counts a withdrawal as settled at 6 blocks or more",
    )


def test_a_freeze_acts_at_once_and_lifting_it_waits():
    """It is the tighter of the two, and a policy that says nothing is not frozen."""
    (change,) = RULE.compare(Timing(100, frozen=True))
    assert change.direction == "tighter"
    (change,) = Timing(100, frozen=True).compare(rule("timing", "max_lifetime_blocks = 100"))
    assert change.direction == "looser"


def test_a_signer_refuses_nothing_for_confirmations():
    """It sees no chain; the setting is for the coordinator, and says how deep is settled."""
    deep = Timing(100, min_age_between=1, confirmations=499_999_999)
    assert deep.check(proposed(1, history=(earlier(999, 1),))) == ()


@pytest.mark.parametrize(
    ("old", "new", "direction"),
    [(None, 6, "tighter"), (6, 7, "tighter"), (6, 5, "looser"), (6, None, "looser")],
)
def test_more_confirmations_are_tighter(old, new, direction):
    """A withdrawal that is counted as settled sooner is more easily undone."""
    (change,) = Timing(100, confirmations=old).compare(Timing(100, confirmations=new))
    assert (change.path, change.direction) == ("rules.timing.confirmations", direction)
