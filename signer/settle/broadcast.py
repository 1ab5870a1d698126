"""The last step: a final transaction goes out, if its time has come and has not passed."""

from dataclasses import dataclass

from signer.chain.chain import Chain, Status
from signer.chain.errors import NodeNonsense, NodeRejected, NodeWrongNetwork
from signer.core.errors import Fault, Refusal, Refused
from signer.core.names import Txid
from signer.settle.consensus import Verdict
from signer.settle.finalize import Final

_EXPIRY_STEP = 6
"""The design's step that looks at the withdrawal's expiry."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Where a withdrawal's transaction is now.

    Attributes:
        txid: of the transaction.
        status: what the node says after it was sent.
        verdict: whether Bitcoin Core's consensus code has run it here.
        was_known: the node had it before, and it was not sent again.
    """

    txid: Txid
    status: Status
    verdict: Verdict
    was_known: bool


def broadcast(final: Final, chain: Chain) -> Sent:
    """Send a final transaction. Doing it again says where the transaction is.

    Raises:
        NodeWrongNetwork: the node follows another network than the withdrawal's.
        Refused: the withdrawal has expired.
        NodeRejected: it is too early, or the node does not take it.
        NodeNonsense: the node contradicts itself.
        ChainError: the node cannot be asked.
    """
    network = final.withdrawal.network
    if chain.network != network:
        raise NodeWrongNetwork(
            "the node follows another network",
            expected=network,
            found=chain.network,
            hint="give the address of a node of the vault's network",
        )
    txid = final.tx.txid
    status = where_is(final, chain)
    if status.confirmations or status.in_mempool:
        return Sent(txid, status, final.verdict, was_known=True)
    _check_time(final, chain)
    chain.test(final.raw)
    sent = chain.broadcast(final.raw)
    if sent != txid:
        raise NodeNonsense(
            "the node says that it sent another transaction", expected=txid, found=sent
        )
    return Sent(txid, where_is(final, chain), final.verdict, was_known=False)


def where_is(final: Final, chain: Chain) -> Status:
    """Ask where the transaction is now; no block before its lock time can hold it."""
    return chain.status(final.tx.txid, final.withdrawal.height)


def _check_time(final: Final, chain: Chain) -> None:
    tip = chain.tip().height
    expiry = final.withdrawal.expiry
    if tip > expiry:
        raise Refused(
            Refusal(
                _EXPIRY_STEP,
                "withdrawal.expired",
                "the withdrawal has expired",
                Fault.COORDINATOR,
                expected=f"height up to {expiry}",
                found=f"height {tip}",
                hint="request it anew",
            )
        )
    # A transaction may be in the block after its lock time (BIP113 leaves heights as they were),
    # so it is acceptable once the tip has reached it.
    if tip < final.tx.lock_time:
        raise NodeRejected(
            "the transaction is not valid yet",
            expected=f"height {final.tx.lock_time} or later",
            found=f"height {tip}",
            hint=f"send it in {final.tx.lock_time - tip} blocks, or use a node that is up to date",
        )
