"""The folder with this machine's keys: what is in it, and how a key is destroyed."""

import os
import secrets
from pathlib import Path

from signer.core.errors import BadInput
from signer.core.files import failed, sync_folder
from signer.keys.keystore import Kind, StoredKey, read_key


def stored_keys(home: Path, kind: Kind) -> tuple[StoredKey | BadInput, ...]:
    """Every key file of one kind, by name; one that cannot be read gives its error instead.

    Raises:
        BadInput: the folder cannot be read.
    """
    found: list[StoredKey | BadInput] = []
    try:
        paths = sorted((home / "keys").glob(f"*.{kind}"))
    except OSError as error:
        raise failed("keys", home / "keys", error) from None
    for path in paths:
        try:
            found.append(read_key(path))
        except BadInput as problem:
            found.append(problem)
    return tuple(found)


def destroy(path: Path) -> None:
    """Overwrite a key file and remove it.

    Best effort: flash storage, journalling file systems, snapshots and backups may keep copies,
    which stay as strong as their passphrase.

    Raises:
        BadInput: the file or its folder cannot be written.
    """
    try:
        with path.open("r+b", buffering=0) as file:
            file.write(secrets.token_bytes(path.stat().st_size))
            os.fsync(file.fileno())
        path.unlink()
        sync_folder(path.parent)
    except OSError as error:
        raise failed("key file", path, error) from None
