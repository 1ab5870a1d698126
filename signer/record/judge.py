"""The question that each command of an officer asks, apart from the command: to ask it again.

`coldsign` asks it before it shows anything; `journal verify` asks it again with the memory that
the machine had then, and compares the answers.
"""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from policies.chain import check_alone
from policies.envelope import Envelope
from policies.epochs import TrustedPolicy
from policies.evidence import Evidence
from policies.gather import gather, priced
from policies.policy import Policy
from policies.quorum import Votes
from policies.spend import LocalTime
from policies.withdrawal import Withdrawal, check_terms, count_approvals
from signer.core.address import script_of
from signer.core.errors import BadInput, Fault, Refusal, Refused
from signer.core.names import DocumentId, KeyId
from signer.core.vault import Vault
from signer.sign.check import Checked, check_alive, examine
from signer.sign.facts import enrolled
from signer.sign.state import Memory

Vaults = Mapping[DocumentId, Memory]
"""What a machine remembers, by vault id."""

PARSING: Final = 1
"""The step of whatever is no refusal but a document that cannot be read."""

_POLICIES: Final = 5
_APPROVALS: Final = 6
"""Every signer judges policies in step 5 and approvals in step 6: these are the same refusals,
only earlier."""


class Approvable(NamedTuple):
    """A withdrawal that an officer may approve.

    Attributes:
        envelope: as it came.
        withdrawal: the document.
        vault: it pays from this.
        policy: the one that governs it.
        votes: so far.
        approver: what the policy calls the officer.
        evidence: the papers that it names, not judged.
    """

    envelope: Envelope
    withdrawal: Withdrawal
    vault: Vault
    policy: Policy
    votes: Votes
    approver: str
    evidence: Evidence


class Signable(NamedTuple):
    """A policy that an admin may sign.

    Attributes:
        envelope: as it came.
        policy: the document.
        before: the newest one that is trusted here, or None if the vault is not enrolled.
        admin: what it, or the one before, calls the officer.
    """

    envelope: Envelope
    policy: Policy
    before: TrustedPolicy | None
    admin: str


class Acceptable(NamedTuple):
    """A policy that this machine may trust.

    Attributes:
        envelope: as it came.
        policy: the document.
        trusted: the same, let in by the one before.
        known: whether it is the newest here already.
    """

    envelope: Envelope
    policy: Policy
    trusted: TrustedPolicy
    known: bool


def transaction(raw: bytes, vaults: Vaults, clock: LocalTime | None) -> Checked:
    """`coldsign sign`: steps 1 to 8.

    Raises:
        BadInput: the bytes are not what they should be.
        Refused: a step said no.
    """
    enrolments = {known: memory.enrolment for known, memory in vaults.items()}
    return examine(raw, enrolments, clock)


def approval(
    raw: bytes, vaults: Vaults, officer: str, key: KeyId, papers: Sequence[Envelope] = ()
) -> Approvable:
    """`coldsign approve`: whether signers would count this officer's approval.

    Args:
        raw: the withdrawal's envelope.
        vaults: what this machine remembers.
        officer: what the key is called here.
        key: the officer's public key.
        papers: the price sheet and the balance snapshot that it names.

    Raises:
        BadInput: not a withdrawal, or an address is none.
        Refused: no signer would, or this machine knows better.
    """
    envelope = Envelope.parse(raw, kind="withdrawal")
    withdrawal = Withdrawal.parse(envelope.payload)
    vault = enrolled(withdrawal, {known: m.enrolment.vault for known, m in vaults.items()})
    enrolment = vaults[vault.id].enrolment
    policy = enrolment.governing(withdrawal.height).policy
    check_terms(withdrawal, policy)
    check_alive(withdrawal, enrolment.known.height)
    check_alone(withdrawal, enrolment.known)
    _check_group(withdrawal, vaults)
    evidence = gather(policy, withdrawal, papers, {})
    policy = priced(policy, evidence)
    for payment in withdrawal.payments:
        script_of(payment.address, vault.coin, vault.network)
    votes = count_approvals(envelope, policy)
    approver = called(policy.officers, key)
    if approver not in votes.eligible:
        raise _no_approver(approver or officer, approver == withdrawal.initiator, votes)
    return Approvable(envelope, withdrawal, vault, policy, votes, approver, evidence)


def signature(raw: bytes, vaults: Vaults, officer: str, key: KeyId) -> Signable:
    """`coldsign policy sign`: whether this officer's signature under a policy is worth anything.

    Args:
        raw: the policy's envelope.
        vaults: as for `approval`.
        officer: as for `approval`.
        key: as for `approval`.

    Raises:
        BadInput: not a policy.
        Refused: nobody who knows what is known here would follow it, or the officer is no admin.
    """
    envelope = Envelope.parse(raw, kind="policy")
    policy = Policy.parse(envelope.payload)
    memory = vaults.get(policy.vault)
    before = memory.enrolment.policy if memory else None
    newest = before.policy if before else None
    if newest and policy.id != newest.id and policy.epoch <= newest.epoch:
        raise Refused(
            Refusal(
                _POLICIES,
                "policy.rollback",
                "this machine trusts a policy of that epoch, or a later one, already",
                Fault.COORDINATOR,
                expected=f"epoch {newest.epoch + 1}",
                found=f"epoch {policy.epoch}",
                hint="propose it anew as the next epoch",
            )
        )
    for document in (policy, newest):  # the quorum of the one before counts, too
        admin = called(document.officers, key) if document else ""
        if document and admin in document.admins.members:
            return Signable(envelope, policy, before, admin)
    raise Refused(
        Refusal(
            _POLICIES,
            "policy.admin",
            f"{officer} is not an admin of this policy",
            Fault.OFFICER,
            expected=f"one of {', '.join(policy.admins.members)}",
            found=f"{officer}, {key}",
            hint="the key must be the one in the policy: `coldsign officer show`",
        )
    )


def acceptance(raw: bytes, vaults: Vaults) -> Acceptable:
    """`coldsign policy accept`: whether a policy follows from the newest here.

    Raises:
        BadInput: not a policy, or of a vault that is not enrolled here.
        Refused: it does not.
    """
    envelope = Envelope.parse(raw, kind="policy")
    policy = Policy.parse(envelope.payload)
    if policy.vault not in vaults:
        raise BadInput(
            "the policy's vault is not enrolled here",
            fault=Fault.OFFICER,
            found=policy.vault,
            hint="a first policy comes with its vault: `coldsign enrol VAULT --policy FILE`",
        )
    newest = vaults[policy.vault].enrolment.policy
    known = policy.id == newest.policy.id
    return Acceptable(envelope, policy, newest if known else newest.advance(envelope), known)


def called(officers: Mapping[str, KeyId], key: KeyId) -> str:
    """What a policy calls the officer with this key, or empty if it knows none."""
    return next((name for name, known in officers.items() if known == key), "")


def _check_group(withdrawal: Withdrawal, vaults: Vaults) -> None:
    """Two withdrawals in two vaults, each approved without the other, meet here at the latest.

    Raises:
        Refused: a vault that shares limits is not enrolled here, or this machine has approved or
            signed more of it, or something else, than the withdrawal says.
    """
    own = vaults[withdrawal.vault].enrolment.known
    if withdrawal.grounds is None or own.at(withdrawal.sequence) == withdrawal.id:
        return
    for stand in withdrawal.grounds.chains:
        said = f"withdrawal {stand.sequence} of {stand.vault}, {stand.id}"
        if stand.vault not in vaults:
            hint = "`coldsign enrol` it here first, with --officer-only"
            raise _hidden("enrolled", "is not enrolled here", "an enrolled vault", said, hint)
        known = vaults[stand.vault].enrolment.known
        newest, here = max((known.newest, *known.approved)), known.at(stand.sequence)
        hint = "request it anew; and ask what became of the other one"
        if stand.sequence < newest:
            expected = f"withdrawal {newest} or later"
            raise _hidden("rollback", "has withdrawn more than it says", expected, said, hint)
        if here not in (None, stand.id):
            raise _hidden("known", "has withdrawn something else", str(here), said, hint)


def _hidden(rule: str, what: str, expected: str, found: str, hint: str) -> Refused:
    what = f"a vault that shares limits {what}"
    return Refused(
        Refusal(_APPROVALS, f"group.{rule}", what, Fault.COORDINATOR, expected, found, hint)
    )


def _no_approver(name: str, initiator: bool, votes: Votes) -> Refused:
    """An approval that no signer would count."""
    return Refused(
        Refusal(
            _APPROVALS,
            "approvals.initiator" if initiator else "approvals.approver",
            f"{name} asked for this withdrawal, so that approval would not count"
            if initiator
            else f"{name} may not approve this under the policy: no approver, revoked, or too much",
            Fault.OFFICER,
            expected=f"one of {', '.join(votes.eligible)}",
            found=name,
            hint="let another officer approve it",
        )
    )
