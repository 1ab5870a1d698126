"""Vendors' names for signers, as other wallets write them, and ours."""

from typing import Final

MAKERS: Final = {
    "bitbox02": "bitbox02",
    "coldcard": "coldcard",
    "jade": "jade",
    "keepkey": "keepkey",
    "keystone": "keystone",
    "krux": "krux",
    "ledger": "ledger",
    "passport": "passport",
    "seedsigner": "seedsigner",
    "specter": "specter-diy",
    "specter-diy": "specter-diy",
    "tapsigner": "tapsigner",
    "trezor": "trezor",
}
"""What a file calls a device, and the type that a vault's document gives it.

Sources: Specter Desktop's `devices` ("type"), Electrum's plugins ("hw_type"), Caravan's "method".
Models of one vendor are one type: the type says whose device vouches for nothing.
"""

UNKNOWN: Final = "unknown"
"""The type of a signer of which nobody said what it is. It counts as not enforcing."""


def maker(text: object) -> str:
    """The type of a device that a file names; empty if it names none that is known here."""
    return MAKERS.get(text.lower(), "") if isinstance(text, str) else ""
