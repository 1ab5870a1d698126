"""Keys that grow from one seed (BIP32): the private side, which only signers hold."""

import hmac
from dataclasses import dataclass, field
from functools import cached_property, reduce

from signer.core import secp
from signer.core.bip32 import HARDENED, NO_PARENT, Children, ExtendedPublicKey, check_step
from signer.core.errors import BadInput, Fault
from signer.core.names import Fingerprint


@dataclass(frozen=True)  # not slotted: its public key is kept once it is computed
class ExtendedPrivateKey:
    """A private key that others can be derived from. It never shows itself.

    Attributes:
        secret: 32 bytes, big-endian.
        chain_code: 32 bytes; with it, one child's secret gives away its parent's.
        depth: as for the public key.
        parent: as for the public key.
        number: as for the public key.
    """

    secret: bytes = field(repr=False)
    chain_code: bytes = field(repr=False)
    depth: int
    parent: bytes
    number: int

    @classmethod
    def from_seed(cls, seed: bytes | bytearray) -> "ExtendedPrivateKey":
        """The master key of a seed of 16 to 64 bytes.

        Raises:
            BadInput: a seed of another length, or one in 2**127 that gives no key.
        """
        digest = hmac.digest(b"Bitcoin seed", seed, "sha512")
        if not 16 <= len(seed) <= 64 or not secp.is_valid_secret(digest[:32]):  # noqa: PLR2004 -- BIP32
            raise BadInput("not a usable seed", fault=Fault.OFFICER, expected="16 to 64 bytes")
        return cls(digest[:32], digest[32:], 0, NO_PARENT, 0)

    @cached_property
    def key(self) -> bytes:
        """Its public key: compressed, 33 bytes."""
        return secp.public_key(self.secret)

    @cached_property
    def _children(self) -> Children:
        return Children(self.public())

    def public(self) -> ExtendedPublicKey:
        """The public side."""
        return ExtendedPublicKey(self.key, self.chain_code, self.depth, self.parent, self.number)

    @property
    def fingerprint(self) -> Fingerprint:
        """This key's own fingerprint."""
        return self.public().fingerprint

    def derive(self, index: int) -> "ExtendedPrivateKey":
        """The child number `index`, hardened from 2**31 on.

        Raises:
            BadInput: out of range, too deep, or no key has this index.
        """
        secret, chain_code = self._child(index)
        return ExtendedPrivateKey(secret, chain_code, self.depth + 1, self._children.parent, index)

    def child_secret(self, index: int) -> bytes:
        """The secret of the child number `index` alone: all that its signatures need.

        Raises:
            BadInput: as `derive`.
        """
        return self._child(index)[0]

    def derive_path(self, path: tuple[int, ...]) -> "ExtendedPrivateKey":
        """Step by step along `path`."""
        return reduce(ExtendedPrivateKey.derive, path, self)

    def _child(self, index: int) -> tuple[bytes, bytes]:
        """A child's secret and chain code."""
        check_step(self.depth, index, 2 * HARDENED)
        digest = (
            self._children.hash(index)
            if index < HARDENED
            else hmac.digest(
                self.chain_code, b"\x00" + self.secret + index.to_bytes(4, "big"), "sha512"
            )
        )
        secret = secp.tweak_add_secret(self.secret, digest[:32])
        if secret is None:
            raise BadInput("no key has this index", fault=Fault.COORDINATOR, found=str(index))
        return secret, digest[32:]
