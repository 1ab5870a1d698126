"""`coldquorum vault`: make, show and list vaults, and give out their addresses."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import show
from signer.cli.kinds import CoinOption, NetworkOption, ScriptOption, script_type
from signer.cli.naming import named
from signer.cli.online.holders import Officers, Signers
from signer.cli.online.keyfiles import key_files
from signer.cli.session import HomeOption, JsonFlag, session
from signer.core.errors import Fault

if TYPE_CHECKING:
    from signer.core.vault import Vault

VaultArgument = Annotated[
    str, typer.Argument(metavar="VAULT", help="A vault's name or id, or its file.")
]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        readable=False,
        help="Write the document; never overwrites.",
    ),
]


def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What people call the vault.")],
    *,
    threshold: Annotated[int, typer.Option(metavar="M", help="How many have to sign.")],
    key: Annotated[
        list[Path],
        typer.Option(
            metavar="FILE",
            readable=False,
            help="A key's record (`coldsign key xpub`), or a vendor's xpub file; once for each.",
        ),
    ],
    officer: Officers = None,
    signer: Signers = None,
    coin: CoinOption = "BTC",
    network: NetworkOption = "main",
    script: ScriptOption = None,
    signatures: Annotated[
        str, typer.Option(metavar="KIND", help="ecdsa, or schnorr (BCH).")
    ] = "ecdsa",
    birth_height: Annotated[
        int, typer.Option(metavar="BLOCK", help="No coin of the vault is older.")
    ] = 0,
    output: Output = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Make a vault from the key holders' public records."""
    from policies.envelope import Envelope
    from signer.build.vault import create_vault
    from signer.core.coins import network as find_network
    from signer.core.files import refuse_existing, write_new
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    if output is not None:
        refuse_existing(output)
    kind = script_type(find_network(coin, network), script)
    members = key_files(
        key, coin=coin, network=network, script=kind, officers=officer, kinds=signer
    )
    with named("", hint="see `coldquorum vault create --help`", fault=Fault.OFFICER):
        vault = create_vault(
            name=name,
            coin=coin,
            network=network,
            script_type=kind,
            threshold=threshold,
            keys=[member.key for member in members],
            signers=[member.signer for member in members],
            birth_height=birth_height,
            scheme=signatures,
        )
    envelope = Envelope.wrap("vault", vault.payload)
    with Store(here.home) as store:
        store.add_vault(envelope)
        if output is not None:
            write_new(output, envelope.to_bytes())
    here.emit(data(vault), text(vault))
    if output is None:
        show.note(f"next: coldquorum vault show {name} -o FILE, for the key holders to enrol")
    show.note(f"next: coldquorum policy new --vault {name} --officer FILE ... > policy.toml")


def show_(
    context: typer.Context,
    vault: VaultArgument,
    *,
    output: Output = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Show a vault: its id, its keys, and whether every quorum enforces the policy."""
    from signer.cli.online import inbox
    from signer.core.files import refuse_existing, write_new
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    if output is not None:
        refuse_existing(output)
    with Store(here.home) as store:
        stored = inbox.vault(store, vault)
    if output is not None:
        write_new(output, stored.envelope.to_bytes())
        show.note(f"written to {show.safe(str(output))}")
    here.emit(data(stored.vault), text(stored.vault))


def list_(context: typer.Context, *, as_json: JsonFlag = False, home: HomeOption = None) -> None:
    """List the vaults that are known here."""
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    with Store(here.home) as store:
        vaults = [stored.vault for stored in store.vaults()]
    rows = [
        (v.name, f"{v.coin} {v.network}", f"{v.threshold} of {len(v.keys)} {v.script_type}", v.id)
        for v in vaults
    ]
    here.emit({"vaults": [data(v) for v in vaults]}, show.columns(rows) or "none yet")


def data(vault: "Vault") -> dict[str, object]:
    """A vault as plain JSON values."""
    from signer.cli.assurance import assurance
    from signer.core.vault import RECEIVE

    assured = assurance(vault)
    return {
        "id": vault.id,
        "name": vault.name,
        "coin": vault.coin,
        "network": vault.network,
        "threshold": vault.threshold,
        "script_type": vault.script_type,
        "signatures": vault.scheme.name,
        "descriptor": vault.descriptor,
        "birth_height": vault.birth_height,
        "first_address": vault.address(RECEIVE, 0),
        "signers": [
            {"officer": s.officer, "fingerprint": s.fingerprint, "type": s.type}
            for s in vault.signers
        ],
        "assured": assured.holds,
        "assurance": assured.sentence,
    }


def text(vault: "Vault") -> str:
    """A vault as an officer reads it."""
    from signer.cli import documents
    from signer.core.vault import RECEIVE

    lines = documents.vault(vault, first=vault.address(RECEIVE, 0))
    return "\n".join((*lines, "  descriptor", f"    {vault.descriptor}"))
