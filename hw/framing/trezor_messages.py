"""The Trezor's messages about a multisig and its transactions, built from what the station checked.

Field numbers: trezor-firmware, common/protob/messages-bitcoin.proto. Txids are written as people
see them, the other way round than on the wire.
"""

from contextlib import suppress
from typing import Final

from hw.errors import Garbage, Unsupported
from hw.framing.trezor import Body, Fields
from hw.task import Cosigner, ScriptFacts, SigningTask, TaskInput, TaskOutput, VaultFacts
from hw.transaction import PreviousTransaction

_TX_INPUT, _TX_OUTPUT, _TX_META, TX_FINISHED = range(4)  # RequestType

SPEND: Final = {"p2sh": 1, "p2wsh": 3, "p2sh-p2wsh": 4}
"""InputScriptType: SPENDMULTISIG, SPENDWITNESS, SPENDP2SHWITNESS."""

_PAY: Final = {"p2sh": 2, "p2wsh": 4, "p2sh-p2wsh": 5}
"""OutputScriptType of change: PAYTOMULTISIG, PAYTOWITNESS, PAYTOP2SHWITNESS."""

_PAY_TO_ADDRESS: Final = 0
_LEXICOGRAPHIC: Final = 1  # MultisigPubkeysOrder: the device sorts the derived keys, as BIP67 does


def multisig(vault: VaultFacts, script: ScriptFacts, *, sorts: bool) -> Body:
    """MultisigRedeemScriptType: the keys of all cosigners, and no signature of theirs.

    Args:
        vault: whose cosigners.
        script: branch and index; the keys in script order, for firmware that does not sort.
        sorts: whether the firmware sorts the keys itself.

    Raises:
        Unsupported: the script has a key that the vault has not.
    """
    body, below = Body(), (script.branch, script.index)
    if not sorts:
        for key in script.keys:
            cosigner = vault.cosigner(key.fingerprint)
            if cosigner is None:
                raise Unsupported("a script of the vault has a key that it has not")
            body.body(1, Body().body(1, _node(cosigner)).numbers(2, below))
    for _ in script.keys:
        body.data(2, b"")
    body.number(3, vault.threshold)
    if sorts:
        for cosigner in vault.cosigners:
            body.body(4, _node(cosigner))
        body.numbers(5, below).number(6, _LEXICOGRAPHIC)
    return body


class Pieces:
    """What a Trezor may ask for while it signs: our inputs and outputs, and what paid them."""

    def __init__(self, task: SigningTask, *, sorts: bool) -> None:
        self._inputs = [_input(task, one, sorts=sorts) for one in task.inputs]
        self._outputs = [_output(task, one, sorts=sorts) for one in task.outputs]
        self._previous = {
            one.previous_txid[::-1]: PreviousTransaction.parse(one.previous_tx)
            for one in task.inputs
        }
        ours = len(self._inputs) + len(self._outputs)
        before = sum(1 + len(tx.inputs) + len(tx.outputs) for tx in self._previous.values())
        # Each input's previous transaction once, and all of ours once more for each input.
        self.most = 4 * (ours + 1) * (len(self._inputs) + 2) + 4 * before * len(self._inputs)

    def asked(self, request: Fields) -> Body:
        """The TransactionType that a TxRequest asks for.

        Raises:
            Garbage: there is no such piece.
        """
        kind, details = request.number(1), request.fields(2)
        at, txid = details.number(1), details.data(2)
        previous = self._previous.get(txid)
        with suppress(IndexError):
            if not txid and kind == _TX_INPUT:
                return Body().body(2, self._inputs[at])
            if not txid and kind == _TX_OUTPUT:
                return Body().body(5, self._outputs[at])
            if previous is not None and kind == _TX_META:
                body = Body().number(1, previous.version).number(4, previous.locktime)
                body.number(6, len(previous.inputs)).number(7, len(previous.outputs))
                return body.number(9, 0)
            if previous is not None and kind == _TX_INPUT:
                one = previous.inputs[at]
                body = Body().data(2, one.txid[::-1]).number(3, one.vout).data(4, one.script_sig)
                return Body().body(2, body.number(5, one.sequence).number(6, 0))
            if previous is not None and kind == _TX_OUTPUT:
                out = previous.outputs[at]
                return Body().body(3, Body().number(1, out.amount).data(2, out.script_pubkey))
        raise Garbage(
            "the Trezor asks for something that is not in the transaction",
            found=f"request {kind}, index {at}, of {txid.hex() or 'it'}",
        )


def _input(task: SigningTask, one: TaskInput, *, sorts: bool) -> Body:
    key = one.script.key_of(task.fingerprint)
    body = Body().numbers(1, key.path if key else ()).data(2, one.previous_txid[::-1])
    body.number(3, one.vout).number(5, one.sequence).number(6, SPEND[task.vault.script_type])
    return body.body(7, multisig(task.vault, one.script, sorts=sorts)).number(8, one.amount)


def _output(task: SigningTask, one: TaskOutput, *, sorts: bool) -> Body:
    if one.change is None:
        return Body().text(1, one.address).number(3, one.amount).number(4, _PAY_TO_ADDRESS)
    key = one.change.key_of(task.fingerprint)
    body = Body().numbers(2, key.path if key else ()).number(3, one.amount)
    body.number(4, _PAY[task.vault.script_type])
    return body.body(5, multisig(task.vault, one.change, sorts=sorts))


def _node(cosigner: Cosigner) -> Body:
    """HDNodeType of an account's key."""
    key = cosigner.fields
    body = Body().number(1, key.depth).number(2, int.from_bytes(key.parent, "big"))
    return body.number(3, key.number).data(4, key.chain_code).data(6, key.key)
