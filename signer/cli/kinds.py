"""The options that say what kind of vault a key or a vault is for."""

from typing import TYPE_CHECKING, Annotated

import typer

from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from signer.core.coins import Network


def _upper(text: str) -> str:
    """Coins are written in upper case; nobody has to type it."""
    return text.upper()


CoinOption = Annotated[
    str, typer.Option(callback=_upper, help="The coin: BTC, BCH or MONA.", show_default=True)
]
NetworkOption = Annotated[str, typer.Option(help="main, test, signet or regtest.")]
ScriptOption = Annotated[
    str | None,
    typer.Option(help="p2wsh, p2sh-p2wsh, p2sh or p2sh32; the coin's usual one unless told."),
]


def script_type(place: "Network", asked: str | None) -> str:
    """The script type that was asked for, or the network's usual one.

    Raises:
        BadInput: the network has no such type.
    """
    if asked is not None and asked not in place.script_types:
        raise BadInput(
            "the coin has no such script",
            fault=Fault.OFFICER,
            expected=" or ".join(place.script_types),
            found=ascii(asked[:20]),
            hint="choose one of the expected, or leave it out for the first",
        )
    return asked or place.script_types[0]
