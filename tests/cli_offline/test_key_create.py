"""`coldsign key create` and `restore` at a real terminal, and without one."""

import json
import re
import stat
from itertools import pairwise

import pytest
from coldsign_terminal import PASSPHRASE, WORDS, Terminal, coldsign

from signer.keys import mnemonic, unlock

NEW = "passphrase for the new key alice: "
AGAIN = "the same passphrase again: "
ENTER = "press enter when you have written it down: "
BACK = "type the words back in one line: "
WORDS_BACK = "type the words in one line (or one share of them): "
ROLLS = "rolls of a die, in one line: "
CLEAR = "\x1b[2J\x1b[3J\x1b[H"


def shown_words(screen):
    """The numbered words on the screen, in order."""
    found = sorted((int(place), word) for place, word in re.findall(r"(\d+)\. ([a-z]+)", screen))
    assert [place for place, _ in found] == list(range(1, len(found) + 1))
    return [word for _, word in found]


def stored(home):
    """The files that a home holds."""
    return [path.name for path in home.rglob("*") if path.is_file()]


@pytest.mark.parametrize("count", [12, 24])
def test_a_key_is_made_at_a_terminal(tmp_path, secret, count):
    """Passphrase twice, words once, words back; the key is the one that the words stand for."""
    home = tmp_path / "home"
    with Terminal("key", "create", "alice", "--words", count, "--home", home, "--json") as person:
        person.answer(NEW, PASSPHRASE)
        person.answer(AGAIN, PASSPHRASE)
        words = shown_words(person.answer(ENTER, ""))
        assert len(words) == count
        before_back = person.answer(BACK, " ".join(words))
        assert CLEAR in before_back, "the words are gone before they are typed back"
        done = person.finish()
    assert done.code == 0, done.err
    assert PASSPHRASE not in done.err
    assert done.err.rindex(CLEAR) > done.err.rindex(words[-1]), "and after"
    told = json.loads(done.out)
    assert told["words"] == count
    root = unlock.root(home, "alice", bytearray(PASSPHRASE.encode()))
    typed = mnemonic.entropy(" ".join(words).encode())
    assert root.fingerprint == told["fingerprint"] == unlock.root_of(typed).fingerprint
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "keys/alice.seed").stat().st_mode) == 0o600
    assert stored(home) == ["alice.seed"]


def test_dice_are_mixed_in(tmp_path):
    """50 rolls for 12 words are asked for, and taken in groups."""
    with Terminal(
        "key", "create", "alice", "--words", "12", "--dice", "--home", tmp_path
    ) as person:
        person.answer(NEW, PASSPHRASE)
        person.answer(AGAIN, PASSPHRASE)
        assert "50 or more" in person.answer(ROLLS, "61432 52615 " * 4 + "22641 53416")
        words = shown_words(person.answer(ENTER, ""))
        person.answer(BACK, "  ".join(words).upper())
        assert person.finish().code == 0
    assert stored(tmp_path) == ["alice.seed"]


@pytest.mark.parametrize("rolls", ["1" * 50, "61432" * 9])
def test_bad_dice_end_it(tmp_path, rolls):
    """Loaded, too few, or no dice: nothing is stored, nothing shown."""
    with Terminal(
        "key", "create", "alice", "--words", "12", "--dice", "--home", tmp_path
    ) as person:
        person.answer(NEW, PASSPHRASE)
        person.answer(AGAIN, PASSPHRASE)
        person.answer(ROLLS, rolls)
        done = person.finish()
    assert done.code == 4
    assert shown_words(done.err) == []
    assert stored(tmp_path) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda words: words[:-1],
        lambda words: WORDS.split(),
        lambda words: [words[1], words[0], *words[2:]],
        lambda words: [*words[:-1], "zoo" if words[-1] != "zoo" else "zero"],
        lambda words: ["ü", *words],
    ],
)
def test_wrong_words_back_store_nothing(tmp_path, change):
    """Whatever is not exactly what was shown; the error quotes none of it."""
    with Terminal("key", "create", "alice", "--words", "12", "--home", tmp_path) as person:
        person.answer(NEW, PASSPHRASE)
        person.answer(AGAIN, PASSPHRASE)
        words = shown_words(person.answer(ENTER, ""))
        person.answer(BACK, " ".join(change(words)))
        done = person.finish()
    assert done.code == 4
    error = done.err[done.err.rindex("error:") :]
    assert "not what was shown: nothing was stored" in error
    assert not re.search(rf"\b({'|'.join(words)})\b", error.split("at fault")[0].split("error:")[0])
    assert stored(tmp_path) == []


def test_passphrases_must_agree_and_be_long(tmp_path):
    """A typo in the second, or eleven characters: nothing is made."""
    with Terminal("key", "create", "alice", "--home", tmp_path) as person:
        person.answer(NEW, PASSPHRASE)
        person.answer(AGAIN, PASSPHRASE + "x")
        done = person.finish()
        assert done.code == 4
        assert "the two passphrases differ" in done.err
    with Terminal("key", "create", "alice", "--home", tmp_path) as person:
        person.answer(NEW, "päßwörter12"[:11])
        done = person.finish()
        assert done.code == 4
        assert "too short" in done.err
        assert "päß" not in done.err
    assert stored(tmp_path) == []


PROMPTS = ["passphrase", "again", "dice", "enter", "back"]


def drive_to(person, prompt):
    """Answer rightly until a question is on the screen, unanswered."""
    for name, question in zip(PROMPTS, (NEW, AGAIN, ROLLS, ENTER, BACK), strict=True):
        person.expect(question)
        if name == prompt:
            return
        person.send({"dice": "61432 52615 " * 4 + "22641 53416", "enter": ""}.get(name, PASSPHRASE))


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["interrupt", "end of input"])
def test_leaving_at_each_question(tmp_path, prompt, key):
    """Control-C: 130. Control-D: nobody answered. No traceback, no key, the terminal echoes."""
    with Terminal(
        "key", "create", "alice", "--words", "12", "--dice", "--home", tmp_path
    ) as person:
        drive_to(person, prompt)
        assert person.echoes() == (prompt not in ("passphrase", "again"))
        person.send(key, end="")
        done = person.finish()
        assert person.echoes()
    assert done.code == (130 if key == "\x03" else 4)
    assert ("interrupted" if key == "\x03" else "nobody answered") in done.err
    assert "Traceback" not in done.err
    assert stored(tmp_path) == []


def test_what_was_typed_ahead_does_not_count(tmp_path):
    """An answer given before the question is on the screen is thrown away."""
    with Terminal("key", "create", "alice", "--words", "12", "--home", tmp_path) as person:
        person.expect(NEW)
        person.send(PASSPHRASE + "\n" + "typed ahead, too")
        person.answer(AGAIN, PASSPHRASE)
        person.expect(ENTER)
        person.send("", end="\x03")
        assert person.finish().code == 130


def test_without_a_terminal_words_need_a_file(tmp_path, secret):
    """Words never go to a log: stdin and stderr must be a terminal, or --words-out is given."""
    done = coldsign("key", "create", "alice", "--passphrase-file", secret, "--home", tmp_path)
    assert done.code == 4
    assert "needs a terminal" in done.err
    assert "--words-out" in done.err
    assert shown_words(done.err + done.out) == []


def test_words_in_a_file(tmp_path, secret):
    """--words-out: a new private file, nothing on the screen, and the key restores from it."""
    paper = tmp_path / "paper"
    made = coldsign(
        *("key", "create", "alice", "--words-out", paper, "--passphrase-file", secret),
        *("--home", tmp_path / "one", "--json"),
    )
    assert made.code == 0, made.err
    assert stat.S_IMODE(paper.stat().st_mode) == 0o600
    words = paper.read_text().split()
    assert len(words) == 24
    pairs = {f"{one} {two}" for one, two in pairwise(words)}
    assert not {pair for pair in pairs if pair in made.err + made.out}
    again = coldsign(
        *("key", "restore", "bob", "--words-file", paper, "--passphrase-file", secret),
        *("--home", tmp_path / "two", "--json"),
    )
    assert again.code == 0, again.err
    fingerprints = [json.loads(done.out)["fingerprint"] for done in (made, again)]
    assert fingerprints[0] == fingerprints[1]


def test_existing_files_are_never_touched(tmp_path, secret, alice):
    """An existing words file or key: refused before anything is asked or made."""
    paper = tmp_path / "paper"
    paper.write_text("mine")
    done = coldsign(
        *("key", "create", "bob", "--words-out", paper, "--passphrase-file", secret),
        *("--home", tmp_path / "home"),
    )
    assert (done.code, paper.read_text()) == (4, "mine")
    assert stored(tmp_path / "home") == []
    before = (alice / "keys/alice.seed").read_bytes()
    for command in (("create", "alice", "--words-out", tmp_path / "p"), ("restore", "alice")):
        done = coldsign("key", *command, "--passphrase-file", secret, "--home", alice)
        assert done.code == 4
        assert "file exists" in done.err
    assert (alice / "keys/alice.seed").read_bytes() == before
    assert not (tmp_path / "p").exists()


def test_a_failure_leaves_no_words_file(tmp_path, secret):
    """If the key cannot be stored, the words that nobody needs are removed again."""
    (tmp_path / "keys").write_text("a file where the folder should be")
    done = coldsign(
        *("key", "create", "bob", "--words-out", tmp_path / "paper"),
        *("--passphrase-file", secret, "--home", tmp_path),
    )
    assert done.code == 4
    assert "cannot be made" in done.err
    assert not (tmp_path / "paper").exists()


def test_restoring_at_a_terminal(tmp_path):
    """The words are typed, the screen is cleared, the key is theirs."""
    with Terminal("key", "restore", "alice", "--home", tmp_path, "--json") as person:
        person.answer(WORDS_BACK, WORDS)
        assert CLEAR in person.answer(NEW, PASSPHRASE)
        person.answer(AGAIN, PASSPHRASE)
        done = person.finish()
    assert done.code == 0, done.err
    assert json.loads(done.out)["fingerprint"] == "73c5da0a"


@pytest.mark.parametrize("key", ["\x03", "\x04"], ids=["interrupt", "end of input"])
def test_leaving_a_restore(tmp_path, key):
    """At the question for the words."""
    with Terminal("key", "restore", "alice", "--home", tmp_path) as person:
        person.expect(WORDS_BACK)
        person.send(key, end="")
        done = person.finish()
    assert done.code == (130 if key == "\x03" else 4)
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "empty"),
        (b"abandon " * 11 + b"abuot", "word 12"),
        (b"\xff\xfe" * 20, "not English"),
        (None, "no such file"),
    ],
)
def test_words_files_that_do_not_do(tmp_path, secret, text, says):
    """Each told for what it is, quoting nothing."""
    paper = tmp_path / "paper"
    if text is not None:
        paper.write_bytes(text)
    done = coldsign(
        *("key", "restore", "bob", "--words-file", paper, "--passphrase-file", secret),
        *("--home", tmp_path / "home"),
    )
    assert done.code == 4
    assert says in done.err
    assert "abandon" not in done.err
    assert "abuot" not in done.err
    assert stored(tmp_path / "home") == []
