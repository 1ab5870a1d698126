"""Whoever is refused gets a receipt: kept in the home, and written to `--receipt FILE` if asked."""

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from signer.cli import show
from signer.cli.exits import Receipted
from signer.cli.surroundings import Session
from signer.core.errors import BadInput, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from signer.record.case import Case


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
    from signer.record.case import Case

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
