"""The withdrawal document and its approvals. The chain that they form is in `chain.py`."""

import re
from collections.abc import Iterable
from dataclasses import InitVar, asdict, dataclass, field, replace
from dataclasses import fields as dataclass_fields
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from policies import strict_json
from policies.envelope import MAX_DOCUMENT, Envelope, document_id
from policies.errors import Fault, Refusal, Refused
from policies.grounds import Grounds
from policies.names import DocumentId, Height, Sats
from policies.quorum import Demand, Votes, tally
from policies.strict_json import CODE, DIGEST, NAME, Fields, together

if TYPE_CHECKING:
    from policies.policy import Policy

KIND = "withdrawal"
VERSION = 1

GENESIS = Height(0)
MAX_HEIGHT = Height(499_999_999)
"""From 500,000,000 on an nLockTime is a time, not a height (Core: LOCKTIME_THRESHOLD)."""

MAX_SEQUENCE = 1_000_000
"""One withdrawal a block for nineteen years; keeps a change index far below 2**31."""

MAX_VOUT = 0xFFFFFFFF

PAYMENT, CONSOLIDATION, INTERNAL, VOID = "payment", "consolidation", "internal", "void"
PAYING = (PAYMENT, INTERNAL)
"""Purposes whose money leaves the vault: to anybody, or to the house's own other wallets. A
consolidation joins coins; a void cancels an earlier withdrawal by spending its anchor."""

_STEP = 6


class Payment(NamedTuple):
    """One payment. Thousands are made: hence no dataclass.

    Attributes:
        address: where to, in the coin's own notation.
        amount: at least 1.
        beneficiary: who it is for.
        label: what the address is called.
    """

    address: str
    amount: Sats
    beneficiary: str
    label: str


@dataclass(frozen=True, slots=True)
class Anchor:
    """The coin that every transaction fulfilling a withdrawal must spend.

    Attributes:
        txid: 64 lower-case hex digits, in the reversed byte order that people write.
        vout: the output's index.
    """

    txid: str
    vout: int


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What officers approve. Not approved yet.

    Attributes:
        coin: upper case, for instance `BTC`.
        network: for instance `main`.
        vault: id of the vault that pays.
        policy: id of the policy under which it is asked.
        sequence: 1 for the vault's first withdrawal, then one more each time.
        previous: id of the withdrawal before, or None for the first.
        initiator: who asked; that officer's approval does not count.
        why: the reason, for people.
        payments: at least one if the purpose pays, else none.
        fee_ceiling: the largest fee that the officers accept.
        height: the transaction's nLockTime.
        expiry: the last height at which it may be signed and sent.
        anchor: the coin that it must spend; a void's is that of what it voids.
        purpose: `payment`, `consolidation`, `internal` or `void`.
        voids: id of the withdrawal that a void cancels, else None.
        grounds: the papers that it names, or None.
        payload: the document's bytes: as received, or our own form for one made here.
        id: the document's id, over the payload's bytes.
        total: what all payments come to, summed once: each window over a long chain asks for it.

    Args:
        received: only by `parse`: the bytes that the fields were read from.
    """

    coin: str
    network: str
    vault: DocumentId
    policy: DocumentId
    sequence: int
    previous: DocumentId | None
    initiator: str
    why: str
    payments: tuple[Payment, ...]
    fee_ceiling: Sats
    height: Height
    expiry: Height
    anchor: Anchor
    purpose: str = PAYMENT
    voids: DocumentId | None = None
    grounds: Grounds | None = None
    payload: bytes = field(init=False, repr=False)
    id: DocumentId = field(init=False, repr=False, compare=False)
    total: Sats = field(init=False, repr=False, compare=False)

    received: InitVar[bytes] = b""

    def __post_init__(self, received: bytes) -> None:
        keep = partial(object.__setattr__, self)
        keep("payload", received)
        keep("id", document_id(received))
        keep("total", sum([payment.amount for payment in self.payments]))
        if not received:
            said = {
                name: value
                for name, value in asdict(self).items()
                if name in _REQUIRED or (name == "grounds" and value)
            } | {"payments": [payment._asdict() for payment in self.payments]}
            keep("payload", strict_json.dump({"kind": KIND, "version": VERSION} | said))
            keep("id", document_id(self.payload))

    @classmethod
    def of(cls, envelope: Envelope, read: "Withdrawal | None" = None) -> "Withdrawal":
        """Give an envelope's withdrawal.

        Args:
            envelope: the signatures cover its kind, too.
            read: what was read before. If it was from these very bytes, it is not read again.

        Raises:
            BadInput: another kind of document, or as `parse`.
        """
        envelope.expect(KIND)
        return read if read and read.payload == envelope.payload else cls.parse(envelope.payload)

    @classmethod
    def parse(cls, payload: bytes) -> "Withdrawal":
        """Read a withdrawal's payload.

        Raises:
            BadInput: anything missing, unknown, malformed or out of range.
        """
        raw = strict_json.load(payload, limit=MAX_DOCUMENT, what=KIND)
        fields = Fields(raw, KIND, _REQUIRED, ("grounds",))
        fields.exactly("version", VERSION)
        sequence = fields.integer("sequence", 1, MAX_SEQUENCE)
        if sequence == 1:
            fields.exactly("previous", None)
        _, coin, network, vault, policy, initiator, purpose = _WORDS(fields)
        if purpose != VOID:
            fields.exactly("voids", None)
        least = 1 if purpose in PAYING else 0
        payments = tuple(
            [
                Payment(
                    payment.address("address"),
                    Sats(payment.integer("amount", 1)),
                    payment.text("beneficiary"),
                    payment.text("label"),
                )
                for payment in fields.each("payments", required=_OF_PAYMENT, least=least)
            ]
        )
        if payments and not least:
            fields.bad("payments", f"empty: a {purpose} pays nobody", f"{len(payments)} payments")
        anchor = fields.table("anchor", required=_OF_ANCHOR)
        return cls(
            coin,
            network,
            vault,
            policy,
            sequence,
            None if sequence == 1 else fields.digest("previous"),
            initiator,
            fields.text("why"),
            payments,
            Sats(fields.integer("fee_ceiling")),
            Height(fields.integer("height", 0, MAX_HEIGHT)),
            Height(fields.integer("expiry", 0, MAX_HEIGHT)),
            Anchor(anchor.digest("txid"), anchor.integer("vout", 0, MAX_VOUT)),
            purpose,
            fields.digest("voids") if purpose == VOID else None,
            Grounds.read(fields),
            received=payload,
        )


# Keys as sets in the document's order: see `Fields`.
_OF_PAYMENT = dict.fromkeys(Payment._fields).keys()
_OF_ANCHOR = dict.fromkeys(one.name for one in dataclass_fields(Anchor)).keys()
_REQUIRED = {
    "kind": None,
    "version": None,
    **dict.fromkeys(
        one.name for one in dataclass_fields(Withdrawal) if one.init and one.name != "grounds"
    ),
}.keys()
_WORDS = together(
    kind=(re.compile(KIND), repr(KIND)),
    coin=CODE,
    network=CODE,
    vault=DIGEST,
    policy=DIGEST,
    initiator=NAME,
    purpose=(
        re.compile(f"{PAYMENT}|{INTERNAL}|{CONSOLIDATION}|{VOID}"),
        "payment, consolidation, internal or void",
    ),
)
_CHECKED = object()


@dataclass(frozen=True, slots=True)
class ApprovedWithdrawal:
    """A withdrawal that its policy's approvers did approve. Only `approve_check` makes one.

    Attributes:
        withdrawal: the document.
        envelope: the bytes and signatures that were checked.
        votes: who approved.
        policy: id of the policy whose quorum it was.
    """

    withdrawal: Withdrawal
    envelope: Envelope
    votes: Votes
    policy: DocumentId
    proof: InitVar[object]

    def __post_init__(self, proof: object) -> None:
        if proof is not _CHECKED:
            raise TypeError("only approve_check makes an approved withdrawal")


def approve_check(
    envelope: Envelope, policy: "Policy", read: Withdrawal | None = None
) -> ApprovedWithdrawal:
    """Check a withdrawal's terms and approvals (step 6).

    Args:
        envelope: as it came.
        policy: in force.
        read: as for `Withdrawal.of`.

    Raises:
        BadInput: not a withdrawal.
        Refused: another vault's or policy's, expired, or too few approvals.
    """
    withdrawal = Withdrawal.of(envelope, read)
    check_terms(withdrawal, policy)
    votes = count_approvals(envelope, policy, withdrawal)
    if not votes.reached:
        own = (
            f"not counted: {', '.join(votes.discounted)} "
            "(asked for it, revoked, or above an officer's ceiling)"
        )
        raise Refused(
            Refusal(
                _STEP,
                "approvals.quorum",
                f"too few approvals: {votes.sentence}",
                Fault.OFFICER,
                expected=f"{votes.needed}, out of {', '.join(votes.eligible) or 'nobody'}",
                found=", ".join(votes.signed) or "none",
                hint=own if votes.discounted else "let more run `coldsign approve`",
            )
        )
    return ApprovedWithdrawal(withdrawal, envelope, votes, policy.id, _CHECKED)


def count_approvals(envelope: Envelope, policy: "Policy", read: Withdrawal | None = None) -> Votes:
    """Count the approvals that an envelope holds so far, for each role that has to approve.

    Whoever asked for it, is revoked, or may not approve so much, is set aside. The arguments, and
    what is raised of a document, are as for `approve_check`.
    """
    withdrawal = Withdrawal.of(envelope, read)
    return count_votes(
        envelope,
        policy,
        policy.demands(withdrawal),
        excluded=policy.barred(withdrawal) | {withdrawal.initiator},
    )


def count_votes(
    envelope: Envelope, policy: "Policy", demands: Iterable[Demand], excluded: frozenset[str]
) -> Votes:
    """Count the signatures under any document, for each role of which so many have to sign."""
    keys = envelope.valid_keys(policy.officers.values())
    return Votes(
        tuple(
            tally(
                replace(policy.roles[demand.role], threshold=demand.count),
                policy.officers,
                keys,
                excluded,
            )
            for demand in demands
        )
    )


def check_terms(withdrawal: Withdrawal, policy: "Policy") -> None:
    """Check that a withdrawal belongs to this policy's vault and time, approved or not (step 6).

    A void of an older policy lives on under this one, whose officers and rules judge it: a policy
    that tightens must not keep anybody from cancelling.

    Raises:
        Refused: every way in which it does not.
    """
    head, void, start = withdrawal, withdrawal.purpose == VOID, policy.activation_height
    own = policy.id if void else head.policy
    checks = (
        ("coin", head.coin == policy.coin, "is for another coin", policy.coin, head.coin),
        (
            "network",
            head.network == policy.network,
            "is for another network",
            policy.network,
            head.network,
        ),
        ("vault", head.vault == policy.vault, "is for another vault", policy.vault, head.vault),
        ("policy", own == policy.id, "is for another policy", policy.id, own),
        (
            "activation",
            void or head.height >= start,
            "is older than its policy",
            f"from {start}",
            f"{head.height}",
        ),
        (
            "expired",
            head.height <= head.expiry,
            "has expired",
            f"height up to {head.expiry}",
            f"height {head.height}",
        ),
    )
    refusals = [
        no(f"withdrawal.{rule}", f"the withdrawal {text}", expected, found)
        for rule, passed, text, expected, found in checks
        if not passed
    ]
    if refusals:
        raise Refused(*refusals)


def no(rule: str, what: str, expected: str, found: str, hint: str = "request it anew") -> Refusal:
    """Make a refusal of step 6: the coordinator brought what does not fit."""
    return Refusal(_STEP, rule, what, Fault.COORDINATOR, expected, found, hint)
