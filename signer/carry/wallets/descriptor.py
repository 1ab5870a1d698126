"""A descriptor in a text file: what Bitcoin Core, Sparrow, Nunchuk, Liana and BDK share.

One line for both branches (BIP389), or one a branch (BIP380), each with its checksum. Lines that
start with `#` are remarks: Sparrow writes its three descriptors with a remark above each.
"""

from functools import partial
from typing import Final

from signer.carry.wallets.content import Content
from signer.carry.wallets.descriptors import expression, joined
from signer.carry.wallets.place import Asked
from signer.carry.wallets.wallet import Wallet
from signer.core.errors import BadInput, Fault
from signer.core.vault import Vault

_MOST: Final = 3
"""Descriptors: both branches, the receive branch, the change branch."""

_STARTS: Final = ("wsh(", "sh(", "sh32(", "wpkh(", "pkh(", "tr(", "multi(", "sortedmulti(")
_bad = partial(BadInput, fault=Fault.OFFICER)


def write(vault: Vault) -> str:
    """Both branches in one line."""
    return f"{vault.descriptor}\n"


def matches(content: Content) -> bool:
    """Whether a file is one: its first line that is no remark is a descriptor."""
    return content.table is None and next(iter(_lines(content)), "").startswith(_STARTS)


def read(content: Content, asked: Asked) -> Wallet:
    """Read a file of one to three descriptors.

    Raises:
        BadInput: not exactly a vault.
    """
    lines = _lines(content)
    if not 1 <= len(lines) <= _MOST:
        raise _bad(
            "not a file of one wallet's descriptors",
            expected=f"1 to {_MOST} lines, each a descriptor",
            found=f"{len(lines)} lines",
        )
    parts = tuple(expression(line, sealed=True) for line in lines)
    return Wallet.of(joined(parts).form(asked))


def _lines(content: Content) -> list[str]:
    lines = [line.strip() for line in content.text.split("\n", 100)]
    return [line for line in lines if line and not line.startswith("#")]
