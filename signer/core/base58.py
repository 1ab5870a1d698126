"""Base58Check: the text form of keys and of legacy addresses.

Source: Bitcoin Core, `src/base58.cpp`. The checksum finds a typo, and cannot tell where it is.
"""

from signer.core.errors import BadInput, Fault
from signer.core.hashes import sha256d

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_MAX_TEXT = 112
"""An extended key's 82 bytes take 111 characters, or 112 with unusual version bytes."""


def encode(payload: bytes) -> str:
    """Write bytes and their checksum."""
    data = payload + sha256d(payload)[:4]
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = ALPHABET[digit] + text
    return "1" * (len(data) - len(data.lstrip(b"\x00"))) + text


def decode(text: str, *, what: str) -> bytes:
    """Read the bytes before the checksum. The text itself is not quoted: it may be a secret.

    Raises:
        BadInput: a character that cannot be, another checksum, or too long; `what` says of what.
            `signer/build/typed.py` tells people where they mistyped.
    """
    number = 0
    for letter in text[:_MAX_TEXT]:
        number = number * 58 + max(ALPHABET.find(letter), 0)
    zeros = len(text) - len(text.lstrip("1"))
    payload = (bytes(zeros) + number.to_bytes((number.bit_length() + 7) // 8, "big"))[:-4]
    if len(text) > _MAX_TEXT or encode(payload) != text:
        raise BadInput(
            f"{what}: the checksum does not fit",
            fault=Fault.OFFICER,
            hint="copy it again from its source",
        )
    return payload
