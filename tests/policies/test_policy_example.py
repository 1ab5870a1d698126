"""The documented example is a policy, does what its documentation says, and survives rewriting."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from policy_world import BTC, rules_of
from rule_world import earlier, proposed, votes

from policies.decide import decide
from policies.policy import Policy
from policies.rules import RULES
from policies.spend import LocalTime, Output, SpentCoin
from signer.build.policy_source import read_toml, write_toml

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "examples" / "exchange.toml").read_text()
POLICY = read_toml(TEXT)
BY_VALUE_TEXT = (DOCS / "examples" / "three-coins.toml").read_text()
BY_VALUE = read_toml(BY_VALUE_TEXT)
HEIGHT = 910_000
NOON = LocalTime(0, "12:00")

PLACES = {"hot": "bc1qhot", "cold-osaka": "bc1qosaka", "emergency": "bc1qemergency"}
SCRIPT = bytes.fromhex("0014" + "11" * 20)

TREASURY = {"treasury": ("suzuki", "tanaka")}
BOARD = {"board": ("ito", "sato", "suzuki", "tanaka"), "compliance": ("takahashi",)}


def judged(group, amount, signed, *, policy=POLICY, **changes):
    """Give the rules that refuse a withdrawal to a group of the example."""
    lists = next(rule for rule in policy.rules if rule.NAME == "destinations")
    wallets = {
        entry.name: frozenset({PLACES[name]})
        for name, one in lists.groups.items()
        for entry in one.entries
    }
    amounts = (amount,) if group else ()
    fields = {
        "coin": "BTC",
        "network": "main",
        "vault": policy.vault,
        "policy": policy.id,
        "height": HEIGHT,
        "expiry": HEIGHT + 144,
        "fee_ceiling": 20_000,
        "history": (earlier(HEIGHT - 5_000, sequence=1),),
        "clock": NOON,
        **changes,
    }
    there = proposed(
        *amounts, address=PLACES.get(group, ""), wallets=wallets, votes=votes(**signed), **fields
    )
    there = replace(there, coin="BTC", network="main", vault=policy.vault)
    outputs = tuple(Output(o.address, SCRIPT, o.amount) for o in there.externals)
    there = replace(there, externals=outputs, change=())
    object.__setattr__(there.withdrawal, "policy", policy.id)
    return rules_of(decide(policy, there).refusals)


def test_it_shows_every_rule():
    """A reader finds an example of each: those that count by value in the second."""
    shown = [rule.NAME for rule in POLICY.rules]
    assert [name for name in RULES if name not in ("prices", "group", "hot")] == shown
    assert {*shown, *(rule.NAME for rule in BY_VALUE.rules)} == set(RULES)


def test_it_survives_being_rewritten():
    """As TOML with comments, and as the document that admins sign."""
    for one in (POLICY, BY_VALUE):
        assert read_toml(write_toml(one)) == one
        assert Policy.parse(one.payload) == one


def test_the_daily_refill():
    """5 BTC a day by two of the treasury; 20 BTC a week."""
    assert judged("hot", 5 * BTC, TREASURY) == []
    assert judged("hot", 5 * BTC, {"treasury": ("suzuki",)}) == ["approvals.role"]
    assert judged("hot", 5 * BTC + 1, BOARD | TREASURY) == ["destinations.windows"]
    refill = {"address": PLACES["hot"]}
    first = earlier(HEIGHT - 2_000, sequence=1)
    today = (first, earlier(HEIGHT - 137, BTC, **refill))
    assert judged("hot", 4 * BTC, TREASURY, history=today) == []
    assert judged("hot", 4 * BTC + 1, TREASURY, history=today) == ["destinations.windows"]
    week = (first, *(earlier(HEIGHT - 138 * n, 4 * BTC, **refill) for n in range(5, 0, -1)))
    assert judged("hot", BTC, TREASURY, history=week) == ["destinations.windows"]


def test_the_large_cold_move():
    """1,000 BTC by the board with compliance; 2,000 BTC in thirty days."""
    board = {"board": ("ito", "sato", "suzuki"), "compliance": ("takahashi",)}
    assert judged("cold-osaka", 1_000 * BTC, board) == []
    assert judged("cold-osaka", 101 * BTC, TREASURY) == ["approvals.role"] * 2
    assert "amounts.per_payment" in judged("cold-osaka", 1_000 * BTC + 1, board)
    moved = (
        earlier(HEIGHT - 8_000, sequence=1),
        *(earlier(HEIGHT - 200 * n, 1_000 * BTC, address="bc1qosaka") for n in (2, 1)),
    )
    assert judged("cold-osaka", BTC, TREASURY, history=moved) == ["amounts.windows"]


def test_the_emergency_sweep():
    """Everything at once, but only to the emergency vault, by four of the board."""
    sweep = {
        "purpose": "internal",
        "fee": 40_000_000,
        "fee_ceiling": 50_000_000,
        "vsize": 100_000,
        "inputs": (SpentCoin("00", 0, BTC),) * 500,
    }
    everything = 50_000 * BTC
    assert judged("emergency", everything, BOARD, **sweep) == []
    assert judged("emergency", everything, TREASURY, **sweep) == ["internal.role"] * 2
    assert judged("hot", everything, BOARD, **sweep) == [
        "destinations.internal",
    ]
    assert "amounts.per_payment" in judged("emergency", everything, BOARD, fee=1)


def test_a_freeze_and_business_hours():
    """A freeze is one line; at night there is a warning only."""
    frozen = read_toml(TEXT.replace("frozen = false", "frozen = true"))
    assert judged("hot", BTC, TREASURY, policy=frozen) == ["timing.frozen"]
    assert judged("hot", BTC, TREASURY, clock=LocalTime(6, "03:00")) == []


def test_the_documentation_names_every_setting():
    """Each rule has its heading, and each setting is explained there."""
    text = (DOCS / "policy.md").read_text()
    for name in RULES:
        assert f"rules.{name}" in text
    settings = set(re.findall(r"\b([a-z]+(?:_[a-z]+)*) = ", TEXT + BY_VALUE_TEXT))
    people = {"ito", "kato", "sato", "suzuki", "takahashi", "tanaka", "watanabe"}
    for setting in settings - people:
        assert re.search(rf"\b{setting}\b", text), setting


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_documentation_shows_what_the_program_says(lang):
    """The explanation in the documentation is the program's own."""
    text = (DOCS / "policy.md").read_text()
    from policies.explain import Words

    words = Words(lang, "BTC")
    approvals = next(rule for rule in POLICY.rules if rule.NAME == "approvals")
    for sentence in approvals.explain(words)[1:]:
        assert sentence in text
