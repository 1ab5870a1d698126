"""The withdrawal document, its approvals, and the chain that withdrawals form.

Each withdrawal of a vault names the one before it by id, so that the quorum that approves the
newest commits to all of them. The chain's heights are the vault's clock: a transaction's
nLockTime is its withdrawal's height, and heights never decrease.
"""

from collections.abc import Mapping, Sequence
from dataclasses import InitVar, asdict, dataclass, field
from dataclasses import fields as dataclass_fields
from typing import TYPE_CHECKING

from policies import strict_json
from policies.envelope import MAX_DOCUMENT, Envelope, document_id
from policies.errors import Fault, Refusal, Refused
from policies.names import DocumentId, Height, Sats
from policies.quorum import Tally, tally
from policies.strict_json import Fields

if TYPE_CHECKING:
    from policies.policy import Policy

KIND = "withdrawal"
VERSION = 1

MAX_HEIGHT = 499_999_999
"""From 500,000,000 on an nLockTime is a time, not a height (Core: LOCKTIME_THRESHOLD)."""

MAX_SEQUENCE = 1_000_000
"""One withdrawal a block for nineteen years; keeps a change index far below 2**31."""

MAX_VOUT = 0xFFFFFFFF
_STEP = 6


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment.

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
        payments: at least one.
        fee_ceiling: the largest fee that the officers accept.
        height: the transaction's nLockTime.
        expiry: the last height at which it may be signed and sent.
        anchor: the coin that it must spend.
        payload: the document's bytes: as received, or our own form for one made here.
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
    payload: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "payload", b"")
        table = {"kind": KIND, "version": VERSION, **asdict(self)}
        del table["payload"]
        object.__setattr__(self, "payload", strict_json.dump(table))

    @classmethod
    def parse(cls, payload: bytes) -> "Withdrawal":
        """Read a withdrawal's payload.

        Raises:
            BadInput: anything missing, unknown, malformed or out of range.
        """
        raw = strict_json.load(payload, limit=MAX_DOCUMENT, what=KIND)
        names = [one.name for one in dataclass_fields(cls) if one.init]
        fields = Fields(raw, KIND, ("kind", "version", *names))
        fields.exactly("kind", KIND)
        fields.exactly("version", VERSION)
        sequence = fields.integer("sequence", least=1, most=MAX_SEQUENCE)
        if sequence == 1:
            fields.exactly("previous", None)
        payments = fields.tables(
            "payments", required=[one.name for one in dataclass_fields(Payment)]
        )
        anchor = fields.table("anchor", required=("txid", "vout"))
        withdrawal = cls(
            fields.code("coin"),
            fields.code("network"),
            fields.digest("vault"),
            fields.digest("policy"),
            sequence,
            None if sequence == 1 else fields.digest("previous"),
            fields.name("initiator"),
            fields.text("why"),
            tuple(
                Payment(
                    payment.address("address"),
                    Sats(payment.integer("amount", least=1)),
                    payment.text("beneficiary"),
                    payment.text("label"),
                )
                for payment in payments
            ),
            Sats(fields.integer("fee_ceiling")),
            Height(fields.integer("height", most=MAX_HEIGHT)),
            Height(fields.integer("expiry", most=MAX_HEIGHT)),
            Anchor(anchor.digest("txid"), anchor.integer("vout", most=MAX_VOUT)),
        )
        object.__setattr__(withdrawal, "payload", payload)
        return withdrawal

    @property
    def id(self) -> DocumentId:
        """The document's id, over the payload's bytes."""
        return document_id(self.payload)

    @property
    def total(self) -> Sats:
        """What all payments come to."""
        return Sats(sum(payment.amount for payment in self.payments))


_CHECKED = object()


@dataclass(frozen=True, slots=True)
class ApprovedWithdrawal:
    """A withdrawal that its policy's approvers did approve. Only `approve_check` makes one.

    Attributes:
        withdrawal: the document.
        envelope: the bytes and signatures that were checked.
        tally: who approved.
        policy: id of the policy whose quorum it was.
    """

    withdrawal: Withdrawal
    envelope: Envelope
    tally: Tally
    policy: DocumentId
    proof: InitVar[object]

    def __post_init__(self, proof: object) -> None:
        if proof is not _CHECKED:
            raise TypeError("only approve_check makes an approved withdrawal")


def approve_check(envelope: Envelope, policy: "Policy") -> ApprovedWithdrawal:
    """Check a withdrawal's terms and approvals (step 6).

    Raises:
        BadInput: not a withdrawal.
        Refused: another vault's or policy's, expired, or too few approvals.
    """
    envelope.expect(KIND)  # the signatures cover the kind, too
    withdrawal = Withdrawal.parse(envelope.payload)
    check_terms(withdrawal, policy)
    votes = count_approvals(envelope, policy)
    if not votes.reached:
        own = f"{withdrawal.initiator} asked for it, so that approval does not count"
        raise Refused(
            Refusal(
                _STEP,
                "approvals.quorum",
                f"too few approvals: {votes.sentence}",
                Fault.OFFICER,
                expected=f"{votes.threshold} of {', '.join(votes.eligible)}",
                found=", ".join(votes.signed) or "none",
                hint=own if votes.discounted else "let more run `coldsign approve`",
            )
        )
    return ApprovedWithdrawal(withdrawal, envelope, votes, policy.id, _CHECKED)


def count_approvals(envelope: Envelope, policy: "Policy") -> Tally:
    """Count the approvals that an envelope holds so far; the initiator's is set aside."""
    envelope.expect(KIND)
    withdrawal = Withdrawal.parse(envelope.payload)
    keys = envelope.valid_keys(policy.officers.values())
    return tally(policy.approvers, policy.officers, keys, frozenset({withdrawal.initiator}))


def check_terms(withdrawal: Withdrawal, policy: "Policy") -> None:
    """Check that a withdrawal belongs to this policy's vault and time, approved or not (step 6).

    Raises:
        Refused: every way in which it does not.
    """
    height, expiry, start = withdrawal.height, withdrawal.expiry, policy.activation_height
    pairs = (
        ("coin", policy.coin, withdrawal.coin),
        ("network", policy.network, withdrawal.network),
        ("vault", policy.vault, withdrawal.vault),
        ("policy", policy.id, withdrawal.policy),
    )
    why = [(name, f"is for another {name}", a, b) for name, a, b in pairs if a != b]
    if height < start:
        why.append(("activation", "is older than its policy", f"from {start}", f"{height}"))
    if height > expiry:
        why.append(("expired", "has expired", f"height up to {expiry}", f"height {height}"))
    refusals = [_no(f"withdrawal.{rule}", f"the withdrawal {text}", *ab) for rule, text, *ab in why]
    if refusals:
        raise Refused(*refusals)


def verify_chain(
    head: Withdrawal, predecessors: Sequence[bytes], known: Mapping[int, DocumentId]
) -> tuple[Withdrawal, ...]:
    """Check the chain of withdrawals from the vault's first to `head` (step 6).

    Args:
        head: the newest, whose approvers commit to all before it.
        predecessors: payloads as received, sequence 1 first, `head` not among them.
        known: ids that this signer has seen, by sequence number.

    Returns:
        The withdrawals before `head`, oldest first.

    Raises:
        BadInput: a payload that is no withdrawal.
        Refused: a missing, foreign, unlinked or back-dated one, or one that this signer knows
            otherwise.
    """
    if len(predecessors) != head.sequence - 1:
        raise _broken(
            "length",
            head.sequence,
            f"{head.sequence - 1} withdrawals before it",
            str(len(predecessors)),
        )
    chain: list[Withdrawal] = []
    for payload in predecessors:
        _link(chain, Withdrawal.parse(payload), head, known)
    _link(chain, head, head, known)
    return tuple(chain[:-1])


def _link(
    chain: list[Withdrawal], link: Withdrawal, head: Withdrawal, known: Mapping[int, DocumentId]
) -> None:
    """Append one withdrawal to the chain, or refuse it."""
    before = chain[-1] if chain else None
    at = len(chain) + 1
    for rule, expected, found in (
        ("sequence", at, link.sequence),
        ("previous", before.id if before else None, link.previous),
        ("coin", head.coin, link.coin),
        ("network", head.network, link.network),
        ("vault", head.vault, link.vault),
        ("known", known.get(at, link.id), link.id),
    ):
        if expected != found:
            raise _broken(rule, at, str(expected), str(found))
    if before is not None and link.height < before.height:
        raise _broken("height", at, f"height {before.height} or later", f"height {link.height}")
    chain.append(link)


def _broken(rule: str, sequence: int, expected: str, found: str) -> Refused:
    what = f"the chain of withdrawals breaks at {sequence}: its {rule} is wrong"
    return Refused(
        _no(f"chain.{rule}", what, expected, found, "ask the officers what they approved")
    )


def _no(rule: str, what: str, expected: str, found: str, hint: str = "request it anew") -> Refusal:
    return Refusal(_STEP, rule, what, Fault.COORDINATOR, expected, found, hint)
