"""Messages signed by a Bitcoin key, in the form that is older than BIP322 and that it still takes.

Source: Bitcoin Core, `src/common/signmessage.cpp`. The signature is 65 bytes in base64: a header
(27 + the recovery id, + 4 for a compressed key), r, and s.
"""

import base64
import binascii
from functools import partial
from typing import Final

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from signer.core import wire
from signer.core.errors import BadInput, Fault
from signer.core.hashes import sha256d
from signer.core.secp import WORD, ctx, ffi, lib, serialize

_PREFIX: Final = b"\x18Bitcoin Signed Message:\n"
_HEADER: Final = 31
"""27 and 4: every key here is compressed."""

_SIZE: Final = 65
_TEXT: Final = 88
"""Characters of 65 bytes in base64."""

_bad = partial(BadInput, fault=Fault.COSIGNER)


def digest(message: bytes) -> bytes:
    """The 32 bytes that are signed."""
    return sha256d(_PREFIX + wire.var_bytes(message))


def encode(message: bytes, der: bytes, key: bytes) -> str:
    """Write a signature that was made over `digest(message)`.

    Args:
        message: what was signed.
        der: the signature.
        key: whose, compressed.

    Raises:
        ValueError: it is not the key's.
    """
    r, s = decode_dss_signature(der)
    compact = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    number = recovery_id(digest(message), compact, key)
    if number is None:
        raise ValueError("not this key's signature")
    return base64.b64encode(bytes((_HEADER + number,)) + compact).decode("ascii")


def verify(message: bytes, signature: str, key: bytes) -> None:
    """Check that a message was signed by a key, compressed.

    Raises:
        BadInput: it was not, or this is no signature.
    """
    try:
        data = base64.b64decode(signature[: _TEXT + 1], validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if len(data) != _SIZE or base64.b64encode(data).decode("ascii") != signature:
        raise _bad("not a signature of a message", expected="65 bytes in base64")
    if recovery_id(digest(message), data[1:], key) != data[0] - _HEADER:
        raise _bad(
            "the signature is not the key's, or not of this text",
            expected=f"a signature by {key.hex()}",
            hint="the record was changed on its way, or the signer does not have this key",
        )


def recovery_id(digest: bytes, compact: bytes, key: bytes) -> int | None:
    """Which of four keys that fit a signature is `key`: 0 to 3, or None. SEC 1, section 4.1.6.

    Args:
        digest: 32 bytes.
        compact: r and s, 32 bytes each, big-endian.
        key: compressed.
    """
    signature = ffi.new("secp256k1_ecdsa_recoverable_signature *")
    found = ffi.new("secp256k1_pubkey *")
    for number in range(4) if len(digest) == WORD and len(compact) == 2 * WORD else ():
        if (
            lib.secp256k1_ecdsa_recoverable_signature_parse_compact(ctx, signature, compact, number)
            and lib.secp256k1_ecdsa_recover(ctx, found, signature, digest)
            and serialize(found) == key
        ):
            return number
    return None
