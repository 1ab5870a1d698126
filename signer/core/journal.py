"""The journal: what this signer did, written before anything leaves the machine.

A file of JSON lines in the home folder. Each line tells the SHA-256 of itself (`hash`) and of the
line before it (`prev`), so a byte that changed, and a line that went or moved, is found whenever
the journal is opened. What no file can tell by itself is that its last lines, or all of them, were
taken away, or that somebody who may write here rewrote it whole: for that, an officer keeps the
newest hash on paper, and the withdrawal chain, not this file, guards against double payment.

`append` returns when the line is on the disk. A torn last line (the machine stopped while writing)
is therefore a line for which nothing has left the machine.
"""

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from policies.strict_json import dump, load
from signer.core.errors import BadInput, Fault
from signer.core.files import failed, opened, read_limited, sync_folder, write_all
from signer.core.hashes import sha256
from signer.core.names import DocumentId

NAME: Final = "journal.jsonl"
EMPTY: Final = DocumentId("0" * 64)
"""The head of a journal without entries, and `prev` of the first."""

MAX_JOURNAL: Final = 256 << 20
"""Bytes read into memory: a million lines of the size that we write."""
MAX_LINE: Final = 1 << 20

_OWN: Final = frozenset({"seq", "prev", "hash", "time", "event"})


class Entry(NamedTuple):
    """One line.

    Attributes:
        seq: 1, 2, 3, ...
        hash: this line's, 64 hex digits.
        time: seconds since 1970 by this machine's clock, which nothing relies on.
        event: what happened, for instance `signed`.
        fields: the rest, as given to `append`.
    """

    seq: int
    hash: DocumentId
    time: int
    event: str
    fields: Mapping[str, Any]


class Journal:
    """The journal as it was when last read. Made by `Journal.open`."""

    def __init__(self, path: Path, entries: tuple[Entry, ...]) -> None:
        self._path = path
        self._entries = entries

    @classmethod
    def open(cls, home: Path) -> "Journal":
        """Read and verify the journal of a home; a missing file is a journal without entries.

        Raises:
            BadInput: it cannot be read, or is not as it was written.
        """
        path = home / NAME
        return cls(path, verify(path))

    @property
    def head(self) -> DocumentId:
        """The newest entry's hash."""
        return self._entries[-1].hash if self._entries else EMPTY

    def entries(self) -> tuple[Entry, ...]:
        """All entries, oldest first."""
        return self._entries

    def append(self, event: str, **fields: Any) -> Entry:
        """Write one entry; it is on the disk when this returns. Others' new entries are read too.

        Args:
            event: what happened.
            fields: plain JSON values.

        Raises:
            BadInput: the journal is broken, or the disk does not take the entry; nothing is
                written then.
        """
        return self.append_after(None, event, **fields)

    def append_after(self, head: DocumentId | None, event: str, **fields: Any) -> Entry:
        """`append`, unless another process wrote meanwhile: for decisions made on the entries.

        Args:
            head: the journal's head when the decision was made; None if that does not matter.
            event: as for `append`.
            fields: as for `append`.

        Raises:
            BadInput: as `append`, or the journal has another head by now.
        """
        if _OWN & fields.keys():
            raise ValueError("a field has the name of one of the journal's own")
        with _locked(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, fcntl.LOCK_EX) as file:
            self._entries, size = _read(self._path, file), os.fstat(file).st_size
            if head not in (None, self.head):
                raise BadInput(
                    "the journal has changed since this was checked",
                    fault=Fault.OFFICER,
                    expected=str(head),
                    found=self.head,
                    hint="another coldsign is at work with this home: run the command again",
                )
            seq = len(self._entries) + 1
            own = {"seq": seq, "prev": self.head, "time": int(time.time()), "event": event}
            body = {**fields, **own}
            line = dump({**body, "hash": sha256(dump(body)).hex()})
            entry = _entry(line, seq, self.head)
            if entry is None or len(line) >= MAX_LINE or size + len(line) >= MAX_JOURNAL:
                raise ValueError("not an entry that could be read again")
            try:
                write_all(file, line + b"\n")
                sync_folder(self._path.parent)  # or a new file's name may not survive
            except BaseException as error:  # an interrupt, too, must not leave half a line
                with suppress(OSError):  # else the next reader is told of a torn line
                    os.ftruncate(file, size)
                    os.fsync(file)
                if isinstance(error, OSError):
                    raise failed("the journal cannot be written", self._path, error) from None
                raise
        self._entries += (entry,)
        return entry


def verify(path: Path) -> tuple[Entry, ...]:
    """Read a journal file and check every hash and link. A missing file has no entries.

    Raises:
        BadInput: it cannot be read, a line is not as it was written, or the last one is torn.
    """
    if not os.path.lexists(path):
        return ()
    with _locked(path, os.O_RDONLY, fcntl.LOCK_SH) as file:
        return _read(path, file)


def _read(path: Path, file: int) -> tuple[Entry, ...]:
    if not os.fstat(file).st_size:  # a file that was made, but never written, is no bad journal
        return ()
    data = read_limited(path, limit=MAX_JOURNAL, what="journal")
    whole, _, torn = data.rpartition(b"\n")
    if torn:
        end = len(data) - len(torn)
        raise BadInput(
            "the journal's last line is torn: the machine stopped while writing it",
            fault=Fault.MACHINE,
            found=f"{len(torn)} bytes without an end in {path}",
            hint=f"nothing was signed for that line; cut it off with: truncate -s {end} {path}",
        )
    entries: list[Entry] = []
    head = EMPTY
    for seq, line in enumerate(whole.split(b"\n"), 1):
        entry = _entry(line, seq, head)
        if entry is None:
            raise BadInput(
                f"the journal is not as it was written, from line {seq} on",
                fault=Fault.MACHINE,
                found=str(path),
                hint="sign nothing here until you know why; compare with your last copy",
            )
        entries.append(entry)
        head = entry.hash
    return tuple(entries)


def _entry(line: bytes, seq: int, prev: DocumentId) -> Entry | None:
    """The entry of a line, or None if it is not exactly what we would have written there."""
    try:
        table = load(line, limit=MAX_LINE, what="journal line")
        del table["hash"]
        event, when = table["event"], table["time"]
        ours = (table["seq"], table["prev"]) == (seq, prev)
        found = DocumentId(sha256(dump(table)).hex())
        same = dump({**table, "hash": found}) == line  # the hash that it claims, too
    except (BadInput, KeyError):
        return None
    if not (same and ours and isinstance(event, str) and type(when) is int):
        return None
    fields = {key: value for key, value in table.items() if key not in _OWN}
    return Entry(seq, found, when, event, MappingProxyType(fields))


@contextmanager
def _locked(path: Path, flags: int, lock: int) -> Iterator[int]:
    """The journal's file, held against every other writer (flock: between processes)."""
    try:
        with opened(path, flags) as file:  # closing it unlocks it
            fcntl.flock(file, lock)
            yield file
    except OSError as error:
        raise failed("the journal cannot be opened", path, error) from None
