"""The theft behind every lie about a coin's amount: burn the vault's money as a fee, in two rounds.

BIP143 makes a signature cover the amount of its own input only. So the thief has the same
transaction signed twice: once lying about the second coin, once about the first. Each time the fee
looks small, and one of the two signatures is worth nothing; the two good ones together spend both
coins. (A miner in the thief's pay shares the fee. Found by Saleem Rashid in 2020, CVE-2020-14199.)
"""

from collections.abc import Callable
from pathlib import Path

from defences import burnt, finished, instead, signed
from world import FEE, Draft, DraftInput, World

from signer.core.psbt import Psbt
from signer.core.psbt_parts import PsbtInput
from signer.core.transaction import OutPoint, TxOut
from signer.sign import facts

Lie = Callable[[DraftInput], None]
"""Makes a coin look as if it were worth nothing."""


def rounds(world: World, lie: Lie) -> tuple[bytes, bytes]:
    """One transaction that burns a whole coin, in two bundles that hide it."""

    def lie_about(at: int) -> Callable[[Draft], None]:
        def tamper(draft: Draft) -> None:
            lie(draft.inputs[at])

        return tamper

    burn = world.coins[1].output.amount + FEE
    first, second = (
        world.bundle(coins=world.coins[:2], fee=burn, tamper=lie_about(at)) for at in (1, 0)
    )
    return first, second


def burn_with_credulous_signers(world: World, lie: Lie, home: Path) -> int:
    """Let signers who believe the file sign both rounds; give the fee that consensus then takes."""
    with instead(facts, "_spent", _credulous):
        halves = [Psbt.parse(signed(world, raw, home)) for raw in rounds(world, lie)]
    assert halves[0].tx == halves[1].tx
    good = [half.inputs[at].partial_sigs for at, half in enumerate(halves)]
    return burnt(world, finished(world, halves[0].tx, good))


def _credulous(_at: int, said: PsbtInput, coin: OutPoint) -> TxOut:
    """A signer that takes the amount from whatever the file says first."""
    return said.witness_utxo or said.previous_tx.output(coin.vout)
