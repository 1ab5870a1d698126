"""Nunchuk's wallet configuration: the four lines of a BIP129 descriptor record, not encrypted.

Sources: BIP129, "Descriptor Record"; libnunchuk, `src/utils/bsms.hpp`. The last line is the first
address, which is derived again and has to be equal.

Nunchuk's later versions write `/*` and "No path restrictions", though their addresses are at
0/index and 1/index. That is taken if the first address says so, too.
"""

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final

from signer.carry.wallets.content import Content
from signer.carry.wallets.descriptors import both, expression
from signer.carry.wallets.origins import origin_text
from signer.carry.wallets.place import COIN, Asked
from signer.carry.wallets.wallet import MULTIPATH, Wallet, first_address
from signer.core import coins
from signer.core.address import script_of
from signer.core.errors import BadInput, Fault
from signer.core.vault import RECEIVE, Vault

_HEAD: Final = "BSMS 1.0"
_BRANCHES: Final = "/0/*,/1/*"
_FREE: Final = "No path restrictions"
_LINES: Final = 4
_bad = partial(BadInput, fault=Fault.OFFICER)


def write(vault: Vault) -> str:
    """The record, with the template `/**` and the restriction to the branches 0 and 1."""
    version = vault.form.network.xpub
    keys = ",".join(f"{origin_text(k.origin)}{k.xpub.to_text(version)}/**" for k in vault.keys)
    form = vault.form.form
    text = f"{form.head}{vault.threshold},{keys}{form.foot}"
    return "\n".join((_HEAD, text, _BRANCHES, vault.address(RECEIVE, 0))) + "\n"


def matches(content: Content) -> bool:
    """Whether a file is one: its first line says so."""
    return content.text.startswith("BSMS ")


def read(content: Content, asked: Asked) -> Wallet:
    """Read a record.

    Raises:
        BadInput: not exactly a vault, or its first address is another.
    """
    lines = content.text.rstrip("\n").split("\n", _LINES)
    if len(lines) != _LINES or lines[0] != _HEAD or lines[2] not in (_BRANCHES, _FREE):
        raise _bad(
            "not a descriptor record",
            expected=f"{_LINES} lines: {_HEAD}, a descriptor, {_BRANCHES} or {_FREE}, an address",
            hint="an encrypted record is decrypted first",
        )
    parsed = expression(lines[1], sealed=False)
    if lines[2] == _FREE and parsed.steps == "/*":
        parsed = replace(parsed, steps=MULTIPATH)
    form = both(parsed).form(asked, _networks(lines[3]))
    found = first_address(form)
    if found != lines[3]:
        raise _bad(
            "the record's first address is not the wallet's",
            expected=found,
            found=ascii(lines[3][:100]),
            hint="one of the two was changed on its way: use neither",
        )
    return Wallet.of(form)


def _networks(address: str) -> tuple[str, ...]:
    """The networks on which an address could be."""
    found = []
    for name in coins.coin(COIN).networks:
        with suppress(BadInput):
            script_of(address, COIN, name)
            found.append(name)
    if not found:
        raise _bad("the record's last line is not an address", found=ascii(address[:100]))
    return tuple(found)
