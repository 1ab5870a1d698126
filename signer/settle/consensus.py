"""The last word before anything is sent: the coin's own consensus code runs every input."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from signer.core import coins
from signer.core.errors import BadInput, Fault, Refusal, Refused
from signer.core.names import Sats
from signer.core.transaction import Transaction, TxOut
from signer.settle.engines import ENGINES

_STEP: Final = 11
"""Signatures are verified; the design's last step."""

_HINT: Final = "do not send it: combine again from the officers' own files"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a finished transaction.

    Attributes:
        coin: whose engine was asked.
        engine: the library and its version; empty if it is not installed.
        fee: in the coin's smallest unit, never negative.
    """

    coin: str
    engine: str
    fee: Sats

    @property
    def verified(self) -> bool:
        """Whether the coin's engine ran, and took every input."""
        return bool(self.engine)

    @property
    def sentence(self) -> str:
        """One line for people."""
        asked = ENGINES[coins.coin(self.coin).engine]
        if self.verified:
            return f"verified by {asked.title} ({self.engine})"
        return f"not run through {asked.title}: {asked.missing}"


def verify(tx: Transaction, spent: Sequence[TxOut], coin: str) -> Verdict:
    """Check a finished transaction: its sums here, its scripts in the coin's engine.

    Args:
        tx: signed.
        spent: the output that each input spends, in the inputs' order.
        coin: for instance "BTC".

    Raises:
        BadInput: not as many spent outputs as inputs.
        Refused: a coin spent twice, a sum that cannot be, or a script that says no.
    """
    kind = coins.coin(coin)
    fee = _fee(tx, spent, kind.max_money)
    asked = ENGINES[kind.engine]
    run = asked.run(tx, spent, kind)
    for index in run.failing if run else ():
        raise _refused(
            "script",
            f"input {index}: {asked.title} says no",
            expected="scripts and signatures that are valid under all consensus rules",
        )
    return Verdict(coin, run.engine if run else "", fee)


def _fee(tx: Transaction, spent: Sequence[TxOut], supply: Sats) -> Sats:
    """Inputs less outputs, as `Consensus::CheckTxInputs` counts them."""
    if len(spent) != len(tx.inputs):
        raise BadInput(
            "the spent outputs are not those of the inputs",
            fault=Fault.COORDINATOR,
            expected=f"{len(tx.inputs)} spent outputs",
            found=str(len(spent)),
        )
    if len({txin.outpoint for txin in tx.inputs}) != len(tx.inputs):
        raise _refused("twice", "a coin is spent twice")
    amounts = [output.amount for output in (*spent, *tx.outputs)]
    coming = sum(output.amount for output in spent)
    going = sum(output.amount for output in tx.outputs)
    if not tx.inputs or not tx.outputs or min(amounts) < 0 or max(coming, going) > supply:
        raise _refused("amounts", "amounts that cannot be", expected=f"sums of 0 to {supply} sat")
    if coming < going:
        raise _refused(
            "fee",
            "the outputs are more than the inputs",
            expected=f"at most {coming} sat",
            found=f"{going} sat",
        )
    return Sats(coming - going)


def _refused(rule: str, what: str, *, expected: str = "", found: str = "") -> Refused:
    return Refused(
        Refusal(
            step=_STEP,
            rule=f"consensus.{rule}",
            what=what,
            fault=Fault.COORDINATOR,
            expected=expected,
            found=found,
            hint=_HINT,
        )
    )
