"""amounts: ceilings for each destination, each withdrawal, and over time."""

import pytest
from policy_world import ADDRESS, BTC, SCRIPT, rules_of, spend
from rule_world import OTHER, OTHER_SCRIPT, earlier, proposed, rule

from policies.errors import BadInput
from policies.rules import Amounts
from policies.rules.windows import Window
from policies.spend import Output

RULE = Amounts(BTC)


def outputs(*amounts, address=ADDRESS, script=SCRIPT):
    """Give outputs to one script."""
    return tuple(Output(address, script, amount) for amount in amounts)


@pytest.mark.parametrize(
    ("externals", "refusals"),
    [
        (outputs(1), 0),
        (outputs(BTC), 0),
        (outputs(BTC + 1), 1),
        (outputs(BTC // 2, BTC // 2), 0),
        (outputs(BTC // 2, BTC // 2 + 1), 1),
        (outputs(BTC) + outputs(BTC, address=OTHER, script=OTHER_SCRIPT), 0),
        (outputs(BTC + 1) + outputs(BTC + 1, address=OTHER, script=OTHER_SCRIPT), 2),
        (outputs(BTC) + outputs(BTC + 1, address="", script=OTHER_SCRIPT), 1),
        ((), 0),
    ],
)
def test_each_destination_has_the_ceiling(externals, refusals):
    """At the limit it passes, one satoshi more is refused; splitting does not help."""
    found = RULE.check(spend(externals=externals))
    assert rules_of(found) == ["amounts.per_payment"] * refusals


@pytest.mark.parametrize(("amounts", "refusals"), [((60, 40), 0), ((60, 41), 1)])
def test_the_ceiling_of_a_withdrawal(amounts, refusals):
    """All payments together: at the limit it passes, one satoshi more is refused."""
    found = Amounts(BTC, per_withdrawal=100).check(proposed(*amounts))
    assert rules_of(found) == ["amounts.per_withdrawal"] * refusals


@pytest.mark.parametrize(
    ("height", "amount", "refusals"),
    [
        (856, 100, 0),  # at 1000 - 144 it has left the window
        (857, 40, 0),
        (857, 41, 1),
        (1000, 40, 0),
        (1000, 41, 1),
    ],
)
def test_a_window_counts_what_left_within_it(height, amount, refusals):
    """At the limit it passes, one satoshi more is refused; the first block outside is free."""
    limited = Amounts(BTC, windows=(Window(144, 100),))
    found = limited.check(proposed(60, history=(earlier(height, amount),)))
    assert rules_of(found) == ["amounts.windows"] * refusals


def test_several_windows_hold_at_once():
    """A day's and a week's limit: each refuses on its own, and says which it is."""
    limited = Amounts(BTC, windows=(Window(144, 100), Window(1008, 150)))
    week = (earlier(100, 70), earlier(200, 70))
    (refusal,) = limited.check(proposed(60, history=week))
    assert refusal.what == "too much within 1008 blocks"
    assert refusal.expected == "at most 150 sat"
    assert refusal.found == "200 sat, 60 sat of it now"
    (refusal,) = limited.check(proposed(60, history=(earlier(900, 41),)))
    assert refusal.what == "too much within 144 blocks"


@pytest.mark.parametrize(("height", "refusals"), [(990, 0), (991, 1)])
def test_a_short_window_beside_a_long_one_has_its_own_start(height, refusals):
    """What only the long one still holds does not count in the short one."""
    limited = Amounts(BTC, windows=(Window(10, 100), Window(1000, 10**6)))
    found = limited.check(proposed(60, history=(earlier(height, 41),)))
    assert rules_of(found) == ["amounts.windows"] * refusals


@pytest.mark.parametrize(
    ("address", "spelled", "refusals"),
    [(ADDRESS, ADDRESS, 1), (ADDRESS, ADDRESS.upper(), 1), (ADDRESS, OTHER, 0)],
)
def test_a_destination_has_a_window(address, spelled, refusals):
    """Whatever case it was written in; others have a window of their own."""
    limited = Amounts(BTC, per_destination=(Window(144, 100),))
    before = (earlier(900, 41, address=spelled),)
    found = limited.check(proposed(60, address=address, history=before))
    assert rules_of(found) == ["amounts.per_destination"] * refusals
    before = (earlier(900, 40, address=spelled),)
    assert limited.check(proposed(60, address=address, history=before)) == ()


def test_internal_moves_neither_count_nor_are_limited():
    """They have limits of their own."""
    limited = Amounts(1, 1, (Window(144, 100),), (Window(144, 100),))
    assert limited.check(proposed(60, purpose="internal")) == ()
    before = (earlier(900, 99, purpose="internal"),)
    assert Amounts(BTC, windows=(Window(144, 100),)).check(proposed(60, history=before)) == ()


@pytest.mark.parametrize("purpose", ["void", "consolidation"])
def test_what_pays_nobody_passes_a_full_window(purpose):
    """A policy that tightens must not keep anybody from cancelling."""
    limited = Amounts(BTC, windows=(Window(144, 100),))
    before = (earlier(900, 1000),)
    assert limited.check(proposed(purpose=purpose, history=before)) == ()
    assert rules_of(limited.check(proposed(1, history=before))) == ["amounts.windows"]


def test_change_is_not_a_payment():
    """What returns to the vault is not limited."""
    assert RULE.check(spend(change=outputs(100 * BTC))) == ()


def test_the_refusal_says_what_was_expected_and_found():
    """Amounts with grouped digits, and the address; a script without one in hex."""
    (refusal,) = RULE.check(spend(externals=outputs(BTC + 1)))
    assert refusal.what == f"too much for {ADDRESS}"
    assert refusal.expected == "at most 100 000 000 sat"
    assert refusal.found == "100 000 001 sat"
    (refusal,) = RULE.check(spend(externals=(Output("", b"\x6a", BTC + 1),)))
    assert refusal.what == "too much for script 6a"


def test_it_looks_back_as_far_as_its_longest_window():
    """Of either kind; without windows it needs no history."""
    assert RULE.window == 0
    assert Amounts(1, windows=(Window(3, 1), Window(9, 1))).window == 9
    assert Amounts(1, windows=(Window(3, 1),), per_destination=(Window(12, 1),)).window == 12


def test_it_is_read_as_it_is_written():
    """All settings, through a table and back."""
    text = """
    per_payment = 5
    per_withdrawal = 6
    windows = [{ blocks = 144, limit = 7 }, { blocks = 1008, limit = 0 }]
    per_destination = [{ blocks = 1, limit = 8 }]
    """
    found = rule("amounts", text)
    assert found == Amounts(5, 6, (Window(144, 7), Window(1008, 0)), (Window(1, 8),))
    assert Amounts(BTC).to_table() == {"per_payment": BTC}
    assert found.to_table()["windows"] == [
        {"blocks": 144, "limit": 7},
        {"blocks": 1008, "limit": 0},
    ]


@pytest.mark.parametrize(
    "text",
    [
        "per_payment = 0",
        "per_payment = 1\nper_withdrawal = 0",
        "per_payment = 1\nwindows = []",
        "per_payment = 1\nwindows = [{ blocks = 0, limit = 1 }]",
        "per_payment = 1\nwindows = [{ blocks = 500000000, limit = 1 }]",
        "per_payment = 1\nwindows = [{ blocks = 1, limit = -1 }]",
        "per_payment = 1\nwindows = [{ blocks = 1 }]",
        "per_payment = 1\nwindows = [{ blocks = 1, limit = 1, more = 1 }]",
        "per_payment = 1\nwindows = { blocks = 1, limit = 1 }",
        "per_payment = true",
    ],
)
def test_malformed_settings_are_refused(text):
    """No window without end, no limit that is none."""
    with pytest.raises(BadInput, match=r"rules\.amounts"):
        rule("amounts", text)


def test_explain():
    """One sentence a limit, for an officer."""
    found = Amounts(BTC, 2 * BTC, (Window(144, 3 * BTC),), (Window(1, 4 * BTC),)).explain()
    assert found[1:] == (
        "no destination receives more than 100 000 000 sat in one withdrawal",
        "no withdrawal pays out more than 200 000 000 sat",
        "payments come to at most 300 000 000 sat within any 144 blocks",
        "no destination receives more than 400 000 000 sat within any 1 block",
    )
