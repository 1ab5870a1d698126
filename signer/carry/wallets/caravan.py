"""Caravan's (and Unchained's) wallet configuration, as JSON.

Source: Caravan, "Download Wallet Details". Keys are sorted (BIP67), the branches are 0 and 1.
"""

import json
from typing import Final

from policies.strict_json import Fields
from signer.carry.wallets import origins, slip132
from signer.carry.wallets.content import Content, said, text_of
from signer.carry.wallets.makers import maker
from signer.carry.wallets.place import Asked
from signer.carry.wallets.wallet import Holder, Wallet, network_name
from signer.core.errors import Fault
from signer.core.script import MAX_KEYS
from signer.core.vault import Vault

_REQUIRED: Final = ("addressType", "network", "quorum", "extendedPublicKeys")
_OPTIONAL: Final = ("name", "uuid", "client", "startingAddressIndex", "ledgerPolicyHmacs")
_KEY: Final = ("bip32Path", "xpub", "xfp")
_NETWORKS: Final = {
    "mainnet": "main",
    "testnet": "test",
    "testnet4": "test",
    "signet": "signet",
    "regtest": "regtest",
}
_METHODS: Final = frozenset({"bitbox02", "coldcard", "jade", "ledger", "trezor"})
"""Ways to sign that Caravan has a name for; for others a text is pasted."""


def write(vault: Vault) -> str:
    """The configuration, for a public client: Caravan asks which one when it opens it."""
    version = vault.form.network.xpub
    table = {
        "name": vault.name,
        "addressType": vault.script_type.upper(),
        "network": network_name(vault.form.network),
        "client": {"type": "public"},
        "quorum": {"requiredSigners": vault.threshold, "totalSigners": len(vault.keys)},
        "extendedPublicKeys": [
            {
                "name": signer.officer,
                "bip32Path": origins.path_text(key.origin.path),
                "xpub": key.xpub.to_text(version),
                "xfp": key.origin.fingerprint.upper(),
                "method": signer.type if signer.type in _METHODS else "text",
            }
            for signer, key in zip(vault.signers, vault.keys, strict=True)
        ],
        "startingAddressIndex": 0,
    }
    return json.dumps(table, indent=2) + "\n"


def matches(content: Content) -> bool:
    """Whether a file is one."""
    return {"quorum", "extendedPublicKeys"} <= set(content.table or ())


def read(content: Content, asked: Asked) -> Wallet:
    """Read a configuration.

    Raises:
        BadInput: not exactly a vault, or a key whose path is not known.
    """
    fields = content.fields("Caravan wallet", _REQUIRED, _OPTIONAL)
    quorum = fields.table("quorum", required=("requiredSigners", "totalSigners"))
    listed = fields.raw["extendedPublicKeys"]
    total = quorum.integer("totalSigners", least=1, most=MAX_KEYS)
    if not isinstance(listed, list) or len(listed) != total:
        found = len(listed) if isinstance(listed, list) else listed
        fields.bad("extendedPublicKeys", f"a list of {total} keys", found)
    place = _NETWORKS.get(text_of(fields, "network"))
    if place is None:
        fields.bad("network", " or ".join(_NETWORKS), fields.raw["network"])
    keys: list[slip132.ForeignKey] = []
    holders: list[Holder] = []
    for at, item in enumerate(listed):
        where = f"Caravan wallet.extendedPublicKeys[{at}]"
        entry = Fields(item, where, _KEY, ("name", "method"), Fault.OFFICER)
        origin = origins.origin(entry.raw["xfp"], entry.raw["bip32Path"])
        keys.append(slip132.read(origin, text_of(entry, "xpub")))
        name, method = said(entry.raw.get("name")), maker(entry.raw.get("method"))
        holders.append(Holder(origin.fingerprint, name, method))
    script = origins.script_type(fields.raw["addressType"])
    threshold = quorum.integer("requiredSigners", least=1, most=total)
    form = origins.form(keys, threshold, script, asked, (place,))
    return Wallet(form, said(fields.raw.get("name")), tuple(holders))
