"""What the store gives back: documents read anew from the bytes that were stored."""

from dataclasses import dataclass, field

from policies.envelope import Envelope
from policies.policy import Policy
from policies.withdrawal import Withdrawal
from signer.core.names import DocumentId, Txid
from signer.core.transaction import OutPoint
from signer.core.vault import Vault


@dataclass(frozen=True, slots=True)
class StoredVault:
    """A vault and the attestations gathered so far."""

    vault: Vault
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class StoredPolicy:
    """A policy and its admins' signatures gathered so far; nobody says that they suffice."""

    policy: Policy
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class StoredWithdrawal:
    """A withdrawal and the approvals gathered so far; nobody says that they suffice."""

    withdrawal: Withdrawal
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class StoredDraft:
    """A transaction built for a withdrawal. Its coins are taken until it is released.

    Attributes:
        number: of the draft, counted over all.
        withdrawal: id of what it fulfils.
        psbt: as built, without signatures.
        coins: what it spends, in order.
        change_index: of its change address, or None without change.
    """

    number: int
    withdrawal: DocumentId
    psbt: bytes = field(repr=False)
    coins: tuple[OutPoint, ...]
    change_index: int | None


@dataclass(frozen=True, slots=True)
class StoredTransaction:
    """A finished transaction that fulfils a withdrawal.

    Attributes:
        txid: its id.
        withdrawal: id of what it fulfils.
        raw: the whole transaction.
    """

    txid: Txid
    withdrawal: DocumentId
    raw: bytes = field(repr=False)
