"""What the thief has: everything on the online machines, and some officers' approval keys."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signer.core.vault import Vault, VaultScript
from signer.redteam.forgery import (
    DERIVATION,
    OUT_DERIVATION,
    OUT_REDEEM_SCRIPT,
    OUT_WITNESS_SCRIPT,
    PREVIOUS_TX,
    REDEEM_SCRIPT,
    SIGHASH,
    WITNESS_SCRIPT,
    WITNESS_UTXO,
    Field,
    Forgery,
    In,
    Out,
    sha256d,
    size,
)
from signer.redteam.papers import Paper

SEQUENCE: Final = 0xFFFFFFFD
"""What an honest coordinator writes."""


@dataclass(frozen=True, slots=True)
class Coin:
    """A coin of some vault.

    Attributes:
        previous: the transaction that made it, without witnesses.
        vout: its index there.
        amount: its true amount.
        script: its script.
        branch: of the descriptor.
        index: on the branch.
    """

    previous: bytes = field(repr=False)
    vout: int
    amount: int
    script: bytes
    branch: int
    index: int

    @property
    def txid(self) -> bytes:
        """32 bytes in hash order."""
        return sha256d(self.previous)

    @property
    def name(self) -> str:
        """As the ledger names it: `txid:vout`."""
        return f"{self.txid[::-1].hex()}:{self.vout}"


def mint(script: bytes, amount: int, branch: int, index: int, salt: bytes) -> Coin:
    """A coin in a transaction of its own that pays someone else, too."""
    outputs = [(7_777, b"\x51"), (amount, script)]
    tx = b"".join(
        (
            (2).to_bytes(4, "little"),
            b"\x01" + sha256d(salt) + bytes(4) + b"\x01\x51" + bytes(4),
            size(len(outputs)),
            *(a.to_bytes(8, "little") + size(len(s)) + s for a, s in outputs),
            bytes(4),
        )
    )
    return Coin(tx, 1, amount, script, branch, index)


@dataclass(slots=True)
class Loot:
    """What the thief has to work with.

    Attributes:
        vault: the vault's document.
        other: another vault, of which the thief has everything.
        coins: the vault's coins, and whether they are spent already.
        papers: withdrawals in every stage: approved, half approved, spent, of other vaults.
        policies: policies in every stage.
        bundles: honest bundles, of this and of other vaults.
        corrupt: approval keys of officers, by name.
        strangers: approval keys that the thief made.
        addresses: that a withdrawal could name: listed, unlisted, look-alikes, other networks.
        scripts: that an output could pay, none of them the vault's.
        heights: that may mean something.
        names: of officers.
    """

    vault: Vault
    other: Vault
    coins: list[Coin] = field(default_factory=list)
    papers: list[Paper] = field(default_factory=list)
    policies: list[Paper] = field(default_factory=list)
    bundles: list[Forgery] = field(default_factory=list)
    corrupt: dict[str, Ed25519PrivateKey] = field(default_factory=dict)
    strangers: list[Ed25519PrivateKey] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    scripts: list[bytes] = field(default_factory=list)
    heights: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)

    def coin_of(self, one: In) -> Coin | None:
        """The coin that an input spends, if it is one."""
        return next((c for c in self.coins if (c.txid, c.vout) == (one.txid, one.vout)), None)

    def amount(self, rng: random.Random) -> int:
        """An amount that may lie on some limit."""
        return rng.choice(
            (
                1,
                545,
                546,
                rng.randrange(1, 2_000),
                rng.randrange(1, 200_000),
                rng.randrange(1, 100_000_000),
                10 ** rng.randrange(3, 9),
                10 ** rng.randrange(3, 9) + rng.choice((-1, 1)),
            )
        )


def spend(vault: Vault, coin: Coin) -> In:
    """An honest input."""
    script = vault.script(coin.branch, coin.index)
    fields: list[Field] = [
        (PREVIOUS_TX, coin.previous),
        (WITNESS_UTXO, txout(coin.amount, coin.script)),
        (SIGHASH, (1).to_bytes(4, "little")),
    ]
    if script.redeem_script:
        fields.append((REDEEM_SCRIPT, script.redeem_script))
    fields.append((WITNESS_SCRIPT, script.witness_script))
    fields += origins(DERIVATION, script)
    return In(coin.txid, coin.vout, SEQUENCE, fields)


def change(vault: Vault, amount: int, branch: int, index: int) -> Out:
    """An output to the vault; on branch 1 and within the gap, an honest one."""
    script = vault.script(branch, index)
    return Out(amount, script.script_pubkey, claims(script))


def claims(script: VaultScript) -> list[Field]:
    """What a PSBT says of an output that is the vault's."""
    fields: list[Field] = []
    if script.redeem_script:
        fields.append((OUT_REDEEM_SCRIPT, script.redeem_script))
    fields.append((OUT_WITNESS_SCRIPT, script.witness_script))
    return fields + origins(OUT_DERIVATION, script)


def origins(kind: int, script: VaultScript) -> list[Field]:
    """The key origins of a script, sorted by key."""
    return [
        (
            bytes((kind,)) + key.pubkey,
            origin(key.fingerprint, key.path),
        )
        for key in script.keys
    ]


def origin(fingerprint: str, path: Sequence[int]) -> bytes:
    """A key origin as a field's value."""
    return bytes.fromhex(fingerprint) + b"".join(step.to_bytes(4, "little") for step in path)


def txout(amount: int, script: bytes) -> bytes:
    """An output's bytes."""
    return (amount & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "little") + size(len(script)) + script
