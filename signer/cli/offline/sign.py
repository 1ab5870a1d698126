"""`coldsign sign` as a command line; what it does is in `signing`."""

from pathlib import Path
from typing import Annotated

import typer

from signer.cli.offline.options import GuardFile, OutputOption, PassphraseFile, ReceiptOption
from signer.cli.offline.signing import signed
from signer.cli.session import HomeOption, JsonFlag, session


def sign(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="IN", readable=False, help="A PSBT, binary or base64.")
    ],
    *,
    output: OutputOption = None,
    receipt: ReceiptOption = None,
    key: Annotated[
        str | None, typer.Option(metavar="NAME", help="The key, if several are enrolled.")
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(metavar="FINGERPRINT", help="A USB signer, instead of a key of this machine."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; test networks only.")] = False,
    passphrase_file: PassphraseFile = None,
    bip39_passphrase_file: GuardFile = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Check a PSBT, show what it does, and sign it if the officer says yes."""
    signed(
        session(context, as_json=as_json, home=home),
        file,
        output=output,
        receipt=receipt,
        key=key,
        device=device,
        yes=yes,
        passphrase_file=passphrase_file,
        bip39_passphrase_file=bip39_passphrase_file,
    )
