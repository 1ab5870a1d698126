"""`coldquorum vault`: make, show and list vaults, and give out their addresses."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import show
from signer.cli.naming import named
from signer.cli.session import HomeOption, JsonFlag, session
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from signer.core.descriptor import VaultKey
    from signer.core.vault import Vault, VaultSigner

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

_MAX_RECORD = 4096
"""Bytes of a key's record; they take about 500."""

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
            help="A key's record (`coldsign key xpub`); once for each.",
        ),
    ],
    coin: Annotated[str, typer.Option(help="The coin.")] = "BTC",
    network: Annotated[str, typer.Option(help="main, test, signet or regtest.")] = "main",
    script: Annotated[str, typer.Option(help="p2wsh or p2sh-p2wsh.")] = "p2wsh",
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
    from signer.core.files import refuse_existing, write_new
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    if output is not None:
        refuse_existing(output)
    members = [key_record(path, coin, network, script) for path in key]
    with named("", hint="see `coldquorum vault create --help`", fault=Fault.OFFICER):
        vault = create_vault(
            name=name,
            coin=coin,
            network=network,
            script_type=script,
            threshold=threshold,
            keys=[member[0] for member in members],
            signers=[member[1] for member in members],
            birth_height=birth_height,
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
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """List addresses: each whole, for copying, and in groups of four, for comparing."""
    from signer.cli.online import inbox
    from signer.core.vault import CHANGE, RECEIVE
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    if not 1 <= count <= _MOST_ADDRESSES or start < 0:
        raise BadInput(
            "no such addresses",
            fault=Fault.OFFICER,
            expected=f"1 to {_MOST_ADDRESSES} from an index of 0 or more",
            found=f"{count} from {start}",
            hint="see `coldquorum vault addresses --help`",
        )
    with Store(here.home) as store:
        found = inbox.vault(store, vault).vault
    branch = CHANGE if change else RECEIVE
    listed = [(index, found.address(branch, index)) for index in range(start, start + count)]
    rows = [
        row
        for index, address in listed
        for row in ((f"{branch}/{index}", address), ("", show.grouped(address)))
    ]
    here.emit(
        {
            "vault": found.id,
            "addresses": [
                {"branch": branch, "index": index, "address": address} for index, address in listed
            ],
        },
        show.columns(rows),
    )


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


def import_(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", readable=False, help="A vault's document.")
    ],
    *,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Take up a vault that was made elsewhere."""
    from signer.cli.online import inbox
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    envelope = inbox.read(file, inbox.VAULT)
    with Store(here.home) as store:
        vault = store.add_vault(envelope).vault
    here.emit(data(vault), text(vault))
    show.note("compare the vault id, in full, with what the other officers see")


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


def key_record(path: Path, coin: str, network: str, script: str) -> "tuple[VaultKey, VaultSigner]":
    """Read a key's public record, which has to be for this very kind of vault."""
    from policies import strict_json
    from policies.strict_json import Fields
    from signer.core import coins
    from signer.core.descriptor import VaultKey
    from signer.core.files import read_limited
    from signer.core.names import Fingerprint
    from signer.core.vault import VaultSigner

    # The whole command: a record for another network or script is the commonest mistake here.
    made = f"coldsign key xpub NAME --coin {coin} --network {network} --script {script} -o FILE"
    with named(path, hint=f"take the file that this wrote: {made}"):
        found = read_limited(path, limit=_MAX_RECORD, what="key record")
        fields = Fields(
            strict_json.load(found, limit=_MAX_RECORD, what="key record", fault=Fault.OFFICER),
            "key record",
            required=(
                *("kind", "version", "name", "coin", "network", "script_type"),
                *("fingerprint", "path", "xpub", "key", "signer"),
            ),
            fault=Fault.OFFICER,
        )
        fields.exactly("kind", "key")
        fields.exactly("version", 1)
        for name, wanted in (("coin", coin), ("network", network), ("script_type", script)):
            fields.exactly(name, wanted)
        key = VaultKey.parse(str(fields.raw["key"]), coins.network(coin, network).xpub)
        fields.exactly("fingerprint", key.origin.fingerprint)
        signer = VaultSigner(
            fields.name("name"), Fingerprint(key.origin.fingerprint), fields.name("signer")
        )
    return key, signer
