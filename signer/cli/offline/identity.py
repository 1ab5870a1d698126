"""Which officer is at this machine, and that officer's key."""

from pathlib import Path
from typing import TYPE_CHECKING

from signer.cli import prompt
from signer.cli.session import Session
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from signer.core.names import KeyId


def chosen(here: Session, name: str | None) -> "tuple[str, KeyId]":
    """The name and the public key of the officer: the one that is named, or the only one here.

    The public key is the file's word; `unlocked` proves it.

    Raises:
        BadInput: none of that name, none at all, or several.
    """
    from signer.cli.offline.keyring import stored_keys
    from signer.core.names import KeyId
    from signer.keys import keystore, unlock

    if name is not None:
        stored = keystore.read_key(unlock.existing(here.home, name, unlock.Kind.OFFICER))
        return name, KeyId(stored.public)
    found = stored_keys(here.home, unlock.Kind.OFFICER)
    usable = [key for key in found if not isinstance(key, BadInput)]
    if len(usable) != 1:
        raise BadInput(
            "which officer?",
            fault=Fault.OFFICER,
            expected="--officer NAME",
            found=", ".join(key.name for key in usable) or "no officer lives here",
            hint="`coldsign officer list` shows them, `coldsign officer create` makes one",
        )
    return usable[0].name, KeyId(usable[0].public)


def unlocked(here: Session, name: str, passphrase_file: Path | None) -> "Ed25519PrivateKey":
    """The officer's private key, proven to be the one that its file names.

    Raises:
        BadInput: a wrong passphrase, or a damaged file.
    """
    from signer.keys import unlock
    from signer.keys.hardening import wipe

    passphrase = prompt.passphrase(passphrase_file, f"the officer {name}")
    key = unlock.officer(here.home, name, passphrase)
    wipe(passphrase)
    return key
