"""Secrets are nowhere but in the sealed files, and, once, on the screen."""

import json
import re
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import typer
from coldsign_terminal import PASSPHRASE, ROOT, WORDS, Terminal, coldsign

from signer.cli.coldsign import app as coldsign_app
from signer.cli.typed import program
from signer.keys import mnemonic, unlock

# A coldsign whose deepest function fails with all that it knows in the exception's text.
FAILING = """
from signer.keys import unlock
def fail(entropy, *_):
    words, passphrase = {words!r}, {passphrase!r}
    raise {error}(words + entropy.hex() + passphrase)
unlock.root_of = fail
from signer.cli import coldsign
coldsign.main()
"""


def secrets_of(words, passphrase=PASSPHRASE):
    """Every form in which a key could leak."""
    entropy = mnemonic.entropy(words.encode())
    root = unlock.root_of(entropy)
    pairs = zip(words.split(), words.split()[1:], strict=False)
    return {
        passphrase,
        entropy.hex(),
        mnemonic.seed(entropy).hex(),
        root.secret.hex(),
        root.chain_code.hex(),
        *(f"{one} {two}" for one, two in pairs),
        repr(bytes(entropy))[2:-1],
        repr(root.secret)[2:-1],
    }


def check_clean(text, secrets, where):
    """Fail if any secret, or anything that looks like an extended private key, is in a text."""
    found = [secret for secret in secrets if secret in text]
    assert not found, f"{len(found)} secrets in {where}"
    assert not re.search(r"[xtyzuv]prv[1-9A-HJ-NP-Za-km-z]{20}", text), where


def check_files(folder, secrets, allowed):
    """Look into every file below a folder."""
    looked = 0
    for path in Path(folder).rglob("*"):
        if path.is_file() and path not in allowed:
            check_clean(path.read_bytes().decode("latin-1"), secrets, path)
            looked += 1
    return looked


def test_the_search_finds_what_it_looks_for():
    """Each secret, planted in a text, is found; so the other tests can fail."""
    secrets = secrets_of(WORDS)
    for secret in secrets:
        with pytest.raises(AssertionError):
            check_clean(f"error: {secret}!", secrets, "here")


def test_no_command_leaks(tmp_path, secret, words):
    """All commands, well and badly used, in JSON and for people, with debugging on."""
    home, work = tmp_path / "home", tmp_path / "work"
    work.mkdir()
    wrong = tmp_path / "wrong"
    wrong.write_text("not the passphrase")
    use = ("--home", home, "--passphrase-file", secret)
    runs = [
        ("key", "restore", "alice", "--words-file", words, *use, "--json"),
        ("key", "list", "--home", home),
        ("key", "xpub", "alice", *use, "-o", work / "k"),
        ("key", "xpub", "alice", *use, "--json", "--network", "regtest"),
        ("key", "xpub", "alice", "--home", home, "--passphrase-file", wrong),
        ("key", "restore", "bob", "--words-file", secret, *use),
        ("key", "verify-backup", "alice", "--from", words, *use, "--json"),
        ("key", "verify-backup", "alice", "--from", secret, *use),
        ("key", "restore", "bob", "--from", words, "--fingerprint", "00000000", *use),
        ("officer", "create", "alice", *use),
        ("officer", "show", "alice", *use, "--json"),
        ("key", "destroy", "alice", "--home", home, "--yes", "--fingerprint", "73c5da0a"),
    ]
    secrets = secrets_of(WORDS)
    for arguments in runs:
        done = coldsign(*arguments, TMPDIR=str(work), COLDQUORUM_DEBUG="1")
        assert done.code in (0, 4), done.err
        check_clean(done.out + done.err, secrets, arguments)
    assert check_files(home, secrets, ()) == 1
    assert check_files(work, secrets, ()) == 1


def test_the_words_are_shown_once(tmp_path):
    """Creating at a terminal: the words are on the screen between two clearings, nowhere else."""
    home, work = tmp_path / "home", tmp_path / "work"
    work.mkdir()
    with Terminal(
        *("key", "create", "alice", "--home", home, "--json"), TMPDIR=str(work)
    ) as person:
        person.answer("passphrase for the new key alice: ", PASSPHRASE)
        person.answer("the same passphrase again: ", PASSPHRASE)
        screen = person.answer("press enter when you have written it down: ", "")
        numbered = re.findall(r"(\d+)\. ([a-z]+)", screen)
        shown = [word for _, word in sorted(numbered, key=lambda pair: int(pair[0]))]
        person.expect("type the words back in one line: ")
        # Waiting at its last question it holds everything; its neighbours may look at /proc.
        for part in ("environ", "cmdline"):
            with suppress(PermissionError):  # closed to all but root, since nothing may be dumped
                text = Path(f"/proc/{person.process.pid}/{part}").read_bytes().decode("latin-1")
                check_clean(text, secrets_of(" ".join(shown)), part)
        person.send(" ".join(shown))
        done = person.finish()
    assert done.code == 0, done.err
    phrase = " ".join(shown)
    secrets = secrets_of(phrase)
    check_clean(done.out, secrets, "stdout")
    check_clean(done.err.replace(phrase, "", 1), secrets, "the screen beside the echo of the words")
    for word in set(shown):
        listed = re.findall(rf"\d+\. {word}\b", done.err)
        assert len(listed) == shown.count(word), "shown a second time"
    assert json.loads(done.out)["words"] == 24
    assert check_files(home, secrets, ()) == 1
    assert check_files(work, secrets, ()) == 0


@pytest.mark.parametrize(
    ("error", "debug"), [("ValueError", ""), ("ValueError", "1"), ("MemoryError", "1")]
)
def test_a_bug_tells_its_place_and_nothing_else(alice, secret, error, debug):
    """An exception full of secrets ends in one line with exit code 1; debugging adds no values."""
    code = FAILING.format(words=WORDS, passphrase=PASSPHRASE, error=error)
    done = coldsign(
        *("key", "xpub", "alice", "--home", alice, "--passphrase-file", secret, "--json"),
        program=(sys.executable, "-c", code),
        COLDQUORUM_DEBUG=debug,
    )
    assert done.code == 1
    check_clean(done.out + done.err, secrets_of(WORDS), "a bug's report")
    assert f"this is a bug in coldsign: {error} at" in done.err
    assert ("in xpub" in done.err) == bool(debug)
    assert json.loads(done.out)["error"]["kind"] == "Bug"


def commands(command):
    """Every command below a command, itself included."""
    yield command
    for inner in getattr(command, "commands", {}).values():
        yield from commands(inner)


def test_secrets_have_no_option_and_no_variable():
    """No command takes a secret as an argument or from a variable, whoever writes the command."""
    found = 0
    for command in commands(typer.main.get_command(program(coldsign_app))):
        for option in command.params:
            found += 1
            assert not option.envvar
            if re.search("pass|word|seed|mnemonic|secret|priv", option.name):
                plain = option.name in ("words", "words_out")
                assert plain or option.is_flag or option.name.endswith("_file"), option.name
    assert found > 30
    source = "".join(
        path.read_text()
        for folder in ("cli/offline", "keys", "sign")
        for path in (ROOT / "signer" / folder).rglob("*.py")
    )
    assert "class Kind" in source
    assert "environ" not in source
    assert "getenv" not in source
