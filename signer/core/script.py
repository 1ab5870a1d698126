"""The few scripts that a vault knows. Everything is derived, never believed.

Opcodes are from Bitcoin Core's `script/script.h`.
"""

from collections.abc import Sequence

from signer.core.hashes import hash160, sha256, sha256d

OP_PUSHDATA1 = 0x4C
OP_1NEGATE = 0x4F
OP_1 = 0x51
OP_CHECKMULTISIG = 0xAE

MAX_KEYS = 15
"""A P2SH redeem script is pushed, and a push is at most 520 bytes (BIP16): 15 compressed keys.

P2WSH would take 20 (and 3,600 bytes), but one limit keeps a vault movable between script types.
"""

MAX_PUSH = 520
"""Bytes of a push (Bitcoin Core, `script/script.h`, MAX_SCRIPT_ELEMENT_SIZE)."""

TOKEN_PREFIX = b"\xef"
"""What precedes an output's script if it carries tokens (CHIP-2022-02 CashTokens, Bitcoin Cash)."""

COMPRESSED = 33
"""Bytes of a compressed public key (SEC 1): the only form that segwit relays (BIP143)."""


def push(data: bytes) -> bytes:
    """The one minimal way to push up to 520 bytes (BIP62, rule 3; Core, `CheckMinimalPush`).

    Raises:
        ValueError: longer.
    """
    size = len(data)
    if size == 1 and (1 <= data[0] <= 16 or data[0] == 0x81):  # noqa: PLR2004 -- numbers 1 to 16, and -1
        return bytes((OP_1 - 1 + data[0] if data[0] <= 16 else OP_1NEGATE,))  # noqa: PLR2004 -- as above
    if size < OP_PUSHDATA1:
        return b"%c%b" % (size, data)
    if size > MAX_PUSH:
        raise ValueError("too long to push")
    form = b"\x4c%b%b" if size <= 0xFF else b"\x4d%b%b"  # noqa: PLR2004 -- one byte or two
    return form % (size.to_bytes(1 if size <= 0xFF else 2, "little"), data)  # noqa: PLR2004 -- as above


def multisig(threshold: int, keys: Sequence[bytes]) -> bytes:
    """The m-of-n script over `keys` in the order given: sort them first (BIP67).

    Raises:
        ValueError: m or n out of 1 <= m <= n <= 15, or a key that is not compressed. `Descriptor`
            tells people about it before.
    """
    joined = b"\x21".join([b"", *keys])
    if not 1 <= threshold <= len(keys) <= MAX_KEYS or len(joined) != 34 * len(keys):
        raise ValueError("no such multisig")
    return b"%c%b%c%c" % (OP_1 - 1 + threshold, joined, OP_1 - 1 + len(keys), OP_CHECKMULTISIG)


def p2wsh(witness_script: bytes) -> bytes:
    """The scriptPubKey that pays to a witness script (BIP141): 34 bytes."""
    return b"\x00\x20" + sha256(witness_script)


def p2sh(redeem_script: bytes) -> bytes:
    """The scriptPubKey that pays to a redeem script (BIP16): 23 bytes."""
    return b"\xa9\x14" + hash160(redeem_script) + b"\x87"


def p2sh32(redeem_script: bytes) -> bytes:
    """The same with a 32-byte hash (CHIP-2022-05, Bitcoin Cash): 35 bytes."""
    return b"\xaa\x20" + sha256d(redeem_script) + b"\x87"


def p2wpkh(key: bytes) -> bytes:
    """The scriptPubKey that pays to one compressed key by its hash (BIP141): 22 bytes."""
    return b"\x00\x14" + hash160(key)


def p2pkh(key: bytes) -> bytes:
    """The same before segwit (Bitcoin Core, `script/solver.cpp`): 25 bytes."""
    return b"\x76\xa9\x14" + hash160(key) + b"\x88\xac"
