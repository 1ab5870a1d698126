"""The last word before anything is sent: Bitcoin Core's own consensus code runs every input.

py-bitcoinkernel is Bitcoin Core's library; it is optional (extra `regtest`), and whether it ran
is part of the answer, never assumed.
"""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Final

from signer.core.errors import BadInput, Fault, Refusal, Refused
from signer.core.names import Sats
from signer.core.transaction import MAX_AMOUNT, Transaction, TxOut

_STEP: Final = 11
"""Signatures are verified; the design's last step."""

_HINT: Final = "do not send it: combine again from the officers' own files"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a finished transaction.

    Attributes:
        engine: the library and its version; empty if it is not installed.
        fee: satoshi, never negative.
    """

    engine: str
    fee: Sats

    @property
    def verified(self) -> bool:
        """Whether Bitcoin Core's consensus code ran, and took every input."""
        return bool(self.engine)

    @property
    def sentence(self) -> str:
        """One line for people."""
        if self.verified:
            return f"verified by Bitcoin Core's consensus code ({self.engine})"
        return "not run through Bitcoin Core's consensus code: py-bitcoinkernel is not installed"


def verify(tx: Transaction, spent: Sequence[TxOut]) -> Verdict:
    """Check a finished transaction: its sums here, its scripts in Bitcoin Core's code.

    Args:
        tx: signed.
        spent: the output that each input spends, in the inputs' order.

    Raises:
        BadInput: not as many spent outputs as inputs.
        Refused: a coin spent twice, a sum that cannot be, or a script that says no.
    """
    fee = _fee(tx, spent)
    try:
        pbk = importlib.import_module("pbk")
        script = importlib.import_module("pbk.script")
    except (ImportError, OSError):
        return Verdict("", fee)
    for index in _failing(pbk, script, tx, spent):
        raise _refused(
            "script",
            f"input {index}: Bitcoin Core's consensus code says no",
            expected="scripts and signatures that are valid under all consensus rules",
        )
    return Verdict(f"py-bitcoinkernel {metadata.version('py-bitcoinkernel')}", fee)


def _fee(tx: Transaction, spent: Sequence[TxOut]) -> Sats:
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
    if not tx.inputs or not tx.outputs or min(amounts) < 0 or max(coming, going) > MAX_AMOUNT:
        raise _refused(
            "amounts", "amounts that cannot be", expected=f"sums of 0 to {MAX_AMOUNT} sat"
        )
    if coming < going:
        raise _refused(
            "fee",
            "the outputs are more than the inputs",
            expected=f"at most {coming} sat",
            found=f"{going} sat",
        )
    return Sats(coming - going)


def _failing(pbk: Any, script: Any, tx: Transaction, spent: Sequence[TxOut]) -> list[int]:
    """The inputs that Bitcoin Core's script interpreter does not take, under all flags."""
    kernel_tx = pbk.Transaction(tx.to_bytes())
    outputs = [pbk.TransactionOutput(pbk.ScriptPubkey(o.script), o.amount) for o in spent]
    shared = script.PrecomputedTransactionData(kernel_tx, outputs)
    flags = pbk.ScriptVerificationFlags.ALL
    failing = []
    for index, output in enumerate(spent):
        try:
            # The return value counts: a script that fails raises nothing.
            taken = pbk.ScriptPubkey(output.script).verify(
                output.amount, kernel_tx, shared, index, flags
            )
        except pbk.KernelException:
            taken = False
        if not taken:
            failing.append(index)
    return failing


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
