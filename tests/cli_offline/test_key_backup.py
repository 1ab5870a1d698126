"""Backups through the real program: made, proven, restored; by shares, strings, files, children."""

import json
import re
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import pytest
import shamir_mnemonic
from codex32 import Codex32String
from coldsign_terminal import PASSPHRASE, ROOT, WORDS, Terminal
from embit import bip32, bip39

from signer.cli.offline.recipe import TEXT as RECIPE
from signer.core.wordlist import WORDS as LIST

sys.path.insert(0, str(ROOT / "tests" / "stories"))

from programs import forked

ROLLS = "61432 52615 " * 4 + "22641 53416"
GUARD = "a phrase beside the words"
WRITTEN = "press enter when you have written it down: "
FIRST = "type the words in one line (or one share of them): "
NEXT = "type the next share in one line: "


def run(home, *arguments, code=0):
    """Run a command; give its answer, or its error."""
    with tempfile.TemporaryDirectory() as scratch:
        argv = ("coldsign", "key", *arguments, "--json")
        done = forked(argv, cwd=ROOT, home=home, scratch=Path(scratch))
    assert done.code == code, done.err
    return done.answer["error"] if code else done.answer


def sheets(folder):
    """List the sheets in a folder."""
    return sorted(folder.iterdir())


def brought(*files):
    """Name sheets on a command line."""
    return [part for file in files for part in ("--from", file)]


def account(seed):
    """Export BIP48's first account, with embit alone."""
    return bip32.HDKey.from_seed(seed).derive("m/48h/0h/0h/2h").to_public().to_base58()


def test_shares_of_a_key_made_for_them(tmp_path, secret):
    """Created as 2-of-3 and 1-of-1 groups, proven, restored: Trezor's library gives our xpub."""
    pass_ = ("--passphrase-file", secret)
    made = run(
        tmp_path / "one",
        *("create", "alice", "--as", "slip39", "--shares", "2of3", "--shares", "1of1"),
        *("--groups-needed", "2", "--out", tmp_path / "sheets", *pass_),
    )
    assert (made["backup"], made["form"]) == ("slip39 2 of 2 groups: 2 of 3, 1 of 1", "bip32")
    files = sheets(tmp_path / "sheets")
    assert [file.name for file in files] == [
        *("slip39-1-1.txt", "slip39-1-2.txt", "slip39-1-3.txt", "slip39-2-1.txt"),
    ]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    told = run(tmp_path / "one", "verify-backup", "alice", *brought(*files), *pass_)
    assert (told["verified"], told["sheets"]) == (True, 4)
    seed = shamir_mnemonic.combine_mnemonics([file.read_text() for file in files[1:]])
    restored = run(tmp_path / "two", "restore", "bob", *brought(*files[1:]), *pass_)
    assert restored["fingerprint"] == made["fingerprint"]
    assert run(tmp_path / "two", "xpub", "bob", *pass_)["xpub"] == account(seed)
    error = run(tmp_path / "two", "backup", "bob", "--as", "words", "--out", "w", *pass_, code=4)
    assert "no BIP39 words" in error["what"]


def test_every_other_backup_of_a_key_with_words(alice, tmp_path, secret):
    """Words, codex32 and a sealed file of `abandon ... about`: each restores 73c5da0a."""
    pass_ = ("--passphrase-file", secret)
    other = tmp_path / "other"
    other.write_text("another passphrase\n")
    other.chmod(0o600)
    words, strings, file = tmp_path / "words", tmp_path / "strings", tmp_path / "stick.bin"
    run(alice, "backup", "alice", "--as", "words", "--out", words, *pass_)
    assert words.read_text().strip() == WORDS
    run(alice, "backup", "alice", "--as", "codex32", "--shares", "2of3", "--out", strings, *pass_)
    texts = [path.read_text().strip() for path in sheets(strings)]
    pair = [Codex32String.from_string("ms", text.lower()) for text in texts[:2]]
    seed = Codex32String.interpolate_at(pair).data
    assert seed == bip39.mnemonic_to_seed(WORDS)
    assert account(seed) == run(alice, "xpub", "alice", *pass_)["xpub"]
    sealed = ("--backup-passphrase-file", other)
    run(alice, "backup", "alice", "--as", "file", "--out", file, *sealed, *pass_)
    for way in (brought(*sheets(strings)), [*brought(file), *sealed]):
        assert run(alice, "verify-backup", "alice", *way, *pass_)["verified"]
    told = run(tmp_path / "file", "restore", "a", *brought(file), *sealed, *pass_)
    assert (told["fingerprint"], told["form"]) == ("73c5da0a", "bip39")
    error = run(tmp_path / "two", "restore", "a", *brought(*sheets(strings)[1:]), *pass_, code=4)
    assert "--fingerprint" in error["hint"]
    named = (*brought(*sheets(strings)[1:]), "--fingerprint", "73C5DA0A")
    assert run(tmp_path / "two", "restore", "a", *named, *pass_)["form"] == "bip32"


def test_another_keys_backup_is_never_verified(alice, tmp_path, secret):
    """Whole seeds are compared: exit code 4, and no word of either is shown."""
    pass_ = ("--passphrase-file", secret)
    words = tmp_path / "words"
    run(tmp_path / "thief", "create", "alice", "--out", words, *pass_)
    error = run(alice, "verify-backup", "alice", *brought(words), *pass_, code=4)
    assert error["what"] == "this backup does not restore alice"
    pairs = {f"{one} {two}" for one, two in pairwise(words.read_text().split())}
    assert not {pair for pair in pairs if pair in json.dumps(error)}


def test_a_bip39_passphrase(tmp_path, secret):
    """Made with one, asked for at each use, refused if wrong, nowhere in the home."""
    guard, wrong = tmp_path / "guard", tmp_path / "wrong"
    guard.write_text(GUARD + "\n")
    wrong.write_text(GUARD.upper())
    for path in (guard, wrong):
        path.chmod(0o600)
    home, words = tmp_path / "home", tmp_path / "words"
    pass_ = ("--passphrase-file", secret)
    right, mistaken = ("--bip39-passphrase-file", guard), ("--bip39-passphrase-file", wrong)
    made = run(home, "create", "alice", "--out", words, *right, *pass_)
    assert made["form"] == "bip39+passphrase"
    seed = bip39.mnemonic_to_seed(words.read_text().strip(), GUARD)
    assert run(home, "xpub", "alice", *right, *pass_)["xpub"] == account(seed)
    error = run(home, "xpub", "alice", *mistaken, *pass_, code=4)
    assert "BIP39 passphrase is wrong" in error["what"]
    assert "--bip39-passphrase-file" in run(home, "xpub", "alice", *pass_, code=4)["hint"]
    assert run(home, "verify-backup", "alice", *brought(words), *right, *pass_)["verified"]
    again = (*brought(words), *pass_, "--fingerprint", made["fingerprint"])
    error = run(tmp_path / "two", "restore", "bob", *again, *mistaken, code=4)
    assert error["what"] == "this is another key: nothing was stored"
    assert "another key" in run(tmp_path / "two", "restore", "bob", *again, code=4)["what"]
    assert not list((tmp_path / "two").rglob("*.seed"))
    assert run(tmp_path / "two", "restore", "bob", *again, *right)["form"] == made["form"]
    for path in home.rglob("*"):
        assert path.is_dir() or GUARD.encode() not in path.read_bytes()


def test_a_drill(alice, tmp_path, secret):
    """A child's words restore to the fingerprint that was said; BIP85's path is in the record."""
    pass_ = ("--passphrase-file", secret)
    words = tmp_path / "child"
    told = run(alice, "drill", "alice", "--index", "7", "--words", "12", "--out", words, *pass_)
    assert told["path"] == "83696968h/39h/0h/12h/7h"
    child = run(tmp_path / "home", "restore", "drill", *brought(words), *pass_)
    assert child["fingerprint"] == told["fingerprint"] != "73c5da0a"
    assert (
        "no such child"
        in run(alice, "drill", "alice", "--index", "-1", "--out", "x", code=4)["what"]
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--camera",), "a camera's noise makes no key"),
        (("--no-system",), "nothing is thrown"),
        (("--show-mixing",), "nothing is thrown"),
        (("--as", "file"), "needs a backup on paper"),
        (("--as", "slip39"), "how many shares?"),
        (("--as", "slip39", "--shares", "2from3"), "not a sharing"),
        (("--as", "slip39", "--shares", "3of2"), "no such sharing"),
        (("--as", "slip39", "--shares", "1of3"), "no such sharing"),
        (("--as", "slip39", "--shares", "2of3", "--shares", "2of3"), "how many of the groups"),
        (("--as", "codex32", "--shares", "2of3", "--shares", "2of3"), "no groups"),
        (("--as", "words", "--shares", "2of3"), "words are not shared"),
        (("--as", "codex32", "--bip39-passphrase"), "only a key with words"),
        (("--as", "codex32", "--share-passphrase-file", "{secret}"), "only slip39"),
    ],
)
def test_keys_that_are_not_made(tmp_path, secret, arguments, says):
    """Each refusal has its reason, and leaves neither key nor sheet."""
    given = [part.format(secret=secret) for part in arguments]
    options = ("--out", tmp_path / "out", "--passphrase-file", secret)
    error = run(tmp_path / "home", "create", "alice", *given, *options, code=4)
    assert says in error["what"]
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.rglob("*.seed"))


def test_a_failure_leaves_no_sheets(tmp_path, secret):
    """If the key cannot be stored, its shares are removed again, and their folder."""
    (tmp_path / "keys").write_text("a file where the folder should be")
    run(
        tmp_path,
        *("create", "bob", "--as", "slip39", "--shares", "2of3", "--out", tmp_path / "sheets"),
        *("--passphrase-file", secret),
        code=4,
    )
    assert not (tmp_path / "sheets").exists()


def shown(screen):
    """Read the numbered words of a screen."""
    found = sorted((int(at), word) for at, word in re.findall(r"(\d+)\. ([a-z]+)", screen))
    return " ".join(word for _, word in found)


def test_the_ceremony_at_a_terminal(tmp_path):
    """The machine's part is shown before the dice; each share once, typed back; then all proven.

    The recipe, run as it is printed, gives the same secret as the shares.
    """
    options = ("--as", "slip39", "--shares", "2of3", "--words", "12", "--dice", "--show-mixing")
    with Terminal("key", "create", "alice", *options, "--home", tmp_path, "--json") as person:
        person.answer("passphrase for the new key alice: ", PASSPHRASE)
        person.answer("the same passphrase again: ", PASSPHRASE)
        drawn = person.answer(WRITTEN, "").rpartition("burn the paper after:")[2]
        machine = "".join(re.findall(r"\b[0-9a-f]{4}\b", drawn))
        assert "nobody can make up chance" in person.answer("in one line: ", ROLLS)
        shares = []
        for number in (1, 2, 3):
            screen = person.answer(WRITTEN, "")
            assert f"sheet {number} of 3: slip39, group 1, share {number} of 3" in screen
            shares.append(shown(screen.rpartition("slip39 2 of 3")[2]))
            person.answer("type the share back in one line: ", shares[-1])
        done = person.finish()
    assert done.code == 0, done.err
    made = json.loads(done.out)
    assert made["bits"] == 128
    secret = shamir_mnemonic.combine_mnemonics(shares[:2])
    assert by_hand(16, ROLLS, machine)["secret"] == secret.hex()
    wrong = shares[0].split()
    wrong[9] = "zero" if wrong[9] != "zero" else "academic"
    with Terminal("key", "verify-backup", "alice", "--home", tmp_path, "--json") as person:
        person.answer("passphrase for the key alice: ", PASSPHRASE)
        person.answer(FIRST, " ".join(wrong))
        assert "word 10: " in person.answer("press enter when you have looked: ", "")
        assert "probably word 10" in person.answer(NEXT, shares[0])
        person.answer(NEXT, shares[0])
        assert "one share twice" in person.answer(NEXT, shares[2])
        assert "press enter" in person.answer(NEXT, shares[1])
        person.answer(NEXT, "")
        done = person.finish()
    assert done.code == 0, done.err
    assert json.loads(done.out)["sheets"] == 3
    with Terminal("key", "restore", "bob", "--home", tmp_path, "--json") as person:
        person.answer(FIRST, shares[2])
        person.answer(NEXT, shares[0])
        person.answer("passphrase for the new key bob: ", PASSPHRASE)
        person.answer("the same passphrase again: ", PASSPHRASE)
        done = person.finish()
    assert json.loads(done.out)["fingerprint"] == made["fingerprint"]


def by_hand(size, rolls, machine=""):
    """Run the recipe's own commands in a shell, as an officer types them."""
    commands = [
        "\n".join(line[7:] for line in block.splitlines())
        for block in re.findall(r"(?:^ {7}.*\n)+", RECIPE, re.MULTILINE)
    ]
    example, dice, _, mixing = commands

    def shell(command, typed=""):
        done = subprocess.run(
            ["bash", "-c", command], input=typed, capture_output=True, text=True, check=True
        )
        return done.stdout

    published = "8d969eef6ecad3c29a3a629280e686cf0c3f5d5a86aff3ca12020c923adc6c92"
    assert shell(example).split()[0] == published
    digest = shell(dice, f"{rolls}\n").split()[0]
    lines = [str(size), digest, *([machine] if machine else []), "", ""]
    printed = shell(mixing, "\n".join(lines))
    return {
        "secret": re.search(r"secret: ([0-9a-f]+)", printed)[1],
        "words": [int(number) for number in re.search(r"words: +([0-9 ]+)", printed)[1].split()],
    }


def test_dice_alone_give_what_the_recipe_says(tmp_path, secret):
    """Without the machine, words are a function of the rolls; the recipe gives their places."""
    with Terminal(
        *("key", "create", "alice", "--words", "12", "--dice", "--no-system", "--home", tmp_path),
        *("--out", tmp_path / "words", "--passphrase-file", secret, "--json"),
    ) as person:
        assert "the machine adds nothing" in person.answer("in one line: ", ROLLS)
        assert person.finish().code == 0
    words = (tmp_path / "words").read_text().split()
    assert [LIST.index(word) + 1 for word in words] == by_hand(16, ROLLS)["words"]


@pytest.mark.parametrize(("answer", "code"), [("yes", 0), ("no", 4)])
def test_throws_that_look_made_up_are_asked_about(tmp_path, secret, answer, code):
    """Nothing ever twice in a row: doubted aloud, taken on the officer's word, or not at all."""
    rolls = "123456143625" * 4 + "41"
    with Terminal(
        *("key", "create", "alice", "--words", "12", "--dice", "--home", tmp_path / "home"),
        *("--out", tmp_path / "words", "--passphrase-file", secret),
    ) as person:
        person.answer("in one line: ", rolls[:25] + "2" + rolls[26:])
        assert "as if somebody had avoided it" in person.answer("[type yes]: ", answer)
        assert person.finish().code == code
    assert (tmp_path / "words").exists() == (code == 0)
