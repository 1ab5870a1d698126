"""CashAddr, the addresses of Bitcoin Cash: a prefix, a kind, and the hash of a key or a script.

Source: bitcoincashorg/bitcoincash.org, `spec/cashaddr.md` 1.1; the 32-byte script hash is
CHIP-2022-05's, the token-aware kinds are CHIP-2022-02's ("CashTokens").
"""

from functools import partial

from signer.core.bch import behind, octets, padded, pairs, polymod
from signer.core.bech32 import CHARSET, LETTERS
from signer.core.errors import BadInput, Fault

P2PKH, P2SH, TOKEN_P2PKH, TOKEN_P2SH = range(4)
"""Kinds: the hash of a key or of a script, and the same by somebody who can keep tokens."""

CHECKSUM = 8
"""Characters."""

_SIZES = (20, 24, 28, 32, 40, 48, 56, 64)
"""Bytes of a hash, by the number in the three low bits of the first byte."""

_MAX_TEXT = 124
"""Characters: the longest hash behind `bitcoincash:`."""

_bad = partial(BadInput, fault=Fault.OFFICER, hint="copy the address again from its source")

remainder = polymod(40, (0x98F2BC8E61, 0x79B76D99E2, 0xF33E5FB3C4, 0xAE2EABE2A8, 0x1E4F43E470))


def start(prefix: str) -> int:
    """The checksum's state after the prefix (ASCII) and its colon."""
    return remainder(pairs(behind(1, [*(c & 31 for c in prefix.encode("ascii")), 0])))


def encode(prefix: str, kind: int, digest: bytes) -> str:
    """Write an address: kind 0 to 31, and a hash of one of the eight sizes of the standard."""
    payload = bytes((kind << 3 | _SIZES.index(len(digest)),)) + digest
    size = -(-8 * len(payload) // 5)
    parts = pairs(start(prefix) << 5 * size | padded(payload))
    check = remainder([*parts, 0, 0, 0, 0]) ^ 1
    parts += (check >> 30, check >> 20 & 1023, check >> 10 & 1023, check & 1023)
    return f"{prefix}:{''.join([LETTERS[pair] for pair in parts])[-size - CHECKSUM :]}"


def decode(address: str, expected: str) -> tuple[str, int, bytes]:
    """Read an address: its prefix, its kind, and the hash.

    Args:
        address: with its prefix and colon, or without both: then the checksum tells whether it
            is the expected one.
        expected: the prefix of an address that has none.

    Raises:
        BadInput: whatever we would write differently: another prefix, checksum, character or
            padding; a kind or a size of hash that no node knows. The text is not quoted.
    """
    text = address.lower()
    if address not in (text, address.upper()):
        raise _bad("the address mixes upper and lower case")
    named, _, letters = text.rpartition(":")
    prefix = named or expected
    # An unknown character is read as some other one, and is then found to be written differently.
    payload = octets([CHARSET.find(letter) & 31 for letter in letters[:-CHECKSUM][:_MAX_TEXT]])
    kind, digest = payload[0] >> 3 if payload else 0, payload[1:]
    if (
        len(text) > _MAX_TEXT
        or not address.isascii()
        or len(digest) not in _SIZES
        or encode(prefix, kind, digest) not in (text, f"{expected}:{text}")
    ):
        raise _bad("a typo in the address")
    if kind > TOKEN_P2SH or len(digest) not in ((20, 32) if kind & 1 else (20,)):
        raise _bad("no such kind of address", found=f"kind {kind}, {len(digest)} bytes")
    return prefix, kind, digest
