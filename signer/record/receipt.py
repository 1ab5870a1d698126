"""The refusal receipt: a station's signed word that it refused something, and why.

A DSSE envelope, `application/vnd.coldquorum.refusal+json`, signed with the station's key. It says
enough to ask the same question again: the bytes that were judged by their SHA-256, the line of the
journal up to which this machine's memory counted, the command, the officer, the station's clock.
"""

from dataclasses import asdict, dataclass, field
from typing import Final

from policies import strict_json
from policies.envelope import document_id
from policies.spend import LocalTime
from policies.strict_json import CODE, Fields
from signer.core.errors import Fault, Refusal
from signer.core.names import DocumentId, KeyId, Txid

KIND: Final = "refusal"
VERSION: Final = 1

MAX_RECEIPT: Final = 1 << 18
"""Bytes of a payload: more than `MOST` refusals come to, each letter of them written as six."""

MOST: Final = 8
"""Refusals written out. A thief's transaction may earn one for each of its outputs."""

COMMANDS: Final = ("sign", "approve", "policy-sign", "policy-accept")
"""What refuses with a receipt. `policy-sign` is the command `policy sign`, and so on."""

_TEXTS: Final = ("what", "expected", "found", "hint")
_LONGEST: Final = 2_000
"""Characters of one text: above `policies.errors.LONGEST` and what is said around it."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What was judged, and by whom: all that a replay needs beside the journal.

    Attributes:
        command: one of `COMMANDS`.
        sha256: of the bytes: a binary PSBT, or a document's envelope.
        size: how many bytes.
        kept: whether this machine keeps them (`archive.py` has limits).
        seq: how many journal lines the machine's memory rested on.
        head: the hash of the last of them.
        officer: who was asked to sign the document, as the key is named here; None for a PSBT.
        key: that officer's public key, or None.
        clock: the station's local time where a rule may have asked for it, else None.
    """

    command: str
    sha256: DocumentId
    size: int
    kept: bool
    seq: int
    head: DocumentId
    officer: str | None = None
    key: KeyId | None = None
    clock: LocalTime | None = None


@dataclass(frozen=True, slots=True)
class Papers:
    """The documents that were named in what was judged; None where it did not get that far.

    Attributes:
        vault: the vault's id.
        policy: id of the newest policy that the machine trusted for that vault.
        withdrawal: the id of the withdrawal that was to be approved or fulfilled.
        proposed: the id of the policy that was to be signed or accepted.
        txid: of the transaction: the finished one's if its inputs are the vault's, else the
            unsigned one's.
    """

    vault: DocumentId | None = None
    policy: DocumentId | None = None
    withdrawal: DocumentId | None = None
    proposed: DocumentId | None = None
    txid: Txid | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A refusal's receipt.

    Attributes:
        program: which version judged.
        time: seconds since 1970 by the station's clock, which nobody vouches for.
        judged: what, and on what grounds.
        papers: the documents' ids.
        refusals: the first `MOST` reasons.
        more: how many reasons there were beyond those.
        payload: the document's bytes.
    """

    program: str
    time: int
    judged: Judged
    papers: Papers
    refusals: tuple[Refusal, ...]
    more: int = 0
    payload: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        reasons = [{**asdict(one), "fault": str(one.fault)} for one in self.refusals]
        table = {
            "kind": KIND,
            "version": VERSION,
            "program": self.program,
            "time": self.time,
            "judged": asdict(self.judged),
            "documents": asdict(self.papers),
            "refusals": reasons,
            "more": self.more,
        }
        object.__setattr__(self, "payload", strict_json.dump(table))

    @property
    def id(self) -> DocumentId:
        """The document's id."""
        return document_id(self.payload)

    @classmethod
    def parse(cls, payload: bytes) -> "Receipt":
        """Read a receipt's payload.

        Raises:
            BadInput: anything missing, unknown, malformed or out of range.
        """
        raw = strict_json.load(payload, limit=MAX_RECEIPT, what="receipt")
        names = ("program", "time", "judged", "documents", "refusals", "more")
        fields = Fields(raw, "receipt", ("kind", "version", *names))
        fields.exactly("kind", KIND)
        fields.exactly("version", VERSION)
        reasons = fields.tables("refusals", required=("step", "rule", "fault", *_TEXTS), least=1)
        if len(reasons) > MOST:
            fields.bad("refusals", f"a list of at most {MOST}", len(reasons))
        receipt = cls(
            fields.text("program"),
            fields.integer("time"),
            _judged(fields.table("judged", required=Judged.__slots__)),
            _papers(fields.table("documents", required=Papers.__slots__)),
            tuple(map(_refusal, reasons)),
            fields.integer("more"),
        )
        if receipt.payload != payload:
            fields.bad("kind", "written as this program writes it", "another form")
        return receipt


def _judged(fields: Fields) -> Judged:
    command = fields.text("command")
    if command not in COMMANDS:
        fields.bad("command", f"one of {', '.join(COMMANDS)}", command)
    clock = None
    if fields.raw["clock"] is not None:
        inner = fields.table("clock", required=("weekday", "time"))
        clock = LocalTime(inner.integer("weekday", most=6), inner.text("time"))
    named = fields.raw["officer"] is not None
    key = _digest(fields, "key")
    return Judged(
        command,
        fields.digest("sha256"),
        fields.integer("size"),
        fields.flag("kept"),
        fields.integer("seq"),
        fields.digest("head"),
        fields.name("officer") if named else None,
        KeyId(key) if key else None,
        clock,
    )


def _papers(fields: Fields) -> Papers:
    vault, policy, withdrawal, proposed, txid = (_digest(fields, k) for k in Papers.__slots__)
    return Papers(vault, policy, withdrawal, proposed, Txid(txid) if txid else None)


def _digest(fields: Fields, key: str) -> DocumentId | None:
    return None if fields.raw[key] is None else fields.digest(key)


def _refusal(fields: Fields) -> Refusal:
    texts = [fields.raw[name] for name in ("rule", *_TEXTS)]
    for name, text in zip(("rule", *_TEXTS), texts, strict=True):
        if not isinstance(text, str) or len(text) > _LONGEST:
            fields.bad(name, f"text of at most {_LONGEST} characters", text)
    fault = fields.word("fault", CODE)
    if fault not in list(Fault):
        fields.bad("fault", f"one of {', '.join(Fault)}", fault)
    rule, what, expected, found, hint = texts
    step = fields.integer("step", least=1, most=11)
    return Refusal(step, rule, what, Fault(fault), expected, found, hint)
