"""Extended public keys as drivers need them: their parts, and their text (BIP32).

`signer/core` has the one that decides; this one only carries, since `hw` imports nothing of it.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from hw.errors import Garbage

_ALPHABET: Final = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_LENGTH: Final = 78  # BIP32, "Serialization format"
_LONGEST: Final = 112  # characters of 82 bytes in base 58


@dataclass(frozen=True, slots=True)
class ExtendedKey:
    """The fields of an extended public key (BIP32, "Serialization format").

    Attributes:
        version: 4 bytes: xpub, tpub, or a coin's own.
        depth: steps from the master key.
        parent: fingerprint of the key above, 4 bytes.
        number: the last step; hardened ones have bit 31.
        chain_code: 32 bytes.
        key: compressed public key, 33 bytes.
    """

    version: bytes
    depth: int
    parent: bytes
    number: int
    chain_code: bytes
    key: bytes

    @classmethod
    def parse(cls, text: str) -> "ExtendedKey":
        """Read `xpub...`, with its checksum.

        Raises:
            Garbage: it is none.
        """
        number = 0
        for letter in text[:_LONGEST]:
            number = number * 58 + max(_ALPHABET.find(letter), 0)
        data = number.to_bytes(_LONGEST, "big")[-_LENGTH - 4 :]
        key = cls(
            data[:4],
            data[4],
            data[5:9],
            int.from_bytes(data[9:13], "big"),
            data[13:45],
            data[45:78],
        )
        if key.text != text:
            raise Garbage(
                "the device gave something that is no extended public key",
                found=ascii(text[:16]),  # no more of what should not be there
                hint="try once more; then ask the vendor",
            )
        return key

    @property
    def text(self) -> str:
        """Base58Check of the 78 bytes."""
        payload = b"".join(
            (
                self.version,
                bytes((self.depth,)),
                self.parent,
                self.number.to_bytes(4, "big"),
                self.chain_code,
                self.key,
            )
        )
        number = int.from_bytes(payload + sha256(sha256(payload).digest()).digest()[:4], "big")
        text = ""
        while number:
            number, digit = divmod(number, 58)
            text = _ALPHABET[digit] + text
        return text
