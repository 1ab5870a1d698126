"""Steps 5 to 8: may this transaction be signed? Policy, approvals, what was approved, rules.

Pure: what this signer remembers comes in as an `Enrolment`, and nothing is written.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import InitVar, dataclass, replace
from typing import Final

from policies.chain import NOTHING, Known, verify_chain
from policies.decide import Passed, decide
from policies.epochs import TrustedPolicy
from policies.evidence import NO_EVIDENCE, Evidence
from policies.gather import gather, priced
from policies.policy import Policy
from policies.spend import LocalTime, Output, Proposed, Spend, SpentCoin
from policies.withdrawal import ApprovedWithdrawal, Withdrawal, approve_check
from signer.core.address import address_of, script_of
from signer.core.amounts import format_amount
from signer.core.errors import Fault, Refusal, Refused
from signer.core.hashes import sha256
from signer.core.names import DocumentId, Height, Sats, Txid
from signer.core.transaction import OutPoint
from signer.core.vault import Vault
from signer.core.wallet import listed
from signer.sign.facts import Facts, FoundOutput, read
from signer.sign.refusal import refused

VERSION: Final = 2
"""Every transaction here has this version: relative lock times work (BIP68), and all look alike."""

SEQUENCE: Final = 0xFFFFFFFD
"""Not final, so that nLockTime binds; replaceable (BIP125), so that a fee can be raised."""

_SHOWN: Final = 3
_PROOF = object()


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a signer knows of a vault before a transaction comes.

    Attributes:
        vault: as enrolled.
        policy: the newest policy that it trusts; perhaps it waits.
        known: what it has verified of the chain of withdrawals; its height is the signer's clock.
    """

    vault: Vault
    policy: TrustedPolicy
    known: Known = NOTHING

    def governing(self, height: Height) -> TrustedPolicy:
        """The policy that governs a withdrawal of some height, as far as this signer knows."""
        return self.policy.at(Height(max(height, self.known.height)))


@dataclass(frozen=True, slots=True)
class Checked:
    """A transaction that may be signed once an officer has reviewed it. Only `check` makes one.

    Attributes:
        facts: what it does.
        newest: the newest policy that is trusted now; newer than before if the file brought one.
        policy: the one that governs, and allows it; older while the newest waits.
        approved: the withdrawal that it fulfils.
        history: the withdrawals before that, oldest first.
        passed: every rule of the policy, in words.
        warnings: what the rules allow and yet find worth a second look.
        evidence: the papers that the rules judged.
    """

    facts: Facts
    newest: TrustedPolicy
    policy: TrustedPolicy
    approved: ApprovedWithdrawal
    history: tuple[Withdrawal, ...]
    passed: tuple[Passed, ...]
    warnings: tuple[str, ...]
    evidence: Evidence
    proof: InitVar[object]

    def __post_init__(self, proof: object) -> None:
        if proof is not _PROOF:
            raise TypeError("only check makes a checked transaction")

    @property
    def digest(self) -> bytes:
        """SHA-256 of the very bytes that were checked."""
        return sha256(self.facts.psbt.raw)


def examine(
    raw: bytes,
    enrolments: Mapping[DocumentId, Enrolment],
    clock: LocalTime | None = None,
) -> Checked:
    """Take a binary PSBT through steps 1 to 8.

    Args:
        raw: the bytes as received.
        enrolments: what this signer knows, by vault id. A coordinator that examines its own work
            gives its one vault and policy.
        clock: the station's local time, if there is a station.

    Raises:
        BadInput: the bytes are not what they should be.
        Refused: a step said no.
    """
    facts = read(raw, {known: enrolment.vault for known, enrolment in enrolments.items()})
    return check(facts, enrolments, clock)


def check(
    facts: Facts, enrolments: Mapping[DocumentId, Enrolment], clock: LocalTime | None = None
) -> Checked:
    """Steps 5 to 8 over facts that steps 1 to 4 established; the other vaults may share limits.

    Raises:
        BadInput: a document is not what it should be.
        Refused: a step said no.
    """
    documents, head, enrolment = facts.documents, facts.withdrawal, enrolments[facts.vault.id]
    known, vaults = enrolment.known, {vault: other.known for vault, other in enrolments.items()}
    earlier = tuple(map(Withdrawal.parse, documents.predecessors))
    # (5) policy epochs: their chain and quorums; never back, and no looser before its time
    # (a policy's last link is its highest, or step 6 refuses)
    seen: dict[str, Height] = {"": known.height} | {link.policy: link.height for link in earlier}
    newest = enrolment.policy.follow(documents.policies, seen)
    policy = replace(enrolment, policy=newest).governing(head.height)
    # (6) the withdrawal's chain and approvals; not expired
    since = Height(head.height - policy.policy.window)
    history = verify_chain(head, earlier, known, since=since)
    evidence = gather(policy.policy, head, documents.papers, vaults)
    rules = priced(policy.policy, evidence)
    approved = approve_check(documents.withdrawal, rules, head)
    check_alive(approved.withdrawal, known.height)
    # (7) it does exactly what was approved
    fulfils(facts, approved.withdrawal)
    # (8) every rule of the policy
    verdict = decide(rules, spend_of(facts, rules, approved, history, clock, evidence=evidence))
    if verdict.refusals:
        raise Refused(*verdict.refusals)
    if not verdict.allowed:
        raise refused(8, "policy.default", "no rule of the policy allows it")
    return Checked(
        facts, newest, policy, approved, history, verdict.passed, verdict.warnings, evidence, _PROOF
    )


def check_alive(withdrawal: Withdrawal, height: Height) -> None:
    """Refuse a withdrawal whose expiry this signer knows to be past (step 6).

    Args:
        withdrawal: its terms are checked by the policy; only the clock is looked at here.
        height: the largest height that this signer has signed for.

    Raises:
        Refused: it has expired.
    """
    if withdrawal.expiry < height:
        raise refused(
            6,
            "withdrawal.expired",
            "the withdrawal has expired",
            expected=f"an expiry from height {height} on, for which this signer has signed",
            found=f"height {withdrawal.expiry}",
            hint="request it anew",
        )


def fulfils(facts: Facts, withdrawal: Withdrawal) -> None:
    """Step 7: it does exactly what was approved.

    Raises:
        Refused: every way in which it does not.
    """
    tx, coin, network = facts.psbt.tx, facts.vault.coin, facts.vault.network
    anchor = OutPoint(Txid(withdrawal.anchor.txid), withdrawal.anchor.vout)
    others = [str(at) for at, txin in enumerate(tx.inputs) if txin.sequence != SEQUENCE]
    # Multisets of whole scripts: not addresses, which can be written in more than one way. Nearly
    # all are written as we write the outputs' own: then the script is that one, and nothing is left
    # to decode, since `script_of` takes only what `address_of` would write for its answer.
    known = {address: script for script, address in facts.addresses.items() if address}
    approved = Counter(
        (known.get(payment.address) or script_of(payment.address, coin, network), payment.amount)
        for payment in withdrawal.payments
    )
    paid = Counter((output.script, output.amount) for output in facts.externals)
    checks = (
        (
            "payments",
            paid == approved,
            "it does not pay what was approved",
            _told(approved - paid, facts.vault) or "nothing else",
            _told(paid - approved, facts.vault) or "less",
        ),
        (
            "anchor",
            anchor in [txin.outpoint for txin in tx.inputs],
            "the anchor is not spent: the withdrawal could be paid twice",
            f"an input {anchor.txid}:{anchor.vout}",
            f"{len(tx.inputs)} other inputs",
        ),
        (
            "lock_time",
            tx.lock_time == withdrawal.height,
            "the transaction's clock is not the withdrawal's",
            f"nLockTime {withdrawal.height}",
            f"nLockTime {tx.lock_time}",
        ),
        (
            "sequence",
            not others,
            "nLockTime would not bind as approved",
            f"sequence {SEQUENCE:#x} in every input",
            f"another in input {', '.join(others[:_SHOWN])}",
        ),
        (
            "version",
            tx.version == VERSION,
            "another version of transaction",
            f"version {VERSION}",
            f"version {tx.version}",
        ),
    )
    refusals = tuple(
        Refusal(
            7,
            f"transaction.{rule}",
            what,
            Fault.COORDINATOR,
            expected,
            found,
            "do not trust this coordinator: it built something else than the officers approved",
        )
        for rule, passed, what, expected, found in checks
        if not passed
    )
    if refusals:
        raise Refused(*refusals)


def _told(payments: Counter[tuple[bytes, Sats]], vault: Vault) -> str:
    lines = [
        f"{format_amount(amount, vault.coin)} to "
        + (address_of(script, vault.coin, vault.network) or f"script {script.hex()}")
        for script, amount in payments.elements()
    ]
    more = f"; and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    return "; ".join(lines[:_SHOWN]) + more


def spend_of(
    facts: Facts,
    policy: Policy,
    approved: ApprovedWithdrawal | Proposed,
    history: tuple[Withdrawal, ...],
    clock: LocalTime | None,
    *,
    evidence: Evidence = NO_EVIDENCE,
) -> Spend:
    """What the rules judge. Steps 1 to 7 established all of it but the clock and the papers.

    Raises:
        BadInput: the policy lists a wallet that is not understood.
    """

    def seen(found: Iterable[FoundOutput]) -> tuple[Output, ...]:
        return tuple([Output(facts.addresses[o.script], o.script, o.amount) for o in found])

    return Spend(
        coin=facts.vault.coin,
        network=facts.vault.network,
        vault=facts.vault.id,
        height=Height(facts.psbt.tx.lock_time),
        inputs=tuple(SpentCoin(i.coin.txid, i.coin.vout, i.amount) for i in facts.inputs),
        externals=seen(facts.externals),
        change=seen(facts.change),
        fee=facts.fee,
        vsize=facts.vsize,
        withdrawal=approved,
        history=history,
        wallets=listed(policy) if facts.externals else {},
        clock=clock,
        evidence=evidence,
    )
