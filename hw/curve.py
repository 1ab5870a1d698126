"""The little of secp256k1 that links to devices need. Secrets here live as long as one session.

It uses the one binding of libsecp256k1 that the signer has, by itself: `hw` imports no `signer`.
"""

from typing import Any

from btclib_secp256k1 import ffi, lib
from btclib_secp256k1.context import ctx

_UNCOMPRESSED = 2  # SECP256K1_EC_UNCOMPRESSED, secp256k1.h
_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141  # SEC 2, 2.4.1
_SECRET, _POINT, _COMPACT = 32, 65, 64  # bytes


def point_of(secret: bytes) -> bytes | None:
    """The uncompressed public key of a secret, 65 bytes; None: the secret is out of range."""
    point = ffi.new("secp256k1_pubkey *")
    if len(secret) != _SECRET or not lib.secp256k1_ec_pubkey_create(ctx, point, secret):
        return None
    return _uncompressed(point)


def shared_point(secret: bytes, public: bytes) -> bytes | None:
    """The point that both sides of a Diffie-Hellman exchange know, 65 bytes; None: no such key."""
    point = _parsed(public)
    if point is None or not lib.secp256k1_ec_pubkey_tweak_mul(ctx, point, secret):
        return None
    return _uncompressed(point)


def verify_compact(digest: bytes, signature: bytes, public: bytes) -> bool:
    """Whether r||s, 64 bytes of either s, is a signature of a 32-byte digest."""
    point, parsed = _parsed(public), ffi.new("secp256k1_ecdsa_signature *")
    if point is None or len(signature) != _COMPACT or len(digest) != _SECRET:
        return False
    if not lib.secp256k1_ecdsa_signature_parse_compact(ctx, parsed, signature):
        return False
    lib.secp256k1_ecdsa_signature_normalize(ctx, parsed, parsed)
    return bool(lib.secp256k1_ecdsa_verify(ctx, parsed, digest, point))


def tweaked_point(public: bytes, tweak: bytes) -> bytes | None:
    """A public key plus so many times the generator, 65 bytes; None: there is no such sum."""
    point = _parsed(public)
    if point is None or not lib.secp256k1_ec_pubkey_tweak_add(ctx, point, tweak):
        return None
    return _uncompressed(point)


def is_nonce(point: bytes, signature: bytes) -> bool:
    """Whether r||s was made with this point, 65 bytes (SEC 1, 4.1.3: r is its x modulo n)."""
    if len(signature) != _COMPACT:
        return False
    return int.from_bytes(point[1:33], "big") % _ORDER == int.from_bytes(signature[:32], "big")


def compact_of(der: bytes) -> bytes:
    """The r||s, 64 bytes, of a DER signature; empty: it is none."""
    parsed, out = ffi.new("secp256k1_ecdsa_signature *"), ffi.new("unsigned char[64]")
    if not lib.secp256k1_ecdsa_signature_parse_der(ctx, parsed, der, len(der)):
        return b""
    lib.secp256k1_ecdsa_signature_serialize_compact(ctx, out, parsed)
    return bytes(ffi.buffer(out))


def der_of(signature: bytes) -> bytes:
    """The strict DER form (BIP66) of r||s, 64 bytes."""
    parts = b""
    for number in (signature[:32], signature[32:]):
        digits = number.lstrip(b"\x00") or b"\x00"
        digits = b"\x00" + digits if digits[0] & 0x80 else digits
        parts += bytes((2, len(digits))) + digits
    return bytes((0x30, len(parts))) + parts


def _parsed(public: bytes) -> Any:
    point = ffi.new("secp256k1_pubkey *")
    return point if lib.secp256k1_ec_pubkey_parse(ctx, point, public, len(public)) else None


def _uncompressed(point: Any) -> bytes:
    out = ffi.new("unsigned char[65]")
    size = ffi.new("size_t *", _POINT)
    lib.secp256k1_ec_pubkey_serialize(ctx, out, size, point, _UNCOMPRESSED)
    return bytes(ffi.buffer(out))
