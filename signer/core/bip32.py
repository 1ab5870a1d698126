"""Keys that grow from one seed (BIP32), and the origins that tell where: the public side."""

import re
from collections.abc import Sequence
from functools import partial
from hashlib import sha512
from typing import NamedTuple

from signer.core import base58, batch, secp
from signer.core.errors import BadInput, Fault
from signer.core.hashes import hash160
from signer.core.names import Fingerprint

HARDENED = 0x80000000
"""From here on an index needs the private key (BIP32, "Extended keys")."""

MAX_DEPTH = 255
"""The depth is one byte (BIP32, "Serialization format")."""

_STEP = re.compile(r"(0|[1-9][0-9]{0,9})(h|'|)")
_ORIGIN = re.compile(r"\[([0-9a-f]{8})((?:/[0-9]{1,10}[h']?)*)\]")

NO_PARENT = bytes(4)
"""A master key has none (BIP32, "Serialization format")."""

_bad = partial(BadInput, fault=Fault.COORDINATOR)


def parse_path(text: str) -> tuple[int, ...]:
    """Read `48h/1h/0h/2h`; `m/` before it, and `'` for h, are accepted.

    Raises:
        BadInput: not a path, or an index of 2**31 or more.
    """
    steps = text.removeprefix("m/").split("/") if text not in ("", "m") else []
    found = [match for step in steps if (match := _STEP.fullmatch(step))]
    path = tuple(int(match[1]) + HARDENED * bool(match[2]) for match in found)
    if len(path) != len(steps) or any(int(match[1]) >= HARDENED for match in found):
        raise BadInput(
            "not a path",
            fault=Fault.OFFICER,
            expected="for instance 48h/0h/0h/2h",
            found=ascii(text[:40]),
        )
    return path


def format_path(path: tuple[int, ...]) -> str:
    """Write a path as `48h/1h/0h/2h`; an empty one is empty."""
    return "/".join(f"{n - HARDENED}h" if n >= HARDENED else str(n) for n in path)


class Origin(NamedTuple):
    """Where a key comes from (BIP380, "Key Expressions").

    Attributes:
        fingerprint: of the master key.
        path: from the master key; hardened steps have 0x80000000 added.
    """

    fingerprint: Fingerprint
    path: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> "Origin":
        """Read `[aabbccdd/48h/1h/0h/2h]`.

        Raises:
            BadInput: not an origin.
        """
        match = _ORIGIN.fullmatch(text)
        if match is None:
            raise _bad(
                "not a key origin",
                expected="for instance [aabbccdd/48h/0h/0h/2h]",
                found=ascii(text[:40]),
            )
        return cls(Fingerprint(match[1]), parse_path(match[2].removeprefix("/")))

    def __str__(self) -> str:
        return f"[{'/'.join(filter(None, (self.fingerprint, format_path(self.path))))}]"


class ExtendedPublicKey(NamedTuple):
    """A public key that others can be derived from.

    Attributes:
        key: compressed, 33 bytes.
        chain_code: 32 bytes.
        depth: steps from the master key.
        parent: the first 4 bytes of HASH160 of the parent's key; zeros for a master key.
        number: the last step; hardened has 0x80000000 added.
    """

    key: bytes
    chain_code: bytes
    depth: int
    parent: bytes
    number: int

    @classmethod
    def parse(cls, text: str, version: bytes) -> "ExtendedPublicKey":
        """Read `xpub...` or `tpub...`.

        Args:
            text: Base58Check of 78 bytes.
            version: the 4 version bytes of the network.

        Raises:
            BadInput: everything that BIP32's test vector 5 calls invalid, and another network.
        """
        data = base58.decode(text, what="an extended public key")
        if len(data) != 78 or data[:4] != version:  # noqa: PLR2004 -- BIP32, "Serialization format"
            raise _bad(
                "a key of another network",
                expected=f"version {version.hex()}",
                found=f"version {data[:4].hex()}",
                hint="export it for this network, in the xpub or tpub form",
            )
        key = cls(data[45:], data[13:45], data[4], data[5:9], int.from_bytes(data[9:13], "big"))
        orphan = key.parent == NO_PARENT and key.number == 0
        if not secp.is_valid_public(key.key) or (key.depth == 0 and not orphan):
            raise _bad("the extended public key is not valid")
        return key

    def to_text(self, version: bytes) -> str:
        """Write it with the version bytes of a network."""
        place = bytes((self.depth,)) + self.parent + self.number.to_bytes(4, "big")
        return base58.encode(version + place + self.chain_code + self.key)

    @property
    def fingerprint(self) -> Fingerprint:
        """This key's own fingerprint."""
        return Fingerprint(hash160(self.key)[:4].hex())

    def derive(self, index: int) -> "ExtendedPublicKey":
        """The child number `index`.

        Raises:
            BadInput: a hardened index, one out of range, or too deep.
        """
        check_step(self.depth, index, HARDENED)
        children = Children(self)
        (key,) = public_children([([children], index)])
        return ExtendedPublicKey(
            key, children.hash(index)[32:], self.depth + 1, children.parent, index
        )


class Children:
    """The children of one extended public key, fast: what they share is made once.

    Attributes:
        point: the parent's key.
        parent: the first 4 bytes of its HASH160.
    """

    __slots__ = ("_inner", "_outer", "parent", "point")

    def __init__(self, parent: ExtendedPublicKey) -> None:
        self.point = secp.Point(parent.key)
        self.parent = bytes.fromhex(parent.fingerprint)
        # HMAC-SHA512 (RFC 2104), whose key has 128 bytes, zeros at its end. The standard library's
        # own copies cost more than what they hash.
        inner, outer = (
            bytes(byte ^ pad for byte in parent.chain_code).ljust(128, bytes((pad,)))
            for pad in (0x36, 0x5C)
        )
        self._inner, self._outer = sha512(inner + parent.key), sha512(outer)

    def hash(self, index: int) -> bytes:
        """What BIP32 hashes for the child number 0 to 2**31 - 1: its tweak, then its chain code."""
        inner, outer = self._inner.copy(), self._outer.copy()
        inner.update(index.to_bytes(4, "big"))
        outer.update(inner.digest())
        return outer.digest()


def public_children(wanted: Sequence[tuple[Sequence[Children], int]]) -> list[bytes]:
    """Public keys, 33 bytes each: for each of some parents and an index, one a parent.

    Args:
        wanted: parents in order, and the index of their children, 0 to 2**31 - 1.

    Raises:
        BadInput: no key has this index (BIP32: a chance of 2**-127).
    """
    return secp.add_tweaks(
        [parent.point for parents, _ in wanted for parent in parents],
        [parent.hash(index)[:32] for parents, index in wanted for parent in parents],
    )


def are_children(wanted: Sequence[tuple[Sequence[Children], int]], keys: Sequence[bytes]) -> bool:
    """Whether `keys` are what `public_children` would give.

    False, too, where nothing is gained by asking: then call that.
    """
    return len(keys) >= batch.LEAST and batch.are_sums(
        [parent.point for parents, _ in wanted for parent in parents],
        [parent.hash(index)[:32] for parents, index in wanted for parent in parents],
        keys,
    )


def check_step(depth: int, index: int, limit: int) -> None:
    """Raises BadInput for a child whose index is not below `limit`, or that would be too deep."""
    if not 0 <= index < limit or depth >= MAX_DEPTH:
        raise _bad("no such child key", found=f"index {index} at depth {depth}")
