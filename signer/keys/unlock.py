"""From a name and a passphrase to a key that can be used, proven to be what its file says."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signer.core.bip32 import ExtendedPrivateKey
from signer.core.errors import BadInput, Fault
from signer.core.names import Fingerprint, KeyId
from signer.keys import keystore, mnemonic
from signer.keys.hardening import wipe
from signer.keys.keystore import Kind

__all__ = ["Kind", "existing", "key_id", "officer", "root", "root_of"]


def existing(home: Path, name: str, kind: Kind) -> Path:
    """The file of a key that should be there.

    Raises:
        BadInput: there is none, or its name is impossible.
    """
    path = keystore.key_path(home, name, kind)
    if not os.path.lexists(path):
        word = "key" if kind is Kind.SEED else "officer"
        raise BadInput(
            f"there is no {word} of this name here",
            fault=Fault.OFFICER,
            found=name,
            hint=f"`coldsign {word} list` shows what there is",
        )
    return path


def root(home: Path, name: str, passphrase: bytearray) -> ExtendedPrivateKey:
    """The BIP32 root of a signing key.

    Raises:
        BadInput: no such key, a damaged file, or a wrong passphrase.
    """
    with keystore.open_key(existing(home, name, Kind.SEED), passphrase) as key:
        found = root_of(key.secret)
        _same(key.stored, found.public().fingerprint)
    return found


def officer(home: Path, name: str, passphrase: bytearray) -> Ed25519PrivateKey:
    """An officer's approval key.

    Raises:
        BadInput: as `root`.
    """
    with keystore.open_key(existing(home, name, Kind.OFFICER), passphrase) as key:
        found = Ed25519PrivateKey.from_private_bytes(bytes(key.secret))
        _same(key.stored, key_id(found))
    return found


def root_of(entropy: bytearray) -> ExtendedPrivateKey:
    """The BIP32 root of BIP39 entropy."""
    seed = mnemonic.seed(entropy)
    try:
        return ExtendedPrivateKey.from_seed(seed)
    finally:
        wipe(seed)


def key_id(key: Ed25519PrivateKey) -> KeyId:
    """The name that documents give an approval key: its raw public key in hex."""
    return KeyId(key.public_key().public_bytes_raw().hex())


def _same(stored: keystore.StoredKey, derived: Fingerprint | KeyId) -> None:
    """The header is authenticated; this catches a program that sealed a wrong one."""
    if stored.public != derived:
        raise BadInput(
            "the key is not the one that its file names",
            fault=Fault.MACHINE,
            expected=stored.public,
            found=derived,
            hint="do not use this file; restore the key from its words",
        )
