"""`coldquorum engine`: what executes a finished transaction here, before a network does."""

import typer

from signer.cli import show
from signer.cli.session import HomeOption, JsonFlag, session


def show_(context: typer.Context, *, as_json: JsonFlag = False, home: HomeOption = None) -> None:
    """Show which engines are installed."""
    from importlib import metadata

    from signer.chain.bchvm import library
    from signer.chain.errors import ChainError

    here = session(context, as_json=as_json, home=home)
    why = ""
    try:
        library.node()
        library.installed()
        libauth = library.VERSION
    except ChainError as error:
        libauth, why = None, f"{error.what}; {error.hint}"
    try:
        kernel = metadata.version("py-bitcoinkernel")
    except metadata.PackageNotFoundError:
        kernel = None
    here.emit(
        {"py-bitcoinkernel": kernel, "libauth": libauth, "libauth_missing": why or None},
        show.columns(
            [
                (
                    "py-bitcoinkernel",
                    kernel or "not installed; run: pip install 'coldquorum[regtest]'",
                ),
                ("libauth", libauth or why),
            ]
        ),
    )


def install(context: typer.Context, *, as_json: JsonFlag = False, home: HomeOption = None) -> None:
    """Fetch the virtual machine of Bitcoin Cash: libauth, once, from npm's registry."""
    from signer.chain.bchvm import library

    here = session(context, as_json=as_json, home=home)
    show.note(f"fetching libauth {library.VERSION} with npm, as the lock file names it ...")
    place = library.install()
    data = {"libauth": library.VERSION, "path": str(place)}
    here.emit(data, show.columns((key, value) for key, value in data.items()))
