"""Schnorr signatures of Bitcoin Cash: 64 bytes, r and s, without the sighash byte.

They are older than BIP340's and another scheme: the key is hashed in its compressed form, and of
the two points that have x = r, the one whose y is a square is meant.

Source: bitcoincashorg/bitcoincash.org, `spec/2019-05-15-schnorr.md`.
"""

from collections.abc import Callable

from signer.core import secp
from signer.core.hashes import sha256
from signer.core.secp import WORD, ctx, ffi, lib, word

_FIELD = 2**256 - 2**32 - 977
"""The curve's field (SEC 2, section 2.4.1)."""

_ALGORITHM = b"Schnorr+SHA256  "
"""Keeps the nonce apart from ECDSA's: one nonce under two equations would give the secret away. 16
bytes, as the nonce function reads them, of the specification's section on signature generation."""


def sign(digest: bytes, secret: bytes) -> bytes:
    """Sign a 32-byte digest; the nonce is that of RFC 6979 with the scheme's own name.

    Raises:
        ValueError: the digest or the secret is not what it should be.
    """
    key = secp.public_key(secret)

    def challenge(point: bytes) -> bytes:
        e = _hash(point[1:], key, digest)
        return word(e if point == _lifted(point[1:]) else -e)

    signed = sign_linear(digest, secret, challenge)
    point, s = signed[:33], signed[33:]
    if point != _lifted(point[1:]):
        # The other point of this x is meant, that of the negated nonce: -k + ex = -(k - ex).
        s = word(-int.from_bytes(s, "big"))
    return point[1:] + s


def verify(digest: bytes, signature: bytes, key: bytes) -> bool:
    """Whether 64 bytes are a signature of the 32-byte digest by the compressed key."""
    if len(digest) != WORD or len(signature) != 2 * WORD:
        return False
    r, s = signature[:32], signature[32:]
    return multiply_add(key, word(-_hash(r, key, digest)), s) == _lifted(r)


def _hash(r: bytes, key: bytes, digest: bytes) -> int:
    return int.from_bytes(sha256(r + key + digest), "big")


def _lifted(r: bytes) -> bytes:
    """The compressed point with x = r and a square y.

    The field's order is 3 modulo 4, so that this power is the root that is itself a square. Where
    there is no such point, what comes out is none, and equal to none.
    """
    x = int.from_bytes(r, "big")
    y = pow(x**3 + 7, (_FIELD + 1) // 4, _FIELD)
    return bytes((2 + (y & 1),)) + r


def sign_linear(digest: bytes, secret: bytes, challenge: Callable[[bytes], bytes]) -> bytes:
    """Sign as Schnorr did: the point of a nonce, compressed, and nonce + challenge * secret.

    Only these 65 bytes leave here; the nonce is wiped, so that it cannot answer twice.

    Args:
        digest: 32 bytes.
        secret: that signs.
        challenge: makes the challenge, 32 bytes, of the nonce's point.

    Raises:
        ValueError: the digest, the secret or the challenge is not what it should be.
    """
    nonce, answer = ffi.new("unsigned char[32]"), ffi.new("unsigned char[32]")
    point = ffi.new("secp256k1_pubkey *")
    try:
        if (
            len(digest) != WORD
            or not secp.is_valid_secret(secret)
            or not lib.secp256k1_nonce_function_rfc6979(
                nonce, digest, secret, _ALGORITHM, ffi.NULL, 0
            )
            or not lib.secp256k1_ec_pubkey_create(ctx, point, nonce)
        ):
            raise ValueError("not a digest and a secret key")
        ffi.memmove(answer, secret, WORD)
        factor = challenge(secp.serialize(point))
        if (
            len(factor) != WORD
            or not lib.secp256k1_ec_seckey_tweak_mul(ctx, answer, factor)
            or not lib.secp256k1_ec_seckey_tweak_add(ctx, answer, nonce)
        ):
            raise ValueError("not a challenge")
        return secp.serialize(point) + bytes(ffi.buffer(answer))
    finally:
        ffi.memmove(nonce, bytes(WORD), WORD)
        ffi.memmove(answer, bytes(WORD), WORD)


def multiply_add(key: bytes, factor: bytes, term: bytes) -> bytes | None:
    """`factor` * `key` + `term` * G. None if one of them is invalid or the sum is at infinity.

    Not for secrets: it does not take the same time for all of them.
    """
    point = secp.parse(key)
    valid = (
        point is not None
        and len(factor) == len(term) == WORD
        and lib.secp256k1_ec_pubkey_tweak_mul(ctx, point, factor)
        and lib.secp256k1_ec_pubkey_tweak_add(ctx, point, term)
    )
    return secp.serialize(point) if valid else None
