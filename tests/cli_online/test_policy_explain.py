"""`coldquorum policy explain` and `diff`: whatever names a policy, in words."""

import re
from pathlib import Path

import pytest

from signer.build.policy_source import write_toml
from signer.cli import show

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "exchange.toml"


def test_toml_that_nobody_signed_is_explained(counter):
    """The example, in sections under headings, with a dash for each sentence."""
    text = counter.run("policy", "explain", EXAMPLE)
    assert text.startswith("the policy\n  - it governs the vault\n    b0ee")
    assert "\namounts\n" in text
    assert "\n  - no withdrawal pays out more than 1 000 BTC\n" in text


def test_japanese(counter):
    """The same in Japanese; a folded line begins with no stop or closing bracket."""
    text = counter.run("policy", "explain", EXAMPLE, "--lang", "ja")
    assert text.startswith("ポリシーの概要\n")
    assert "\n  - 1回の出金の合計額は、1,000 BTC以下とする。\n" in text
    for line in text.splitlines():
        assert not re.match("^    [。、」ーッャュョァィゥェォっゃゅょ\uff09\uff1a]", line), line
        assert not re.search("[\uff08「]$", line), line


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_it_fits_a_console(counter, lang):
    """No line is wider than 80 cells, Japanese characters taking two; not even a descriptor."""
    text = counter.run("policy", "explain", EXAMPLE, "--lang", lang)
    assert max(show.width(line) for line in text.splitlines()) <= 80
    said = counter.json("policy", "explain", EXAMPLE, "--lang", lang)
    whole = "".join(one for s in said["sections"] for one in (s["heading"], *s["sentences"]))
    assert re.sub(r"\s|-", "", text) == re.sub(r"\s|-", "", whole)


@pytest.mark.parametrize("how", ["vault", "id", "file"])
def test_a_policy_is_named_as_people_like(counter, how):
    """By its vault, its id, or the document's file."""
    path = counter.file("policy.json", counter.world.policy_envelope.to_bytes())
    names = {"vault": ("--vault", "treasury"), "id": (counter.world.policy.id,), "file": (path,)}
    said = counter.json("policy", "explain", *names[how])
    assert said["policy"] == counter.world.policy.id
    assert said["lang"] == "en"
    assert [one["heading"] for one in said["sections"]][2:] == [
        "amounts",
        "fees",
        "approvals",
        "shape",
        "timing",
    ]


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        ((), 2),
        (("0" * 64,), 4),
        (("nonsense",), 4),
        ((EXAMPLE, "--lang", "de"), 2),
        (("--vault", "nowhere"), 4),
    ],
)
def test_what_is_no_policy_is_refused(counter, argv, code):
    """With the exit code of a usage error, or of bad input."""
    counter.run("policy", "explain", *argv, code=code)


def test_bad_toml_names_its_file(counter):
    """The error says where."""
    path = counter.file("bad.toml", "epoch = ")
    error = counter.json("policy", "explain", path, code=4)["error"]
    assert "bad.toml" in error["what"]


def test_a_comparison_marks_each_change(counter, stricter):
    """Looser first, since that is what makes it wait; both sides in one line."""
    new = counter.file("new.toml", write_toml(stricter))
    text = counter.run("policy", "diff", counter.world.policy.id, new)
    assert text.splitlines() == [
        "  epoch 1                             | epoch 2",
        "looser   rules.timing.max_lifetime_blocks",
        "  144 blocks                          | 200 blocks",
        "tighter  loosening_delay",
        "  0 blocks                            | 10 blocks",
        "tighter  rules.amounts.per_payment",
        "  5 000 000 sat                       | 100 000 sat",
        "1 looser: it waits 0 blocks from when it is proposed",
    ]
    said = counter.json("policy", "diff", counter.world.policy.id, new)
    assert said["loosens"] is True
    assert said["old"] == {"policy": counter.world.policy.id, "epoch": 1}
    assert [one["direction"] for one in said["changes"]] == ["tighter", "tighter", "looser"]


def test_the_other_way_round_the_marks_turn(counter, stricter):
    """What tightens one way loosens the other, and the delay is the older policy's."""
    new = counter.file("new.toml", write_toml(stricter))
    said = counter.json("policy", "diff", new, counter.world.policy.id)
    assert [one["direction"] for one in said["changes"]] == ["looser", "looser", "tighter"]
    assert said["delay"] == 10


def test_nothing_differs(counter):
    """A policy and itself; and one that only tightens."""
    text = counter.run("policy", "diff", EXAMPLE, EXAMPLE)
    assert text.splitlines()[-1] == "nothing differs"
    frozen = counter.file("f.toml", EXAMPLE.read_text().replace("frozen = false", "frozen = true"))
    text = counter.run("policy", "diff", EXAMPLE, frozen)
    assert text.splitlines()[1:] == [
        "tighter  rules.timing.frozen",
        "  -                                   | yes",
        "nothing is looser: it acts at once",
    ]


def test_policies_of_two_vaults_are_not_compared(counter):
    """They have nothing to do with each other."""
    error = counter.json("policy", "diff", EXAMPLE, counter.world.policy.id, code=4)["error"]
    assert error["what"] == "these are policies of two vaults"
