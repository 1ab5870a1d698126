"""Segwit addresses: bech32 (BIP173) for version 0, bech32m (BIP350) for later ones."""

from functools import lru_cache, partial

from signer.core.bch import behind, octets, padded, pairs, polymod
from signer.core.errors import BadInput, Fault

CHARSET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
BECH32, BECH32M = 1, 0x2BC830A3
"""What the remainder of a whole address is."""

CHECKSUM = 6
"""Characters."""

_MAX_TEXT = 90
LETTERS = tuple(first + second for first in CHARSET for second in CHARSET)
"""Of a pair of symbols."""

_bad = partial(BadInput, fault=Fault.OFFICER, hint="copy the address again from its source")

remainder = polymod(30, (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3))


@lru_cache(maxsize=16)
def prefix(hrp: str) -> int:
    """The checksum's state after the human-readable part, ASCII."""
    letters = hrp.encode("ascii")
    return remainder(pairs(behind(1, (*(c >> 5 for c in letters), 0, *(c & 31 for c in letters)))))


def encode(hrp: str, version: int, program: bytes) -> str:
    """Write the address of a witness program (BIP141: version 0 to 16, 2 to 40 bytes)."""
    size = -(-8 * len(program) // 5)
    parts = pairs((prefix(hrp) << 5 | version) << 5 * size | padded(program))
    check = remainder([*parts, 0, 0, 0]) ^ (BECH32M if version else BECH32)
    parts += (check >> 20, check >> 10 & 1023, check & 1023)
    # The prefix's state is in front of the version, and has its letters elsewhere.
    return f"{hrp}1{''.join([LETTERS[pair] for pair in parts])[-1 - size - CHECKSUM :]}"


def decode(address: str) -> tuple[str, int, bytes]:
    """Read an address: the human-readable part, the witness version, and the witness program.

    Raises:
        BadInput: whatever we would write differently: another checksum, character or padding.
            `signer/build/typed.py` tells people where they mistyped.
    """
    text = address.lower()
    if address not in (text, address.upper()):
        raise _bad("the address mixes upper and lower case")
    hrp, _, letters = text.partition("1")
    # An unknown character is read as some other one, and is then found to be written differently.
    version, *values = [CHARSET.find(letter) & 31 for letter in letters[:-CHECKSUM]] or [0]
    program = octets(values[:_MAX_TEXT])
    if len(text) > _MAX_TEXT or not address.isascii() or encode(hrp, version, program) != text:
        raise _bad("a typo in the address")
    # BIP141: OP_16 is the last version.
    if version > 16 or len(program) not in (range(2, 41) if version else (20, 32)):  # noqa: PLR2004 -- as said
        raise _bad("no such witness program", found=f"version {version}, {len(program)} bytes")
    return hrp, version, program
