"""Every command that reads a file, given every kind of bad file.

Each time: the exit code, one clear line of what is wrong, a hint, no traceback, no output.
"""

import os

import pytest
from complaints import check_complaint
from programs import forked

GIGABYTE = 1 << 30

# Commands by what they read; {bad} is the bad file, {out} must not be there afterwards.
COMMANDS = {
    "key": "coldquorum vault create other --network regtest --threshold 1 --key {bad} -o {out}",
    "vault-import": "coldquorum vault import {bad}",
    "vault-show": "coldquorum vault show {bad} -o {out}",
    "officer": "coldquorum policy new --vault treasury --officer {bad}",
    "toml": "coldquorum policy check {bad}",
    "toml-propose": "coldquorum policy propose {bad} -o {out}",
    "policy-import": "coldquorum policy import {bad} -o {out}",
    "policy-show": "coldquorum policy show {bad} -o {out}",
    "withdrawal": "coldquorum request show {bad} -o {out}",
    "build": "coldquorum build {bad} -o {out} --regtest",
    "build-with": "coldquorum build w2.json {bad} -o {out} --regtest",
    "inspect": "coldquorum inspect {bad}",
    "combine": "coldquorum combine {bad} -o {out}",
    "combine-second": "coldquorum combine w1-alice.psbt {bad} -o {out}",
    "finalize": "coldquorum finalize {bad} -o {out}",
    "broadcast": "coldquorum broadcast {bad} --regtest",
    "broadcast-psbt": "coldquorum broadcast w1.hex --psbt {bad} --regtest",
    "enrol": "coldsign enrol {bad} --policy policy-1.json --officer-only --yes",
    "enrol-policy": "coldsign enrol vault.json --policy {bad} --officer-only --yes",
    "approve": "coldsign approve {bad} -o {out} --yes --passphrase-file passphrase",
    "policy-sign": "coldsign policy sign {bad} -o {out} --yes --passphrase-file passphrase",
    "coldsign-inspect": "coldsign inspect {bad}",
    "sign": "coldsign sign {bad} -o {out} --yes --passphrase-file passphrase",
    "words": "coldsign key restore other --words-file {bad} --passphrase-file passphrase",
    "passphrase": "coldsign key xpub alice --passphrase-file {bad}",
}

# A good file of each command's kind, of which truncation makes a bad one.
GOOD = {
    "key": "alice.key.json",
    "officer": "alice.officer.json",
    "toml": "policy.toml",
    "toml-propose": "policy.toml",
    "vault-import": "vault.json",
    "vault-show": "vault.json",
    "enrol": "vault.json",
    "policy-import": "policy-1.json",
    "policy-show": "policy-1.json",
    "policy-sign": "policy-1.json",
    "enrol-policy": "policy-1.json",
    "build-with": "policy-1.json",
    "combine": "w1.psbt",
    "combine-second": "w1-bob.psbt",
    "finalize": "w1-signed.psbt",
    "broadcast": "w1.hex",
    "broadcast-psbt": "w1.psbt",
    "coldsign-inspect": "w1.psbt",
    "sign": "w1.psbt",
}

# A document of another kind, for each command; where none is named, a vault's.
OTHER = {
    "vault-import": "w1.json",
    "vault-show": "policy-1.json",
    "enrol": "w1.json",
    "build": "w1.psbt",
    "build-with": "alice.key.json",
    "inspect": "alice.officer.json",
    "broadcast": "w1.psbt",
}


def missing(path, office, command):
    """Nothing is there."""


def empty(path, office, command):
    """No bytes."""
    path.write_bytes(b"")


def truncated(path, office, command):
    """The first two thirds of a good file, as a torn copy leaves."""
    good = office.at("coordinator") / GOOD.get(command, "w1.json")
    data = good.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])


def huge(path, office, command):
    """A gigabyte that takes no room on the disk."""
    with path.open("wb") as file:
        file.truncate(GIGABYTE)


def binary(path, office, command):
    """Bytes that mean nothing."""
    path.write_bytes(bytes(range(256)) * 8)


def another(path, office, command):
    """A good document of another kind."""
    path.write_bytes((office.at("coordinator") / OTHER.get(command, "vault.json")).read_bytes())


def folder(path, office, command):
    """A folder instead of a file."""
    path.mkdir()


def loop(path, office, command):
    """A symbolic link to itself."""
    path.symlink_to(path.name)


BAD = (missing, empty, truncated, huge, binary, another, folder, loop)


RECORD = ("journal.jsonl", "station.key", "evidence", "receipts")
"""Where `coldsign sign` records what it could not read: `tests/record` is about that."""


def beside_the_record(listing):
    """Leave out what a signer's own record holds."""
    return [(name, size) for name, size in listing if not {*name.split("/")} & {*RECORD}]


@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_bad_file_is_told_plainly(command, make, unharmed, tmp_path):
    """Exit code 4, one line, a hint, and nothing is left behind."""
    name = COMMANDS[command].split()[0]
    machine = "coordinator" if name == "coldquorum" else "alice"
    bad, out = tmp_path / "bad", tmp_path / "out"
    make(bad, unharmed, command)
    before = unharmed.listing()
    argv = [part.format(bad=bad, out=out) for part in COMMANDS[command].split()]
    ended = forked(argv, cwd=unharmed.at(machine), home=unharmed.home(machine), scratch=tmp_path)
    check_complaint(ended, code=4, mentions=str(bad))
    assert not out.exists()
    after = unharmed.listing()
    if command == "sign":
        before, after = beside_the_record(before), beside_the_record(after)
    assert after == before
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"stdout", "stderr"} | ({"bad"} if os.path.lexists(bad) else set())
