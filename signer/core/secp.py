"""libsecp256k1, the only curve that signs here. Nothing else in `signer` imports the binding.

Keys are 33-byte compressed points, secrets 32 bytes big-endian, signatures strict DER with
low s and without the sighash byte.
"""

from collections.abc import Iterable
from typing import Any

from signer.core.errors import BadInput, Fault, SelfTestFailed

try:
    import btclib_secp256k1
    from btclib_secp256k1 import ffi, lib
    from btclib_secp256k1.context import ctx
except (ImportError, OSError) as _error:
    raise SelfTestFailed(
        "libsecp256k1 cannot be loaded",
        fault=Fault.MACHINE,
        expected="the package btclib-secp256k1",
        found=str(_error),
        hint="install coldquorum again: nothing else here may do the curve's work",
    ) from None

__all__ = [
    "KEY",
    "ORDER",
    "WORD",
    "Point",
    "add_tweaks",
    "ctx",
    "ffi",
    "is_valid_public",
    "is_valid_secret",
    "lib",
    "parse",
    "public_key",
    "serialize",
    "sign_ecdsa",
    "tweak_add_secret",
    "verify_ecdsa",
    "version",
    "word",
]

KEY = 33
"""Bytes of a compressed key."""

WORD = 32
"""Bytes of a secret, a digest or a tweak."""

_COMPRESSED = 0x102
"""SECP256K1_EC_COMPRESSED, secp256k1.h."""

_DER_LIMIT = 72
"""The longest DER signature: two 33-byte integers, each with 2 bytes of header, and 2 more."""

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""The order of the group (SEC 2, section 2.4.1)."""


def version() -> str:
    """The binding and its version; its first three numbers are those of libsecp256k1."""
    return f"btclib-secp256k1 {btclib_secp256k1.__version__}"


def word(number: int) -> bytes:
    """A number modulo the order: 32 bytes, big-endian."""
    return (number % ORDER).to_bytes(WORD, "big")


def parse(key: bytes) -> Any:
    """The library's own form of a compressed key, or None."""
    point = ffi.new("secp256k1_pubkey *")
    # The length first: libsecp256k1 would also take 65 bytes, which no script here may hold.
    valid = len(key) == KEY and lib.secp256k1_ec_pubkey_parse(ctx, point, key, KEY)
    return point if valid else None


def serialize(point: Any) -> bytes:
    """A compressed key, of the library's own form."""
    out = ffi.new("unsigned char[33]")
    lib.secp256k1_ec_pubkey_serialize(ctx, out, ffi.new("size_t *", 33), point, _COMPRESSED)
    return bytes(ffi.buffer(out))


def is_valid_public(key: bytes) -> bool:
    """Whether `key` is a compressed point on the curve."""
    return parse(key) is not None


def is_valid_secret(secret: bytes) -> bool:
    """Whether `secret` is 32 bytes of a number from 1 to the order less 1."""
    return len(secret) == WORD and bool(lib.secp256k1_ec_seckey_verify(ctx, secret))


def public_key(secret: bytes) -> bytes:
    """The public key of a secret.

    Raises:
        ValueError: not a valid secret. Check with `is_valid_secret` what comes from outside.
    """
    point = ffi.new("secp256k1_pubkey *")
    if len(secret) != WORD or not lib.secp256k1_ec_pubkey_create(ctx, point, secret):
        raise ValueError("not a secret key")
    return serialize(point)


class Point:
    """A public key, compressed and in the library's own form: it is parsed once.

    Raises:
        ValueError: not a compressed point. Check with `is_valid_public` what comes from outside.
    """

    __slots__ = ("inner", "key")

    def __init__(self, key: bytes) -> None:
        self.key, self.inner = key, parse(key)
        if self.inner is None:
            raise ValueError("not a public key")


def add_tweaks(points: Iterable[Point], tweaks: Iterable[bytes]) -> list[bytes]:
    """Each point + its tweak * G.

    A multiplication of the generator and one addition are a fifth faster than the library's
    `ec_pubkey_tweak_add`. BIP32 would take a tweak of zero, which no hash will ever give.

    Raises:
        BadInput: a tweak over the order or zero, or a sum at infinity.
    """
    term = ffi.new("secp256k1_pubkey *")
    terms = ffi.new("secp256k1_pubkey *[2]", (ffi.NULL, term))
    total = ffi.new("secp256k1_pubkey *")  # not one of the terms: combine clears it first
    out, size, sums = ffi.new("unsigned char[33]"), ffi.new("size_t *", KEY), []
    copy = ffi.buffer(out)
    for point, tweak in zip(points, tweaks, strict=True):
        terms[0] = point.inner
        if (
            len(tweak) != WORD
            or not lib.secp256k1_ec_pubkey_create(ctx, term, tweak)
            or not lib.secp256k1_ec_pubkey_combine(ctx, total, terms, 2)
        ):
            raise BadInput("no key has this index", fault=Fault.COORDINATOR)
        lib.secp256k1_ec_pubkey_serialize(ctx, out, size, total, _COMPRESSED)
        sums.append(copy[:])
    return sums


def tweak_add_secret(secret: bytes, tweak: bytes) -> bytes | None:
    """`secret` + `tweak` modulo the order. None if either is invalid, or the sum is zero."""
    if len(tweak) != WORD or len(secret) != WORD:
        return None
    out = ffi.new("unsigned char[32]", secret)
    try:
        return (
            bytes(ffi.buffer(out)) if lib.secp256k1_ec_seckey_tweak_add(ctx, out, tweak) else None
        )
    finally:
        ffi.memmove(out, bytes(32), 32)


def sign_ecdsa(digest: bytes, secret: bytes) -> bytes:
    """Sign a 32-byte digest: the nonce of RFC 6979 (SHA-256), low s, no grinding for a low R.

    Raises:
        ValueError: the digest or the secret is not what it should be.
    """
    signature = ffi.new("secp256k1_ecdsa_signature *")
    if (len(digest), len(secret)) != (WORD, WORD) or not lib.secp256k1_ecdsa_sign(
        ctx, signature, digest, secret, ffi.NULL, ffi.NULL
    ):
        raise ValueError("not a digest and a secret key")
    out = ffi.new("unsigned char[]", _DER_LIMIT)
    size = ffi.new("size_t *", _DER_LIMIT)
    lib.secp256k1_ecdsa_signature_serialize_der(ctx, out, size, signature)
    return bytes(ffi.buffer(out, size[0]))


def verify_ecdsa(digest: bytes, der: bytes, key: bytes) -> bool:
    """Whether `der` is a signature of the 32-byte digest by `key`: strict DER (BIP66), low s."""
    point, signature = parse(key), ffi.new("secp256k1_ecdsa_signature *")
    # The library parses strict DER alone. An integer over the order it reads as zero, and neither
    # that nor a high s is ever valid (secp256k1.h).
    return bool(
        point is not None
        and len(digest) == WORD
        and lib.secp256k1_ecdsa_signature_parse_der(ctx, signature, der, len(der))
        and lib.secp256k1_ecdsa_verify(ctx, signature, digest, point)
    )
