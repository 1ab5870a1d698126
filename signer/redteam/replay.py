"""A violation as files, and the same violation once more from them.

FOLDER/bundle.psbt    what the signer accepted, or crashed over
FOLDER/home/          what the signer remembered then
FOLDER/ledger.json    what really happened, as the oracle was told
FOLDER/case.json      seed, number, tricks, and what was violated
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from signer.core.errors import BadInput, Fault
from signer.core.files import read_limited, write_new
from signer.redteam.campaign import Finding
from signer.redteam.oracle import Ledger, Oracle, Seat, Violation
from signer.redteam.shooting import Answer, ask, verdict
from signer.sign.state import State

_LIMIT = 1 << 28
"""Bytes of a ledger; a world's is about 100 kB."""


def write(finding: Finding, folder: Path) -> Path:
    """Write a finding into a new folder within `folder`; give its path.

    Raises:
        BadInput: it cannot be written.
    """
    place = folder / f"finding-{finding.case.number.replace(' ', '-')}"
    try:
        (place / "home").mkdir(parents=True)
        for name in finding.home:
            (place / "home" / name).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            "a finding cannot be written",
            fault=Fault.MACHINE,
            found=f"{place}: {(error.strerror or '').lower()}",
            hint="choose another folder with --findings DIR",
        ) from None
    write_new(place / "bundle.psbt", finding.raw)
    write_new(place / "ledger.json", _json(finding.facts))
    case = {
        "case": asdict(finding.case),
        "violations": [asdict(one) for one in finding.violations],
    }
    write_new(place / "case.json", _json(case))
    for name, data in finding.home.items():
        write_new(place / "home" / name, data)
    return place


def _json(data: object) -> bytes:
    return json.dumps(data, indent=1).encode() + b"\n"


def replay(place: Path) -> tuple[Answer, tuple[Violation, ...]]:
    """Put a finding's bundle to its signer again.

    Raises:
        BadInput: the folder is not as `write` left it.
        ImportError: libwally is not installed.
    """
    raw = read_limited(place / "bundle.psbt", limit=_LIMIT, what="bundle")
    facts = _read(place / "ledger.json")
    try:
        ledger = Ledger(**{**facts["ledger"], "coins": _coins(facts["ledger"]["coins"])})
        signed = {int(key): str(value) for key, value in facts["seat"]["signed"].items()}
        seat = Seat(**{**facts["seat"], "signed": signed})
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BadInput(
            "not the ledger of a finding", fault=Fault.OFFICER, found=str(place / "ledger.json")
        ) from None
    answer = ask(raw, State(place / "home"))
    return answer, verdict(Oracle(ledger), seat, raw, answer)


def _read(path: Path) -> Any:
    data = read_limited(path, limit=_LIMIT, what="ledger")
    try:
        return json.loads(data)
    except ValueError:
        raise BadInput("not JSON", fault=Fault.OFFICER, found=str(path)) from None


def _coins(table: Any) -> dict[str, tuple[int, str]]:
    return {name: (int(amount), str(script)) for name, (amount, script) in table.items()}
