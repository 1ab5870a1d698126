"""Specter Desktop's wallet file: the receive descriptor, and the devices in the keys' order.

Sources: Specter Desktop, "Export to wallet software"; Specter-DIY and Sparrow, which read it. The
change branch is not written: Specter takes 1 where the receive branch is 0.
"""

import json
from typing import Final

from policies.strict_json import Fields
from policies.withdrawal import MAX_HEIGHT
from signer.carry.wallets.content import Content, said, text_of
from signer.carry.wallets.descriptors import RECEIVE as RECEIVE_STEPS
from signer.carry.wallets.descriptors import both, expression
from signer.carry.wallets.makers import maker
from signer.carry.wallets.place import Asked
from signer.carry.wallets.wallet import Holder, Wallet
from signer.core.errors import Fault
from signer.core.names import Fingerprint, Height
from signer.core.vault import RECEIVE, Vault

_REQUIRED: Final = ("descriptor",)
_OPTIONAL: Final = ("label", "blockheight", "devices")
_TYPES: Final = {"specter-diy": "specter"}
"""Our name for a device -> Specter's, where they differ."""


def write(vault: Vault) -> str:
    """The file; an enforcing signer is a device of the type `other`."""
    table = {
        "label": vault.name,
        "blockheight": vault.birth_height,
        "descriptor": vault.form.branch_text(RECEIVE),
        "devices": [
            {"type": _type(signer.type), "label": signer.officer} for signer in vault.signers
        ],
    }
    return json.dumps(table, indent=2) + "\n"


def matches(content: Content) -> bool:
    """Whether a file is one: `descriptor`, and one of the keys beside it."""
    return "descriptor" in (content.table or ())


def read(content: Content, asked: Asked) -> Wallet:
    """Read a file. A descriptor of branch 0 alone is taken as Specter means it.

    Raises:
        BadInput: not exactly a vault.
    """
    fields = content.fields("Specter wallet", _REQUIRED, _OPTIONAL)
    parsed = expression(text_of(fields, "descriptor"), sealed=False)
    form = (parsed if parsed.steps == RECEIVE_STEPS else both(parsed)).form(asked)
    birth = None
    if fields.raw.get("blockheight") is not None:
        birth = Height(fields.integer("blockheight", most=MAX_HEIGHT))
    devices = fields.raw.get("devices")
    if devices is None:
        return Wallet.of(form, said(fields.raw.get("label")), birth)
    if not isinstance(devices, list) or len(devices) != len(form.keys):
        fields.bad("devices", f"a list of {len(form.keys)}", devices)
    holders = tuple(
        _holder(item, at, key.origin.fingerprint)
        for at, (item, key) in enumerate(zip(devices, form.keys, strict=True))
    )
    return Wallet(form, said(fields.raw.get("label")), holders, birth)


def _holder(item: object, at: int, fingerprint: Fingerprint) -> Holder:
    """A device: a table, or in older files its label alone."""
    if isinstance(item, str):
        return Holder(fingerprint, said(item))
    device = Fields(item, f"Specter wallet.devices[{at}]", (), ("type", "label"), Fault.OFFICER)
    return Holder(fingerprint, said(device.raw.get("label")), maker(device.raw.get("type")))


def _type(ours: str) -> str:
    """Specter's word for a type of signer; `other` where it has none."""
    return _TYPES.get(ours, ours if maker(ours) else "other")
