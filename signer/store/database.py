"""An SQLite file of ours: opened, checked, brought up to date, and every failure told plainly."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NoReturn, Self

from signer.core.errors import BadInput, Fault

_APPLICATION: Final = 0x436F6C64
"""`Cold` in the file's header (PRAGMA application_id), so that a stranger's file is known."""

_WAIT: Final = 10.0
"""Seconds that a command waits for another one's write; each write takes milliseconds."""

_PRIVATE: Final = 0o700

_CAUSES: Final = {
    sqlite3.SQLITE_BUSY: ("is in use by another process", "wait for the other command to end"),
    sqlite3.SQLITE_LOCKED: ("is in use by another process", "wait for the other command to end"),
    sqlite3.SQLITE_FULL: ("cannot be written: the disk is full", "make room on the disk"),
    sqlite3.SQLITE_IOERR: ("cannot be read or written", "check the disk, and the room on it"),
    sqlite3.SQLITE_READONLY: ("cannot be written", "check the permissions of the folder"),
    sqlite3.SQLITE_CANTOPEN: ("cannot be opened", "check the permissions of the folder"),
    sqlite3.SQLITE_PERM: ("cannot be opened", "check the permissions of the folder"),
}
"""Result codes (https://sqlite.org/rescode.html) that are not the file's own fault."""

_DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})

Value = int | str | bytes | None


def make_home(folder: Path) -> None:
    """Make a folder that only its owner may read, with those above it.

    Raises:
        BadInput: a file of that name, no permission, a full disk.
    """
    try:
        folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise BadInput(
            "the folder cannot be made",
            fault=Fault.MACHINE,
            found=f"{folder}: {getattr(error, 'strerror', None) or 'not a usable path'}",
            hint="choose another folder with --home",
        ) from None


class Database:
    """One SQLite file.

    Args:
        path: made when missing, with its folder.
        migrations: scripts that lead from an empty file to today's schema, in order; their
            number is the schema's version and stands in the file (PRAGMA user_version).
        what: the file's name for people, for instance `the coordinator's database`.
        remedy: the hint when the file is damaged.

    Raises:
        BadInput: not a database of ours, of a newer version, damaged, in use, not writable.
    """

    def __init__(self, path: Path, migrations: Sequence[str], what: str, remedy: str) -> None:
        self._path = path
        self._what = what
        self._remedy = remedy
        make_home(path.parent)
        with self._guard():
            self._connection = sqlite3.connect(path, timeout=_WAIT, isolation_level=None)
        try:
            self._prepare(migrations)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        with suppress(sqlite3.Error):
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def rows(self, sql: str, *values: Value) -> list[Any]:
        """Run one statement and return its rows, whose types the caller's SQL determines.

        Raises:
            BadInput: the database is damaged, in use, full.
        """
        with self._guard():
            return self._connection.execute(sql, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All statements inside become durable together, or none of them.

        Raises:
            BadInput: as `rows`.
        """
        with self._guard():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def _prepare(self, migrations: Sequence[str]) -> None:
        with self._guard():
            # A full disk or a crash loses no committed row: the log is synced at every commit.
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.execute("PRAGMA foreign_keys = ON")
            if self.rows("PRAGMA quick_check(1)") != [("ok",)]:
                self._damaged()
        with self.transaction():
            ((version,),) = self.rows("PRAGMA user_version")
            ((application,),) = self.rows("PRAGMA application_id")
            ((objects,),) = self.rows("SELECT count(*) FROM sqlite_schema")
            if application != (_APPLICATION if objects else 0):
                self._fail("is not a database of coldquorum", "choose another folder with --home")
            if version > len(migrations):
                raise BadInput(
                    f"{self._what} was written by a newer coldquorum",
                    fault=Fault.MACHINE,
                    expected=f"schema {len(migrations)} or older",
                    found=f"schema {version} in {self._path}",
                    hint="update coldquorum on this machine",
                )
            for script in migrations[version:]:
                # Not executescript(): it would commit the transaction that we are in.
                for statement in script.split(";"):
                    self.rows(statement)
            self.rows(f"PRAGMA user_version = {len(migrations)}")
            self.rows(f"PRAGMA application_id = {_APPLICATION}")

    @contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            yield
        except (OverflowError, UnicodeEncodeError):
            raise BadInput(
                f"{self._what} cannot hold this value",
                fault=Fault.OFFICER,
                expected="text in Unicode, numbers below 2**63",
            ) from None
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
            if code in _DAMAGE:
                self._damaged()
            if code not in _CAUSES:
                raise
            self._fail(*_CAUSES[code])

    def _damaged(self) -> NoReturn:
        self._fail("is damaged", self._remedy)

    def _fail(self, why: str, hint: str) -> NoReturn:
        raise BadInput(
            f"{self._what} {why}", fault=Fault.MACHINE, found=str(self._path), hint=hint
        ) from None
