"""Two whole policies in both languages, word for word: what officers and auditors read.

`explained/everything.toml` has every rule with every setting, `explained/least.toml` no more than
a policy must have. After a change of a sentence, `python tests/policies/test_explain_whole.py`
writes the texts again; read the difference before it is committed.
"""

from dataclasses import fields
from pathlib import Path

import pytest

from policies.explain import LANGUAGES
from policies.rules import RULES
from policies.rules.setting import given
from signer.build.policy_source import read_toml
from signer.build.policy_words import explain

HERE = Path(__file__).parent / "explained"
NAMES = ("everything", "least")
POLICIES = {name: read_toml((HERE / f"{name}.toml").read_text()) for name in NAMES}


def text(name, lang):
    """Give a whole explanation, a line for each sentence."""
    sections = explain(POLICIES[name], lang)
    lines = (f"{heading}\n" + "".join(f"  {one}\n" for one in said) for heading, said in sections)
    return "\n".join(lines)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_the_explanation_is_word_for_word_what_was_agreed(name, lang):
    """No limit, no officer, no condition is lost, misnamed, or said of something else."""
    assert text(name, lang) == (HERE / f"{name}.{lang}.txt").read_text()


def test_the_first_policy_has_every_setting_of_every_rule():
    """So a new rule or setting has to be put in, and somebody reads what is told of it."""
    rules = {rule.NAME: rule for rule in POLICIES["everything"].rules}
    assert list(rules) == list(RULES)
    for rule in rules.values():
        for setting in fields(rule):
            assert given(getattr(rule, setting.name)), f"{rule.NAME}.{setting.name}"
            assert getattr(rule, setting.name) is not False, f"{rule.NAME}.{setting.name}"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_between_them_they_say_every_sentence(lang, monkeypatch):
    """No sentence is in the tables that nobody has seen in its place."""
    said = set()

    class Heard(dict):
        def __getitem__(self, key):
            said.add(key)
            return super().__getitem__(key)

    monkeypatch.setitem(LANGUAGES, lang, Heard(LANGUAGES[lang]))
    for name in NAMES:
        text(name, lang)
    assert said == set(LANGUAGES[lang])


if __name__ == "__main__":
    for name in NAMES:
        for lang in LANGUAGES:
            (HERE / f"{name}.{lang}.txt").write_text(text(name, lang))
