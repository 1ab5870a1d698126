"""Encrypted backups of what is private, yet no secret: any one of a wallet's xpubs opens them.

Source: BIP138 "Compact Encryption Scheme for Non-seed Wallet Data", version 0.1.1. A file is

    "BIP138" 01 | derivation paths | individual secrets | 01 | nonce | length | ciphertext

The key of the ciphertext follows from all public keys; each individual secret is that key, masked
with what follows from one of them. Who holds one xpub thus unmasks the key. Nobody is
authenticated: whoever knows one xpub of a wallet can seal anything for its holder. What a reader
opens, it has to check by other means (`vault_backup.py` does).
"""

import base64
import binascii
import secrets as randomness
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from signer.core import wire
from signer.core.errors import BadInput, Fault

MAX_FILE: Final = 16 << 20
"""Bytes; a vault with a hundred policies takes about one million."""

_MAGIC: Final = b"BIP138\x01"
_TEXT_MAGIC: Final = base64.b64encode(_MAGIC[:6])
_CHACHA20_POLY1305: Final = 1
_NONCE: Final = 12
_DIGEST: Final = 32
_MOST_SLOTS: Final = 255
_FIRST_BUCKET: Final = 5
"""Individual secrets in a file: 5, 10, 20, ... of which the rest are decoys ("Individual Secrets").
"""
_FIRST_SIZE: Final = 10_240
"""Bytes of the smallest padded payload; each next size is a quarter larger ("Padding")."""

_NUMS: Final = bytes.fromhex("50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0")
"""Nobody's key, which everybody knows (BIP341): it opens no backup."""

BIP, VENDOR = 1, 2
"""Types of content: what a BIP defines, and what only one maker reads."""

_END, _UNKNOWN_FATAL = 0, 0x80

_damaged = partial(BadInput, fault=Fault.OFFICER, hint="take another copy of the file")


@dataclass(frozen=True, slots=True)
class Content:
    """One thing in a backup.

    Attributes:
        type: 1 the number of a BIP that defines it, 2 a vendor's tag, 3 a text; others are unknown.
        params: the BIP's number (2 bytes, big-endian), the vendor's tag, or nothing.
        data: the thing itself.
    """

    type: int
    params: bytes
    data: bytes = field(repr=False)

    @classmethod
    def of_bip(cls, number: int, data: bytes) -> "Content":
        """What a BIP defines, for instance 380: a descriptor."""
        return cls(BIP, number.to_bytes(2, "big"), data)

    @classmethod
    def of_vendor(cls, tag: bytes, data: bytes) -> "Content":
        """What only one maker's programs read; the others pass over it."""
        return cls(VENDOR, tag, data)

    def to_bytes(self) -> bytes:
        """Type, parameters, length, data."""
        params = self.params if self.type == BIP else wire.var_bytes(self.params)
        return bytes((self.type,)) + params + wire.var_bytes(self.data)


@dataclass(frozen=True, slots=True)
class Container:
    """A backup as it lies in a file, still closed.

    Attributes:
        paths: derivation paths in clear, each from the master key; ours are empty.
        slots: individual secrets and decoys, 32 bytes each, sorted.
        nonce: 12 bytes.
        ciphertext: with its tag of 16 bytes.
    """

    paths: tuple[tuple[int, ...], ...]
    slots: tuple[bytes, ...]
    nonce: bytes
    ciphertext: bytes = field(repr=False)

    @classmethod
    def parse(cls, data: bytes) -> "Container":
        """Read a file, binary or base64. What follows the ciphertext is passed over (BIP138).

        Raises:
            BadInput: not such a backup, cut short, or of a version or a cipher that is not known.
        """
        reader = wire.Reader(_binary(data), "backup")
        if reader.take(len(_MAGIC)) != _MAGIC:
            raise _damaged("the backup is of another version", expected="BIP138 version 1")
        paths = tuple(
            tuple(int.from_bytes(reader.take(4), "big") for _ in range(_positive(reader, 4)))
            for _ in range(reader.u8())
        )
        slots = tuple(reader.take(_DIGEST) for _ in range(_positive(reader, _DIGEST)))
        if reader.u8() != _CHACHA20_POLY1305:
            reader.fail("unknown cipher", expected="ChaCha20-Poly1305")
        nonce = reader.take(_NONCE)
        if not any(nonce):
            reader.fail("the nonce is zero")
        return cls(paths, slots, nonce, reader.var_bytes())

    def to_bytes(self) -> bytes:
        """Write the binary form."""
        paths = b"".join(
            bytes((len(path),)) + b"".join(step.to_bytes(4, "big") for step in path)
            for path in sorted(set(self.paths))
        )
        slots = sorted(set(self.slots))
        head = _MAGIC + bytes((len(set(self.paths)),)) + paths + bytes((len(slots),))
        tail = bytes((_CHACHA20_POLY1305,)) + self.nonce + wire.var_bytes(self.ciphertext)
        return head + b"".join(slots) + tail


@dataclass(frozen=True, slots=True)
class Opened:
    """What one key opened.

    Attributes:
        contents: in the file's order; unknown ones, too.
        secret: what all contents were sealed with.
        container: the file that they were in.
    """

    contents: tuple[Content, ...]
    secret: bytes = field(repr=False)
    container: Container = field(repr=False)

    def is_sealed_for(self, keys: Iterable[bytes]) -> bool:
        """Whether `seal` made the file for these keys and no others: each of them opens it."""
        points = _points(keys)
        secret = decryption_secret(points)
        return self.secret == secret and self.container.slots == _slots(secret, points)


def decryption_secret(keys: Iterable[bytes]) -> bytes:
    """What the contents are encrypted with ("Secret generation"); 32 bytes.

    Args:
        keys: the xpubs' own public keys: 33 bytes, or their x coordinates alone.
    """
    return _tagged("BIP138_DECRYPTION_SECRET", b"".join(_points(keys)))


def individual_secrets(keys: Iterable[bytes]) -> tuple[bytes, ...]:
    """What stands in the file for each key, in the order of the sorted keys; 32 bytes each."""
    points = _points(keys)
    secret = decryption_secret(points)
    return tuple(_xor(secret, _mask(point)) for point in points)


def seal(keys: Iterable[bytes], contents: Sequence[Content]) -> bytes:
    """Make a backup that each of these keys opens, and that tells others nothing.

    The number of keys and the size of the contents are hidden: decoys fill up to 5, 10, 20, ...
    keys, zeros up to 10 KiB and then in steps of a quarter. The decoys follow from the secret, so
    that two backups of one wallet do not tell them apart; without it they are as good as random.

    Args:
        keys: the xpubs' own public keys, 33 bytes each; 1 to 255.
        contents: at least one; none of them may hold a secret.

    Raises:
        BadInput: no key that can open it, or too many.
    """
    points = _points(keys)
    if not 1 <= len(points) <= _MOST_SLOTS or not contents:
        raise BadInput(
            "no backup can be sealed",
            fault=Fault.OFFICER,
            expected=f"1 to {_MOST_SLOTS} keys, and something to keep",
            found=f"{len(points)} keys, {len(contents)} contents",
        )
    secret = decryption_secret(points)
    payload = b"".join(content.to_bytes() for content in contents)
    padded = payload.ljust(_padded_size(len(payload)), b"\0")
    nonce = randomness.token_bytes(_NONCE)
    ciphertext = ChaCha20Poly1305(secret).encrypt(nonce, padded, b"")
    return Container((), _slots(secret, points), nonce, ciphertext).to_bytes()


def to_text(backup: bytes) -> bytes:
    """The same as base64, for places that take only text."""
    return base64.b64encode(backup) + b"\n"


def open_(data: bytes, key: bytes) -> Opened:
    """Open a backup with one key.

    Args:
        data: the file, binary or base64.
        key: an xpub's own public key, 33 bytes, or its x coordinate.

    Raises:
        BadInput: not a backup; not of this key, or damaged (which nobody can tell apart).
    """
    container = Container.parse(data)
    mask = _mask(key[-_DIGEST:])
    for slot in container.slots:
        secret = _xor(slot, mask)
        try:
            payload = ChaCha20Poly1305(secret).decrypt(container.nonce, container.ciphertext, b"")
        except InvalidTag:
            continue
        return Opened(tuple(read_contents(payload)), secret, container)
    raise BadInput(
        "this key does not open the backup",
        fault=Fault.OFFICER,
        expected="an extended public key of the wallet, from the path that the wallet uses",
        hint="either the key is of another wallet or account, or the file is damaged: try another "
        "signer's key, or another copy of the file",
    )


def read_contents(payload: bytes) -> Iterator[Content]:
    """Take a decrypted payload apart ("Ciphertext", "Content Type"); padding is passed over.

    Raises:
        BadInput: malformed, empty, or of a type that has to be understood and is not.
    """
    reader = wire.Reader(payload, "backup")
    if not payload or payload[0] == _END:
        reader.fail("there is nothing in it")
    while reader.left and (kind := reader.u8()) != _END:
        if kind >= _UNKNOWN_FATAL:
            reader.fail("made by a newer program", found=f"content of type {kind}")
        params = reader.take(2) if kind == BIP else reader.var_bytes()
        yield Content(kind, params, reader.var_bytes())


def _binary(data: bytes) -> bytes:
    """The file's bytes, whichever of its two forms it has."""
    if data.startswith(_MAGIC[:6]):
        return data
    text = b"".join(data.split())
    if text.startswith(_TEXT_MAGIC):
        try:
            return base64.b64decode(text, validate=True)
        except binascii.Error:
            raise _damaged("the backup's base64 is damaged") from None
    raise _damaged(
        "not an encrypted backup",
        expected='a file that begins with "BIP138", or with its base64',
    )


def _positive(reader: wire.Reader, size: int) -> int:
    """A byte that counts items of `size` bytes: one or more of them, and all still to come."""
    number = reader.u8()
    if not number or number * size > reader.left:
        reader.fail("cut short", expected=f"1 to {reader.left // size} items", found=str(number))
    return number


def _points(keys: Iterable[bytes]) -> list[bytes]:
    """The keys' x coordinates, sorted, each once ("Key Normalization")."""
    return sorted({key[-_DIGEST:] for key in keys} - {_NUMS})


def _slots(secret: bytes, points: Sequence[bytes]) -> tuple[bytes, ...]:
    """Every individual secret and the decoys, sorted."""
    count = _FIRST_BUCKET
    while count < len(points):
        count *= 2
    slots = {_xor(secret, _mask(point)) for point in points}
    for number in range(min(count, _MOST_SLOTS) - len(points)):
        slots.add(_tagged("coldquorum/decoy", secret + bytes((number,))))
    return tuple(sorted(slots))


def _padded_size(size: int) -> int:
    """The smallest size of the series that holds so many bytes."""
    above, below = _FIRST_SIZE, 1
    while above // below < size:
        above, below = above * 5, below * 4
    return above // below


def _mask(point: bytes) -> bytes:
    return _tagged("BIP138_INDIVIDUAL_SECRET", point)


def _tagged(tag: str, data: bytes) -> bytes:
    """A tagged hash (BIP340)."""
    digest = sha256(tag.encode()).digest()
    return sha256(digest + digest + data).digest()


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
