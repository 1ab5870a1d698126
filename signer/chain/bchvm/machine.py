"""Asks libauth whether a transaction of Bitcoin Cash is valid: one process, many questions."""

import atexit
import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock, Timer
from typing import IO, Any, Final, Self

from signer.chain.bchvm import library
from signer.chain.errors import NodeNonsense, NodeUnreachable
from signer.core import wire
from signer.core.transaction import TxOut

_SCRIPT: Final = Path(__file__).with_name("vm.mjs")

_PATIENCE: Final = 60.0
"""Seconds for an answer. The largest standard transaction takes about one."""

_LONGEST: Final = 400
"""Characters of a reason that are passed on."""


@dataclass(frozen=True, slots=True)
class InputFailure:
    """Why an input's scripts fail.

    Attributes:
        index: of the input.
        why: in libauth's words.
    """

    index: int
    why: str


@dataclass(frozen=True, slots=True)
class BchVerdict:
    """What the virtual machine says of a transaction.

    Attributes:
        engine: the library and its version.
        invalid: why no block may hold it; empty if one may.
        nonstandard: why nodes do not pass it on; empty if they do.
        failures: the inputs whose scripts fail, in order.
    """

    engine: str
    invalid: str
    nonstandard: str
    failures: tuple[InputFailure, ...]

    @property
    def valid(self) -> bool:
        """Whether the consensus rules take it."""
        return not self.invalid

    @property
    def standard(self) -> bool:
        """Whether nodes take it from anybody, which is more than consensus asks."""
        return not self.invalid and not self.nonstandard


class Machine:
    """libauth in a Node process, which starts with the first question at the latest, and stays.

    The process gets no environment, and Node lets it read libauth and nothing else, write nothing
    and start nothing.

    Args:
        patience: seconds for an answer.
    """

    def __init__(self, *, patience: float = _PATIENCE) -> None:
        self._patience = patience
        self._process: subprocess.Popen[bytes] | None = None
        self._complaints: IO[bytes] | None = None
        self._number = 0
        self._lock = Lock()

    def start(self) -> None:
        """Start the process unless it runs: its files are looked through once.

        Raises:
            NodeUnreachable: Node or libauth is not installed.
            NodeNonsense: libauth was changed.
        """
        with self._lock:
            self._running()

    def verify(self, raw: bytes, spent: Sequence[TxOut]) -> BchVerdict:
        """Run a transaction under the rules of BCH_2026, as consensus and as nodes' policy.

        Sums, tokens, sizes and every input's scripts are looked at; locktimes, and whether the
        coins exist, are not: only a chain knows.

        Args:
            raw: the transaction in the network's form.
            spent: the outputs that its inputs spend, in order; a token stands in front of the
                script, as in the transaction that made the output.

        Raises:
            NodeUnreachable: Node or libauth is not installed, or there was no answer in time.
            NodeNonsense: libauth was changed, or the answer is none.
        """
        outputs = wire.compact_size(len(spent)) + b"".join(out.to_bytes() for out in spent)
        with self._lock:
            self._number += 1
            question = {"number": self._number, "tx": raw.hex(), "spent": outputs.hex()}
            try:
                return _verdict(self._ask(json.dumps(question).encode()), self._number)
            except BaseException:
                # Whatever is still on its way is not the answer to the next question.
                self.close()
                raise

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()
        if self._complaints is not None:
            self._complaints.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, question: bytes) -> bytes:
        process = self._running()
        # Killing it unblocks whatever we wait for, be it that it reads or that it answers.
        watch = Timer(self._patience, process.kill)
        watch.start()
        answer = b""
        try:
            if process.stdin and process.stdout:
                process.stdin.write(question + b"\n")
                process.stdin.flush()
                answer = process.stdout.readline()
        except BrokenPipeError:
            pass
        finally:
            watch.cancel()
        if not answer.endswith(b"\n"):
            raise NodeUnreachable(
                "the virtual machine of Bitcoin Cash gave no answer",
                expected=f"one within {self._patience:g} seconds",
                found=self._said(),
                hint="try again; if it stays so, report it with the transaction",
            )
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is not None:
            return self._process
        main = library.installed()
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 -- lives as long as the process
        self._process = subprocess.Popen(  # noqa: S603 -- our own Node, no shell, fixed arguments
            [
                str(library.node()),
                "--permission",
                f"--allow-fs-read={_SCRIPT}",
                f"--allow-fs-read={main.parents[1]}",
                str(_SCRIPT),
                str(main),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            env={},
        )
        return self._process

    def _said(self) -> str:
        """What the process complained of, if it did."""
        if self._complaints is None:
            return ""
        self._complaints.seek(0)
        return _text(self._complaints.read(_LONGEST).decode("utf-8", "replace").strip())


def start() -> None:
    """`Machine.start` of the machine that `verify` asks."""
    _shared().start()


def verify(raw: bytes, spent: Sequence[TxOut]) -> BchVerdict:
    """`Machine.verify` by a machine that lives as long as this process."""
    return _shared().verify(raw, spent)


@cache
def _shared() -> Machine:
    machine = Machine()
    atexit.register(machine.close)
    return machine


def _verdict(answer: bytes, number: int) -> BchVerdict:
    """Read the answer to a question as strictly as if somebody else had written it."""
    engine = f"libauth {library.VERSION}"
    try:
        said: Any = json.loads(answer)
        match said:
            case {"number": int(asked), "error": str(error), **rest} if (
                asked == number and not rest
            ):
                return BchVerdict(engine, _text(error) or "unreadable", "", ())
            case {
                "number": int(asked),
                "consensus": str() | None as consensus,
                "standard": str() | None as standard,
                "inputs": list() as inputs,
                **rest,
            } if (
                asked == number and not rest and all(isinstance(why, str | None) for why in inputs)
            ):
                failures = tuple(
                    InputFailure(at, _text(why)) for at, why in enumerate(inputs) if why is not None
                )
                return BchVerdict(engine, _reason(consensus), _reason(standard), failures)
            case _:
                pass
    except ValueError:
        pass
    raise NodeNonsense(
        "the virtual machine of Bitcoin Cash answered something else than a verdict",
        found=_text(answer.decode("utf-8", "replace")),
        hint="this is a bug: please report it with the transaction",
    )


def _reason(why: str | None) -> str:
    return "" if why is None else _text(why) or "no reason given"


def _text(said: str) -> str:
    """Fit to be shown: ASCII, one line, not endless."""
    return "".join(letter if " " <= letter <= "~" else "?" for letter in said[:_LONGEST])
