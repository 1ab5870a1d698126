"""`coldquorum vault addresses`: a few to look at, or any number of them for a program."""

import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import show
from signer.cli.naming import UnclearCommand
from signer.cli.online.vaults import VaultArgument
from signer.cli.session import HomeOption, JsonFlag, Session, session
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from signer.core.vault import Vault

_LABEL = 64
"""Cells of a terminal's 80 that an address's place leaves."""

_MOST_ADDRESSES = 10_000
"""At once; half a second's work. More is a slip of the finger."""

_EVERY = 1
"""Seconds between two counts on a terminal."""


def addresses(
    context: typer.Context,
    vault: VaultArgument,
    *,
    count: Annotated[int, typer.Option(metavar="N", help="How many.")] = 5,
    start: Annotated[int, typer.Option(metavar="INDEX", help="The first one's index.")] = 0,
    change: Annotated[
        bool, typer.Option("--change", help="Where change returns, instead of where to pay in.")
    ] = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Lines of branch, index, address; any number of them.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            readable=False,
            help="Write the lines of --csv, all or none; never overwrites.",
        ),
    ] = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """List addresses: whole, for copying, in groups of four, for comparing, and with its label."""
    from signer.cli.online import inbox
    from signer.core.bip32 import HARDENED
    from signer.core.files import refuse_existing
    from signer.core.vault import CHANGE, RECEIVE
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    if as_csv and here.as_json and output is None:
        raise UnclearCommand("both --csv and --json", hint="choose one, or say -o FILE")
    if output is not None:
        if not as_csv:
            raise UnclearCommand("-o without --csv", hint="say --csv, too")
        refuse_existing(output)
    most = HARDENED - start if as_csv else _MOST_ADDRESSES
    if not 1 <= count <= most or start < 0:
        raise BadInput(
            "no such addresses",
            fault=Fault.OFFICER,
            expected=f"1 to {most} from an index of 0 or more",
            found=f"{count} from {start}",
            hint="see `coldquorum vault addresses --help`",
        )
    with Store(here.home) as store:
        found = inbox.vault(store, vault).vault
        labels = {r.reference: r.label for r in store.labels(found.id) if r.type == "addr"}
    branch = CHANGE if change else RECEIVE
    if as_csv:
        _csv(here, found, branch, range(start, start + count), output)
        return
    listed = [(index, found.address(branch, index)) for index in range(start, start + count)]
    rows = []
    for index, address in listed:
        rows += [(f"{branch}/{index}", address), ("", show.grouped(address))]
        # Others wrote the label: it is named as one, and no line of it can pose as an address's.
        for at, line in enumerate(show.folded(labels.get(address) or "", _LABEL)):
            rows += [("", f"{' ' * 7 if at else 'label: '}{line}")] if line else []
    here.emit(
        {
            "vault": found.id,
            "addresses": [
                {
                    "branch": branch,
                    "index": index,
                    "address": address,
                    "label": labels.get(address),
                }
                for index, address in listed
            ],
        },
        show.columns(rows),
    )


def _csv(here: Session, vault: "Vault", branch: int, indices: range, output: Path | None) -> None:
    """Write the lines to a file, all or none, or to stdout as they are made."""
    from signer.build.streamed import streamed

    # A count would stand between the lines if both went to the same terminal.
    counted = sys.stderr.isatty() and not (output is None and sys.stdout.isatty())
    lines = _lines(vault, branch, indices, counted=counted)
    if output is None:
        for some in lines:
            show.out(some)
        return
    with streamed(output) as file:
        file.writelines(f"{some}\n".encode("ascii") for some in lines)
    told = {"vault": vault.id, "branch": branch, "start": indices.start, "count": len(indices)}
    here.emit(
        {**told, "file": str(output)},
        f"{show.number(len(indices))} addresses: {show.safe(str(output))}",
    )


def _lines(vault: "Vault", branch: int, indices: range, *, counted: bool) -> Iterator[str]:
    """CSV, some lines at a time. No labels: a spreadsheet would run others' formulas."""
    from signer.build.addresses import addresses as made

    last = monotonic()
    yield "branch,index,address"
    index = indices.start
    for part in made(vault, branch, indices):
        yield "\n".join(f"{branch},{at},{address}" for at, address in enumerate(part, index))
        index += len(part)
        if counted and monotonic() - last > _EVERY:
            last = monotonic()
            done, of = show.number(index - indices.start), show.number(len(indices))
            show.note(f"{done} of {of} addresses")
