"""`coldquorum vault export`, and `vault import` of what other wallets write."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import show
from signer.cli.naming import named
from signer.cli.online.holders import Officers, Signers
from signer.cli.online.vaults import Output, VaultArgument, data, text
from signer.cli.session import HomeOption, JsonFlag, Session, session
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from signer.carry.wallets.formats import Format
    from signer.carry.wallets.place import Asked
    from signer.carry.wallets.wallet import Wallet
    from signer.core.vault import Vault
    from signer.store.store import Store

_HINT = "`coldquorum vault export --help` lists the formats"
_FORMATS = (
    "core, core-multipath, bip388, coldcard, sparrow, specter, caravan, nunchuk, electrum, "
    "electron-cash, descriptor"
)

FormatOption = Annotated[str | None, typer.Option("--format", metavar="NAME", help=_FORMATS + ".")]


def export(
    context: typer.Context,
    vault: VaultArgument,
    *,
    format_: Annotated[str, typer.Option("--format", metavar="NAME", help=_FORMATS + ".")],
    output: Output = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Write a vault as another wallet reads it: public keys, no secret.

    Without -o the file goes to stdout.
    """
    from signer.carry.wallets.formats import named as format_named
    from signer.cli.online import inbox
    from signer.core.files import refuse_existing, write_new
    from signer.core.vault import RECEIVE
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    with named("", hint=_HINT):
        wanted = format_named(format_)
    if output is not None:
        refuse_existing(output)
    with Store(here.home) as store:
        found = inbox.vault(store, vault).vault
    with named("", hint=_HINT):
        content = wanted.written(found)
    first = found.address(RECEIVE, 0)
    if output is not None:
        write_new(output, content.encode())
        shown = "\n".join((f"{show.safe(str(output))}: {wanted.about}", *_first(first)))
    else:
        shown = content.rstrip("\n")
    result = {"vault": found.id, "format": wanted.name, "first_address": first, "text": content}
    here.emit(result | ({"file": str(output)} if output else {}), shown)
    show.note(f"not in it: {wanted.lacks}")
    if output is None and not here.as_json:
        show.note("\n".join(_first(first)))


def import_(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", readable=False, help="A vault's document, or another wallet's file."
        ),
    ],
    *,
    format_: FormatOption = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="What people call the vault here.")
    ] = None,
    coin: Annotated[
        str | None, typer.Option(metavar="COIN", help="Another's file does not say it: else BTC.")
    ] = None,
    network: Annotated[
        str | None,
        typer.Option(help="main, test, signet or regtest, where another's file does not say it."),
    ] = None,
    birth_height: Annotated[
        int | None, typer.Option(metavar="BLOCK", help="No coin of the vault is older.")
    ] = None,
    officer: Officers = None,
    signer: Signers = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Take up a vault that was made elsewhere: by Coldquorum, or by another wallet.

    Another wallet's file becomes a new document, which is shown, and which every key holder has
    to compare and enrol. What cannot be taken over exactly is refused.
    """
    from signer.carry.wallets.place import COIN, Asked
    from signer.cli.online import inbox
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    coin = coin and coin.upper()
    foreign = _foreign(file, format_, Asked(coin or COIN, network))
    if foreign is None:
        options = (name, coin, network, birth_height, officer, signer)
        if any(option is not None for option in options):
            raise BadInput(
                f"{file}: a vault's document says all of this itself",
                fault=Fault.OFFICER,
                expected="no other options",
                hint="they are for other wallets' files",
            )
        envelope = inbox.read(file, inbox.VAULT)
        with Store(here.home) as store:
            vault = store.add_vault(envelope).vault
        here.emit(data(vault), text(vault))
        show.note("compare the vault id, in full, with what the other officers see")
        return
    told, wallet = foreign
    with Store(here.home) as store:
        known = _known(store, wallet)
        if known is not None:
            _same(here, told, known)
            return
        with named(file, hint="`coldquorum vault import --help`", fault=Fault.OFFICER):
            made = _made(wallet, name, birth_height, officer, signer, coin=coin or COIN)
        _kept(store, made)
    here.emit({"format": told.name, "already_here": False, **data(made)}, text(made))
    show.note(f"read as {told.about}")
    unknown = [s.officer for s in made.signers if s.type == "unknown"]
    if unknown:
        show.warn(f"kind of signer unknown: {', '.join(unknown)}; say it with --signer")
    show.note("compare the first address with the wallet that the file came from")
    show.note(f"next: coldquorum vault show {made.name} -o FILE, for the key holders to enrol")


def _foreign(file: Path, format_: str | None, asked: "Asked") -> "tuple[Format, Wallet] | None":
    """What another wallet's file says, and its format; None if it may be a document of ours."""
    from signer.carry.wallets.content import MAX_FILE, Content
    from signer.carry.wallets.formats import named as format_named
    from signer.carry.wallets.formats import told_apart
    from signer.core.files import read_limited

    with named(file, hint="docs/wallets.md tells what can be taken from whom"):
        raw = read_limited(file, limit=MAX_FILE, what="wallet file")
        if format_ is None and (
            b'"payloadType"' in raw or raw.startswith((b"psbt\xff", b"cHNidP"))
        ):
            return None
        content = Content.of(raw)
        told = told_apart(content) if format_ is None else format_named(format_)
        told.expect(asked)
        return told, told.read(content, asked)


def _known(store: "Store", wallet: "Wallet") -> "Vault | None":
    """The vault that has these very keys, if it is here already."""
    form = wallet.form
    kind = form.network, form.script_type, form.threshold
    for stored in store.vaults():
        other = stored.vault.form
        same_kind = kind == (other.network, other.script_type, other.threshold)
        if same_kind and set(other.keys) == set(form.keys):
            return stored.vault
    return None


def _same(here: Session, told: "Format", known: "Vault") -> None:
    """Say that there is nothing to make: all addresses are those of a vault that is here."""
    here.emit({"format": told.name, "already_here": True, **data(known)}, text(known))
    show.note(f"read as {told.about}")
    show.note(f"this is the vault {known.name}, which is here already: same keys, same addresses")


def _made(
    wallet: "Wallet",
    name: str | None,
    birth_height: int | None,
    officer: list[str] | None,
    signer: list[str] | None,
    *,
    coin: str,
) -> "Vault":
    """A vault of what a file says, on the path of every new vault."""
    from signer.build.vault import create_vault
    from signer.carry.wallets.wallet import plain_name
    from signer.cli.online.holders import kinds_said, names_said, signers

    called = name or plain_name(wallet.name)
    if not called:
        raise BadInput(
            "the file has no name for the vault",
            fault=Fault.OFFICER,
            expected="--name NAME",
            hint="for instance --name treasury",
        )
    form = wallet.form
    return create_vault(
        name=called,
        coin=coin,
        network=form.network.name,
        script_type=form.script_type,
        threshold=form.threshold,
        keys=form.keys,
        signers=signers(wallet.holders, names_said(officer), kinds_said(signer)),
        birth_height=(wallet.birth_height or 0) if birth_height is None else birth_height,
    )


def _kept(store: "Store", vault: "Vault") -> None:
    from policies.envelope import Envelope

    store.add_vault(Envelope.wrap("vault", vault.payload))


def _first(address: str) -> tuple[str, ...]:
    return "first receive address, to compare after opening it there:", f"  {show.grouped(address)}"
