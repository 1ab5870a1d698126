"""`crypto-account`: the account keys that a signer offers, one for each kind of script.

Source: BCR-2020-015. The entries for multisig are a bare key inside sh, wsh or both, in later
versions under the tag of a cosigner.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Final

from signer.carry import cbor
from signer.carry.cbor import Fields, Tagged, Value
from signer.carry.crypto_output import COSIGNER, OUTPUT, SH, WSH
from signer.carry.hdkey import HDKEY, HDKey, key_item, parse_key
from signer.core.coins import Network
from signer.core.descriptor import VaultKey
from signer.core.errors import BadInput, Fault
from signer.core.names import Fingerprint

_MAX_ENTRIES: Final = 20
"""There are seven kinds of script."""

# The tags around a key, and what such a script is called.
_SCRIPTS: Final = {
    (403,): "p2pkh",
    (SH, 404): "p2sh-p2wpkh",
    (404,): "p2wpkh",
    (SH,): "p2sh",
    (SH, WSH): "p2sh-p2wsh",
    (WSH,): "p2wsh",
    (409,): "p2tr",
}
_WRAPS: Final = {name: tags for tags, name in _SCRIPTS.items()}

_bad = partial(BadInput, fault=Fault.OFFICER)


@dataclass(frozen=True, slots=True)
class AccountKey:
    """One entry.

    Attributes:
        script_type: "p2wsh", "p2sh-p2wsh", "p2wpkh" and so on.
        key: the key with its origin.
    """

    script_type: str
    key: HDKey


@dataclass(frozen=True, slots=True)
class Account:
    """What a signer offers.

    Attributes:
        fingerprint: of its master key.
        keys: one for each kind of script.
    """

    fingerprint: Fingerprint
    keys: tuple[AccountKey, ...]


def parse(data: bytes) -> Account:
    """Read the CBOR of a `crypto-account`.

    Raises:
        BadInput: malformed, a key of another master, or of a form not known here.
    """
    fields = Fields(cbor.decode(data, "crypto-account"), "crypto-account")
    master = Fingerprint(f"{fields.unsigned(1, 2**32 - 1):08x}")
    entries = fields.array(2, _MAX_ENTRIES)
    fields.finish()
    return Account(master, tuple(_entry(entry, master) for entry in entries))


def encode(
    fingerprint: Fingerprint, keys: Iterable[tuple[str, VaultKey]], network: Network
) -> bytes:
    """The CBOR of account keys.

    Args:
        fingerprint: of the master key.
        keys: each with its script type, "p2wsh" or "p2sh-p2wsh".
        network: whose coin they are for.
    """
    entries: list[Value] = []
    for script_type, key in keys:
        item: Value = key_item(key.origin, key.xpub, network, branches=False)
        for tag in reversed(_WRAPS[script_type]):
            item = Tagged(tag, item)
        entries.append(item)
    return cbor.encode({1: int(fingerprint, 16), 2: tuple(entries)})


def _entry(value: Value, master: Fingerprint) -> AccountKey:
    tags: list[int] = []
    while isinstance(value, Tagged) and value.tag != HDKEY:
        tags.append(value.tag)
        value = value.item
    script = _SCRIPTS.get(tuple(tag for tag in tags if tag not in (OUTPUT, COSIGNER)))
    if script is None:
        found = ", ".join(str(tag) for tag in tags)
        raise _bad("crypto-account: a script that is not read here", found=f"tags {found}")
    key = parse_key(value, master)
    if not isinstance(key, HDKey) or key.origin is None or key.origin.fingerprint != master:
        raise _bad("crypto-account: a key of another master", expected=master)
    return AccountKey(script, key)
