"""An SQLite file of ours: made, checked, brought up to date, and every failure told plainly."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from signer.core.errors import BadInput, Fault
from signer.store import database as database_module
from signer.store.database import Database, make_home

FIRST = "CREATE TABLE notes (text TEXT NOT NULL UNIQUE) STRICT"
SECOND = "ALTER TABLE notes ADD COLUMN author TEXT; CREATE TABLE tags (name TEXT) STRICT"


def opened(path: Path, *migrations: str) -> Database:
    """The database of these tests."""
    return Database(path, migrations or (FIRST,), "the notebook", "ask the librarian")


def test_made_with_its_folder_for_its_owner_alone(tmp_path: Path) -> None:
    """Mode 0700: what is planned with a vault is nobody else's business."""
    path = tmp_path / "a" / "b" / "notes.sqlite"
    with opened(path):
        assert path.exists()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_rows_survive(tmp_path: Path) -> None:
    """Written, closed, read."""
    path = tmp_path / "notes.sqlite"
    with opened(path) as database:
        database.rows("INSERT INTO notes VALUES (?)", "hello")
    with opened(path) as database:
        assert database.rows("SELECT text FROM notes") == [("hello",)]


def test_transaction_is_all_or_nothing(tmp_path: Path) -> None:
    """An error inside takes everything back, and the error is the caller's own."""

    def fail(database: Database) -> None:
        with database.transaction():
            database.rows("INSERT INTO notes VALUES (?)", "lost")
            raise KeyError

    with opened(tmp_path / "notes.sqlite") as database:
        with pytest.raises(KeyError):
            fail(database)
        assert database.rows("SELECT * FROM notes") == []
        with database.transaction():
            database.rows("INSERT INTO notes VALUES (?)", "kept")
        assert database.rows("SELECT * FROM notes") == [("kept",)]


def test_killed_within_a_transaction(tmp_path: Path) -> None:
    """What was committed is there, what was not is not."""
    path = tmp_path / "notes.sqlite"
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from signer.store.database import Database\n"
        f"database = Database(Path(sys.argv[1]), ({FIRST!r},), 'x', 'y')\n"
        "database.rows('INSERT INTO notes VALUES (?)', 'kept')\n"
        "with database.transaction():\n"
        "    database.rows('INSERT INTO notes VALUES (?)', 'lost')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    with opened(path) as database:
        assert database.rows("SELECT * FROM notes") == [("kept",)]


def test_older_schema_is_brought_up_to_date(tmp_path: Path) -> None:
    """Each script runs once, in order; the rows stay."""
    path = tmp_path / "notes.sqlite"
    with opened(path, FIRST) as database:
        database.rows("INSERT INTO notes VALUES (?)", "old")
    for _ in range(2):
        with opened(path, FIRST, SECOND) as database:
            assert database.rows("SELECT * FROM notes") == [("old", None)]
            assert database.rows("SELECT * FROM tags") == []


def test_failed_migration_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    """A script of ours that fails is a bug, but not the end of the data."""
    path = tmp_path / "notes.sqlite"
    with opened(path, FIRST) as database:
        database.rows("INSERT INTO notes VALUES (?)", "old")
    with pytest.raises(sqlite3.OperationalError):
        opened(path, FIRST, "CREATE TABLE tags (name TEXT); CREATE TABLE notes (again TEXT)")
    with opened(path, FIRST, SECOND) as database:
        assert database.rows("SELECT * FROM notes") == [("old", None)]


def test_newer_schema(tmp_path: Path) -> None:
    """An older program keeps its hands off, and says which versions met."""
    path = tmp_path / "notes.sqlite"
    opened(path, FIRST, SECOND).close()
    with pytest.raises(BadInput, match="newer coldquorum") as caught:
        opened(path, FIRST)
    assert caught.value.expected == "schema 1 or older"
    assert caught.value.found.startswith("schema 2 in ")
    assert "update" in caught.value.hint


def test_database_of_somebody_else(tmp_path: Path) -> None:
    """A browser's history, say: nothing is written into it."""
    path = tmp_path / "notes.sqlite"
    with sqlite3.connect(path) as stranger:
        stranger.execute("CREATE TABLE urls (url TEXT)")
    stranger.close()
    with pytest.raises(BadInput, match="not a database of coldquorum"):
        opened(path)
    with sqlite3.connect(path) as stranger:
        assert stranger.execute("SELECT name FROM sqlite_schema").fetchall() == [("urls",)]
    stranger.close()


def damage(path: Path, how: str) -> None:
    """Spoil a file."""
    data = path.read_bytes()
    if how == "no database":
        path.write_bytes(b"<html>" * 1_000)
    elif how == "cut short":
        path.write_bytes(data[: len(data) - 4_096])
    elif how == "header":
        path.write_bytes(b"\xff" * 16 + data[16:])
    else:
        path.write_bytes(data[:4_096] + b"\xff" * (len(data) - 4_096))


@pytest.mark.parametrize("how", ["no database", "cut short", "header", "pages"])
def test_damaged_file(tmp_path: Path, how: str) -> None:
    """Found when it is opened, not weeks later; the remedy is the hint."""
    path = tmp_path / "notes.sqlite"
    with opened(path) as database, database.transaction():
        for number in range(2_000):
            database.rows("INSERT INTO notes VALUES (?)", f"note {number}")
    damage(path, how)
    with pytest.raises(BadInput, match="notebook is damaged") as caught:
        opened(path)
    error = caught.value
    assert (error.fault, error.hint, error.found) == (Fault.MACHINE, "ask the librarian", str(path))


def test_in_use_by_another_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else writes for longer than we wait."""
    monkeypatch.setattr(database_module, "_WAIT", 0.05)
    path = tmp_path / "notes.sqlite"
    with opened(path) as first, opened(path) as second, first.transaction():
        with pytest.raises(BadInput, match="in use") as caught:
            second.rows("INSERT INTO notes VALUES ('x')")
        assert "other command" in caught.value.hint


def test_full_disk(tmp_path: Path) -> None:
    """SQLite's own limit of pages stands in for the disk's end; nothing is half written."""

    def fill(database: Database) -> None:
        with database.transaction():
            for number in range(1_000):
                database.rows("INSERT INTO notes VALUES (?)", f"{number}" * 100)

    with opened(tmp_path / "notes.sqlite") as database:
        database.rows("PRAGMA max_page_count = 4")
        with pytest.raises(BadInput, match="disk is full"):
            fill(database)
        database.rows("PRAGMA max_page_count = 1000")
        assert database.rows("SELECT count(*) FROM notes") == [(0,)]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_without_permission(tmp_path: Path) -> None:
    """A folder that we may not write to."""
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    with pytest.raises(BadInput, match="cannot be"):
        opened(folder / "notes.sqlite")


def test_read_only_file(tmp_path: Path) -> None:
    """`query_only` stands in for a read-only disk, which stops root as well."""
    with opened(tmp_path / "notes.sqlite") as database:
        database.rows("PRAGMA query_only = 1")
        with pytest.raises(BadInput, match="cannot be written"):
            database.rows("INSERT INTO notes VALUES ('x')")


@pytest.mark.parametrize("where", ["file", "file/below", "folder\x00"])
def test_folder_that_cannot_be(tmp_path: Path, where: str) -> None:
    """A file in the way, a name that no system takes."""
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="folder cannot be made"):
        make_home(tmp_path / where)


def test_folder_in_the_files_place(tmp_path: Path) -> None:
    """A folder of the file's name."""
    (tmp_path / "notes.sqlite").mkdir()
    with pytest.raises(BadInput, match="cannot be opened"):
        opened(tmp_path / "notes.sqlite")


@pytest.mark.parametrize("value", [2**63, "\udcff"])
def test_values_that_cannot_be_stored(tmp_path: Path, value: int | str) -> None:
    """Numbers past 64 bits; bytes that came as text from a command line."""
    database = opened(tmp_path / "notes.sqlite")
    with database, pytest.raises(BadInput, match="cannot hold this value"):
        database.rows("INSERT INTO notes VALUES (?)", value)


def test_our_own_mistakes_are_not_hidden(tmp_path: Path) -> None:
    """Wrong SQL is a bug, not somebody's bad input."""
    with opened(tmp_path / "notes.sqlite") as database:
        with pytest.raises(sqlite3.OperationalError):
            database.rows("SELECT nothing FROM nowhere")
        database.rows("INSERT INTO notes VALUES ('once')")
        with pytest.raises(sqlite3.IntegrityError):
            database.rows("INSERT INTO notes VALUES ('once')")
