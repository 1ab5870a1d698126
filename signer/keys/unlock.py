"""From a name and a passphrase to a key that can be used, proven to be what its file says."""

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.errors import BadInput, Fault
from signer.core.names import Fingerprint, KeyId
from signer.keys import keystore, mnemonic
from signer.keys.hardening import wipe
from signer.keys.keystore import Form, Kind

__all__ = ["Form", "Kind", "existing", "key_id", "officer", "root", "root_in", "root_of", "seed_of"]


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


def root(
    home: Path, name: str, passphrase: bytearray, guard: bytes | bytearray = b""
) -> ExtendedPrivateKey:
    """The BIP32 root of a signing key.

    Args:
        home: the program's folder.
        name: the key's.
        passphrase: opens its file.
        guard: the BIP39 passphrase, if the key has one.

    Raises:
        BadInput: no such key, a damaged file, or a wrong passphrase, the BIP39 one included.
    """
    with keystore.open_key(existing(home, name, Kind.SEED), passphrase) as key:
        return root_in(key, guard)


def root_in(key: keystore.Unlocked, guard: bytes | bytearray = b"") -> ExtendedPrivateKey:
    """The BIP32 root of an open key.

    Raises:
        BadInput: it is not the one that the file names: with a BIP39 passphrase, that is wrong.
    """
    form = key.stored.form
    found = root_of(key.secret, form, guard)
    if form is Form.GUARDED and found.fingerprint != key.stored.public:
        raise BadInput(
            "the BIP39 passphrase is wrong: it gives another key",
            fault=Fault.OFFICER,
            expected=f"the key {key.stored.public}",
            hint="type it again: case, blanks and accents count",
        )
    _same(key.stored, found.fingerprint)
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


def root_of(
    secret: bytes | bytearray, form: Form = Form.WORDS, guard: bytes | bytearray = b""
) -> ExtendedPrivateKey:
    """The BIP32 root of a secret of any form."""
    seed = seed_of(secret, form, guard)
    try:
        return ExtendedPrivateKey.from_seed(seed)
    finally:
        wipe(seed)


def seed_of(
    secret: bytes | bytearray, form: Form = Form.WORDS, guard: bytes | bytearray = b""
) -> bytearray:
    """The BIP32 master seed of a secret.

    Args:
        secret: see `Form`.
        form: how it is to be taken.
        guard: the BIP39 passphrase, UTF-8; empty unless the form wants one.

    Raises:
        BadInput: a BIP39 passphrase that is missing, not wanted, or no text.
    """
    if bool(guard) != (form is Form.GUARDED):
        raise BadInput(
            "this key has no BIP39 passphrase" if guard else "this key needs its BIP39 passphrase",
            fault=Fault.OFFICER,
        )
    return bytearray(secret) if form is Form.MASTER else mnemonic.seed(secret, guard)


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
            hint="do not use this file; restore the key from its backup",
        )
