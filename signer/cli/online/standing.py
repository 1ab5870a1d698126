"""How a withdrawal stands: its approvals, how far it has come, and what the chain says."""

from dataclasses import dataclass, replace

from policies.envelope import Envelope
from policies.policy import Policy
from policies.quorum import Votes
from policies.rules import Timing
from policies.withdrawal import Withdrawal, count_approvals
from signer.chain.chain import Chain, Status
from signer.chain.nodes import settled_at
from signer.cli import documents, show
from signer.cli.session import Session
from signer.core.coins import network
from signer.core.names import Height, Txid
from signer.core.vault import Vault
from signer.store.rows import StoredWithdrawal
from signer.store.store import Store


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a withdrawal has come.

    Attributes:
        state: `requested`, `approved`, `built`, `void`, `finalized`; with a chain, also `sent`,
            `confirmed`, `expired`.
        height: of the last block, or None if no chain was asked.
        txid: of its transaction, if one was finalised and a chain was asked.
        status: where that is.
        settled_at: confirmations from which on that counts as settled.
    """

    state: str
    height: Height | None = None
    txid: Txid | None = None
    status: Status | None = None
    settled_at: int = 1


def known(store: Store, stored: StoredWithdrawal, policy: Policy) -> Standing:
    """How far it has come, as far as is known without a chain."""
    if store.transactions(stored.withdrawal.id):
        return Standing("finalized")
    chain = store.withdrawals(stored.withdrawal.vault)
    if any(one.withdrawal.voids == stored.withdrawal.id for one in chain):
        return Standing("void")
    if store.drafts(stored.withdrawal.id):
        return Standing("built")
    reached = count_approvals(stored.envelope, policy).reached
    return Standing("approved" if reached else "requested")


def ask(chain: Chain, store: Store, stored: StoredWithdrawal, before: Standing) -> Standing:
    """Ask the chain, too; a withdrawal that has settled keeps no coins reserved.

    Raises:
        ChainError: the node cannot be asked.
    """
    withdrawal = stored.withdrawal
    depth = depth_of(store, withdrawal)
    stands = replace(before, height=chain.tip().height, settled_at=depth)
    for transaction in store.transactions(withdrawal.id):
        status = chain.status(transaction.txid, withdrawal.height)
        stands = replace(stands, txid=transaction.txid, status=status)
        if status.confirmations >= depth:
            store.settle(withdrawal.id)
        if status.confirmations:
            return replace(stands, state="confirmed")
    if stands.status is not None and stands.status.in_mempool:
        return replace(stands, state="sent")
    if chain.tip().height > withdrawal.expiry:
        return replace(stands, state="expired")
    return stands


def emit(
    here: Session,
    withdrawal: Withdrawal,
    envelope: Envelope,
    vault: Vault,
    policy: Policy,
    *,
    stands: Standing,
) -> None:
    """Print a withdrawal and how it stands."""
    tally = count_approvals(envelope, policy)
    rows = [("state", stands.state)]
    if tally.discounted:
        rows.append(("look", f"the approval of {', '.join(tally.discounted)} does not count"))
    if stands.height is not None:
        rows.append(("last block", str(stands.height)))
    if stands.txid is not None and stands.status is not None:
        rows.append(("txid", show.grouped(stands.txid)))
        rows.append(("chain", status_words(stands.status)))
        if 0 < stands.status.confirmations < stands.settled_at:
            rows.append(("look", unsettled_words(stands.status, stands.settled_at)))
    told = documents.withdrawal(withdrawal, vault.name, tally)
    here.emit(
        {
            **_data(withdrawal, vault),
            "approvals": tallies(tally),
            "state": stands.state,
            **_chain_data(stands),
        },
        "\n".join((*told, "", show.columns(rows, indent=2))),
    )


def depth_of(store: Store, withdrawal: Withdrawal) -> int:
    """Confirmations from which on it counts as settled: the coin's own, or more by its policy."""
    valuable = network(withdrawal.coin, withdrawal.network).valuable
    least = settled_at(withdrawal.coin, valuable=valuable)
    rules = store.policy(withdrawal.policy).policy.rules
    asked = [rule.confirmations or 0 for rule in rules if isinstance(rule, Timing)]
    return max((least, *asked))


def unsettled_words(status: Status, depth: int) -> str:
    """That a transaction is in a block, and not deep enough."""
    return f"a reorganisation may still undo it: {status.confirmations} of {depth} confirmations"


def status_words(status: Status) -> str:
    """Where a transaction is, in a few words."""
    if status.confirmations:
        return f"confirmed, {status.confirmations} deep, in block {status.block}"
    return "waits for a block" if status.in_mempool else "not known to the chain"


def status_data(txid: str, status: Status, depth: int) -> dict[str, object]:
    """Where a transaction is, and whether that is deep enough, as plain JSON values."""
    return {
        "txid": txid,
        "confirmations": status.confirmations,
        "block": status.block,
        "in_mempool": status.in_mempool,
        "settled_at": depth,
        "settled": status.confirmations >= depth,
    }


def tallies(votes: Votes) -> dict[str, object]:
    """How a withdrawal's approvals stand, as plain JSON values."""
    return {
        "needed": votes.needed,
        "roles": [
            {"role": t.role, "count": t.threshold, "missing": t.missing} for t in votes.tallies
        ],
        "signed": list(votes.signed),
        "eligible": list(votes.eligible),
        "discounted": list(votes.discounted),
        "missing": votes.missing,
        "reached": votes.reached,
    }


def _chain_data(stands: Standing) -> dict[str, object]:
    if stands.height is None:
        return {}
    data: dict[str, object] = {"chain_height": stands.height}
    if stands.txid is not None and stands.status is not None:
        data["transaction"] = status_data(stands.txid, stands.status, stands.settled_at)
    return data


def _data(withdrawal: Withdrawal, vault: Vault) -> dict[str, object]:
    return {
        "id": withdrawal.id,
        "handle": f"{vault.name}/{withdrawal.sequence}",
        "vault": withdrawal.vault,
        "policy": withdrawal.policy,
        "coin": withdrawal.coin,
        "network": withdrawal.network,
        "sequence": withdrawal.sequence,
        "previous": withdrawal.previous,
        "initiator": withdrawal.initiator,
        "why": withdrawal.why,
        "purpose": withdrawal.purpose,
        "voids": withdrawal.voids,
        "payments": [
            {
                "address": payment.address,
                "amount": payment.amount,
                "beneficiary": payment.beneficiary,
                "label": payment.label,
            }
            for payment in withdrawal.payments
        ],
        "total": withdrawal.total,
        "fee_ceiling": withdrawal.fee_ceiling,
        "height": withdrawal.height,
        "expiry": withdrawal.expiry,
        "anchor": {"txid": withdrawal.anchor.txid, "vout": withdrawal.anchor.vout},
    }
