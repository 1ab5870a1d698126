"""`coldsign key list`, `xpub` and `destroy`."""

import json
import shutil

import pytest
from coldsign_terminal import PASSPHRASE, WORDS, Terminal, coldsign
from embit import bip32, bip39
from embit.networks import NETWORKS


def test_the_list(alice):
    """Names and fingerprints, without any passphrase."""
    done = coldsign("key", "list", "--home", alice, "--json")
    assert json.loads(done.out) == {"keys": [{"name": "alice", "fingerprint": "73c5da0a"}]}
    assert coldsign("key", "list", "--home", alice).out == "alice  73c5da0a\n"


def test_an_empty_list(tmp_path):
    """A new home has no keys, and says so."""
    assert coldsign("key", "list", "--home", tmp_path).out == "none yet\n"


@pytest.mark.parametrize("place", ["before", "between", "after", "environment"])
def test_home_and_json_wherever_people_put_them(alice, place):
    """Before the command, between group and command, after it; the home from the environment."""
    options = ("--home", alice, "--json")
    done = {
        "before": lambda: coldsign(*options, "key", "list"),
        "between": lambda: coldsign("key", *options, "list"),
        "after": lambda: coldsign("key", "list", *options),
        "environment": lambda: coldsign("key", "list", "--json", COLDSIGN_HOME=str(alice)),
    }[place]()
    assert json.loads(done.out)["keys"][0]["name"] == "alice"


def test_an_option_goes_before_the_environment(alice, tmp_path):
    """--home in any place beats COLDSIGN_HOME, and the nearest to the command wins."""
    for arguments in (
        ("--home", alice, "key", "list"),
        ("key", "list", "--home", alice),
        ("--home", tmp_path, "key", "list", "--home", alice),
    ):
        assert "73c5da0a" in coldsign(*arguments, COLDSIGN_HOME=str(tmp_path)).out


def expected_key(network, path):
    """The same account by an independent library."""
    root = bip32.HDKey.from_seed(bip39.mnemonic_to_seed(WORDS), version=NETWORKS[network]["xprv"])
    return root.derive(f"m/{path}").to_public().to_base58(NETWORKS[network]["xpub"])


@pytest.mark.parametrize(
    ("network", "script", "account", "path"),
    [
        ("main", "p2wsh", 0, "48h/0h/0h/2h"),
        ("main", "p2sh-p2wsh", 0, "48h/0h/0h/1h"),
        ("regtest", "p2wsh", 7, "48h/1h/7h/2h"),
        ("test", "p2sh-p2wsh", 2**31 - 1, "48h/1h/2147483647h/1h"),
        ("signet", "p2wsh", 0, "48h/1h/0h/2h"),
    ],
)
def test_xpub_is_bip48(alice, secret, tmp_path, *, network, script, account, path):
    """The record, as JSON on stdout and in the file; the key as embit derives it."""
    output = tmp_path / "alice.key"
    done = coldsign(
        *("key", "xpub", "alice", "--network", network, "--script", script, "--account", account),
        *("-o", output, "--passphrase-file", secret, "--home", alice, "--json"),
    )
    assert done.code == 0, done.err
    record = json.loads(done.out)
    xpub = expected_key(network, path)
    assert record == {
        "kind": "key",
        "version": 1,
        "name": "alice",
        "coin": "BTC",
        "network": network,
        "script_type": script,
        "fingerprint": "73c5da0a",
        "path": path,
        "xpub": xpub,
        "key": f"[73c5da0a/{path}]{xpub}",
        "signer": "enforcing",
    }
    assert json.loads(output.read_text()) == record


def test_xpub_for_people(alice, secret):
    """The descriptor form stands on a line of its own; the network is main unless told."""
    done = coldsign("key", "xpub", "alice", "--passphrase-file", secret, "--home", alice)
    assert "\nkey          [73c5da0a/48h/0h/0h/2h]xpub6DkFAXWQ2dHxq2vatrt9qyA3bX" in done.out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("xpub", "nobody"), 4, "there is no key of this name"),
        (("xpub", "alice", "--network", "mainnet"), 4, "unknown network"),
        (("xpub", "alice", "--coin", "doge"), 4, "unknown coin"),
        (("xpub", "alice", "--script", "p2tr"), 4, "no such script"),
        (("xpub", "alice", "--account", "2147483648"), 4, "no such account"),
        (("xpub", "alice", "--account", "x"), 2, "--account"),
        (("xpub", "alice", "-o", "/nowhere/file"), 4, "no such file or directory"),
        (("create", "alice2", "--words", "13"), 4, "12 or 24"),
        (("create", "Älice"), 4, "not a name"),
        (("create",), 2, "NAME"),
        (("paint", "alice"), 2, "No such command"),
    ],
)
def test_bad_arguments(alice, secret, arguments, code, says):
    """The right exit code, who and what in a line, no traceback; in JSON, too."""
    extra = ("--passphrase-file", secret) if arguments[1:] and arguments[0] != "paint" else ()
    done = coldsign("key", *arguments, *extra, "--home", alice, "--json")
    assert done.code == code, done.err
    assert says in done.err
    assert "Traceback" not in done.err
    error = json.loads(done.out)["error"]
    assert (error["exit_code"], error["fault"]) == (code, "officer")


def test_an_existing_record_is_not_overwritten(alice, secret, tmp_path):
    """Refused before the passphrase is even read."""
    output = tmp_path / "alice.key"
    output.write_text("mine")
    done = coldsign(
        *("key", "xpub", "alice", "-o", output, "--passphrase-file", "/nowhere", "--home", alice)
    )
    assert (done.code, output.read_text()) == (4, "mine")
    assert "file exists" in done.err


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"wrong passphrase\n", "the passphrase is wrong"),
        (PASSPHRASE.encode() + b"\n\n", "the passphrase is wrong"),
        (b"\n", "the passphrase is empty"),
        (b"x" * 5000, "too large"),
    ],
)
def test_passphrase_files_that_do_not_do(alice, tmp_path, content, says):
    """Wrong, empty, huge, binary: one clear line, and not a byte of it."""
    path = tmp_path / "passphrase"
    path.write_bytes(content)
    path.chmod(0o600)
    done = coldsign("key", "xpub", "alice", "--passphrase-file", path, "--home", alice)
    assert done.code == 4
    assert says in done.err
    assert "wrong passphrase" not in done.err
    assert done.out == ""


@pytest.mark.parametrize("ending", [b"", b"\r\n"])
def test_a_last_line_ending_does_not_count(alice, tmp_path, ending):
    """Editors add it; and a file that others may read is warned about."""
    path = tmp_path / "passphrase"
    path.write_bytes(PASSPHRASE.encode() + ending)
    path.chmod(0o644)
    done = coldsign("key", "xpub", "alice", "--passphrase-file", path, "--home", alice)
    assert done.code == 0, done.err
    assert "others on this machine may read" in done.err


def test_the_passphrase_at_a_terminal(alice):
    """Unechoed, asked once, and stdout stays clean for a pipe."""
    with Terminal("key", "xpub", "alice", "--home", alice, "--json") as person:
        person.answer("passphrase for the key alice: ", PASSPHRASE)
        done = person.finish()
    assert done.code == 0, done.err
    assert json.loads(done.out)["fingerprint"] == "73c5da0a"
    assert PASSPHRASE not in done.err


def test_no_terminal_no_passphrase(alice):
    """A pipe is not asked: passphrases come from a terminal or from a file."""
    done = coldsign("key", "xpub", "alice", "--home", alice, stdin=PASSPHRASE.encode() + b"\n")
    assert done.code == 4
    assert "use --passphrase-file FILE" in done.err


def test_damage_is_told_from_a_wrong_passphrase(alice, secret, tmp_path):
    """A flipped byte says damage, whatever the passphrase."""
    shutil.copytree(alice, tmp_path / "home")
    path = tmp_path / "home/keys/alice.seed"
    data = bytearray(path.read_bytes())
    data[-40] ^= 1
    path.write_bytes(data)
    done = coldsign(
        "key", "xpub", "alice", "--passphrase-file", secret, "--home", tmp_path / "home"
    )
    assert done.code == 4
    assert "the key file is damaged" in done.err
    listed = coldsign("key", "list", "--json", "--home", tmp_path / "home")
    assert listed.code == 0
    assert json.loads(listed.out)["keys"] == [
        {"file": "alice.seed", "error": "the key file is damaged"}
    ]


@pytest.fixture
def doomed(alice, tmp_path):
    """A copy of a home, to destroy in."""
    return shutil.copytree(alice, tmp_path / "home")


def test_destroying_at_a_terminal(doomed):
    """The fingerprint is typed, the file goes, and what cannot be promised is said."""
    with Terminal("key", "destroy", "alice", "--home", doomed) as person:
        assert "only a backup brings it back" in person.answer("to destroy it: ", "73C5DA0A")
        done = person.finish()
    assert done.code == 0, done.err
    assert "may" in done.err
    assert "keep copies" in done.err
    assert not (doomed / "keys/alice.seed").exists()
    assert (doomed / "keys/alice.officer").exists()


@pytest.mark.parametrize("answer", ["yes", "73c5da0b", "\x03", "\x04"])
def test_anything_but_the_fingerprint_destroys_nothing(doomed, answer):
    """A yes is not enough; leaving is safe."""
    with Terminal("key", "destroy", "alice", "--home", doomed) as person:
        person.expect("to destroy it: ")
        person.send(answer, end="" if answer in ("\x03", "\x04") else "\n")
        done = person.finish()
    assert done.code == (130 if answer == "\x03" else 4)
    assert (doomed / "keys/alice.seed").exists()


def test_destroying_by_script(doomed):
    """--yes only with the exact fingerprint, and the fingerprint only with --yes."""
    for arguments in (("--yes",), ("--fingerprint", "73c5da0a"), ("--yes", "--fingerprint", "0")):
        assert coldsign("key", "destroy", "alice", *arguments, "--home", doomed).code == 4
        assert (doomed / "keys/alice.seed").exists()
    done = coldsign(
        "key", "destroy", "alice", "--yes", "--fingerprint", "73c5da0a", "--home", doomed, "--json"
    )
    assert json.loads(done.out) == {"destroyed": "alice", "fingerprint": "73c5da0a"}
    assert not (doomed / "keys/alice.seed").exists()
