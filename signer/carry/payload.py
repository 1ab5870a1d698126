"""What a series of QR codes carries, whichever way it was coded."""

import binascii
import json
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from hashlib import sha256
from typing import Final, NoReturn

from signer.carry import file
from signer.core.errors import BadInput, Fault
from signer.core.psbt import MAGIC

MAX_PAYLOAD: Final = 4 * 1024 * 1024
"""Bytes. The longest BBQr series carries 3.5 MB; more belongs on a microSD card."""

_TRANSACTION_STARTS: Final = (b"\1\0\0\0", b"\2\0\0\0", b"\3\0\0\0")
_HEX_STARTS: Final = tuple(start.hex().encode() for start in _TRANSACTION_STARTS)
_LEAST_TRANSACTION: Final = 60
"""Bytes: one input, one output, no scripts."""
_SHOWN: Final = 8

_bad = partial(BadInput, fault=Fault.OFFICER)


class Kind(StrEnum):
    """What the bytes are. The value is also the name that people give and read."""

    PSBT = "psbt"
    """A binary PSBT."""
    TRANSACTION = "transaction"
    """A transaction, ready to send."""
    JSON = "json"
    """A JSON object in UTF-8: all our documents and records."""
    TEXT = "text"
    """Other text in UTF-8, descriptors among it."""
    CBOR = "cbor"
    """CBOR of no kind that is known here."""
    BINARY = "binary"
    """Anything else."""
    ACCOUNT = "crypto-account"
    """CBOR: a signer's account keys (BCR-2020-015)."""
    OUTPUT = "crypto-output"
    """CBOR: an output descriptor (BCR-2020-010)."""


SUFFIXES: Final = {
    Kind.PSBT: ".psbt",
    Kind.TRANSACTION: ".txn",
    Kind.JSON: ".json",
    Kind.TEXT: ".txt",
    Kind.CBOR: ".cbor",
    Kind.BINARY: ".bin",
    Kind.ACCOUNT: ".json",
    Kind.OUTPUT: ".txt",
}
"""How a file of each kind ends; Coldcard looks for `.psbt` and writes `.txn`."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What is carried.

    Attributes:
        kind: what the bytes are.
        data: the bytes; the same on both sides.
    """

    kind: Kind
    data: bytes

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes, 64 lower-case hex digits."""
        return sha256(self.data).hexdigest()

    @property
    def mark(self) -> str:
        """What officers compare on both sides: the first and last 8 hex digits."""
        digest = self.sha256
        return f"{digest[:_SHOWN]}...{digest[-_SHOWN:]}"

    @classmethod
    def of(cls, kind: Kind, data: bytes) -> "Payload":
        """A payload that somebody says is of a kind: looked at, as far as a codec can tell.

        Raises:
            BadInput: evidently of another kind.
        """
        # Only then is a guess made: bytes that are said to be no more than bytes may be any.
        if (kind is Kind.PSBT and not data.startswith(MAGIC)) or (
            kind in (Kind.JSON, Kind.TEXT) and not _is_text(data)
        ):
            _mistaken(kind, guess(data).kind)
        return cls(kind, data)


def guess(data: bytes) -> Payload:
    """What bytes of unknown kind are; a PSBT in base64 and a transaction in hex become binary.

    Raises:
        BadInput: they start as a PSBT in base64 but are not one.
    """
    if data.startswith(MAGIC):
        return Payload(Kind.PSBT, data)
    text = data.strip()
    if text.startswith(b"cHNidP"):
        return Payload(Kind.PSBT, file.decode(text))
    if data[:4] in _TRANSACTION_STARTS and len(data) >= _LEAST_TRANSACTION:
        return Payload(Kind.TRANSACTION, data)
    if text[:8] in _HEX_STARTS and len(text) >= 2 * _LEAST_TRANSACTION:
        with suppress(binascii.Error):
            return Payload(Kind.TRANSACTION, binascii.unhexlify(text))
    if not _is_text(data):
        return Payload(Kind.BINARY, data)
    return Payload(Kind.JSON if _is_json(text) else Kind.TEXT, data)


def _is_text(data: bytes) -> bool:
    try:
        return "\0" not in data.decode()
    except UnicodeDecodeError:
        return False


def _is_json(text: bytes) -> bool:
    if not text.startswith(b"{"):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _mistaken(kind: Kind, found: Kind) -> NoReturn:
    hint = "show it again, and say what it is"
    raise _bad(f"the codes say {kind}, but carry something else", found=found, hint=hint)
