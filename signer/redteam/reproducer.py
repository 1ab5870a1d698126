"""A violation as one file, and the same violation once more from it.

The file is JSON: the bundle, what the signer remembered then (its journal and pinned documents, no
key), what really happened as the oracle was told, and the case that led to it. A reproducer of a
customer's own vault holds that vault's documents: it is as confidential as the signer's journal.
"""

import base64
import json
import re
import tempfile
from dataclasses import asdict, dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any, Final

from signer.core.errors import BadInput, Fault
from signer.core.files import make_folder, read_limited, write_new
from signer.redteam.finding import Finding
from signer.redteam.oracle import Ledger, Oracle, Seat, Violation
from signer.redteam.shooting import Answer, ask, verdict
from signer.sign.state import State

_FORMAT: Final = "coldquorum redteam finding 1"
_LIMIT: Final = 1 << 28
"""Bytes of a reproducer; a throw-away world's has about 200 kB."""

_IN_HOME: Final = re.compile(r"journal\.jsonl|vaults/[0-9a-f]{64}/[a-z0-9-]+\.json")
"""The files that a signer's memory has, and nothing else: a reproducer may come from a stranger."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of a reproducer.

    Attributes:
        before: what was violated when it was written.
        answer: the signer's, today.
        violations: what is wrong with that answer.
    """

    before: tuple[Violation, ...]
    answer: Answer
    violations: tuple[Violation, ...]


@dataclass(frozen=True, slots=True)
class _Read:
    """What a reproducer holds."""

    before: tuple[Violation, ...]
    raw: bytes
    ledger: Ledger
    seat: Seat
    home: dict[str, bytes]


def write(finding: Finding, folder: Path) -> Path:
    """Write a finding into a new file within `folder`; give its path.

    Raises:
        BadInput: it cannot be written.
    """
    make_folder(folder)
    name = "finding-" + re.sub(r"[^A-Za-z0-9]+", "-", finding.case.number)
    paths = (folder / f"{name}{more}.json" for more in chain(("",), (f"-{at}" for at in count(2))))
    path = next(path for path in paths if not path.exists())
    home = {name: _text(data) for name, data in finding.home.items() if _IN_HOME.fullmatch(name)}
    table = {
        "format": _FORMAT,
        "case": asdict(finding.case),
        "violations": [asdict(one) for one in finding.violations],
        "bundle": _text(finding.raw),
        "home": home,
        **finding.facts,
    }
    write_new(path, json.dumps(table, indent=1).encode() + b"\n")
    return path


def replay(path: Path) -> Replayed:
    """Put a finding's bundle to its signer again: today's code, and the memory of then.

    Raises:
        BadInput: the file is not as `write` left it.
        ImportError: libwally is not installed.
    """
    read = _read(path)
    with tempfile.TemporaryDirectory(prefix="coldquorum-redteam-") as folder:
        for name, data in read.home.items():
            target = Path(folder, name)
            make_folder(target.parent)
            write_new(target, data)
        answer = ask(read.raw, State(Path(folder)))
        wrong = verdict(Oracle(read.ledger), read.seat, read.raw, answer)
        return Replayed(read.before, answer, wrong)


def _read(path: Path) -> _Read:
    try:
        table = json.loads(read_limited(path, limit=_LIMIT, what="reproducer"))
        home = {name: _bytes(data) for name, data in table["home"].items()}
        if table["format"] == _FORMAT and all(map(_IN_HOME.fullmatch, home)):
            return _Read(
                tuple(Violation(**one) for one in table["violations"]),
                _bytes(table["bundle"]),
                _ledger(table["ledger"]),
                _seat(table["seat"]),
                home,
            )
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        pass  # whatever is wrong with it, it is not ours
    raise BadInput(
        "not a reproducer",
        fault=Fault.OFFICER,
        expected="a file that `coldquorum redteam` wrote",
        found=str(path),
    )


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _ledger(table: Any) -> Ledger:
    coins = {name: (int(amount), str(script)) for name, (amount, script) in table["coins"].items()}
    return Ledger(**{**table, "coins": coins})


def _seat(table: Any) -> Seat:
    return Seat(**{**table, "signed": {int(at): str(name) for at, name in table["signed"].items()}})
