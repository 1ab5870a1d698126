"""`coldsign journal verify`: the record is whole, and each verdict in it comes out again.

1. every line of the journal by its hash, and every document that it pins (`journal.py`, `state.py`)
2. every receipt that the journal names: there, unaltered, signed by the station's key of that
   line, and saying what the line says
3. every receipt in the folder that the journal does not name: forged, unless the station signed
   it and was stopped before it could write the line
4. what was judged, signed or approved: there, by its hash
5. each verdict again, with the memory that the lines before it give: the same refusals, at the
   same steps, by the same rules; and what was signed or approved passes
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from policies.envelope import Envelope
from policies.policy import Policy
from policies.withdrawal import Withdrawal
from signer.core.errors import BadInput, Problem, Refusal, Refused
from signer.core.files import failed
from signer.core.journal import EMPTY, Entry, Journal
from signer.core.names import DocumentId, KeyId
from signer.record import judge
from signer.record.archive import EVIDENCE, RECEIPTS, kept
from signer.record.basis import basis
from signer.record.judge import Vaults
from signer.record.receipt import KIND, MOST, Receipt
from signer.record.refuse import EVENT as REFUSAL
from signer.record.refuse import reasons
from signer.record.station import EVENT as STATION
from signer.record.station import current
from signer.sign.state import EVENTS, recall

_OFFICER: Final = 9
"""From this step on it takes a person or a key: what comes before must pass again."""

_DEEDS: Final = {"sign": "psbt", "approve": "approved", "policy": "policy"}
"""Lines for which somebody said yes, and the field that names what was judged."""


class _Different(Exception):
    """A verdict, or what is said of it, is not the same."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be.

    Attributes:
        line: the journal's line, or 0 for what no line tells.
        what: in words.
    """

    line: int
    what: str


@dataclass(slots=True)
class Audit:
    """What was verified.

    Attributes:
        entries: the journal's lines.
        vaults: ids of those that are pinned.
        stations: each station key with the line that names it, oldest first.
        refusals: how many receipts are named.
        again: how many verdicts were asked for again, and came out the same.
        unasked: how many could not be, since what was judged was too large to be kept.
        findings: what is wrong.
        notes: what is odd, and no proof of anything.
    """

    entries: tuple[Entry, ...]
    vaults: tuple[DocumentId, ...] = ()
    stations: list[tuple[int, KeyId]] = field(default_factory=list)
    refusals: int = 0
    again: int = 0
    unasked: int = 0
    findings: list[Finding] = field(default_factory=list)
    notes: list[Finding] = field(default_factory=list)

    @property
    def head(self) -> DocumentId:
        """The newest line's hash."""
        return self.entries[-1].hash if self.entries else EMPTY


def audit(
    home: Path,
    *,
    replay: bool = True,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Audit:
    """Verify the record of a home.

    Args:
        home: the machine's, or an exported record.
        replay: ask for each verdict again.
        progress: told how many lines of how many are done.

    Raises:
        BadInput: the journal, or a document that it pins, is not as it was written: nothing
            after that means anything.
    """
    entries = Journal.open(home).entries()
    found = Audit(entries, vaults=tuple(recall(home, entries)))
    memory = _Memory(home, entries)
    for at, entry in enumerate(entries, 1):
        try:
            if entry.event == STATION:
                found.stations.append((entry.seq, KeyId(str(entry.fields.get("key")))))
            elif entry.event == REFUSAL:
                found.refusals += 1
                receipt = _receipt(home, entry, entries)
                if replay:
                    _refused_again(home, receipt, memory, found)
            elif entry.event in _DEEDS:
                _deed(home, entry, memory if replay else None, found)
        except (BadInput, Refused, _Different) as problem:
            found.findings.append(Finding(entry.seq, _told(problem)))
        progress(at, len(entries))
    for line, other in found.stations[1:]:
        found.notes.append(Finding(line, f"another station key from here on: {other}"))
    _strangers(home, found)
    return found


class _Memory:
    """What the machine remembered after some line; lines that change nothing cost nothing."""

    def __init__(self, home: Path, entries: tuple[Entry, ...]) -> None:
        self._home = home
        self._lines = [entry for entry in entries if entry.event in EVENTS]
        self._recalled: tuple[int, Vaults] = (0, {})

    def after(self, seq: int) -> Vaults:
        lines = [entry for entry in self._lines if entry.seq <= seq]
        if len(lines) != self._recalled[0]:
            self._recalled = (len(lines), recall(self._home, lines))
        return self._recalled[1]


def _receipt(home: Path, entry: Entry, entries: tuple[Entry, ...]) -> Receipt:
    """The receipt that a line names, proven to be the station's, and to say what the line says."""
    data = kept(home, RECEIPTS, DocumentId(str(entry.fields.get("receipt"))))
    envelope = Envelope.parse(data, kind=KIND)
    expected = current(entries[: entry.seq])
    if expected is None or not envelope.valid_keys([expected]):
        signers = ", ".join(s.keyid for s in envelope.signatures) or "nobody"
        raise _Different(f"its receipt is not signed by the station {expected}, but {signers}")
    receipt = Receipt.parse(envelope.payload)
    judged, first = receipt.judged, receipt.refusals[0]
    if not judged.seq < entry.seq or _head(entries, judged.seq) != judged.head:
        raise _Different("its receipt rests on other lines than this journal's")
    _same(
        "receipt",
        {name: entry.fields.get(name) for name in ("vault", "command", "step", "rule", "judged")},
        {
            "vault": receipt.papers.vault,
            "command": judged.command,
            "step": first.step,
            "rule": first.rule,
            "judged": judged.sha256,
        },
    )
    return receipt


def _refused_again(home: Path, receipt: Receipt, memory: _Memory, found: Audit) -> None:
    """Ask the question of a receipt again."""
    judged = receipt.judged
    if not judged.kept:
        found.unasked += 1
        return
    data = kept(home, EVIDENCE, judged.sha256)
    then = [r for r in receipt.refusals if r.step < _OFFICER]
    try:
        _ask(home, judged.command, data, memory.after(judged.seq), receipt)
    except (BadInput, Refused) as problem:
        now = reasons(problem)
    else:
        now = ()
    _same("verdict", [_plain(r) for r in then], [_plain(r) for r in now[:MOST]])
    if then:
        _same("number of reasons", len(then) + receipt.more, len(now))
    found.again += 1


def _ask(home: Path, command: str, data: bytes, vaults: Vaults, receipt: Receipt) -> None:
    officer, key = receipt.judged.officer or "", receipt.judged.key or KeyId("")
    if command == "sign":
        judge.transaction(data, vaults, receipt.judged.clock)
    elif command == "approve":
        document = Withdrawal.parse(Envelope.parse(data, kind="withdrawal").payload)
        judge.approval(data, vaults, officer, key, basis(home, document))
    elif command == "policy-sign":
        judge.signature(data, vaults, officer, key)
    else:
        judge.acceptance(data, vaults)


def _deed(home: Path, entry: Entry, memory: _Memory | None, found: Audit) -> None:
    """What was signed or approved is there, and passes again.

    The schedule is not asked: a clock can only refuse, and it did not.
    """
    said = entry.fields
    try:
        digest = said["approved"][0][1] if entry.event == "approve" else said[_DEEDS[entry.event]]
    except (KeyError, IndexError, TypeError):
        raise _Different("the line does not say what was judged") from None
    data = kept(home, EVIDENCE, DocumentId(str(digest)))
    if memory is None:
        return
    vaults = memory.after(entry.seq - 1)
    if entry.event == "sign":
        checked = judge.transaction(data, vaults, None)
        facts, withdrawal = checked.facts, checked.approved.withdrawal
        now = (facts.vault.id, withdrawal.sequence, facts.txid)
        _same("signature", (said.get("vault"), said.get("sequence"), said.get("txid")), now)
        own = {one.fingerprint for one in facts.vault.signers}
        if "device" not in said:
            own &= vaults[facts.vault.id].keys.keys()
        if said.get("fingerprint") not in own:
            raise _Different(f"{said.get('fingerprint')} is not this machine's key in the vault")
    elif entry.event == "approve":
        envelope, withdrawal = Envelope.wrap("withdrawal", data), Withdrawal.parse(data)
        memories = vaults.get(withdrawal.vault)
        governing = memories.enrolment.governing(withdrawal.height) if memories else None
        key = governing.policy.officers.get(str(said.get("officer"))) if governing else None
        papers = basis(home, withdrawal)
        approvable = judge.approval(
            envelope.to_bytes(), vaults, str(said.get("officer")), _or(key), papers
        )
        _same("approval", said.get("officer"), approvable.approver)
    else:
        envelope, policy = Envelope.wrap("policy", data), Policy.parse(data)
        before = vaults.get(policy.vault)
        known = (policy, *([before.enrolment.policy.policy] if before else []))
        name = str(said.get("officer"))
        key = next((p.officers[name] for p in known if name in p.admins.members), None)
        signable = judge.signature(envelope.to_bytes(), vaults, name, _or(key))
        _same("signature", (name, said.get("epoch")), (signable.admin, policy.epoch))
    found.again += 1


def _strangers(home: Path, found: Audit) -> None:
    """Receipts in the folder that no line names."""
    named = {f"{e.fields.get('receipt')}.json" for e in found.entries if e.event == REFUSAL}
    stations = [key for _, key in found.stations]
    try:
        names = sorted(path.name for path in (home / RECEIPTS).iterdir())
    except FileNotFoundError:
        names = []
    except OSError as error:
        raise failed("receipts", home / RECEIPTS, error) from None
    for name in names:
        if name in named or _left_over(name):
            continue
        try:
            digest = DocumentId(name.removesuffix(".json"))
            signed = Envelope.parse(kept(home, RECEIPTS, digest), kind=KIND).valid_keys(stations)
        except BadInput as problem:
            found.findings.append(Finding(0, f"receipts/{name}: {_told(problem)}"))
            continue
        if signed:
            why = "no line names it: coldsign was stopped before, or lines were taken away"
            found.notes.append(Finding(0, f"receipts/{name}: {why}"))
        else:
            found.findings.append(Finding(0, f"receipts/{name}: not signed by this station"))


def _left_over(name: str) -> bool:
    return name.startswith(".") and name.endswith(".tmp")  # see `files.write_new`


def _head(entries: tuple[Entry, ...], seq: int) -> DocumentId:
    return entries[seq - 1].hash if seq else EMPTY


def _or(key: KeyId | None) -> KeyId:
    return key or KeyId("")


def _plain(refusal: Refusal) -> tuple[int, str, str, str]:
    """What must come out again. The words around may name a file, or be worded better since."""
    return refusal.step, refusal.rule, refusal.expected, refusal.found


def _same(what: str, then: object, now: object) -> None:
    if then != now:
        raise _Different(f"the {what} does not come out again: then {then}, now {now}")


def _told(problem: Problem | _Different) -> str:
    if isinstance(problem, Refused):
        first = problem.refusals[0]
        return f"it would be refused: {first.what} [step {first.step}, {first.rule}]"
    if isinstance(problem, BadInput):
        return f"{problem.what}: {problem.found}"
    return str(problem)
