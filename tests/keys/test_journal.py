"""The journal: a chain that shows every change, and lines that are on the disk when it says so."""

import fcntl
import json
import os
import re
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from policies.strict_json import dump
from signer.core import journal
from signer.core.errors import BadInput, Fault
from signer.core.hashes import sha256
from signer.core.journal import EMPTY, NAME, Journal, verify

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(tmp_path):
    """A home with three entries."""
    book = Journal.open(tmp_path)
    book.append("enrolled", vault="aa" * 32)
    book.append("signed", sequence=1, officers=["alice", "böb"], note=None)
    book.append("refused", reason="the destination is not approved")
    return tmp_path


def test_a_new_home_has_no_entries(tmp_path):
    """No file, or one that was made and never written, is a journal without entries."""
    assert Journal.open(tmp_path).entries() == ()
    assert Journal.open(tmp_path).head == EMPTY
    (tmp_path / NAME).touch()
    assert Journal.open(tmp_path).entries() == ()


def test_entries_come_back(home):
    """What was appended is read, in order, by this object and by the next."""
    book = Journal.open(home)
    assert [entry.event for entry in book.entries()] == ["enrolled", "signed", "refused"]
    assert [entry.seq for entry in book.entries()] == [1, 2, 3]
    assert dict(book.entries()[1].fields) == {
        "sequence": 1,
        "officers": ["alice", "böb"],
        "note": None,
    }
    assert book.head == book.entries()[-1].hash
    assert verify(home / NAME) == book.entries()


def test_the_format_is_as_documented(home):
    """JSON lines; `hash` is of the line without it, `prev` is the line before's."""
    prev = EMPTY
    for seq, line in enumerate((home / NAME).read_bytes().splitlines(), 1):
        table = json.loads(line)
        claimed = table.pop("hash")
        canonical = json.dumps(
            table, sort_keys=True, separators=(",", ":"), ensure_ascii=False
        ).encode()
        assert sha256(canonical).hex() == claimed
        assert (table["seq"], table["prev"]) == (seq, prev)
        prev = claimed


def test_the_file_is_private(home):
    """Mode 0600."""
    assert stat.S_IMODE((home / NAME).stat().st_mode) == 0o600


def test_a_flip_anywhere_is_found(home):
    """Every byte, the last line's included, is under a hash."""
    path = home / NAME
    data = path.read_bytes()
    for at in range(len(data)):
        for bit in (0, 3, 5):
            path.write_bytes(data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :])
            with pytest.raises(BadInput):
                Journal.open(home)
    path.write_bytes(data)
    assert len(Journal.open(home).entries()) == 3


@pytest.mark.parametrize("line", [0, 1])
def test_a_deleted_line_is_found(home, line):
    """Any line but the last is missed by the one after it."""
    path = home / NAME
    lines = path.read_bytes().splitlines(keepends=True)
    del lines[line]
    path.write_bytes(b"".join(lines))
    with pytest.raises(BadInput, match=f"from line {line + 1} on"):
        Journal.open(home)


@pytest.mark.parametrize("order", [(1, 0, 2), (0, 2, 1), (0, 0, 1, 2), (0, 1, 2, 2)])
def test_moved_and_repeated_lines_are_found(home, order):
    """The order is part of the chain."""
    path = home / NAME
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[at] for at in order))
    with pytest.raises(BadInput, match="not as it was written"):
        Journal.open(home)


def test_lines_taken_from_the_end_change_the_head(home):
    """What no file can tell by itself, the head on paper does."""
    path = home / NAME
    head = Journal.open(home).head
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:-1]))
    assert Journal.open(home).head != head


def test_an_added_blank_line_is_found(home):
    """Nothing may stand between entries, not even nothing."""
    path = home / NAME
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(BadInput, match="from line 4 on"):
        Journal.open(home)


@pytest.mark.parametrize("line", [b"{}", b"[]", b"nonsense", b"\xff", b"[" * 5000, b'{"hash":1}'])
def test_lines_that_are_no_entries(home, line):
    """Whatever stands there is refused, without a crash."""
    path = home / NAME
    path.write_bytes(path.read_bytes() + line + b"\n")
    with pytest.raises(BadInput, match="from line 4 on"):
        Journal.open(home)


@pytest.mark.parametrize("change", ["seq", "prev", "time", "event", {"event": 1}, {"time": "x"}])
def test_a_line_with_a_right_hash_must_be_an_entry(home, change):
    """Somebody who computes hashes still has to write every field, of its kind."""
    path = home / NAME
    lines = path.read_bytes().splitlines(keepends=True)
    table = json.loads(lines.pop())
    del table["hash"]
    if isinstance(change, str):
        del table[change]
    else:
        table |= change
    table["hash"] = sha256(dump(table)).hex()
    path.write_bytes(b"".join(lines) + dump(table) + b"\n")
    with pytest.raises(BadInput, match="from line 3 on"):
        Journal.open(home)


def test_a_line_written_another_way_is_found(home):
    """The same JSON with a blank more is not what we wrote."""
    path = home / NAME
    lines = path.read_bytes().splitlines()
    lines[-1] = lines[-1].replace(b'"event":', b'"event": ')
    path.write_bytes(b"\n".join(lines) + b"\n")
    with pytest.raises(BadInput, match="from line 3 on"):
        Journal.open(home)


def test_a_torn_last_line_says_how_to_recover_and_the_way_works(home):
    """At every length of the last line; after the command in the hint, two entries are left."""
    path = home / NAME
    data = path.read_bytes()
    start = data[:-1].rindex(b"\n") + 1
    for end in range(start + 1, len(data)):
        path.write_bytes(data[:end])
        with pytest.raises(BadInput, match="torn"):
            Journal.open(home)
        with pytest.raises(BadInput, match="torn"):
            Journal(path, ()).append("signed")
        assert path.read_bytes() == data[:end], "a torn journal is not written to"
    with pytest.raises(BadInput) as caught:
        Journal.open(home)
    assert caught.value.fault is Fault.MACHINE
    command = re.search(r"truncate -s \d+ .*", caught.value.hint)[0]
    subprocess.run(command.split(), check=True)
    assert [entry.event for entry in Journal.open(home).entries()] == ["enrolled", "signed"]


WRITER = """
import pathlib, sys
from signer.core.journal import Journal
home = pathlib.Path(sys.argv[1])
book = Journal.open(home)
while not (home / "go").exists():
    pass
for at in range(25):
    book.append("written", by=sys.argv[2], at=at)
"""


def test_two_processes_at_once(tmp_path):
    """Two writers, let off together: no entry lost, none torn, one chain."""
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), who], cwd=ROOT)
        for who in "ab"
    ]
    (tmp_path / "go").touch()
    assert [writer.wait(60) for writer in writers] == [0, 0]
    entries = Journal.open(tmp_path).entries()
    for who in "ab":
        assert [e.fields["at"] for e in entries if e.fields["by"] == who] == list(range(25))
    assert len(entries) == 50


def test_a_writer_waits_for_the_lock(home):
    """While another process holds the journal, nothing is written; then the entry is."""
    (home / "go").touch()
    before = (home / NAME).read_bytes()
    with (home / NAME).open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        with subprocess.Popen([sys.executable, "-c", WRITER, str(home), "a"], cwd=ROOT) as writer:
            with pytest.raises(subprocess.TimeoutExpired):
                writer.wait(1.5)
            assert (home / NAME).read_bytes() == before
            fcntl.flock(held, fcntl.LOCK_UN)
            assert writer.wait(60) == 0
    assert len(Journal.open(home).entries()) == 28


def test_a_reader_beside_a_writer_never_sees_half_a_line(tmp_path):
    """Reading waits for the writer's lock: no false alarm of a torn line."""
    code = (
        "import sys, pathlib\n"
        "from signer.core.journal import Journal\n"
        "book = Journal.open(pathlib.Path(sys.argv[1]))\n"
        "for at in range(150):\n"
        "    book.append('written', text='x' * 5000)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT) as writer:
        reads = 0
        while writer.poll() is None:
            Journal.open(tmp_path)
            reads += 1
    assert reads
    assert len(Journal.open(tmp_path).entries()) == 150


def test_a_decision_on_old_entries_is_refused(home):
    """Two signers of one home cannot both act on a journal that neither has written to."""
    first, second = Journal.open(home), Journal.open(home)
    head = first.head
    first.append_after(head, "signed", sequence=2)
    with pytest.raises(BadInput, match="has changed since"):
        second.append_after(head, "signed", sequence=2)
    assert len(second.entries()) == 4, "it has read what the other wrote"
    second.append_after(second.head, "signed", sequence=3)
    assert len(Journal.open(home).entries()) == 5


def test_the_line_is_on_the_disk_before_append_returns(tmp_path, monkeypatch):
    """File, then folder, are fsynced, with the whole line already in the file."""
    synced = []
    real = os.fsync

    def fsync(descriptor):
        real(descriptor)
        folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        synced.append(("folder" if folder else "file", (tmp_path / NAME).read_bytes()[-1:]))

    monkeypatch.setattr(os, "fsync", fsync)
    Journal.open(tmp_path).append("signed")
    assert synced == [("file", b"\n"), ("folder", b"\n")]


@pytest.mark.parametrize("room", range(0, 300, 13))
def test_a_full_disk_leaves_the_journal_as_it_was(home, room):
    """Wherever the disk ends within the line: an error, and not a byte of it stays."""
    path = home / NAME
    before = path.read_bytes()
    book = Journal.open(home)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + room, limits[1]))
    try:
        with pytest.raises(BadInput, match="cannot be written") as caught:
            book.append("signed", text="x" * 300)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert caught.value.fault is Fault.MACHINE
    assert path.read_bytes() == before
    assert len(book.entries()) == 3
    book.append("signed")
    assert len(Journal.open(home).entries()) == 4


def test_a_failing_fsync_is_a_failure(home, monkeypatch):
    """If the disk will not say that it has the line, it is not journalled."""

    def broken(_):
        raise OSError(5, "Input/output error")

    before = (home / NAME).read_bytes()
    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(BadInput, match="input/output error"):
        Journal.open(home).append("signed")
    assert (home / NAME).read_bytes() == before


def test_an_interrupt_leaves_no_half_line(home, monkeypatch):
    """Control-C between write and fsync takes the line away again."""

    def interrupted(_):
        monkeypatch.undo()
        raise KeyboardInterrupt

    before = (home / NAME).read_bytes()
    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Journal.open(home).append("signed")
    assert (home / NAME).read_bytes() == before


READ_ONLY = """
import os, pathlib, sys
from signer.core.errors import BadInput
from signer.core.journal import Journal
home = pathlib.Path(sys.argv[1])
if os.getuid() == 0:
    os.chdir(home)  # its parents are closed to others
    home = pathlib.Path()
    os.setuid(65534)  # root may write anywhere
book = Journal.open(home)
try:
    book.append("signed")
except BadInput as problem:
    print(len(book.entries()), problem.fault, problem.what)
"""


@pytest.mark.parametrize("entries", [0, 1])
def test_a_read_only_folder(tmp_path, entries):
    """A folder that this user may not write: one clear error; reading still works."""
    for _ in range(entries):
        Journal.open(tmp_path).append("enrolled")
        (tmp_path / NAME).chmod(0o444)
    tmp_path.chmod(0o555)
    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    tmp_path.chmod(0o755)
    told = f"{entries} machine the journal cannot be opened: permission denied\n"
    assert (done.stdout, done.stderr) == (told, "")


@pytest.mark.parametrize("what", ["folder", "nowhere"])
def test_a_journal_that_cannot_be(tmp_path, what):
    """A folder in its place, or a home that is not there: BadInput."""
    if what == "folder":
        (tmp_path / NAME).mkdir()
        with pytest.raises(BadInput, match="directory"):
            Journal.open(tmp_path)
    place = tmp_path if what == "folder" else tmp_path / "nowhere"
    with pytest.raises(BadInput, match="cannot be opened"):
        Journal(place / NAME, ()).append("signed")


def test_a_huge_journal_is_refused(tmp_path):
    """Beyond its limit it is not read into memory."""
    with (tmp_path / NAME).open("wb") as file:
        file.truncate(journal.MAX_JOURNAL + 1)
    with pytest.raises(BadInput, match="too large"):
        Journal.open(tmp_path)


@pytest.mark.parametrize("name", ["seq", "prev", "hash", "time"])
def test_the_journals_own_fields_cannot_be_given(tmp_path, name):
    """A caller cannot forge the chain by a field's name; that would be a bug."""
    with pytest.raises(ValueError, match="own"):
        Journal.open(tmp_path).append("signed", **{name: 1})
    assert not (tmp_path / NAME).exists()


@pytest.mark.parametrize("value", [1.5, 2**64, {1}, b"bytes", "x" * (1 << 20)])
def test_what_cannot_be_read_again_is_not_written(tmp_path, value):
    """A value outside strict JSON is a bug, found before the disk is touched."""
    with pytest.raises((ValueError, TypeError)):
        Journal.open(tmp_path).append("signed", value=value)
    assert (tmp_path / NAME).read_bytes() == b""
