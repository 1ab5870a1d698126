"""Opening a key of this machine: its passphrase, and the BIP39 passphrase if it has one."""

from pathlib import Path
from typing import TYPE_CHECKING

from signer.cli import prompt
from signer.cli.surroundings import Session

if TYPE_CHECKING:
    from signer.core.bip32_private import ExtendedPrivateKey
    from signer.keys.keystore import Form


def root(
    here: Session,
    name: str,
    passphrase_file: Path | None,
    guard_file: Path | None,
    *,
    until: int | None = None,
) -> "ExtendedPrivateKey":
    """The root of a key, whose passphrases are asked for or read from files.

    Args:
        here: the session.
        name: of the key.
        passphrase_file: as the option, or None: the officer is asked.
        guard_file: the same for the BIP39 passphrase.
        until: ends the questions, as `signer/cli/prompt.py` says.

    Raises:
        BadInput: no such key, or a passphrase that is wrong, missing, or of no use.
    """
    from signer.keys import keystore, unlock
    from signer.keys.hardening import wipe

    form = keystore.read_key(unlock.existing(here.home, name, unlock.Kind.SEED)).form
    passphrase = prompt.passphrase(passphrase_file, f"the key {name}", until=until)
    extra = guard(guard_file, name, form, until=until)
    found = unlock.root(here.home, name, passphrase, extra)
    wipe(passphrase, extra)
    return found


def guard(file: Path | None, name: str, form: "Form", *, until: int | None = None) -> bytearray:
    """The BIP39 passphrase of a key of this form; empty if it has none and no file names one."""
    from signer.keys.unlock import Form

    if file is None and form is not Form.GUARDED:
        return bytearray()
    return bip39(file, name, until=until)


def bip39(
    file: Path | None, name: str, *, new: bool = False, until: int | None = None
) -> bytearray:
    """The BIP39 passphrase of words, asked for or read from a file."""
    what = f"the words of {name} (BIP39)"
    return passphrase(file, what, "--bip39-passphrase-file", new=new, until=until)


def passphrase(
    file: Path | None, what: str, option: str, *, new: bool = False, until: int | None = None
) -> bytearray:
    """A passphrase beside the key file's own; the option that names its file is in the hint."""
    if file is None:
        prompt.need_terminal(f"asking for the passphrase for {what}", f"use {option} FILE")
    return prompt.passphrase(file, what, new=new, until=until)
