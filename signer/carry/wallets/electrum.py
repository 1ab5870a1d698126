"""Electrum's wallet file, watch-only.

Source: Electrum, `electrum/wallet_db.py` and `electrum/keystore.py`; tried with Electrum 4.3.4.
The script is in the letters of the keys (SLIP-132), which are sorted; the branches are 0 and 1.
What else such a file holds (history, labels, settings) says nothing of scripts, and is left alone.
"""

import json
import re
from functools import partial
from typing import Final

from policies.strict_json import Fields
from signer.carry.wallets import origins, slip132
from signer.carry.wallets.content import Content, private, said, text_of
from signer.carry.wallets.makers import maker
from signer.carry.wallets.place import Asked
from signer.carry.wallets.slip132 import ForeignKey
from signer.carry.wallets.wallet import Holder, Wallet
from signer.core.errors import BadInput, Fault
from signer.core.script import MAX_KEYS
from signer.core.vault import Vault

SEED_VERSION: Final = 20
"""The oldest version of the file whose keys have `root_fingerprint`. Electrum brings older ones up
to date by deleting it (`_convert_version_20`), and then its PSBTs name no signer."""

CASH_VERSION: Final = 17
"""The version of the file that Electron Cash kept when it parted from Electrum."""

_TYPE: Final = re.compile(r"([1-9][0-9]?)of([1-9][0-9]?)")
_STORE: Final = re.compile(r"x[0-9]+/")
_OPTIONAL: Final = (
    *("label", "root_fingerprint", "derivation", "hw_type", "ckcc_xfp", "soft_device_id", "cfg"),
    *("pw_hash_version", "xprv", "seed", "passphrase", "seed_type"),
)
_SECRETS: Final = ("xprv", "seed", "passphrase")
_ENCRYPTED: Final = "QklFM"  # base64 of BIE, Electrum's magic bytes
_bad = partial(BadInput, fault=Fault.OFFICER)


def write(vault: Vault) -> str:
    """A wallet without a secret: Electrum opens it as watching-only."""
    table: dict[str, object] = {
        "seed_version": SEED_VERSION,
        "use_encryption": False,
        "wallet_type": f"{vault.threshold}of{len(vault.keys)}",
    }
    for at, (signer, key) in enumerate(zip(vault.signers, vault.keys, strict=True), 1):
        table[f"x{at}/"] = {
            "type": "bip32",
            "xpub": slip132.write(key.xpub, vault.form.network, vault.script_type),
            "derivation": origins.path_text(key.origin.path),
            "root_fingerprint": key.origin.fingerprint,
            "label": signer.officer,
            "pw_hash_version": 1,
        }
    return json.dumps(table, indent=4) + "\n"


def write_cash(vault: Vault) -> str:
    """The same for Electron Cash, whose keys have no fingerprints.

    Source: Electron Cash, `electroncash/keystore.py` (`BIP32_KeyStore`), `electroncash/storage.py`.
    """
    table: dict[str, object] = {
        "seed_version": CASH_VERSION,
        "use_encryption": False,
        "wallet_type": f"{vault.threshold}of{len(vault.keys)}",
    }
    for at, key in enumerate(vault.keys, 1):
        table[f"x{at}/"] = {
            "type": "bip32",
            "xpub": key.xpub.to_text(vault.form.network.xpub),
            "xprv": None,
            "derivation": origins.path_text(key.origin.path),
        }
    return json.dumps(table, indent=4) + "\n"


def matches(content: Content) -> bool:
    """Whether a file is one, be it encrypted."""
    return "wallet_type" in (content.table or ()) or content.text.startswith(_ENCRYPTED)


def read(content: Content, asked: Asked) -> Wallet:
    """Read a wallet file.

    Raises:
        BadInput: not exactly a vault, encrypted, or with a secret in it.
    """
    if content.table is None:
        raise _bad(
            "not a plain Electrum wallet",
            expected="a JSON object",
            hint="in Electrum: File, Save copy; then take off its password",
        )
    table = content.table
    kind = table.get("wallet_type")
    match = _TYPE.fullmatch(kind) if isinstance(kind, str) else None
    if match is None:
        raise _bad(
            "not a wallet of several signatures",
            expected="a wallet type such as 2of3",
            found=ascii(kind)[:40],
        )
    threshold, count = int(match[1]), int(match[2])
    stores = [f"x{at}/" for at in range(1, min(count, MAX_KEYS) + 1)]
    if sorted(key for key in table if _STORE.fullmatch(key)) != sorted(stores):
        raise _bad("the keys do not fit the wallet type", expected=f"x1/ to x{count}/")
    pairs = [_store(name, table[name]) for name in stores]
    scripts = {key.version.script_type for key, _ in pairs}
    if len(scripts) > 1:
        raise _bad("keys for different kinds of script")
    script = scripts.pop() or "p2sh"  # xpub and tpub, which Electrum calls standard
    form = origins.form([key for key, _ in pairs], threshold, script, asked)
    return Wallet(form, "", tuple(holder for _, holder in pairs))


def _store(name: str, item: object) -> tuple[ForeignKey, Holder]:
    """One key. In files before 2020 a Coldcard's fingerprint is a number, little-endian."""
    fields = Fields(item, f"Electrum wallet.{name}", ("type", "xpub"), _OPTIONAL, Fault.OFFICER)
    if any(fields.raw.get(key) for key in _SECRETS):
        raise private()
    master = fields.raw.get("root_fingerprint")
    if "ckcc_xfp" in fields.raw:
        old = fields.integer("ckcc_xfp", most=2**32 - 1).to_bytes(4, "little").hex()
        if master not in (None, old):
            fields.bad("ckcc_xfp", "the key's root_fingerprint", old)
        master = old
    origin = origins.origin(master, fields.raw.get("derivation"))
    key = slip132.read(origin, text_of(fields, "xpub"))
    label, device = said(fields.raw.get("label")), maker(fields.raw.get("hw_type"))
    return key, Holder(origin.fingerprint, label, device)
