"""A refusal becomes a receipt: kept, signed, journalled; only then may it leave the machine."""

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Final

from policies.envelope import Envelope
from policies.policy import Policy
from policies.withdrawal import Withdrawal
from signer.carry.bundle import documents
from signer.core.errors import BadInput, Fault, Problem, Refusal, Refused
from signer.core.hashes import sha256
from signer.core.journal import Entry, Journal
from signer.core.names import DocumentId
from signer.core.psbt import Psbt
from signer.record.archive import MAX_REFUSALS, RECEIPTS, keep, keep_refused, kept, place
from signer.record.case import Case
from signer.record.judge import PARSING
from signer.record.receipt import KIND, MOST, Judged, Papers, Receipt
from signer.record.station import EVENT as STATION
from signer.record.station import station
from signer.sign.facts import read

EVENT: Final = "refusal"


@dataclass(frozen=True, slots=True)
class Given:
    """A receipt that is recorded.

    Attributes:
        path: where this machine keeps it.
        data: the envelope's bytes.
        sha256: of those, as the journal names it.
        again: it was given before, for the same bytes, and nothing has happened since.
    """

    path: Path
    data: bytes = field(repr=False)
    sha256: DocumentId
    again: bool = False


def reasons(problem: Problem) -> tuple[Refusal, ...]:
    """Why something was refused; what cannot be read fails step 1."""
    if isinstance(problem, Refused):
        return problem.refusals
    texts = (problem.what, problem.fault, problem.expected, problem.found, problem.hint)
    return (Refusal(PARSING, "parse", *texts),)


def record(home: Path, case: Case, problem: Problem) -> Given:
    """Sign a receipt, keep it with what was judged, and journal it.

    Raises:
        BadInput: this machine's record is full or damaged, or the disk does not take it.
    """
    from importlib.metadata import version  # noqa: PLC0415 -- loads e-mail and sockets: only here

    why, digest = reasons(problem), DocumentId(sha256(case.raw).hex())
    key = station(home)
    entries = Journal.open(home).entries()
    if (before := _again(home, entries, case, digest, why[:MOST])) is not None:
        return before
    if sum(entry.event == EVENT for entry in entries) >= MAX_REFUSALS:
        raise BadInput(
            "this machine's record of refusals is full",
            fault=Fault.MACHINE,
            found=f"{MAX_REFUSALS:,} refusals",
            hint="somebody tries: take `coldsign journal export` to your auditor, find out who "
            "brings these files, and enrol a new home",
        )
    judged = Judged(
        case.command,
        digest,
        len(case.raw),
        keep_refused(home, case.raw),
        case.seq,
        case.head,
        case.officer,
        case.key,
        case.clock,
    )
    papers = _papers(case)
    receipt = Receipt(
        version("coldquorum"), int(time.time()), judged, papers, why[:MOST], len(why[MOST:])
    )
    data = Envelope.wrap(KIND, receipt.payload).signed(key).to_bytes()
    found = keep(home, RECEIPTS, data)
    Journal.open(home).append(
        EVENT,
        vault=papers.vault,
        command=case.command,
        step=why[0].step,
        rule=why[0].rule,
        judged=digest,
        receipt=found,
    )
    return Given(place(home, RECEIPTS, found), data, found)


def _again(
    home: Path,
    entries: Sequence[Entry],
    case: Case,
    digest: DocumentId,
    why: tuple[Refusal, ...],
) -> Given | None:
    """The receipt for the same question, if nothing but refusals was journalled since.

    A script that tries again every minute then costs nothing, and the record stays readable.
    """
    newest = takewhile(lambda entry: entry.event in (EVENT, STATION), reversed(entries))
    for entry in newest:
        if entry.event == EVENT and entry.fields.get("judged") == digest:
            with suppress(BadInput):
                name = DocumentId(str(entry.fields.get("receipt")))
                data = kept(home, RECEIPTS, name)
                said = Receipt.parse(Envelope.parse(data, kind=KIND).payload)
                asked = (said.judged.command, said.judged.officer, said.judged.key)
                if asked == (case.command, case.officer, case.key) and said.refusals == why:
                    return Given(place(home, RECEIPTS, name), data, name, again=True)
    return None


def _papers(case: Case) -> Papers:
    """The documents that can be told, however far the file can be read."""
    try:
        if case.command == "sign":
            psbt = Psbt.parse(case.raw)
            try:
                withdrawal = Withdrawal.parse(documents(psbt).withdrawal.payload)
            except BadInput:
                return Papers(txid=psbt.tx.txid)
            trusted, txid = _trusted(case, withdrawal.vault), psbt.tx.txid
            with suppress(Problem):
                txid = read(case.raw, {k: m.enrolment.vault for k, m in case.vaults.items()}).txid
            return Papers(withdrawal.vault, trusted, withdrawal.id, txid=txid)
        envelope = Envelope.parse(case.raw)
        if case.command == "approve":
            withdrawal = Withdrawal.parse(envelope.payload)
            trusted = _trusted(case, withdrawal.vault)
            return Papers(withdrawal.vault, trusted, withdrawal.id)
        policy = Policy.parse(envelope.payload)
        return Papers(policy.vault, _trusted(case, policy.vault), proposed=policy.id)
    except BadInput:
        return Papers()


def _trusted(case: Case, vault: DocumentId) -> DocumentId | None:
    memory = case.vaults.get(vault)
    return memory.enrolment.policy.policy.id if memory else None
