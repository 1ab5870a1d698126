"""The people of a throw-away world, whose keys all follow from one seed."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signer.build.vault import create_vault
from signer.core.bip32 import Origin
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.coins import network
from signer.core.descriptor import bip48_path
from signer.core.vault import ENFORCING, Vault, VaultKey, VaultSigner
from signer.core.wordlist import WORDS

KEYHOLDERS: Final = ("alice", "bob", "carol")
"""Each holds a key of the vault; all are admins and of the treasury."""

COMPLIANCE: Final = ("frank", "grace")
REVOKED: Final = "mallory"
"""Was an officer: the key is known, and counts no more."""

INITIATOR: Final = "irene"
"""Asks for most withdrawals; an officer of the treasury herself."""

_ROUNDS: Final = 2048
_BITS: Final = 11


@dataclass(frozen=True)
class Person:
    """Somebody with an approval key, and words for a key of a vault.

    Attributes:
        name: as in the policy.
        entropy: 16 bytes, from which both keys follow.
    """

    name: str
    entropy: bytes = field(repr=False)

    @cached_property
    def approval(self) -> Ed25519PrivateKey:
        """The approval key."""
        return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(self.entropy).digest())

    @property
    def key_id(self) -> str:
        """The approval key's public half, as documents write it."""
        return self.approval.public_key().public_bytes_raw().hex()

    @cached_property
    def words(self) -> str:
        """The words (BIP39) for the key of a vault."""
        check = hashlib.sha256(self.entropy).digest()[0] >> 4
        number = int.from_bytes(self.entropy, "big") << 4 | check
        return " ".join(WORDS[number >> _BITS * at & 0x7FF] for at in reversed(range(12)))

    @cached_property
    def root(self) -> ExtendedPrivateKey:
        """The root of the key of a vault."""
        seed = hashlib.pbkdf2_hmac("sha512", self.words.encode(), b"mnemonic", _ROUNDS)
        return ExtendedPrivateKey.from_seed(seed)


def person(name: str, seed: str) -> Person:
    """Somebody who is the same in every world of a seed."""
    return Person(name, hashlib.sha256(f"{seed}/{name}".encode()).digest()[:16])


def make_vault(
    name: str, holders: tuple[Person, ...], threshold: int, script_type: str, chain: str = "regtest"
) -> Vault:
    """A vault of some people's keys."""
    path = bip48_path(network("BTC", chain), script_type)
    keys = [
        VaultKey(Origin(one.root.fingerprint, path), one.root.derive_path(path).public())
        for one in holders
    ]
    return create_vault(
        name=name,
        coin="BTC",
        network=chain,
        script_type=script_type,
        threshold=threshold,
        keys=keys,
        signers=[
            VaultSigner(one.name, key.origin.fingerprint, ENFORCING)
            for one, key in zip(holders, keys, strict=True)
        ],
        birth_height=0,
    )
