"""`coldquorum prices` and `balances`: what officers will sign, from what a person types.

Nothing is asked of any server. Officers compare every number with their own sources before they
sign it with `coldsign approve`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from signer.cli import show
from signer.cli.naming import named
from signer.cli.session import HomeOption, JsonFlag, Session, session
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from policies.envelope import Envelope
    from policies.names import Sats
    from policies.prices import Life, Price
    from signer.store.store import Store

_K = TypeVar("_K", bound=str)
_T = TypeVar("_T")

_LIFE: Final = r"@([0-9]{1,9})\+([0-9]{1,9})"
_PRICE = re.compile(rf"([A-Za-z0-9]{{1,16}})=([0-9][0-9_]{{0,24}}){_LIFE}")
_COLD = re.compile(rf"([^/=]+)/([0-9]{{1,7}})=([^@=]+){_LIFE}")
_HOT = re.compile(r"([A-Za-z0-9]{1,16})=([^@=]+)")

PRICE: Final = "COIN=PRICE@HEIGHT+BLOCKS"
COLD: Final = "VAULT/NUMBER=AMOUNT@HEIGHT+BLOCKS"
HOT: Final = "COIN=AMOUNT"

Output = Annotated[
    Path,
    typer.Option(
        "-o", "--output", metavar="FILE", readable=False, help="The document; never overwrites."
    ),
]
Number = Annotated[
    int | None, typer.Option(metavar="N", help="Its number; one more than the last known here.")
]
Files = Annotated[
    list[Path],
    typer.Argument(metavar="FILE", readable=False, help="Its files, one for each officer."),
]


def new_prices(
    context: typer.Context,
    *,
    vault: Annotated[
        list[str], typer.Option(metavar="VAULT", help="That it is for; once for each.")
    ],
    unit: Annotated[str, typer.Option(help="What prices are in, for instance JPY.")],
    price: Annotated[
        list[str],
        typer.Option(metavar=PRICE, help="Of a whole coin, at a height of its chain, for so long."),
    ],
    number: Number = None,
    output: Output,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Write a price sheet for officers to sign: `coldsign approve FILE`.

    Prices are whole numbers of the unit's smallest amount.
    """
    from policies.prices import KIND, PriceSheet
    from signer.cli.online import inbox
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    with Store(here.home) as store:
        vaults = [inbox.vault(store, one).vault for one in vault]
        sheet = PriceSheet(
            _one(one.network for one in vaults),
            tuple(dict.fromkeys(one.id for one in vaults)),
            number or _next(store, KIND),
            unit,
            _distinct([_price(text) for text in price], "coin"),
        )
        _keep(here, store, KIND, sheet.payload, output)


def new_balances(
    context: typer.Context,
    *,
    vault: Annotated[
        list[str],
        typer.Option(metavar=COLD, help="What a vault holds, its withdrawals up to NUMBER done."),
    ],
    hot: Annotated[
        list[str] | None, typer.Option(metavar=HOT, help="What lies hot; once for each coin.")
    ] = None,
    number: Number = None,
    output: Output,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Write a balance snapshot for officers to sign: `coldsign approve FILE`.

    Withdrawals up to NUMBER have arrived and are in the amounts, or never will; signers count the
    later ones themselves.
    """
    from policies.balances import KIND, Cold, Snapshot
    from signer.build.typed import parse_amount
    from signer.cli.online import inbox
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    with Store(here.home) as store:
        networks, cold = [], []
        for text in vault:
            name, sequence, amount, height, blocks = _match(_COLD, text, COLD, "--vault")
            found = inbox.vault(store, name).vault
            networks.append(found.network)
            held = parse_amount(amount, found.coin)
            cold.append((found.id, Cold(found.coin, held, int(sequence), _life(height, blocks))))
        snapshot = Snapshot(
            _one(networks),
            number or _next(store, KIND),
            _distinct([_hot(text) for text in hot or ()], "coin"),
            _distinct(cold, "vault"),
        )
        _keep(here, store, KIND, snapshot.payload, output)


def show_prices(
    context: typer.Context, files: Files, *, as_json: JsonFlag = False, home: HomeOption = None
) -> None:
    """Show a price sheet, and who has signed it for which vault. Its signatures are kept."""
    _show(session(context, as_json=as_json, home=home), "prices", files)


def show_balances(
    context: typer.Context, files: Files, *, as_json: JsonFlag = False, home: HomeOption = None
) -> None:
    """Show a balance snapshot, and who has signed it for which vault. Its signatures are kept."""
    _show(session(context, as_json=as_json, home=home), "balances", files)


def _show(here: Session, kind: str, files: Sequence[Path]) -> None:
    from signer.cli.online import grounding
    from signer.store.store import Store

    with Store(here.home) as store:
        envelope = grounding.keep(store, kind, files)
        if envelope is not None:
            _emit(here, store, envelope)


def _keep(here: Session, store: "Store", kind: str, payload: bytes, output: Path) -> None:
    """As everybody else will read it: a document that nobody takes is not written."""
    from policies.envelope import Envelope
    from policies.gather import READERS
    from signer.core.files import refuse_existing, write_new

    refuse_existing(output)
    envelope = Envelope.wrap(kind, payload)
    with named("", hint=f"see `coldquorum {kind} new --help`", fault=Fault.OFFICER):
        READERS[kind](payload)
    write_new(output, envelope.to_bytes())
    _emit(here, store, store.add_paper(envelope))
    show.note(f"next: officers run `coldsign approve {show.safe(str(output))}`")


def _emit(here: Session, store: "Store", envelope: "Envelope") -> None:
    from policies.gather import READERS
    from policies.rules.stated import Stated
    from policies.withdrawal import count_votes
    from signer.cli import statements
    from signer.cli.online import inbox

    paper = READERS[envelope.kind](envelope.payload)
    names, signed = {}, []
    for stored in store.vaults():
        vault = stored.vault
        if paper.life(vault.coin, vault.id) is None:
            continue
        names[vault.id] = vault.name
        policy = inbox.policy_in_force(store, vault.id).policy
        for rule in policy.rules:
            if isinstance(rule, Stated) and envelope.kind == rule.KIND:
                votes = count_votes(envelope, policy, rule.require, frozenset(policy.revoked))
                signed.append((vault.name, votes))
    here.emit(
        statements.data(envelope, signed),
        "\n".join(statements.text(paper, names, signed)),
    )


def _price(text: str) -> "tuple[str, Price]":
    from policies.prices import Price
    from signer.core import coins

    coin, price, height, blocks = _match(_PRICE, text, PRICE, "--price")
    per = 10 ** coins.coin(coin).decimals
    return coin, Price(int(price.replace("_", "")), per, _life(height, blocks))


def _hot(text: str) -> "tuple[str, Sats]":
    from signer.build.typed import parse_amount

    coin, amount = _match(_HOT, text, HOT, "--hot")
    return coin, parse_amount(amount, coin)


def _life(height: str, blocks: str) -> "Life":
    from policies.names import Height
    from policies.prices import Life

    return Life(Height(int(height)), Height(int(height) + int(blocks)))


def _match(pattern: re.Pattern[str], text: str, form: str, option: str) -> tuple[str, ...]:
    match = pattern.fullmatch(text)
    if match is None:
        raise BadInput(
            f"{option} is not understood",
            fault=Fault.OFFICER,
            expected=form,
            found=ascii(text[:60]),
            hint="for instance BTC=15000000@910000+144, treasury/17=1250BTC@910000+144, BTC=40BTC",
        )
    return match.groups()


def _distinct(pairs: Sequence[tuple[_K, _T]], what: str) -> Mapping[_K, _T]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadInput(
            f"a {what} is given twice",
            fault=Fault.OFFICER,
            found=", ".join(name for name, _ in pairs),
        )
    return found


def _one(networks: Iterable[str]) -> str:
    found = sorted(set(networks))
    if len(found) != 1:
        raise BadInput(
            "the vaults are of several networks",
            fault=Fault.OFFICER,
            expected="one network",
            found=", ".join(found),
        )
    return found[0]


def _next(store: "Store", kind: str) -> int:
    from policies.gather import READERS

    return max((READERS[kind](one.payload).number for one in store.papers(kind)), default=0) + 1
