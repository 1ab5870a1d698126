"""Options that several commands have, as typer reads them."""

from pathlib import Path
from typing import Annotated

import typer

OutputOption = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", metavar="FILE", readable=False, help="The new file; never overwrites."
    ),
]
ReceiptOption = Annotated[
    Path | None,
    typer.Option(
        "--receipt",
        metavar="FILE",
        readable=False,
        help="If it is refused, write the signed receipt here, too.",
    ),
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file", metavar="FILE", readable=False, help="Read the passphrase from a file."
    ),
]
GuardFile = Annotated[
    Path | None,
    typer.Option(
        "--bip39-passphrase-file",
        metavar="FILE",
        readable=False,
        help="Read the BIP39 passphrase from a file, if the key has one.",
    ),
]
