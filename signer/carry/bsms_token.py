"""The token of a BSMS session, and what it encrypts (BIP129, "Encryption").

Whoever has the token reads and writes every record of the session. It keeps strangers out; it does
not bind the coordinator, who made it.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from signer.core.errors import BadInput, Fault
from signer.core.wordlist import WORDS

STANDARD: Final = 8
EXTENDED: Final = 16
"""Bytes of a token in the two modes that encrypt."""

MAX_PLAIN: Final = 8192
"""Bytes of a record: a descriptor of 15 keys takes about 2,300."""

_MAC: Final = 32
_PASSWORD: Final = b"No SPOF"
_ROUNDS: Final = 2048
_HEX: Final = re.compile(rb"[0-9a-fA-F]+")
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,38}")
_HEX_SIZES: Final = (2 * STANDARD, 2 * EXTENDED)
_WORDS: Final = 6
"""64 bits, and 2 of a checksum (BIP39 with a quarter of its least entropy)."""

_FORMS: Final = "a decimal number, 16 or 32 hex digits, or six words"
_bad = partial(BadInput, fault=Fault.OFFICER)
_foreign = partial(BadInput, fault=Fault.COORDINATOR)


@dataclass(frozen=True, slots=True)
class Token:
    """A session's secret.

    Attributes:
        value: 8 or 16 bytes; empty if nothing is encrypted.
    """

    value: bytes = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> "Token":
        """Read a token as a person has it. Errors do not quote it.

        Raises:
            BadInput: none of the forms, or one that could be two of them.
        """
        words = text.split()
        if len(words) > 1:
            return cls(_from_words(words))
        text = text.strip()
        digits = text.removeprefix("0x")
        size = len(digits)
        if size in _HEX_SIZES and _HEX.fullmatch(digits.encode("ascii", "replace")):
            if digits.isdecimal() and digits == text:
                raise _bad(
                    "this token could be decimal or hex",
                    hint="write 0x before it if it is hex, or 0x and its value in hex if not",
                )
            return cls(bytes.fromhex(digits))
        if not _DECIMAL.fullmatch(text) or int(text) >= 1 << 8 * EXTENDED:
            raise _bad("not a token", expected=_FORMS, found=f"{len(text)} characters")
        size = STANDARD if int(text) < 1 << 8 * STANDARD else EXTENDED
        return cls(int(text).to_bytes(size, "big"))

    @classmethod
    def parse_line(cls, text: str) -> "Token":
        """Read the second line of a key record: `00`, or the token in hex.

        Raises:
            BadInput: anything else.
        """
        if text == "00":
            return NO_ENCRYPTION
        if len(text) not in _HEX_SIZES or not _HEX.fullmatch(text.encode("ascii", "replace")):
            raise _bad("not a token in hex", expected="00, or 16 or 32 digits")
        return cls(bytes.fromhex(text))

    @property
    def hex(self) -> str:
        """As records have it."""
        return self.value.hex() or "00"

    @property
    def decimal(self) -> str:
        """As people pass it on: the recommended form."""
        return str(int.from_bytes(self.value, "big"))

    @property
    def mode(self) -> str:
        """BIP129's name of the mode."""
        return {STANDARD: "STANDARD", EXTENDED: "EXTENDED"}.get(len(self.value), "NO_ENCRYPTION")

    @property
    def encryption_key(self) -> bytes:
        """PBKDF2-SHA512 of the token: 32 bytes ("Key Derivation")."""
        return hashlib.pbkdf2_hmac("sha512", _PASSWORD, self.value, _ROUNDS, 32)

    def seal(self, record: bytes) -> bytes:
        """A record as it is carried: encrypted, in hex; or as it is."""
        if not self.value:
            return record
        key = self.encryption_key
        mac = self._mac(key, record)
        return (mac + _ctr(key, mac[:16], record)).hex().encode("ascii")

    def unseal(self, data: bytes) -> bytes:
        """The record in what was carried.

        Raises:
            BadInput: not encrypted where it should be, or the other way round; made with another
                token, or changed.
        """
        if not self.value:
            if len(data) > MAX_PLAIN or not data.startswith(b"BSMS "):
                raise _foreign(
                    "not a record in plain text",
                    expected="BSMS 1.0",
                    hint="if it is encrypted (.dat), the session's token is needed",
                )
            return data
        text = data.strip()
        if len(text) > 2 * (_MAC + MAX_PLAIN) or len(text) % 2 or not _HEX.fullmatch(text):
            raise _foreign(
                "not an encrypted record",
                expected=f"at most {2 * (_MAC + MAX_PLAIN)} hex digits",
                hint="a session with a token takes nothing that is not encrypted with it",
            )
        raw, key = bytes.fromhex(text.decode("ascii")), self.encryption_key
        record = _ctr(key, raw[:16], raw[_MAC:]) if len(raw) > _MAC else b""
        if not hmac.compare_digest(self._mac(key, record), raw[:_MAC]):
            raise _foreign(
                "the record does not fit this session's token",
                expected="the MAC of its content",
                hint="it is of another session, or was changed on its way",
            )
        return record

    def _mac(self, key: bytes, record: bytes) -> bytes:
        message = self.hex.encode("ascii") + record
        return hmac.digest(hashlib.sha256(key).digest(), message, "sha256")


NO_ENCRYPTION: Final = Token(b"")


def _ctr(key: bytes, iv: bytes, data: bytes) -> bytes:
    cipher = Cipher(AES(key), CTR(iv)).encryptor()
    return cipher.update(data) + cipher.finalize()


def _from_words(words: list[str]) -> bytes:
    if len(words) != _WORDS:
        raise _bad(
            "a token has six words",
            found=str(len(words)),
            hint="never type the words of a key here; give the token as a number",
        )
    places = [WORDS.index(word) if word in WORDS else -1 for word in words]
    if -1 in places:
        raise _bad("not in the BIP39 list", found=f"word {places.index(-1) + 1}")
    number = 0
    for place in places:
        number = number << 11 | place
    value = (number >> 2).to_bytes(STANDARD, "big")
    if number & 3 != hashlib.sha256(value).digest()[0] >> 6:
        raise _bad("the checksum of the token's words is wrong", hint="a word is misread")
    return value
