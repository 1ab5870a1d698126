"""`coldquorum vault sheet`: what goes on paper, so that a vault outlives this program."""

from pathlib import Path
from typing import Annotated

import typer

from signer.ceremony.sheet.language import Language
from signer.cli import show
from signer.cli.online.vaults import VaultArgument
from signer.cli.session import HomeOption, JsonFlag, session
from signer.core.errors import BadInput, Fault


def sheet(
    context: typer.Context,
    vault: VaultArgument,
    *,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE.html",
            readable=False,
            help="The page; never overwrites.",
        ),
    ],
    language: Annotated[
        Language, typer.Option("--lang", help="What it is written in.")
    ] = Language.EN,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Write a page to print, from which a stranger recovers the coins with Bitcoin Core alone."""
    from signer.ceremony.sheet.sheet import render
    from signer.cli.online import inbox
    from signer.core.files import refuse_existing, write_new
    from signer.core.vault import RECEIVE
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    if output.suffix.lower() not in (".html", ".htm"):
        raise BadInput(
            "the sheet is written as HTML",
            fault=Fault.OFFICER,
            expected="a name that ends in .html",
            found=str(output),
            hint="print it from a browser; for a PDF, print to a file there",
        )
    refuse_existing(output)
    with Store(here.home) as store:
        found = inbox.vault(store, vault).vault
    page = render(found, language)
    write_new(output, page)
    here.emit(
        {
            "vault": found.id,
            "file": str(output),
            "language": str(language),
            "descriptor": found.descriptor,
            "first_address": found.address(RECEIVE, 0),
        },
        show.columns(
            (
                ("vault id", show.grouped(found.id)),
                ("first", show.grouped(found.address(RECEIVE, 0))),
                ("written", str(output)),
            )
        ),
    )
    show.note(
        "next: print it on A4, and before it is filed let two officers compare id and addresses\n"
        "with what their signers show: this machine may be in a thief's hands"
    )
