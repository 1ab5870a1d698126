"""Nonces that a device cannot choose: it commits to its part before it sees ours.

A device that chose its nonces could tell its seed by its signatures, to whoever reads the chain.
So the host commits to 32 random bytes, the device answers with the point of its own nonce, the
host shows the bytes, and the signature's nonce has to be the sum of both.

Source: libsecp256k1-zkp, `ecdsa_s2c` (the two tags); libwally-core, `wally_ae_*`.
"""

from hashlib import sha256
from typing import Final

from hw import curve

_DATA: Final = b"s2c/ecdsa/data"
_POINT: Final = b"s2c/ecdsa/point"


def commitment(entropy: bytes) -> bytes:
    """What the host says before it shows its 32 random bytes."""
    return _tagged(_DATA, entropy)


def proven(point: bytes, entropy: bytes, signature: bytes) -> bool:
    """Whether a signature's nonce is the device's part plus what ours makes of it.

    Args:
        point: of the device's own nonce, 33 bytes, as it said before it saw ours.
        entropy: ours, 32 bytes.
        signature: r||s, 64 bytes.
    """
    both = curve.tweaked_point(point, _tagged(_POINT, point + entropy))
    return both is not None and curve.is_nonce(both, signature)


def _tagged(tag: bytes, said: bytes) -> bytes:
    """BIP340's tagged hash."""
    head = sha256(tag).digest()
    return sha256(head + head + said).digest()
