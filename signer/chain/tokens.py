"""Outputs of Bitcoin Cash that carry a token: recognised by their bytes, whatever a node says.

Source: CHIP-2022-02-CashTokens "Token Encoding". The token stands in front of the locking script,
inside the bytes that the script's length covers; so such an output is never equal to a script of
the vault, and is taken for one only here, to be left alone.
"""

from typing import Final

from signer.core.errors import BadInput
from signer.core.script import TOKEN_PREFIX
from signer.core.wire import Reader

_CATEGORY: Final = 32
"""Bytes: the id of the transaction whose output made the token."""

_RESERVED: Final = 0x80
_HAS_COMMITMENT: Final = 0x40
_HAS_AMOUNT: Final = 0x10


def behind_token(script: bytes) -> bytes | None:
    """The locking script behind a token, or None where no whole token stands in front.

    Args:
        script: all the bytes of an output after its amount and their length.
    """
    reader = Reader(script, "token")
    try:
        if reader.take(1) != TOKEN_PREFIX:
            return None
        reader.take(_CATEGORY)
        bits = reader.u8()
        if bits & _RESERVED:
            return None
        if bits & _HAS_COMMITMENT:
            reader.var_bytes()
        if bits & _HAS_AMOUNT:
            reader.compact_size()
    except BadInput:
        return None
    return reader.rest()
