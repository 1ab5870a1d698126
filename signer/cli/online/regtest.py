"""`coldquorum regtest`: the embedded chain, for demos, rehearsals and tests."""

from typing import Annotated

import typer

from signer.cli import show
from signer.cli.kinds import CoinOption
from signer.cli.naming import named
from signer.cli.online.chains import open_regtest
from signer.cli.session import HomeOption, JsonFlag, session

_NETWORK = "regtest"
_HINT = "`coldquorum regtest info` tells how long the chain is"


def info(
    context: typer.Context,
    *,
    coin: CoinOption = "BTC",
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Show the last block."""
    here = session(context, as_json=as_json, home=home)
    with open_regtest(here, coin) as chain:
        tip = chain.tip()
    data = {"coin": coin, "network": _NETWORK, "height": tip.height, "hash": tip.hash}
    here.emit(data, show.columns((key, str(value)) for key, value in data.items()))


def mine(
    context: typer.Context,
    count: Annotated[int, typer.Argument(metavar="COUNT", help="How many blocks.")] = 1,
    *,
    coin: CoinOption = "BTC",
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Mine blocks; the first one takes up whatever was broadcast."""
    here = session(context, as_json=as_json, home=home)
    with named("", hint=_HINT), open_regtest(here, coin) as chain:
        mined = chain.mine(count)
        tip = chain.tip()
    data = {"mined": len(mined), "height": tip.height, "hash": tip.hash}
    here.emit(data, show.columns((key, str(value)) for key, value in data.items()))


def fund(
    context: typer.Context,
    payments: Annotated[
        list[str], typer.Argument(metavar="ADDRESS:AMOUNT", help="For instance bcrt1q...:2BTC.")
    ],
    *,
    coin: CoinOption = "BTC",
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Pay play money to addresses, mining as many blocks as that takes."""
    from signer.cli.online.payments import read_payments
    from signer.core.address import script_of
    from signer.core.amounts import format_amount

    here = session(context, as_json=as_json, home=home)
    wanted = read_payments(payments, coin, _NETWORK)
    with open_regtest(here, coin) as chain:
        paid = [(chain.fund(script_of(p.address, coin, _NETWORK), p.amount), p) for p in wanted]
        tip = chain.tip()
    here.emit(
        {
            "payments": [
                {"txid": txid, "address": p.address, "amount": p.amount} for txid, p in paid
            ],
            "height": tip.height,
            "hash": tip.hash,
        },
        show.columns(
            [
                *(
                    ("paid", format_amount(p.amount, coin), f"to {show.grouped(p.address)}")
                    for _, p in paid
                ),
                ("height", str(tip.height)),
            ]
        ),
    )


def reorg(
    context: typer.Context,
    depth: Annotated[int, typer.Argument(metavar="DEPTH", help="How many blocks to replace.")] = 1,
    *,
    coin: CoinOption = "BTC",
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Replace the last blocks by others, as a fork of the chain would."""
    here = session(context, as_json=as_json, home=home)
    with named("", hint=_HINT), open_regtest(here, coin) as chain:
        tip = chain.reorg(depth)
    data = {"replaced": depth, "height": tip.height, "hash": tip.hash}
    here.emit(data, show.columns((key, str(value)) for key, value in data.items()))
