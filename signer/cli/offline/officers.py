"""`coldsign officer`: the approval keys (Ed25519) of this machine."""

from pathlib import Path
from typing import Annotated

import typer

from signer.cli import prompt, show
from signer.cli.offline import records
from signer.cli.offline.options import PassphraseFile
from signer.cli.session import HomeOption, JsonFlag, session

Name = Annotated[str, typer.Argument(metavar="NAME", help="The officer, as policies name them.")]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FILE", readable=False, help="Write the public record."),
]


def create(
    context: typer.Context,
    name: Name,
    *,
    output: Output = None,
    passphrase_file: PassphraseFile = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Make an officer's approval key. It has no words: an officer who loses it gets a new one."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from signer.core.files import refuse_existing
    from signer.keys import entropy, keystore, unlock
    from signer.keys.hardening import wipe

    here = session(context, as_json=as_json, home=home)
    refuse_existing(keystore.key_path(here.home, name, keystore.Kind.OFFICER))
    if output is not None:
        refuse_existing(output)
    passphrase = prompt.passphrase(passphrase_file, f"the new officer {name}", new=True)
    secret = entropy.system(32)
    public = unlock.key_id(Ed25519PrivateKey.from_private_bytes(bytes(secret)))
    keystore.create(
        here.home, name, keystore.Kind.OFFICER, secret=secret, public=public, passphrase=passphrase
    )
    wipe(secret, passphrase)
    records.give(here, _record(name, public), output)


def show_(
    context: typer.Context,
    name: Name,
    *,
    output: Output = None,
    prove: Annotated[
        bool, typer.Option("--prove", help="Unlock the key, and show what it really is.")
    ] = False,
    passphrase_file: PassphraseFile = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Show an officer's public key. Only --prove, or a passphrase file, proves the file's word."""
    from signer.core.files import refuse_existing
    from signer.keys import keystore, unlock
    from signer.keys.hardening import wipe

    here = session(context, as_json=as_json, home=home)
    path = unlock.existing(here.home, name, unlock.Kind.OFFICER)
    if output is not None:
        refuse_existing(output)
    if prove or passphrase_file is not None:
        passphrase = prompt.passphrase(passphrase_file, f"the officer {name}")
        public = str(unlock.key_id(unlock.officer(here.home, name, passphrase)))
        wipe(passphrase)
        show.note("proven: the key was unlocked, and this is its public key")
    else:
        public = keystore.read_key(path).public
        show.note("as the file's header says; --prove unlocks the key and proves it")
    records.give(here, _record(name, public), output)


def list_(context: typer.Context, *, as_json: JsonFlag = False, home: HomeOption = None) -> None:
    """List the officers of this machine, by their headers."""
    from signer.keys.keystore import Kind

    records.list_keys(session(context, as_json=as_json, home=home), Kind.OFFICER, "key")


def _record(name: str, public: str) -> dict[str, object]:
    return {"kind": "officer", "version": 1, "name": name, "key": public}
