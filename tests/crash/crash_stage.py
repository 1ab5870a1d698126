"""Runs `coldsign` in children of its own that are killed at a chosen change to the disk.

Reads one JSON command a line on stdin, and answers each in one line. The child is forked, so that
the program's modules are imported once; it is killed by SIGKILL, as by `kill -9`, so nothing of it
runs afterwards: no `finally`, no handler, no flush.

    {"argv": [...], "cwd": "...", "at": 3, "when": "before" | "after" | "torn", "links": true}

`at` 0 kills nothing. The answer tells how it ended, and which calls it made:

    {"code": 0 or -9, "calls": ["open:journal.jsonl", "write:journal.jsonl", ...], "missed": [...]}
"""

import builtins
import errno
import json
import os
import signal
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any, Self

_AUDITED = {"os.link": "link", "os.rename": "replace", "os.remove": "unlink", "os.mkdir": "mkdir"}
"""Events of the interpreter's own (PEP 578): they show whether a call went by uncounted."""

_REAL = {name: getattr(os, name) for name in dir(os)}
_OPEN = builtins.open


class Recorder:
    """Counts every call that changes a file, and kills this process at one of them."""

    def __init__(self, at: int, when: str, report: Path, *, links: bool) -> None:
        self.at, self.when, self.links = at, when, links
        self.count = 0
        self.audited: list[str] = []
        self.names: dict[int, str] = {}
        self.report = os.open(report, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def note(self, line: str) -> None:
        """Tell the parent; it is read even if this process dies."""
        _REAL["write"](self.report, f"{line}\n".encode())

    def call(self, kind: str, path: object, act: Any, torn: Any = None) -> Any:
        """Make a call, and die before it, after it, or in the middle of it if this is the one."""
        self.count += 1
        self.note(f"{kind}:{Path(str(path)).name}")
        mine = self.count == self.at
        if mine and self.when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        if mine and self.when == "torn" and torn is not None:
            torn()
            os.kill(os.getpid(), signal.SIGKILL)
        try:
            return act()
        finally:  # an error is an end of the call, too
            if mine:
                os.kill(os.getpid(), signal.SIGKILL)

    def open(self, path: Any, flags: int, *rest: Any, **more: Any) -> int:
        """`os.open`: counted if it may make the file."""

        def act() -> int:
            found: int = _REAL["open"](path, flags, *rest, **more)
            self.names[found] = str(path)
            return found

        return int(self.call("open", path, act)) if flags & os.O_CREAT else act()

    def write(self, file: int, data: Any) -> int:
        """`os.write`: torn, half of the bytes arrive."""
        half = bytes(data)[: len(data) // 2]
        name = self.names.get(file, file)
        torn = partial(_REAL["write"], file, half)
        return int(self.call("write", name, partial(_REAL["write"], file, data), torn))

    def link(self, source: Any, target: Any, **more: Any) -> None:
        """`os.link`, or a file system that has none."""
        if not self.links:
            raise OSError(errno.EPERM, os.strerror(errno.EPERM))
        self.call("link", target, partial(_REAL["link"], source, target, **more))

    def on_file(self, name: str) -> Any:
        """A function of `os` that takes a descriptor."""
        return lambda file, *rest: self.call(
            name, self.names.get(file, file), partial(_REAL[name], file, *rest)
        )

    def on_path(self, name: str, kind: str) -> Any:
        """A function of `os` that takes a path, or two, of which the last is told."""
        return lambda path, *rest, **more: self.call(
            kind, rest[0] if kind == "replace" else path, partial(_REAL[name], path, *rest, **more)
        )

    def file(self, file: Any, mode: str = "r", *rest: Any, **more: Any) -> Any:
        """`open`: a file for writing counts its writes."""
        found = _OPEN(file, mode, *rest, **more)
        if not set(mode) & set("wax+"):
            return found
        if not isinstance(file, int) or more.get("buffering") != 0:
            self.note(f"missed:open of {file}")
        return Raw(found, self)

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """What the interpreter itself says that happens."""
        if event in _AUDITED:
            self.audited.append(_AUDITED[event])
        elif event == "open" and isinstance(arguments[0], str) and arguments[2] & os.O_CREAT:
            self.audited.append("open")

    def install(self) -> None:
        """Put this in the place of every function that changes a file."""
        os.open, os.write, os.link, builtins.open = self.open, self.write, self.link, self.file
        for name in ("fsync", "ftruncate"):
            setattr(os, name, self.on_file(name))
        kinds = {"rename": "replace", "remove": "unlink"}
        for name in ("rename", "replace", "unlink", "remove", "truncate", "mkdir", "rmdir"):
            setattr(os, name, self.on_path(name, kinds.get(name, name)))
        sys.addaudithook(self.audit)


class Raw:
    """An unbuffered file that counts its writes; the real one is a type of C."""

    def __init__(self, file: Any, recorder: Recorder) -> None:
        self._file, self._recorder = file, recorder

    def write(self, data: Any) -> int:
        """Write, and be counted."""
        return self._recorder.write(self._file.fileno(), data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def cheapen(keystore: Any) -> None:
    """Unlock in a millisecond: hundreds of runs would spend all their time in Argon2id."""
    keystore.PASSES, keystore.LANES, keystore.MEMORY = 1, 1, 64


def child(order: dict[str, Any], report: Path) -> int:
    """Be the program."""
    from signer.cli import coldsign, exits
    from signer.keys import keystore

    cheapen(keystore)
    quiet = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(quiet, stream)
    os.chdir(order["cwd"])
    recorder = Recorder(order["at"], order["when"], report, links=order["links"])
    recorder.install()
    code = exits.run(coldsign.app, order["argv"])
    kinds = [line.partition(":")[0] for line in report.read_text().splitlines()]
    for kind in ("open", "link", "replace", "unlink", "mkdir"):
        if recorder.audited.count(kind) != kinds.count(kind):
            recorder.note(f"missed:{kind}")
    return code


def run(order: dict[str, Any]) -> dict[str, Any]:
    """Run one child to its end, and tell how that came."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "calls"
        report.touch()
        pid = os.fork()
        if pid == 0:
            code = 99
            try:
                code = child(order, report)
            finally:
                os._exit(code)
        _, status = os.waitpid(pid, 0)
        lines = report.read_text().splitlines()
    missed = [line for line in lines if line.startswith("missed:")]
    calls = [line for line in lines if not line.startswith("missed:")]
    return {"code": os.waitstatus_to_exitcode(status), "calls": calls, "missed": missed}


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "stories"))
    from zygote import warm

    warm()
    for text in sys.stdin:
        print(json.dumps(run(json.loads(text))), flush=True)
