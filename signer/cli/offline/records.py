"""What may be known of this machine's keys: listings, and the records that others need."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from signer.cli import show
from signer.cli.session import Session
from signer.core.errors import BadInput

if TYPE_CHECKING:  # the keystore loads libraries: a command imports it when it runs
    from signer.keys.keystore import Kind


def list_keys(here: Session, kind: "Kind", label: str) -> None:
    """Print the keys of one kind; one whose file cannot be read is listed with its error.

    Args:
        here: the session.
        kind: which keys.
        label: what their public part is called.
    """
    from signer.cli.offline.keyring import stored_keys

    rows = [
        {"file": key.found, "error": key.what}
        if isinstance(key, BadInput)
        else {"name": key.name, label: key.public}
        for key in stored_keys(here.home, kind)
    ]
    here.emit({"keys": rows}, show.columns(tuple(row.values()) for row in rows) or "none yet")


def give(here: Session, record: Mapping[str, object], output: Path | None) -> None:
    """Print a public record; write it to a new file as well, if asked."""
    from policies.strict_json import dump
    from signer.core.files import write_new

    if output is not None:
        write_new(output, dump(record) + b"\n")
        show.note(f"written to {show.safe(str(output))}")
    here.emit(record, show.columns((key, str(value)) for key, value in record.items()))
