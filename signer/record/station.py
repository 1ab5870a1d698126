"""The station's key: an Ed25519 key of this machine that signs refusal receipts, nothing else.

It has no passphrase, since a refusal comes before anybody is asked for one. It lies in the home
as `station.key`, mode 0600: 64 hex digits (RFC 8032, the private key's 32 bytes). Whoever steals
it can forge receipts of refusals, which move no money: an approval, a policy and a receipt are
signed as different DSSE payload types, and no policy counts a key that its admins did not list.
The journal names the public key before the first receipt is signed with it; a key that is lost or
replaced shows as a second line.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signer.core.errors import BadInput, Fault
from signer.core.files import read_limited, write_private
from signer.core.journal import Entry, Journal
from signer.core.names import KeyId

NAME: Final = "station.key"
EVENT: Final = "station"
_FORM: Final = re.compile(rb"[0-9a-f]{64}\n")


def station(home: Path) -> Ed25519PrivateKey:
    """The key of this machine; made at first use, and named in the journal.

    Raises:
        BadInput: it cannot be read, is damaged, or the disk does not take it.
    """
    path = home / NAME
    if not os.path.lexists(path):
        try:
            made = Ed25519PrivateKey.generate().private_bytes_raw().hex()
            write_private(path, f"{made}\n".encode())
        except BadInput:
            if not os.path.lexists(path):  # else another process was faster: its key is the one
                raise
    data = read_limited(path, limit=1 << 10, what="station key")
    if not _FORM.fullmatch(data):
        raise BadInput(
            "the station key is damaged",
            fault=Fault.MACHINE,
            expected="64 hex digits",
            found=str(path),
            hint="put it aside: the next refusal makes another, which the journal then names",
        )
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(data.decode("ascii")))
    journal = Journal.open(home)
    if current(journal.entries()) != key_id(key):
        journal.append(EVENT, key=key_id(key))
    return key


def key_id(key: Ed25519PrivateKey) -> KeyId:
    """The public key, as documents name it."""
    return KeyId(key.public_key().public_bytes_raw().hex())


def current(entries: Iterable[Entry]) -> KeyId | None:
    """The station key that the newest of some journal lines names, or None."""
    keys = [KeyId(str(e.fields.get("key"))) for e in entries if e.event == EVENT]
    return keys[-1] if keys else None
