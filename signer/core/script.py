"""The few scripts that a vault knows. Everything is derived, never believed.

Opcodes are from Bitcoin Core's `script/script.h`.
"""

from collections.abc import Sequence

from signer.core.hashes import hash160, sha256

OP_1 = 0x51
OP_CHECKMULTISIG = 0xAE

MAX_KEYS = 15
"""A P2SH redeem script is pushed, and a push is at most 520 bytes (BIP16): 15 compressed keys.

P2WSH would take 20 (and 3,600 bytes), but one limit keeps a vault movable between script types.
"""

COMPRESSED = 33
"""Bytes of a compressed public key (SEC 1): the only form that segwit relays (BIP143)."""


def push(data: bytes) -> bytes:
    """The push of up to 75 bytes, whose opcode is their number: a program, a signature, a key.

    Raises:
        ValueError: longer. Witness stacks, where scripts go, are not pushed.
    """
    if len(data) > 75:  # noqa: PLR2004 -- OP_PUSHDATA1 less one
        raise ValueError("too long to push")
    return bytes((len(data),)) + data


def multisig(threshold: int, keys: Sequence[bytes]) -> bytes:
    """The m-of-n script over `keys` in the order given: sort them first (BIP67).

    Raises:
        ValueError: m or n out of 1 <= m <= n <= 15, or a key that is not compressed. `Descriptor`
            tells people about it before.
    """
    joined = b"".join([b"\x21" + key for key in keys])
    if not 1 <= threshold <= len(keys) <= MAX_KEYS or len(joined) != 34 * len(keys):
        raise ValueError("no such multisig")
    return b"%c%b%c%c" % (OP_1 - 1 + threshold, joined, OP_1 - 1 + len(keys), OP_CHECKMULTISIG)


def p2wsh(witness_script: bytes) -> bytes:
    """The scriptPubKey that pays to a witness script (BIP141): 34 bytes."""
    return b"\x00\x20" + sha256(witness_script)


def p2sh(redeem_script: bytes) -> bytes:
    """The scriptPubKey that pays to a redeem script (BIP16): 23 bytes."""
    return b"\xa9\x14" + hash160(redeem_script) + b"\x87"


def p2wpkh(key: bytes) -> bytes:
    """The scriptPubKey that pays to one compressed key by its hash (BIP141): 22 bytes."""
    return b"\x00\x14" + hash160(key)


def p2pkh(key: bytes) -> bytes:
    """The same before segwit (Bitcoin Core, `script/solver.cpp`): 25 bytes."""
    return b"\x76\xa9\x14" + hash160(key) + b"\x88\xac"
