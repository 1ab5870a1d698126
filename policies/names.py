"""Names for plain values, so that mypy tells a height from an amount."""

from typing import NewType

Sats = NewType("Sats", int)
"""An amount in the coin's smallest unit (satoshi, watanabe)."""

Height = NewType("Height", int)
"""A block height."""

DocumentId = NewType("DocumentId", str)
"""SHA-256 of a document's payload bytes, 64 lower-case hex digits."""

KeyId = NewType("KeyId", str)
"""An Ed25519 public key (RFC 8032), raw 32 bytes, as 64 lower-case hex digits."""
