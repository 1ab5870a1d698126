"""Signatures with a low r, as Bitcoin Core grinds for them (`src/key.cpp`, `CKey::Sign`).

The programs do not grind, since their second library cannot repeat it. Others do, and so they are
compared with and without.
"""

from btclib_secp256k1 import ffi, lib
from btclib_secp256k1.context import ctx

_COMPACT = ffi.new("unsigned char[64]")
_DER = ffi.new("unsigned char[72]")
_SIZE = ffi.new("size_t *")
_SIGNATURE = ffi.new("secp256k1_ecdsa_signature *")


def low_r(digest: bytes, secret: bytes) -> bytes:
    """DER, low s; the nonce's extra entropy counts up until r takes 32 bytes."""
    lib.secp256k1_ecdsa_sign(ctx, _SIGNATURE, digest, secret, ffi.NULL, ffi.NULL)
    counter = 0
    while True:
        lib.secp256k1_ecdsa_signature_serialize_compact(ctx, _COMPACT, _SIGNATURE)
        if _COMPACT[0] < 0x80:
            break
        counter += 1
        extra = counter.to_bytes(32, "little")
        lib.secp256k1_ecdsa_sign(ctx, _SIGNATURE, digest, secret, ffi.NULL, ffi.from_buffer(extra))
    _SIZE[0] = 72
    lib.secp256k1_ecdsa_signature_serialize_der(ctx, _DER, _SIZE, _SIGNATURE)
    return bytes(ffi.buffer(_DER, _SIZE[0]))
