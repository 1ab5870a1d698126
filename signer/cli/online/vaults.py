"""`coldquorum vault`: make, show and list vaults, and give out their addresses."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import show
from signer.cli.kinds import CoinOption, NetworkOption, ScriptOption, script_type
from signer.cli.naming import UnclearCommand, named
from signer.cli.online.holders import Officers, Signers
from signer.cli.online.keyfiles import key_files
from signer.cli.session import HomeOption, JsonFlag, session
from signer.core.errors import BadInput, Fault

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

_LABEL = 64
"""Cells of a terminal's 80 that an address's place leaves."""

_MOST_ADDRESSES = 10_000
"""At once; half a second's work. More is a slip of the finger."""


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


def addresses(
    context: typer.Context,
    vault: VaultArgument,
    *,
    count: Annotated[int, typer.Option(metavar="N", help="How many.")] = 5,
    start: Annotated[int, typer.Option(metavar="INDEX", help="The first one's index.")] = 0,
    change: Annotated[
        bool, typer.Option("--change", help="Where change returns, instead of where to pay in.")
    ] = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Lines of branch, index, address; any number of them.")
    ] = False,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """List addresses: whole, for copying, in groups of four, for comparing, and with its label."""
    from signer.cli.online import inbox
    from signer.core.bip32 import HARDENED
    from signer.core.vault import CHANGE, RECEIVE
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    if as_csv and here.as_json:
        raise UnclearCommand("both --csv and --json", hint="choose one")
    most = HARDENED - start if as_csv else _MOST_ADDRESSES
    if not 1 <= count <= most or start < 0:
        raise BadInput(
            "no such addresses",
            fault=Fault.OFFICER,
            expected=f"1 to {most} from an index of 0 or more",
            found=f"{count} from {start}",
            hint="see `coldquorum vault addresses --help`",
        )
    with Store(here.home) as store:
        found = inbox.vault(store, vault).vault
        labels = {r.reference: r.label for r in store.labels(found.id) if r.type == "addr"}
    branch = CHANGE if change else RECEIVE
    if as_csv:
        _write_csv(found, branch, range(start, start + count))
        return
    listed = [(index, found.address(branch, index)) for index in range(start, start + count)]
    rows = []
    for index, address in listed:
        rows += [(f"{branch}/{index}", address), ("", show.grouped(address))]
        # Others wrote the label: it is named as one, and no line of it can pose as an address's.
        for at, line in enumerate(show.folded(labels.get(address) or "", _LABEL)):
            rows += [("", f"{' ' * 7 if at else 'label: '}{line}")] if line else []
    here.emit(
        {
            "vault": found.id,
            "addresses": [
                {
                    "branch": branch,
                    "index": index,
                    "address": address,
                    "label": labels.get(address),
                }
                for index, address in listed
            ],
        },
        show.columns(rows),
    )


def _write_csv(vault: "Vault", branch: int, indices: range) -> None:
    """Print addresses as they are made. No labels: a spreadsheet would run others' formulas."""
    from signer.build.addresses import addresses as made

    show.out("branch,index,address")
    index = indices.start
    for part in made(vault, branch, indices):
        lines = [f"{branch},{at},{address}" for at, address in enumerate(part, index)]
        show.out("\n".join(lines))
        index += len(part)


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
