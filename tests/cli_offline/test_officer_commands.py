"""`coldsign officer`: approval keys."""

import hashlib
import json
import shutil
import stat

import pytest
from coldsign_terminal import PASSPHRASE, Terminal, coldsign

from signer.keys import unlock


def test_create_show_list_agree(alice, secret):
    """One public key everywhere, and it is the stored secret's."""
    shown = json.loads(coldsign("officer", "show", "alice", "--home", alice, "--json").out)
    key = unlock.key_id(unlock.officer(alice, "alice", bytearray(PASSPHRASE.encode())))
    assert shown == {"kind": "officer", "version": 1, "name": "alice", "key": key}
    listed = json.loads(coldsign("officer", "list", "--home", alice, "--json").out)
    assert listed == {"keys": [{"name": "alice", "key": key}]}
    assert stat.S_IMODE((alice / "keys/alice.officer").stat().st_mode) == 0o600


def test_create_at_a_terminal(tmp_path):
    """Passphrase twice; the record can be written at once."""
    record = tmp_path / "carol.officer"
    with Terminal("officer", "create", "carol", "-o", record, "--home", tmp_path / "h") as person:
        person.answer("passphrase for the new officer carol: ", PASSPHRASE)
        person.answer("the same passphrase again: ", PASSPHRASE)
        done = person.finish()
    assert done.code == 0, done.err
    written = json.loads(record.read_text())
    assert list(written) == ["key", "kind", "name", "version"]
    assert written["key"] in done.out


def test_two_officers_have_two_keys(tmp_path, secret):
    """Keys are random; a taken name is refused."""
    for name in ("dora", "emil"):
        done = coldsign(
            "officer", "create", name, "--passphrase-file", secret, "--home", tmp_path, "--json"
        )
        assert done.code == 0, done.err
    keys = json.loads(coldsign("officer", "list", "--home", tmp_path, "--json").out)["keys"]
    assert len({key["key"] for key in keys}) == 2
    taken = coldsign("officer", "create", "dora", "--passphrase-file", secret, "--home", tmp_path)
    assert taken.code == 4
    assert "file exists" in taken.err


def test_show_says_what_it_does_not_prove(alice, secret):
    """Without a passphrase, the header's word; with one, the key's."""
    unproven = coldsign("officer", "show", "alice", "--home", alice)
    assert "as the file's header says" in unproven.err
    proven = coldsign("officer", "show", "alice", "--home", alice, "--passphrase-file", secret)
    assert "proven" in proven.err
    assert "header" not in proven.err
    assert proven.out == unproven.out


def test_a_swapped_header_is_shown_but_not_proven(alice, secret, tmp_path):
    """Somebody who can write the file can make `show` lie; `--prove` does not fall for it."""
    home = shutil.copytree(alice, tmp_path / "home")
    path = home / "keys/alice.officer"
    body = path.read_bytes()[:-32]
    key = unlock.key_id(unlock.officer(home, "alice", bytearray(PASSPHRASE.encode())))
    body = body.replace(key.encode(), b"ee" * 32)
    path.write_bytes(body + hashlib.sha256(body).digest())
    assert "ee" * 32 in coldsign("officer", "show", "alice", "--home", home).out
    proven = coldsign("officer", "show", "alice", "--home", home, "--passphrase-file", secret)
    assert proven.code == 4
    assert "altered on purpose" in proven.err
    assert "ee" * 32 not in proven.out


def test_proving_at_a_terminal(alice):
    """--prove asks for the passphrase."""
    with Terminal("officer", "show", "alice", "--prove", "--home", alice) as person:
        person.answer("passphrase for the officer alice: ", PASSPHRASE)
        done = person.finish()
    assert done.code == 0, done.err
    assert "proven" in done.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("show", "nobody"), "there is no officer of this name"),
        (("show", "alice", "-o", "/nowhere/f"), "no such file or directory"),
        (("create", "a/b"), "not a name"),
    ],
)
def test_bad_arguments(alice, arguments, says):
    """Bad input, exit code 4, one clear line."""
    done = coldsign("officer", *arguments, "--home", alice)
    assert done.code == 4
    assert says in done.err
    assert done.out == ""
