# ruff: noqa: RUF001 -- Japanese has its own parentheses and colons
"""The policy in sentences: two languages with the same keys, and every setting is told."""

import re
import string
from dataclasses import fields, replace
from pathlib import Path

import pytest
from policy_world import BTC, policy

from policies.explain import LANGUAGES, PLAIN, Words
from policies.quorum import Role
from policies.rules import RULES
from signer.build.policy_source import read_toml
from signer.build.policy_words import explain

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "exchange.toml"
EXCHANGE = read_toml(EXAMPLE.read_text())


def places(sentence):
    """Give the names in braces."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_the_languages_have_the_same_keys_and_places():
    """Neither leaves a fact out that the other tells."""
    english, japanese = LANGUAGES["en"], LANGUAGES["ja"]
    assert list(english) == list(japanese)
    for key in english:
        assert places(english[key]) == places(japanese[key]), key


def test_every_japanese_sentence_is_japanese():
    """No key was left in English: each has kana or kanji, but for a few signs."""
    signs = {"thousands", "comma", "destinations.mode"}
    for key, sentence in LANGUAGES["ja"].items():
        assert key in signs or re.search(r"[ぁ-んァ-ヶ一-龥]", sentence), key
        assert not re.search(r"[()!?]|, |: ", sentence), key


def test_rules_end_as_sentences_do():
    """Japanese rules are whole sentences; headings, words and labels are not."""
    for rule in EXCHANGE.rules:
        for sentence in rule.explain(Words("ja", "BTC")):
            assert sentence.endswith("。") or re.search("[：）]", sentence), sentence


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_setting_of_every_rule_has_its_sentence(lang):
    """A rule without a sentence would be one that officers never see."""
    for name, rule in RULES.items():
        assert LANGUAGES[lang][name]
        assert LANGUAGES[lang][f"heading.{name}"]
        for setting in fields(rule):
            if setting.name != "groups":
                assert LANGUAGES[lang][f"{name}.{setting.name}"]


@pytest.mark.parametrize(
    ("coin", "amount", "said"),
    [
        ("", 0, "0 sat"),
        ("", 123_456_789, "123 456 789 sat"),
        ("BTC", 0, "0 BTC"),
        ("BTC", 1, "0.00000001 BTC"),
        ("BTC", BTC, "1 BTC"),
        ("BTC", 150_000_000, "1.5 BTC"),
        ("BTC", 1_000 * BTC, "1 000 BTC"),
        ("BTC", 21_000_000 * BTC + 10, "21 000 000.0000001 BTC"),
    ],
)
def test_amounts_are_exact(coin, amount, said):
    """All digits that matter, and none that do not."""
    assert Words("en", coin).money(amount) == said


@pytest.mark.parametrize(
    ("count", "english", "japanese"),
    [
        (0, "0 blocks", "0ブロック"),
        (1, "1 block (about 10 minutes)", "1ブロック（約10分）"),
        (11, "11 blocks (about 110 minutes)", "11ブロック（約110分）"),
        (12, "12 blocks (about 2 hours)", "12ブロック（約2時間）"),
        (287, "287 blocks (about 48 hours)", "287ブロック（約48時間）"),
        (288, "288 blocks (about 2 days)", "288ブロック（約2日）"),
        (4_320, "4 320 blocks (about 30 days)", "4,320ブロック（約30日）"),
    ],
)
def test_blocks_are_told_with_their_time(count, english, japanese):
    """Blocks are what counts; the time is for people. Without a known coin there is none."""
    assert Words("en", "BTC").blocks(count) == english
    assert Words("ja", "BTC").blocks(count) == japanese
    assert PLAIN.blocks(288) == "288 blocks"
    assert Words("en", "BCH").blocks(count) == english
    assert Words("en", "XYZ").blocks(288) == "288 blocks"


def test_a_whole_policy_is_explained():
    """First what it governs, then people, then every rule in order, under headings."""
    said = explain(policy())
    assert [heading for heading, _ in said] == [
        "the policy",
        "officers",
        "amounts",
        "fees",
        "approvals",
        "shape",
        "timing",
    ]
    about, people = said[0][1], said[1][1]
    assert about[0] == f"it governs the vault {policy().vault} (BTC, regtest)"
    assert about[1] == "it is epoch 1; the policy before it: none, this is the first"
    assert people[0] == "admins: alice, bob, carol; no fewer than 2 of them act"
    assert said[2][1] == policy().rules[0].explain(Words("en", "BTC"))
    later = replace(policy(), epoch=2, previous=policy().id, revoked=("carol",))
    about, people = explain(later)[0][1], explain(later)[1][1]
    assert about[1] == f"it is epoch 2; the policy before it: {policy().id}"
    assert "revoked, never counted: carol" in people


def test_the_japanese_of_an_exchange():
    """What an officer and an auditor read, whole sentences in the form of internal rules."""
    said = dict(explain(EXCHANGE, "ja"))
    assert said["金額"][1:3] == (
        "1回の出金で一つの送金先に送る額は、1,000 BTC以下とする。",
        "1回の出金の合計額は、1,000 BTC以下とする。",
    )
    assert said["承認"][1:] == (
        "5 BTC以下の出金：treasuryのうち2名の承認を要する。",
        "5 BTCを超え100 BTC以下の出金：treasuryのうち2名、かつcomplianceのうち1名の承認を要する。",
        "100 BTCを超える出金：boardのうち3名、かつcomplianceのうち1名の承認を要する。",
        "watanabeが承認できる出金は、5 BTC以下のものに限る。",
    )
    assert said["営業時間"][1] == "署名を行う曜日：月曜日、火曜日、水曜日、木曜日、金曜日"
    assert "権限が失効した担当者（kato）の署名は、一切数えない。" in said["担当者と役割"]


def test_long_spans_are_told_in_whole_days():
    """A day has 1,440 minutes: over a thousand of them, one more or less would show."""
    assert Words(coin="BTC").blocks(144_000) == "144 000 blocks (about 1 000 days)"


def test_only_a_policy_that_revokes_names_the_revoked():
    """No sentence about nobody; and with one, the officer's name."""
    (_, roles), *_ = explain(policy())[1:]
    assert len(roles) == len(policy().roles) + 1
    two = {name: Role(name, ("alice", "bob"), 2) for name in policy().roles}
    (_, told), *_ = explain(policy(revoked=("carol",), roles=two))[1:]
    assert len(told) == len(roles) + 1
    assert "carol" in told[-2]
