"""Whoever is refused gets a receipt: kept in the home, and written to `--receipt FILE` if asked."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import show
from signer.cli.exits import Receipted
from signer.cli.session import HomeOption, JsonFlag, Session, session
from signer.core.errors import BadInput, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from signer.record.refuse import Case

ReceiptOption = Annotated[
    Path | None,
    typer.Option(
        "--receipt",
        metavar="FILE",
        readable=False,
        help="If it is refused, write the signed receipt here, too.",
    ),
]


@contextmanager
def given(here: Session, command: str, target: Path | None) -> "Iterator[Case]":
    """Give a receipt for whatever is refused inside; a refusal stays one, whatever becomes of it.

    Args:
        here: the session.
        command: as receipts name it.
        target: where else the receipt goes.

    Raises:
        BadInput: there is something at `target` already.
        Receipted: what was refused inside, with its receipt.
    """
    from signer.core.files import refuse_existing
    from signer.record.refuse import Case

    if target is not None:
        refuse_existing(target)
    case = Case(command)
    try:
        yield case
    except (BadInput, Refused) as problem:
        if not case.raw or not (case.reading or isinstance(problem, Refused)):
            raise
        raise _receipted(here, case, problem, target) from None


def _receipted(
    here: Session, case: "Case", problem: BadInput | Refused, target: Path | None
) -> Receipted:
    from signer.core.files import write_new
    from signer.record.refuse import record

    try:
        found = record(here.home, case, problem)
    except BadInput as other:  # the refusal is what matters
        return Receipted(problem, why_none=f"{other.what}; {other.hint or other.found}")
    try:
        if target is not None:
            write_new(target, found.data)
    except BadInput as other:
        show.warn(f"the receipt is not at {target}: {other.what}")
        target = None
    return Receipted(problem, target or found.path, found.sha256, again=found.again)


def station(context: typer.Context, *, as_json: JsonFlag = False, home: HomeOption = None) -> None:
    """Show the station key of this machine, which signs refusal receipts; made at first use."""
    from signer.record.station import NAME, key_id
    from signer.record.station import station as opened

    here = session(context, as_json=as_json, home=home)
    key = key_id(opened(here.home))
    data = {"station": key, "file": str(here.home / NAME)}
    here.emit(data, show.columns((("station", show.grouped(key)), ("file", data["file"]))))
    show.note("give it to your auditor: `coldsign journal verify FILE --station KEY`")
