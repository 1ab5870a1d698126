"""`coldsign journal`: what this signer did, and whether its record is whole."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from signer.cli import show
from signer.cli.review import counted
from signer.cli.session import HomeOption, JsonFlag, session
from signer.core.errors import BadInput, Fault


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
    *,
    head: Annotated[
        str | None, typer.Option(metavar="HASH", help="A newest hash that was written down.")
    ] = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Verify every line, and every document that the journal pins."""
    from signer.core.journal import Journal
    from signer.sign.state import State

    here = session(context, as_json=as_json, home=home)
    journal = Journal.open(here.home)
    vaults = State(here.home).vaults
    entries = journal.entries()
    if head is not None and head not in {entry.hash for entry in entries}:
        raise BadInput(
            "the journal does not hold that line",
            fault=Fault.MACHINE,
            expected=head[:80],
            found=f"{len(entries)} other lines, the newest {journal.head}",
            hint="lines were taken away, or it is another journal: sign nothing here",
        )
    here.emit(
        {"entries": len(entries), "head": journal.head, "vaults": list(vaults)},
        show.columns(
            (
                ("ok", f"{len(entries)} lines; {counted(len(vaults), 'vault')} pinned"),
                ("newest", show.grouped(journal.head)),
            )
        ),
    )
    show.note("keep the newest hash on paper: `journal verify --head HASH` finds it again")


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
