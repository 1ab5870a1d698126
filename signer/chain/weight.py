"""What a transaction weighs: what miners are paid for. A signer reckons it before there is any."""

from typing import Final

from signer.core.transaction import Transaction

_WITNESS_SCALE: Final = 4
"""BIP141: a byte outside the witnesses weighs four units."""


def weight(tx: Transaction) -> int:
    """Weight units (BIP141)."""
    stripped = len(tx.to_bytes(witness=False))
    return (_WITNESS_SCALE - 1) * stripped + len(tx.to_bytes())


def vsize(tx: Transaction) -> int:
    """Virtual bytes: a quarter of the weight, rounded up (BIP141)."""
    return -(-weight(tx) // _WITNESS_SCALE)
