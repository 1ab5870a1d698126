"""What goes into QR codes and comes out of them, as files of this machine."""

import json
from pathlib import Path
from typing import Final

from policies import strict_json
from policies.envelope import Envelope
from policies.strict_json import Fields
from signer.carry import crypto_account, crypto_output, ur
from signer.carry.payload import MAX_PAYLOAD, SUFFIXES, Kind, Payload, guess
from signer.core import coins
from signer.core.descriptor import Descriptor, VaultKey
from signer.core.errors import BadInput, Fault
from signer.core.files import read_limited
from signer.core.vault import Vault

_MAX_FILE: Final = 2 * MAX_PAYLOAD
"""Bytes: a transaction in hex takes two characters for a byte."""
_MAX_RECORD: Final = 1 << 16
_RECORD: Final = (
    *("kind", "version", "name", "coin", "network", "script_type"),
    *("fingerprint", "path", "xpub", "key", "signer"),
)


def load(path: Path, name: str | None) -> Payload:
    """A file as a payload.

    Args:
        path: the file.
        name: the UR type that it shall have, or None for what it is.

    Raises:
        BadInput: unreadable, too large, or not to be had as that type.
    """
    data = read_limited(path, limit=_MAX_FILE, what="file to show")
    kind = ur.TYPES.get(name or "bytes")
    if kind is Kind.OUTPUT:
        return Payload(kind, crypto_output.encode(_descriptor(data)))
    if kind is Kind.ACCOUNT:
        return Payload(kind, _account(data))
    payload = guess(data)
    if len(payload.data) > MAX_PAYLOAD:
        raise BadInput(
            "too large for QR codes",
            fault=Fault.OFFICER,
            expected=f"at most {MAX_PAYLOAD:,} bytes",
            found=f"{len(payload.data):,} bytes",
            hint="carry it as a file",
        )
    return payload


def content(payload: Payload) -> bytes:
    """What a file of a payload holds: its bytes, but descriptors and account keys as text.

    Raises:
        BadInput: CBOR that is not what its type says.
    """
    if payload.kind is Kind.OUTPUT:
        return crypto_output.descriptor_text(payload.data).encode() + b"\n"
    if payload.kind is Kind.ACCOUNT:
        account = crypto_account.parse(payload.data)
        entries = [
            {"script_type": e.script_type, "network": e.key.network, "key": str(e.key)}
            for e in account.keys
        ]
        return json.dumps({"fingerprint": account.fingerprint, "keys": entries}).encode() + b"\n"
    return payload.data


def default_name(payload: Payload) -> Path:
    """A name that tells two payloads apart, and their kind: `scanned-1a2b3c4d.psbt`."""
    return Path(f"scanned-{payload.sha256[:8]}{SUFFIXES[payload.kind]}")


def _descriptor(data: bytes) -> Descriptor:
    """The descriptor in a vault document, or the one that a text is."""
    if data.lstrip().startswith(b"{"):
        vault = Vault.parse(Envelope.parse(data, kind="vault").payload)
        _expect_bitcoin(vault.coin)
        return vault.form
    text = data.decode("ascii", "replace").strip()
    # Test networks share their version bytes; which of them it is, a descriptor does not tell.
    return Descriptor.parse(text, coins.network("BTC", "test" if "]tpub" in text else "main"))


def _account(data: bytes) -> bytes:
    """The key of a key record, as `coldsign key xpub -o FILE` writes it."""
    raw = strict_json.load(data, limit=_MAX_RECORD, what="key record", fault=Fault.OFFICER)
    fields = Fields(raw, "key record", _RECORD, fault=Fault.OFFICER)
    fields.exactly("kind", "key")
    _expect_bitcoin(fields.text("coin"))
    network = coins.network(fields.text("coin"), fields.text("network"))
    key = VaultKey.parse(fields.text("key"), network.xpub)
    script_type = fields.text("script_type")
    if script_type not in network.script_types:
        fields.bad("script_type", " or ".join(network.script_types), script_type)
    return crypto_account.encode(key.origin.fingerprint, [(script_type, key)], network)


def _expect_bitcoin(coin: str) -> None:
    """Refuse other coins: their keys look the same there, and would be taken for Bitcoin's."""
    if coin != "BTC":
        raise BadInput(
            "crypto-output and crypto-account are for BTC here",
            fault=Fault.OFFICER,
            expected="BTC",
            found=coin,
            hint="show the file as it is, without --type",
        )
