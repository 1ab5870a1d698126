"""Schnorr signatures of Bitcoin Cash: 64 bytes, r and s, without the sighash byte.

They are older than BIP340's and another scheme: the key is hashed in its compressed form, and of
the two points that have x = r, the one whose y is a square is meant.

Source: bitcoincashorg/bitcoincash.org, `spec/2019-05-15-schnorr.md`.
"""

from signer.core import secp
from signer.core.hashes import sha256

_FIELD = 2**256 - 2**32 - 977
"""The curve's field (SEC 2, section 2.4.1)."""

_ALGORITHM = b"Schnorr+SHA256  "
"""Keeps the nonce apart from ECDSA's: the specification's section on signature generation."""

SIZE = 64
"""Bytes of a signature."""


def sign(digest: bytes, secret: bytes) -> bytes:
    """Sign a 32-byte digest; the nonce is that of RFC 6979 with the scheme's own name.

    Raises:
        ValueError: the digest or the secret is not what it should be.
    """
    key = secp.public_key(secret)

    def challenge(point: bytes) -> bytes:
        e = _hash(point[1:], key, digest)
        return _word(e if point == _lifted(point[1:]) else -e)

    signed = secp.sign_linear(digest, secret, _ALGORITHM, challenge)
    point, s = signed[:33], signed[33:]
    if point != _lifted(point[1:]):
        # The other point of this x is meant, that of the negated nonce: -k + ex = -(k - ex).
        s = _word(-int.from_bytes(s, "big"))
    return point[1:] + s


def verify(digest: bytes, signature: bytes, key: bytes) -> bool:
    """Whether 64 bytes are a signature of the 32-byte digest by the compressed key."""
    if len(digest) != 32 or len(signature) != SIZE:  # noqa: PLR2004 -- SHA-256's size
        return False
    r, s = signature[:32], signature[32:]
    return secp.multiply_add(key, _word(-_hash(r, key, digest)), s) == _lifted(r)


def _hash(r: bytes, key: bytes, digest: bytes) -> int:
    return int.from_bytes(sha256(r + key + digest), "big")


def _word(number: int) -> bytes:
    return (number % secp.ORDER).to_bytes(32, "big")


def _lifted(r: bytes) -> bytes:
    """The compressed point with x = r and a square y.

    The field's order is 3 modulo 4, so that this power is the root that is itself a square. Where
    there is no such point, what comes out is none, and equal to none.
    """
    x = int.from_bytes(r, "big")
    y = pow(x**3 + 7, (_FIELD + 1) // 4, _FIELD)
    return bytes((2 + (y & 1),)) + r
