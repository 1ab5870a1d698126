"""`coldsign journal`: what this signer did, and whether its record is whole."""

import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import show
from signer.cli.review import counted
from signer.cli.session import HomeOption, JsonFlag, session
from signer.core.errors import BadInput, Fault, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from signer.record.audit import Audit


def show_(
    context: typer.Context,
    *,
    last: Annotated[int, typer.Option(min=1, help="How many entries, counted from the end.")] = 20,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Show the newest entries."""
    from signer.core.journal import Journal

    here = session(context, as_json=as_json, home=home)
    journal = Journal.open(here.home)
    entries = journal.entries()[-last:]
    rows = [
        (
            str(entry.seq),
            _when(entry.time),
            entry.event,
            " ".join(f"{name}={_short(value)}" for name, value in entry.fields.items() if value),
        )
        for entry in entries
    ]
    data = [
        {"seq": e.seq, "time": e.time, "event": e.event, "hash": e.hash, **e.fields}
        for e in entries
    ]
    here.emit({"entries": data, "head": journal.head}, show.columns(rows) or "nothing yet")


def verify(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", readable=False, help="A record that was exported."),
    ] = None,
    *,
    head: Annotated[
        str | None, typer.Option(metavar="HASH", help="A newest hash that was written down.")
    ] = None,
    station: Annotated[
        str | None, typer.Option(metavar="KEY", help="The station key that it should be.")
    ] = None,
    receipt: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", readable=False, help="A receipt that somebody was given."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Do not ask for each verdict again.")
    ] = False,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Verify every line, document and receipt; and ask for each verdict again, as it was then."""
    from tempfile import TemporaryDirectory

    from signer.record.audit import audit
    from signer.record.export import unpack

    here = session(context, as_json=as_json, home=home)
    with TemporaryDirectory(prefix="coldsign-") as folder:
        if file is not None:
            unpack(file, Path(folder))
        place = here.home if file is None else Path(folder)
        found = audit(place, replay=not quick, progress=_progress())
    _compare(found, _ungrouped(head), _ungrouped(station), receipt or [])
    data = {
        "whole": not found.findings,
        "entries": len(found.entries),
        "head": found.head,
        "vaults": list(found.vaults),
        "stations": [{"line": line, "station": key} for line, key in found.stations],
        "refusals": found.refusals,
        "replayed": None if quick else found.again,
        "not_replayed": found.unasked,
        "findings": [asdict(one) for one in found.findings],
        "notes": [asdict(one) for one in found.notes],
    }
    here.emit(data, show.columns(_rows(found, quick=quick)))
    if found.findings:
        raise typer.Exit(Refused.exit_code)
    if file is None:
        show.note("keep the newest hash on paper: `journal verify --head HASH` finds it again")


def export(
    context: typer.Context,
    *,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FILE", readable=False, help="The new file."),
    ],
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Write journal, documents, receipts and evidence into one file, for an auditor. No keys."""
    from signer.core.files import refuse_existing, write_new
    from signer.core.journal import Journal
    from signer.record.export import export as exported
    from signer.record.station import current

    here = session(context, as_json=as_json, home=home)
    refuse_existing(output)
    journal = Journal.open(here.home)
    write_new(output, exported(here.home), mode=0o600)
    lines, station = len(journal.entries()), current(journal.entries())
    data = {"file": str(output), "entries": lines, "head": journal.head, "station": station}
    rows = [("written", str(output)), ("lines", str(lines)), ("newest", show.grouped(journal.head))]
    rows += [("station", show.grouped(station))] if station else []
    here.emit(data, show.columns(rows))
    show.note("tell the auditor the newest hash and the station key by another way than this file")


def _progress() -> "Callable[[int, int], None]":
    """A counter on the terminal, for a record that takes longer than a second."""
    start = monotonic()

    def show_line(done: int, of: int) -> None:
        if sys.stderr.isatty() and monotonic() - start > 1:
            end = "\n" if done == of else ""
            print(f"\r  line {done} of {of}", end=end, file=sys.stderr, flush=True)  # noqa: T201 -- a counter that overwrites itself

    return show_line


def _compare(found: "Audit", head: str | None, station: str | None, receipts: "list[Path]") -> None:
    """Compare a record with what was written down, or given away, before."""
    from policies.envelope import MAX_DOCUMENT
    from signer.core.files import read_limited
    from signer.core.hashes import sha256
    from signer.record.audit import Finding

    if head is not None and head not in {entry.hash for entry in found.entries}:
        raise BadInput(
            "the journal does not hold that line",
            fault=Fault.MACHINE,
            expected=head[:80],
            found=f"{len(found.entries)} other lines, the newest {found.head}",
            hint="lines were taken away, or it is another journal: sign nothing here",
        )
    for line, key in found.stations if station is not None else ():
        if key != station:
            found.findings.append(Finding(line, f"another station than you expect: {key}"))
    if station is not None and not found.stations:
        found.notes.append(Finding(0, "no station key yet: nothing was refused"))
    known = {entry.fields.get("receipt") for entry in found.entries}
    for path in receipts:
        data = read_limited(path, limit=MAX_DOCUMENT, what="receipt")
        if sha256(data).hex() not in known:
            why = "no line names it: the journal was rolled back, or it is another station's"
            found.findings.append(Finding(0, f"{path}: {why}"))


def _rows(found: "Audit", *, quick: bool) -> "Iterator[tuple[str, str]]":
    vaults, lines = counted(len(found.vaults), "vault"), counted(len(found.entries), "line")
    yield "wrong" if found.findings else "ok", f"{lines}; {vaults} pinned"
    if found.refusals:
        yield "", counted(found.refusals, "receipt")
    if quick:
        yield "", "verdicts were not asked for again: without --quick they are"
    elif found.again:
        yield "", f"{counted(found.again, 'verdict')} asked for again, and the same"
    if found.unasked:
        yield "", f"{found.unasked} not: what was judged was too large to be kept"
    for key in [key for _, key in found.stations][-1:]:
        yield "station", show.grouped(key)
    yield "newest", show.grouped(found.head)
    for word, several in (("look", found.notes), ("wrong", found.findings)):
        for one in several:
            where = f"line {one.line}: " if one.line else ""
            yield word, f"{where}{show.safe(one.what)}"


def _ungrouped(text: str | None) -> str | None:
    """What was copied as it is shown, in groups."""
    return text and text.replace(" ", "")


def _when(seconds: int) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, OSError, ValueError):  # a clock that was never set
        return str(seconds)


def _short(value: object) -> str:
    if isinstance(value, list):  # pairs of a number and a document's id
        return ",".join(":".join(map(_short, pair)) for pair in value)
    text = str(value)
    return text if len(text) <= 24 else f"{text[:8]}..{text[-4:]}"  # noqa: PLR2004 -- fits a line
