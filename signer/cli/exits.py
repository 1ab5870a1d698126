"""How the programs end: one exit code for each kind of failure, a few lines, never a traceback.

0  done
1  a bug, or a self-test that failed
2  usage
3  refused: policy or verification
4  bad input, the machine's disk and permissions included
5  device
6  chain
130  interrupted by the person (128 + SIGINT), 141 the reader of stdout went away (+ SIGPIPE)
"""

import gc
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Final, Protocol

from hw.errors import DeviceError
from signer.cli import show
from signer.core.errors import BadInput, Fault, Problem, Refusal, Refused

_INTERRUPTED: Final = 130
_BROKEN_PIPE: Final = 141

_RUBBISH: Final = 200_000
"""New objects before the collector looks: starting makes 20,000, and 1,000 inputs that are combined
another 30,000, none of them rubbish. Python's own 700 is a tenth of a start spent on looking
(measured)."""


class Usage(Problem):
    """A command line that cannot be understood.

    Attributes:
        helped: the person has got the whole help instead.
    """

    exit_code = 2

    def __init__(self, what: str, *, hint: str = "", helped: bool = False) -> None:
        super().__init__(what, fault=Fault.OFFICER, hint=hint)
        self.helped = helped


class Bug(Problem):
    """An exception that nobody foresaw."""

    exit_code = 1


class Receipted(Problem):
    """A problem for which this station gave a receipt, or could not.

    Attributes:
        problem: what the person is told.
        receipt: where the receipt is, or None.
        sha256: of the receipt's file, as the journal names it.
        again: whether it was given before, for the same question.
        why_none: why there is no receipt.
    """

    def __init__(
        self,
        problem: BadInput | Refused,
        receipt: Path | None = None,
        sha256: str = "",
        *,
        again: bool = False,
        why_none: str = "",
    ) -> None:
        super().__init__(problem.what, fault=problem.fault)
        self.problem = problem
        self.receipt = receipt
        self.sha256 = sha256
        self.again = again
        self.why_none = why_none


class Runs(Protocol):
    """What is run here."""

    @property
    def name(self) -> str:
        """What people type."""

    def run(self, words: Sequence[str]) -> int:
        """Do what a command line says, and give the exit code."""


def run(program: Runs, argv: Sequence[str] | None = None) -> int:
    """Run a program to its end.

    Whatever goes wrong becomes a block of lines on stderr and, with `--json`, one object
    `{"error": {...}}` on stdout. An exception that nobody foresaw is told by its class and place
    only: its text, and the values around it, may hold a secret. `COLDQUORUM_DEBUG` adds the stack,
    still without values.

    Args:
        program: which.
        argv: arguments without the program's name; the process's own if None.

    Returns:
        The exit code.
    """
    gc.set_threshold(_RUBBISH)
    arguments = list(sys.argv[1:] if argv is None else argv)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # an ASCII terminal is no failure
    try:
        return _run(program, arguments, as_json="--json" in arguments)
    except (BrokenPipeError, SystemExit) as error:
        # Inside a command, typer has made a broken pipe an exit of its own, with code 1.
        if not any(isinstance(e, BrokenPipeError) for e in (error, error.__context__)):
            raise
        _silence_stdout()
        return _BROKEN_PIPE


def _run(program: Runs, arguments: list[str], *, as_json: bool) -> int:
    try:
        code = program.run(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
    except (Problem, DeviceError) as problem:
        return _tell(problem, as_json=as_json)
    except KeyboardInterrupt:
        code = _INTERRUPTED
    except BrokenPipeError:
        raise
    except OSError as error:
        try:
            sys.stdout.flush()
        except (OSError, AttributeError):
            _silence_stdout()  # it was stdout itself: a full disk behind a redirection
        return _tell(_os_problem(error), as_json=as_json)
    except Exception as error:  # noqa: BLE001 -- the last net: a bug must not print values
        return _tell(_bug(error, program.name), as_json=as_json)
    if code == _INTERRUPTED:
        show.note("\ninterrupted")
    return code


def tell(problem: Problem | DeviceError) -> None:
    """Print a problem on stderr and go on: for a program that serves one request after another."""
    _tell(problem, as_json=False)


def _tell(problem: Problem | DeviceError, *, as_json: bool) -> int:
    """Print a problem and return its exit code."""
    if isinstance(problem, Usage) and problem.helped and not as_json:
        return problem.exit_code
    receipted = problem if isinstance(problem, Receipted) else None
    problem = receipted.problem if receipted else problem
    refusals = problem.refusals if isinstance(problem, Refused) else ()
    word = show.paint("refused:" if refusals else "error:", "red", sys.stderr)
    lines = [] if refusals else [f"{word} {show.safe(problem.what)}", *_details(problem)]
    for refusal in refusals:
        place = f"[step {refusal.step}, {show.safe(refusal.rule)}]"
        lines += [f"{word} {show.safe(refusal.what)} {place}", *_details(refusal)]
    if receipted and receipted.receipt:
        before = " (given before: nothing has changed since)" if receipted.again else ""
        lines.append(f"receipt: {show.safe(str(receipted.receipt))}{before}")
    elif receipted:
        lines.append(f"no receipt: {show.safe(receipted.why_none)}")
    show.note("\n".join(lines))
    if as_json:
        error = {"exit_code": problem.exit_code, "kind": type(problem).__name__, **fields(problem)}
        if refusals:
            error["refusals"] = [
                {"step": refusal.step, "rule": refusal.rule, **fields(refusal)}
                for refusal in refusals
            ]
        if receipted:
            error["receipt"] = str(receipted.receipt) if receipted.receipt else None
            error["receipt_sha256"] = receipted.sha256 or None
        show.out(json.dumps({"error": error}, indent=2))
        if sys.stdout is not None:
            sys.stdout.flush()
    return problem.exit_code


def _details(problem: Problem | DeviceError | Refusal) -> list[str]:
    rows = (
        ("at fault", str(problem.fault)),
        ("expected", problem.expected),
        ("found", problem.found),
        ("hint", problem.hint),
    )
    return [f"  {label}: {show.safe(text)}" for label, text in rows if text]


def fields(problem: Problem | DeviceError | Refusal) -> dict[str, object]:
    """What a problem says, for JSON."""
    return {
        "what": problem.what,
        "fault": str(problem.fault),
        "expected": problem.expected,
        "found": problem.found,
        "hint": problem.hint,
    }


def _os_problem(error: OSError) -> BadInput:
    where = f" ({error.filename})" if isinstance(error.filename, str) else ""
    reason = (error.strerror or type(error).__name__).lower()
    return BadInput(f"the machine says: {reason}{where}", fault=Fault.MACHINE)


def _bug(error: Exception, name: str) -> Bug:
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    if os.environ.get("COLDQUORUM_DEBUG"):
        show.note("".join(traceback.format_list(frames)).rstrip())
    last = frames[-1] if frames else None
    where = f" at {PurePath(last.filename).name}:{last.lineno}" if last else ""
    return Bug(
        f"this is a bug in {name}: {type(error).__name__}{where}",
        fault=Fault.MACHINE,
        hint="nothing more is shown, since it may be secret; COLDQUORUM_DEBUG=1 adds the stack",
    )


def _silence_stdout() -> None:
    """Point stdout at nothing, or the interpreter complains about it a second time at its end."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 1)
    finally:
        os.close(nothing)
