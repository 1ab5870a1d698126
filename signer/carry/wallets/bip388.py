"""Wallet policies (BIP388): a descriptor template, and the keys that it numbers.

The BIP fixes the template and the keys, and no file; the names of the JSON's keys are those of its
reference implementation, `descriptor_template` and `keys_info`. Coldcard calls the first one
`desc_template`, Ledger's tools `policy` and `keys`. All three are read.
"""

import json
import re
from functools import partial
from typing import Final

from signer.carry.wallets.content import Content, said, text_of, texts
from signer.carry.wallets.descriptors import both, expression
from signer.carry.wallets.origins import origin_text
from signer.carry.wallets.place import Asked
from signer.carry.wallets.wallet import Wallet
from signer.core.errors import BadInput, Fault
from signer.core.script import MAX_KEYS
from signer.core.vault import Vault

_NAMES: Final = (
    ("descriptor_template", "keys_info"),
    ("desc_template", "keys_info"),
    ("policy", "keys"),
)
_PLACE: Final = re.compile(r"@(0|[1-9][0-9]?)(?![0-9])")
_KEY: Final = re.compile(r"\[[^\[\]]{1,60}\][1-9A-HJ-NP-Za-km-z]{100,120}")
_MAX_TEMPLATE: Final = 400
"""Characters; fifteen keys take about 130."""
_bad = partial(BadInput, fault=Fault.OFFICER)


def write(vault: Vault) -> str:
    """The policy, with `/**` for the two branches."""
    count = len(vault.keys)
    places = ",".join(f"@{at}/**" for at in range(count))
    form = vault.form.form
    version = vault.form.network.xpub
    table = {
        "name": vault.name,
        "descriptor_template": f"{form.head}{vault.threshold},{places}{form.foot}",
        "keys_info": [f"{origin_text(k.origin)}{k.xpub.to_text(version)}" for k in vault.keys],
    }
    return json.dumps(table, indent=2) + "\n"


def matches(content: Content) -> bool:
    """Whether a file is one: a template and its keys."""
    return any(set(names) <= set(content.table or ()) for names in _NAMES)


def read(content: Content, asked: Asked) -> Wallet:
    """Read a policy.

    Raises:
        BadInput: not exactly a vault, or placeholders that the BIP does not allow.
    """
    names = next((pair for pair in _NAMES if set(pair) <= set(content.table or ())), _NAMES[0])
    fields = content.fields("wallet policy", names, ("name", "description"))
    template, keys = text_of(fields, names[0]), texts(fields, names[1], MAX_KEYS)
    if len(template) > _MAX_TEMPLATE:
        raise _bad("wallet policy: too long", expected=f"at most {_MAX_TEMPLATE} characters")
    used = [int(number) for number in _PLACE.findall(template)]
    if used != list(range(len(keys))) or template.count("@") != len(keys):
        raise _bad(
            "wallet policy: its placeholders do not fit its keys",
            expected=", ".join(f"@{at}" for at in range(len(keys))) + ", each once, in order",
            found=ascii(template[:80]),
        )
    if not all(_KEY.fullmatch(key) for key in keys):
        raise _bad("wallet policy: not a key with its origin", expected="[fingerprint/path]xpub")
    text = _PLACE.sub(lambda match: keys[int(match[1])], template)
    return Wallet.of(both(expression(text, sealed=False)).form(asked), said(fields.raw.get("name")))
