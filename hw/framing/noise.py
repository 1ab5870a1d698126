"""The initiator's side of Noise_XX_25519_ChaChaPoly_SHA256: a link that both sides prove keys in.

Three messages: our ephemeral key; the device's ephemeral and its static key; our static key. Whose
static key it is, Noise does not say: people compare a code made of the handshake's hash.

Source: The Noise Protocol Framework, revision 34 (sections 5 and 7.5).
"""

from dataclasses import dataclass
from hashlib import sha256
from hmac import digest as hmac_digest
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from hw.errors import Garbage

NAME: Final = b"Noise_XX_25519_ChaChaPoly_SHA256"
"""Of 32 bytes, so that it is the first hash by itself (section 5.2)."""

KEY: Final = 32
_TAG: Final = 16
_SECOND: Final = KEY + (KEY + _TAG) + _TAG
"""Bytes of the device's message: its ephemeral key, its static key, an empty payload."""


class Cipher:
    """ChaCha20-Poly1305 with a counter in the place of a nonce (section 5.1)."""

    def __init__(self, key: bytes) -> None:
        self._cipher, self._count = ChaCha20Poly1305(key), 0

    def _nonce(self) -> bytes:
        self._count += 1
        return bytes(4) + (self._count - 1).to_bytes(8, "little")

    def encrypt(self, data: bytes, also: bytes = b"") -> bytes:
        """Hide data, and vouch for it and what is said `also`."""
        return self._cipher.encrypt(self._nonce(), data, also)

    def decrypt(self, data: bytes, also: bytes = b"") -> bytes:
        """Open what the other side hid.

        Raises:
            Garbage: it is not the other side's next message.
        """
        try:
            return self._cipher.decrypt(self._nonce(), data, also)
        except (InvalidTag, ValueError):
            raise Garbage(
                "a message of the device's encrypted link does not open",
                hint="unplug it and plug it in again",
            ) from None


class Symmetric:
    """What both sides have hashed and agreed so far (section 5.2)."""

    def __init__(self, prologue: bytes) -> None:
        self.hash = self._chaining = NAME
        self._cipher: Cipher | None = None
        self.mix_hash(prologue)

    def mix_hash(self, data: bytes) -> None:
        """Hash what crossed."""
        self.hash = sha256(self.hash + data).digest()

    def mix_key(self, secret: X25519PrivateKey, public: bytes) -> None:
        """Agree on more.

        Raises:
            Garbage: the other side's key is none.
        """
        try:
            shared = secret.exchange(X25519PublicKey.from_public_bytes(public))
        except ValueError:
            raise Garbage("the device's link key is none", found=public[:8].hex()) from None
        self._chaining, key = _two_keys(self._chaining, shared)
        self._cipher = Cipher(key)

    def hide(self, data: bytes) -> bytes:
        """Encrypt under what is agreed, and hash that."""
        hidden = data if self._cipher is None else self._cipher.encrypt(data, self.hash)
        self.mix_hash(hidden)
        return hidden

    def open(self, hidden: bytes) -> bytes:
        """Decrypt under what is agreed, and hash what came."""
        data = hidden if self._cipher is None else self._cipher.decrypt(hidden, self.hash)
        self.mix_hash(hidden)
        return data

    def split(self) -> "Channel":
        """Two ciphers: the initiator's to send with, and to receive with."""
        one, two = _two_keys(self._chaining, b"")
        return Channel(Cipher(one), Cipher(two), self.hash)


@dataclass(frozen=True, slots=True)
class Channel:
    """An open link.

    Attributes:
        to_device: encrypts.
        from_device: decrypts.
        hash: of the handshake: the same on both sides, if nobody is in between.
    """

    to_device: Cipher
    from_device: Cipher
    hash: bytes


class Handshake:
    """The initiator's side.

    Args:
        static: our own key, 32 secret bytes; the same in every session.
        ephemeral: a new one, 32 secret bytes.
    """

    def __init__(self, static: bytes, ephemeral: bytes, prologue: bytes) -> None:
        self._static = X25519PrivateKey.from_private_bytes(static)
        self._ephemeral = X25519PrivateKey.from_private_bytes(ephemeral)
        self._state = Symmetric(prologue)

    def first(self) -> bytes:
        """Our first message."""
        public = self._ephemeral.public_key().public_bytes_raw()
        self._state.mix_hash(public)
        return public + self._state.hide(b"")

    def second(self, message: bytes) -> bytes:
        """Read the device's message.

        Returns:
            Its static key.

        Raises:
            Garbage: it is none.
        """
        if len(message) != _SECOND:
            raise Garbage("the device's handshake makes no sense", found=f"{len(message)} bytes")
        state, remote = self._state, message[:KEY]
        self._remote = remote
        state.mix_hash(remote)
        state.mix_key(self._ephemeral, remote)
        static = state.open(message[KEY:-_TAG])
        state.mix_key(self._ephemeral, static)
        state.open(message[-_TAG:])
        return static

    def third(self) -> bytes:
        """Our second message: our static key."""
        hidden = self._state.hide(self._static.public_key().public_bytes_raw())
        self._state.mix_key(self._static, self._remote)
        return hidden + self._state.hide(b"")

    def channel(self) -> Channel:
        """The link, after the third message."""
        return self._state.split()


def _two_keys(chaining: bytes, material: bytes) -> tuple[bytes, bytes]:
    """HKDF of two outputs (section 4.3)."""
    key = hmac_digest(chaining, material, "sha256")
    one = hmac_digest(key, b"\x01", "sha256")
    return one, hmac_digest(key, one + b"\x02", "sha256")
