"""A signer that does as a file says about sighash types, as many wallets do; and what follows."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import pytest
from defences import SIGNERS, burnt, finished
from world import COIN_AMOUNT, Coin, World

from signer.core.names import Sats, Txid
from signer.core.script import p2wsh
from signer.core.transaction import OutPoint, Transaction, TxIn, TxOut
from signer.core.vault import Vault
from tests.core_psbt.every_sighash import ANYONECANPAY, NONE, SINGLE, bip143

_ANYBODY = b"\x51"

THIEFS_COIN = Coin(
    Transaction(
        2,
        (TxIn(OutPoint(Txid("ee" * 32), 0), b"\x51", 0),),
        (TxOut(COIN_AMOUNT, p2wsh(_ANYBODY)),),
        0,
    ),
    vout=0,
    branch=0,
    index=0,
)
"""A coin that the thief can spend, worth as much as each of the vault's."""


def kind(sighash: int) -> int:
    """What a sighash byte leaves open: `NONE`, `SINGLE`, `ANYONECANPAY`, or 0: nothing.

    Consensus looks at five bits and the highest (Core `SignatureHash`); NONE and SINGLE say more.
    """
    low = sighash & 0x1F
    return low if low in (NONE, SINGLE) else sighash & ANYONECANPAY


@contextmanager
def obedient(sighash: int) -> Iterator[None]:
    """Take this sighash byte for ALL wherever it is compared, hashed, verified and signed.

    Our signers have a digest for ALL alone: that of the other types is the tests' own.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Vault, "sighash", property(lambda _vault: sighash))
        patch.setattr(Vault, "digests", lambda _, tx: SimpleNamespace(digest=partial(bip143, tx)))
        yield


def signed_obediently(world: World, raw: bytes, sighash: int) -> Transaction:
    """Let two obedient signers sign, in memory; Bitcoin Core's consensus must take it."""
    with obedient(sighash):
        found = world.examine(raw).facts
        keys = [world.key(name) for name in SIGNERS]
        signatures = [[key.sign_all([coin])[0] for key in keys] for coin in found.inputs]
    assert {s.signature[-1] for one in signatures for s in one} == {sighash}
    return finished(world, found.psbt.tx, signatures)


def exploited(world: World, tx: Transaction, sighash: int, loot: bytes) -> Transaction:
    """Use what the signatures of a finished transaction leave open; they stay as they are.

    Returns:
        Another transaction that Bitcoin Core's consensus takes, too; the same if nothing is open.
    """
    payment, change = tx.outputs
    other = {
        NONE: replace(tx, outputs=(TxOut(Sats(payment.amount + change.amount), loot),)),
        SINGLE: replace(tx, outputs=(payment, change._replace(script=loot))),
        ANYONECANPAY: replace(
            tx, inputs=(TxIn(THIEFS_COIN.outpoint, b"", 0, (_ANYBODY,)), *tx.inputs[1:])
        ),
        0: tx,
    }[kind(sighash)]
    burnt(world, other, [THIEFS_COIN])
    return other
