"""`coldsign key`: list, export and destroy the signing keys of this machine."""

from pathlib import Path
from typing import Annotated

import typer

from signer.cli import prompt, show
from signer.cli.kinds import CoinOption, NetworkOption, ScriptOption, script_type
from signer.cli.offline import records, unlocking
from signer.cli.offline.options import GuardFile, PassphraseFile
from signer.cli.session import HomeOption, JsonFlag, session
from signer.core.errors import BadInput, Fault

Name = Annotated[str, typer.Argument(metavar="NAME", help="What the key is called here.")]


def list_(context: typer.Context, *, as_json: JsonFlag = False, home: HomeOption = None) -> None:
    """List the signing keys of this machine, by their headers."""
    from signer.keys.keystore import Kind

    records.list_keys(session(context, as_json=as_json, home=home), Kind.SEED, "fingerprint")


def xpub(
    context: typer.Context,
    name: Name,
    *,
    coin: CoinOption = "BTC",
    network: NetworkOption = "main",
    script: ScriptOption = None,
    account: Annotated[int, typer.Option(help="The account's number.")] = 0,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", readable=False, help="Write the record."),
    ] = None,
    passphrase_file: PassphraseFile = None,
    bip39_passphrase_file: GuardFile = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Export the public key of an account (BIP48) with its origin, for a vault."""
    from signer.core.bip32 import HARDENED, Origin, format_path
    from signer.core.coins import network as find_network
    from signer.core.descriptor import bip48_path
    from signer.core.files import refuse_existing
    from signer.keys import unlock

    here = session(context, as_json=as_json, home=home)
    place = find_network(coin, network)
    kind = script_type(place, script)
    if not 0 <= account < HARDENED:
        raise BadInput("no such account", fault=Fault.OFFICER, expected=f"0 to {HARDENED - 1}")
    if output is not None:
        refuse_existing(output)
    unlock.existing(here.home, name, unlock.Kind.SEED)
    root = unlocking.root(here, name, passphrase_file, bip39_passphrase_file)
    path = bip48_path(place, kind, account)
    text = root.derive_path(path).public().to_text(place.xpub)
    record = {
        "kind": "key",
        "version": 1,
        "name": name,
        "coin": coin,
        "network": network,
        "script_type": kind,
        "fingerprint": root.fingerprint,
        "path": format_path(path),
        "xpub": text,
        "key": f"{Origin(root.fingerprint, path)}{text}",
        "signer": "enforcing",
    }
    records.give(here, record, output)


def destroy(
    context: typer.Context,
    name: Name,
    *,
    fingerprint: Annotated[
        str | None, typer.Option(metavar="HEX", help="The key's fingerprint, to go with --yes.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; wants --fingerprint.")] = False,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Overwrite and remove a key. Only a backup brings it back."""
    from signer.cli.offline import keyring
    from signer.keys import keystore, unlock

    here = session(context, as_json=as_json, home=home)
    stored = keystore.read_key(unlock.existing(here.home, name, unlock.Kind.SEED))
    if yes != (fingerprint is not None):
        raise BadInput("--yes and --fingerprint go together", fault=Fault.OFFICER)
    if fingerprint is None:
        show.note(f"{name} {stored.public} will be gone; only a backup brings it back")
        answer = prompt.line("type the key's fingerprint to destroy it: ")
        fingerprint = answer.decode("ascii", "replace")
    if fingerprint.strip().lower() != stored.public:
        raise BadInput(
            "not the key's fingerprint: nothing was destroyed",
            fault=Fault.OFFICER,
            hint="`coldsign key list` shows it",
        )
    keyring.destroy(stored.path)
    show.note(
        "overwritten and removed as far as a program can: flash memory, snapshots and backups may\n"
        "keep copies, as strong as their passphrase; to be sure, destroy the medium itself"
    )
    here.emit({"destroyed": name, "fingerprint": stored.public}, f"destroyed  {name}")
