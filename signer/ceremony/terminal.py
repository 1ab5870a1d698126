"""Runs our own programs the way a person does: at a terminal, or with the input closed.

Every program is a process of its own, started with this interpreter, so that a rehearsal never
shares memory between the officers that it plays, nor with the coordinator.
"""

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = ("coldquorum", "coldsign")

TIMEOUT = 60.0
"""Seconds; the slowest command takes about two on one slow core."""

_ROOT = Path(__file__).resolve().parents[2]
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_CHUNK = 1 << 16

Answer = str | Callable[[str], str]
"""What a person types, perhaps after reading the screen."""

Script = Sequence[tuple[str, Answer]]
"""Regular expressions and what to type once one appears on the screen after the last answer. A
pair may be used any number of times; the first in the list that matches is taken."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program did.

    Attributes:
        code: its exit code; negative if a signal ended it.
        out: its stdout.
        err: its stderr; with a terminal, all that the screen showed.
    """

    code: int
    out: str
    err: str


def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    home: Path,
    timeout: float = TIMEOUT,
    cables: Sequence[str] = (),
) -> Ran:
    """Run one of our programs to its end, with nobody to answer it.

    Args:
        argv: the program's name and its arguments, as typed.
        cwd: the folder it runs in.
        home: the folder of its files.
        timeout: seconds before it is ended; that raises `subprocess.TimeoutExpired`.
        cables: as `command`.
    """
    done = subprocess.run(  # noqa: S603 -- our own program, no shell
        command(argv, cables),
        cwd=cwd,
        env=environment(home),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=timeout,
    )
    return Ran(done.returncode, _text(done.stdout), _text(done.stderr))


def converse(
    argv: Sequence[str],
    script: Script,
    *,
    cwd: Path,
    home: Path,
    timeout: float = TIMEOUT,
    cables: Sequence[str] = (),
) -> Ran:
    """Run one of our programs at a terminal of its own, its stdout piped, and answer it.

    Args:
        argv: the program's name and its arguments, as typed.
        script: what to answer.
        cwd: the folder it runs in.
        home: the folder of its files.
        timeout: seconds before it is ended; that raises `subprocess.TimeoutExpired`.
        cables: as `command`.
    """
    with _terminal() as (ours, theirs):
        child = subprocess.Popen(  # noqa: S603 -- our own program, no shell
            command(argv, cables),
            cwd=cwd,
            env=environment(home),
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
            start_new_session=True,  # the person's own terminal is none of its business
        )
        with child:
            try:
                screen, out = _talk(child, ours, script, timeout)
                code = child.wait(timeout)
            except BaseException:
                child.kill()
                raise
    return Ran(code, out, screen)


def command(argv: Sequence[str], cables: Sequence[str] = ()) -> list[str]:
    """Give the argument list that starts one of our programs with this interpreter.

    Args:
        argv: the program's name and its arguments.
        cables: USB devices that are plugged in, as `signer/ceremony/bus/station.py` takes them.
    """
    program, *arguments = argv
    if program not in PROGRAMS:
        raise ValueError(program)
    # -P: a folder that the program runs in must not be able to shadow its modules.
    start = [sys.executable, "-P", "-m"]
    if cables and program == "coldsign":
        return [*start, "signer.ceremony.bus.station", *cables, "--", *arguments]
    return [*start, f"signer.cli.{program}", *arguments]


def environment(home: Path) -> Mapping[str, str]:
    """Give the caller's environment with one home for the program, and with this very package."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COLD")}
    homes = {"COLDQUORUM_HOME": str(home), "COLDSIGN_HOME": str(home)}
    return {**kept, **homes, "PYTHONPATH": str(_ROOT), "TERM": "dumb", "NO_COLOR": "1"}


@contextmanager
def _terminal() -> Iterator[tuple[int, int]]:
    """A pseudo-terminal: our end and the program's."""
    ours, theirs = os.openpty()
    try:
        yield ours, theirs
    finally:
        os.close(ours)
        os.close(theirs)


def _talk(
    child: subprocess.Popen[bytes], terminal: int, script: Script, timeout: float
) -> tuple[str, str]:
    """Read screen and stdout until the program ends, typing answers as their prompts appear."""
    if child.stdout is None:
        raise TypeError("the program's stdout is not piped")
    pipe, out, until = child.stdout.fileno(), bytearray(), time.monotonic() + timeout
    seen, answered, open_pipe = bytearray(), 0, True
    while open_pipe:
        left = until - time.monotonic()
        ready = select.select([terminal, pipe], [], [], max(0.0, left))[0]
        if not ready:
            raise subprocess.TimeoutExpired(child.args, timeout, bytes(seen))
        if terminal in ready:
            seen += os.read(terminal, _CHUNK)
            answered = _answer(terminal, script, _text(bytes(seen)), answered)
        if pipe in ready:
            data = os.read(pipe, _CHUNK)
            out += data
            open_pipe = bool(data)
    # Our copy of the program's end is still open: reading past what is there would block.
    while select.select([terminal], [], [], 0)[0]:
        seen += os.read(terminal, _CHUNK)
    return _text(bytes(seen)), _text(bytes(out))


def _answer(terminal: int, script: Script, screen: str, answered: int) -> int:
    """Type the answer to the first prompt that matches; give how much of the screen is dealt with.

    The echo of an answer comes onto the screen after it, so patterns should end in `$`.
    """
    for pattern, answer in script:
        if re.search(pattern, screen[answered:]):
            typed = answer if isinstance(answer, str) else answer(screen)
            os.write(terminal, typed.encode() + b"\n")
            return len(screen)
    return answered


def _text(data: bytes) -> str:
    return _ESCAPES.sub("", data.decode("utf-8", "replace")).replace("\r\n", "\n")
