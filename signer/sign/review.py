"""Step 9: what the officer has to know before saying yes. Data only; the programs print it."""

from dataclasses import dataclass
from typing import NamedTuple

from policies.change import Change as PolicyChange
from policies.decide import Passed
from policies.epochs import TrustedPolicy
from policies.withdrawal import Payment
from signer.core.address import address_of, script_of
from signer.core.names import DocumentId, Height, Sats, Txid
from signer.sign.check import Checked


@dataclass(frozen=True, slots=True)
class Change:
    """What returns to the vault.

    Attributes:
        index: on the change branch.
        address: derived from the vault.
        amount: what it receives.
    """

    index: int
    address: str
    amount: Sats


class Adopted(NamedTuple):
    """A policy that comes with the transaction, and that this signer trusts from then on.

    Attributes:
        epoch: its number.
        activation_height: from which it governs, if it waits.
        changes: what it changes, step by step since the policy that was trusted before.
    """

    epoch: int
    activation_height: Height
    changes: tuple[PolicyChange, ...]


class Review(NamedTuple):
    """Everything about a checked transaction that the officer confirms.

    Attributes:
        vault: its name.
        vault_id: its id.
        coin: for instance `BTC`.
        network: for instance `main`.
        spent: what all inputs come to.
        inputs: how many there are.
        payments: what leaves the vault; addresses written from the outputs' own scripts.
        change: what returns, or None.
        fee: what the miner gets.
        vsize: virtual bytes of the finished transaction, with the longest signatures.
        purpose: of the withdrawal: `payment`, `consolidation`, `internal` or `void`.
        voids: id of the withdrawal that a void cancels, else None.
        sequence: the withdrawal's number.
        withdrawal: its id.
        initiator: who asked.
        why: the reason.
        approved: who approved, by name.
        needed: how many had to, in words.
        height: the block from which it is valid.
        expiry: the block until which it may be signed and sent.
        epoch: of the policy that governs.
        adopted: the newest policy, if it is new to this signer, else None.
        passed: the rules, in words.
        warned: what the rules find worth a second look.
        rests_on: the prices and balances that it was judged with, in words.
        signed: officers whose verified signatures of every input are in the file.
        earlier: other transactions that this signer has signed for the same withdrawal.
        txid: of the finished transaction.
        digest: SHA-256 of the file, in hex.
    """

    vault: str
    vault_id: DocumentId
    coin: str
    network: str
    spent: Sats
    inputs: int
    payments: tuple[Payment, ...]
    change: Change | None
    fee: Sats
    vsize: int
    purpose: str
    voids: DocumentId | None
    sequence: int
    withdrawal: DocumentId
    initiator: str
    why: str
    approved: tuple[str, ...]
    needed: str
    height: Height
    expiry: Height
    epoch: int
    adopted: Adopted | None
    passed: tuple[Passed, ...]
    warned: tuple[str, ...]
    rests_on: tuple[str, ...]
    signed: tuple[str, ...]
    earlier: tuple[Txid, ...]
    txid: Txid
    digest: str

    @property
    def total(self) -> Sats:
        """What all payments come to."""
        return Sats(sum(payment.amount for payment in self.payments))

    @property
    def rate(self) -> str:
        """The fee's rate in sat/vB, rounded up to a tenth: never shown lower than it is."""
        tenths = -(-10 * self.fee // self.vsize)
        return f"{tenths // 10}.{tenths % 10}"

    @property
    def percent(self) -> str:
        """The fee as a share of the payments, in percent, rounded up to a hundredth.

        Where nothing is paid, of what is spent.
        """
        hundredths = -(-10_000 * self.fee // (self.total or self.spent))
        return f"{hundredths // 100}.{hundredths % 100:02}"


def review(checked: Checked, *, known_epoch: int, signed_before: tuple[Txid, ...]) -> Review:
    """Gather the review of a checked transaction.

    Args:
        checked: what steps 1 to 8 let through.
        known_epoch: the policy epoch that this signer trusted before.
        signed_before: ids of the transactions that it has signed for the same withdrawal.
    """
    facts, withdrawal = checked.facts, checked.approved.withdrawal
    vault, votes = facts.vault, checked.approved.votes
    # Step 7 has found what was approved in the outputs. What a document writes otherwise than we do
    # (in capitals, for instance), is written as we do.
    coin, network, written = vault.coin, vault.network, set(facts.addresses.values())
    change = tuple(
        Change(o.change_index, facts.addresses[o.script], o.amount)
        for o in facts.outputs
        if o.change_index is not None
    )
    return Review(
        vault=vault.name,
        vault_id=vault.id,
        coin=coin,
        network=network,
        spent=Sats(sum(i.amount for i in facts.inputs)),
        inputs=len(facts.inputs),
        payments=tuple(
            paid
            if paid.address in written
            else paid._replace(
                address=str(address_of(script_of(paid.address, coin, network), coin, network))
            )
            for paid in withdrawal.payments
        ),
        change=change[0] if change else None,
        fee=facts.fee,
        vsize=facts.vsize,
        purpose=withdrawal.purpose,
        voids=withdrawal.voids,
        sequence=withdrawal.sequence,
        withdrawal=withdrawal.id,
        initiator=withdrawal.initiator,
        why=withdrawal.why,
        approved=votes.signed,
        needed=votes.needed,
        height=withdrawal.height,
        expiry=withdrawal.expiry,
        epoch=checked.policy.policy.epoch,
        adopted=_adopted(checked.newest, known_epoch),
        passed=checked.passed,
        warned=checked.warnings,
        rests_on=checked.evidence.sentences(withdrawal),
        signed=facts.signed_by,
        earlier=tuple(t for t in signed_before if t != facts.txid),
        txid=facts.txid,
        digest=checked.digest.hex(),
    )


def _adopted(newest: TrustedPolicy, known_epoch: int) -> Adopted | None:
    changes: tuple[PolicyChange, ...] = ()
    step: TrustedPolicy | None = newest
    while step and step.policy.epoch > known_epoch:
        changes, step = (*step.changes, *changes), step.before
    return (
        Adopted(newest.policy.epoch, newest.policy.activation_height, changes)
        if newest.policy.epoch > known_epoch
        else None
    )
