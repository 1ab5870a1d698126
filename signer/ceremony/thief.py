"""What a thief does who holds the coordinator: honest PSBTs, forged.

The thief has every document and all of our own code, but no officer's key. Each forgery is what a
careless signer would sign: everything agrees that a careless signer looks at.
"""

from dataclasses import dataclass, replace

from signer.build.psbt_write import build
from signer.core.errors import BadInput, Fault
from signer.core.names import Sats
from signer.core.psbt import Psbt, PsbtInput, PsbtOutput, proprietary
from signer.core.script import p2pkh
from signer.core.transaction import Transaction, TxOut

POCKET = p2pkh(b"the thief's own key")
"""The thief's script: every coin knows this form."""


@dataclass(frozen=True, slots=True)
class Forgery:
    """A forged PSBT and what has to stop it.

    Attributes:
        name: short, also the file's name.
        story: what the thief did.
        raw: the binary PSBT.
        step: of the check that has to refuse it.
        rule: that check's name.
    """

    name: str
    story: str
    raw: bytes
    step: int
    rule: str


def forgeries(honest: bytes) -> tuple[Forgery, ...]:
    """Forge an honest PSBT, with one payment and change, in three ways.

    Raises:
        BadInput: it is no such PSBT.
    """
    psbt = Psbt.parse(honest)
    claims = [bool(said.derivations) for said in psbt.outputs]
    if sorted(claims) != [False, True]:
        raise BadInput("nothing to forge: not one payment and change", fault=Fault.COORDINATOR)
    change, payment = claims.index(True), claims.index(False)
    return (
        Forgery(
            "swapped-destination",
            "swaps the destination after the approval",
            _redirected(psbt, payment),
            7,
            "transaction.payments",
        ),
        Forgery(
            "redirected-change",
            "redirects the change, which claims to be the vault's",
            _redirected(psbt, change),
            4,
            "outputs.script",
        ),
        Forgery(
            "burnt-fee",
            "understates a coin, to burn the rest as fee",
            _understated(psbt, change),
            3,
            "inputs.witness_utxo",
        ),
    )


def _redirected(psbt: Psbt, at: int) -> bytes:
    """The output pays the same amount to the thief; what is said about it stays."""
    outputs = list(psbt.tx.outputs)
    outputs[at] = TxOut(outputs[at].amount, POCKET)
    return _written(psbt, replace(psbt.tx, outputs=tuple(outputs)), psbt.inputs)


def _understated(psbt: Psbt, change: int) -> bytes:
    """Half of the change is left to the fee; a witness UTXO that lies makes the sum look right."""
    outputs, inputs = list(psbt.tx.outputs), list(psbt.inputs)
    burnt = Sats(outputs[change].amount // 2)
    outputs[change] = TxOut(Sats(outputs[change].amount - burnt), outputs[change].script)
    for at, said in enumerate(inputs):
        previous = said.previous_tx
        if previous is None:
            continue
        told = previous.output(psbt.tx.inputs[at].outpoint.vout)
        if told.amount > burnt:
            inputs[at] = said._replace(witness_utxo=TxOut(Sats(told.amount - burnt), told.script))
            break
    return _written(psbt, replace(psbt.tx, outputs=tuple(outputs)), tuple(inputs))


def _written(psbt: Psbt, tx: Transaction, inputs: tuple[PsbtInput, ...]) -> bytes:
    outputs: tuple[PsbtOutput, ...] = psbt.outputs
    return build(tx, inputs, outputs, proprietary(psbt), psbt.xpubs)
