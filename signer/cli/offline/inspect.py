"""`coldsign inspect` as a command line; what it does is in `inspecting`."""

from pathlib import Path
from typing import Annotated

import typer

from signer.cli.offline.inspecting import inspected
from signer.cli.session import HomeOption, JsonFlag, session


def inspect(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", readable=False, help="A PSBT, binary or base64.")
    ],
    *,
    coin: Annotated[str, typer.Option(help="For amounts, if no vault says.")] = "BTC",
    network: Annotated[str, typer.Option(help="For addresses, if no vault says.")] = "main",
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Show any PSBT; one of an enrolled vault goes through the checks of `sign`, too.

    A PSBT that `sign` would refuse is shown with the reason, and that is no failure here.
    """
    inspected(session(context, as_json=as_json, home=home), file, coin, network)
