"""A PSBT in a file: binary as BIP174 recommends for files, or base64 as many wallets write it."""

import base64
import binascii
import os
from typing import Final, NoReturn

from signer.core.errors import BadInput, Fault
from signer.core.files import read_limited, write_new
from signer.core.psbt import MAGIC, MAX_PSBT

# Base64 takes four characters for three bytes; the rest is room for line ends.
_MAX_FILE: Final = MAX_PSBT // 2 * 3

_BLANKS: Final = b" \t\r\n"
_HEX: Final = MAGIC.hex().encode()
_BASE64: Final = base64.b64encode(MAGIC)[:6]


def read_psbt(path: str | os.PathLike[str]) -> bytes:
    """The binary PSBT in a file. Only its encoding is looked at; `Psbt.parse` reads it.

    Raises:
        BadInput: the file cannot be read, is too large, or holds neither a binary PSBT nor one
            in base64.
    """
    data = read_limited(path, limit=_MAX_FILE, what="psbt")
    return decode(data)


def decode(data: bytes) -> bytes:
    """The binary PSBT that `data` is, or is the base64 of.

    Raises:
        BadInput: it is neither.
    """
    if data.startswith(MAGIC):
        return data
    text = data.translate(None, _BLANKS)
    if text[: len(_HEX)].lower() == _HEX:
        _fail("psbt: this is hexadecimal", hint="convert it: xxd -r -p FILE > FILE.psbt")
    if not text.startswith(_BASE64):
        _fail("psbt: this is something else", found=_guess(text))
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        _fail("psbt: broken base64", found=str(error).lower(), hint="copy the whole text again")


def write_psbt(path: str | os.PathLike[str], data: bytes) -> None:
    """Writes a binary PSBT to a new file, whole or not at all.

    Raises:
        BadInput: the file exists already or cannot be written.
    """
    write_new(path, data)


def _guess(text: bytes) -> str:
    if text.startswith(b"{"):
        return "a json document"
    if text[:8].lower() in (b"01000000", b"02000000") or text[:4] in (b"\1\0\0\0", b"\2\0\0\0"):
        return "a raw transaction"
    return f"bytes that start with {text[:8].hex()}"


def _fail(what: str, *, found: str = "", hint: str = "") -> NoReturn:
    raise BadInput(
        what,
        fault=Fault.OFFICER,
        expected="a binary psbt, or one in base64",
        found=found,
        hint=hint or "give the file that `coldquorum build` or `coldsign sign` wrote",
    )
