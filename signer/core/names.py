"""Names for plain values of the Bitcoin side. Amounts and heights are the policies' own."""

from typing import NewType

from policies.names import DocumentId, Height, KeyId, Sats

__all__ = ["DocumentId", "Fingerprint", "Height", "KeyId", "Sats", "Txid"]

Txid = NewType("Txid", str)
"""A transaction id as people write it: 64 lower-case hex digits, reversed byte order."""

Fingerprint = NewType("Fingerprint", str)
"""BIP32 fingerprint: the first 4 bytes of HASH160 of a public key, 8 lower-case hex digits."""
