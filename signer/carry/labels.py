"""Labels as other wallets keep them (BIP329): a JSON object a line.

Labels come from others and decide nothing that a signer sees. One field acts here: an output with
`spendable: false` is left alone by the coordinator's coin selection.

Types that are not defined are skipped, as the BIP says ("Backwards Compatibility"); fields that
are not known here (heights, rates, values) are kept with the record, and written again.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, NoReturn

from signer.core.descriptor import Descriptor
from signer.core.errors import BadInput, Fault
from signer.core.names import Txid
from signer.core.transaction import OutPoint

MAX_FILE: Final = 1 << 24
"""Bytes: some 100,000 records."""
MAX_RECORDS: Final = 100_000
MAX_LINE: Final = 1 << 13
MAX_LABEL: Final = 255
"""Characters: the BIP's own suggestion ("Importing"). Longer ones are cut, and counted."""

_TXID: Final = "[0-9a-f]{64}"
_REFERENCES: Final = {
    "tx": re.compile(_TXID),
    "addr": re.compile(r"[!-~]{14,100}"),
    "pubkey": re.compile(r"([0-9a-f]{64}|0[23][0-9a-f]{64}|04[0-9a-f]{128})"),
    "input": re.compile(rf"{_TXID}:(0|[1-9][0-9]{{0,9}})"),
    "output": re.compile(rf"{_TXID}:(0|[1-9][0-9]{{0,9}})"),
    "xpub": re.compile(r"[xyztuvYZUV]pub[1-9A-HJ-NP-Za-km-z]{100,120}"),
}
"""The BIP's types, and how their references look ("Specification")."""

_HEX: Final = ("tx", "pubkey", "input", "output")
_ORIGIN: Final = re.compile(r"\[[^\[\]]*\]")
_bad = partial(BadInput, fault=Fault.OFFICER)


@dataclass(frozen=True, slots=True)
class Record:
    """One label.

    Attributes:
        type: "tx", "addr", "pubkey", "input", "output" or "xpub".
        reference: to what: a txid, an address and so on; hex digits in lower case.
        label: for people, or None if the record says nothing of it.
        spendable: of an output, or None if the record says nothing of it.
        others: further fields, `origin` among them, as a JSON object.
    """

    type: str
    reference: str
    label: str | None = None
    spendable: bool | None = None
    others: str = "{}"

    @property
    def outpoint(self) -> OutPoint | None:
        """What a record of an output is about."""
        if self.type != "output":
            return None
        txid, _, vout = self.reference.partition(":")
        return OutPoint(Txid(txid), int(vout))

    def over(self, earlier: "Record | None") -> "Record":
        """The two together: what this one says nothing of stays as it was (BIP329)."""
        if earlier is None:
            return self
        others = json.loads(earlier.others) | json.loads(self.others)
        return replace(
            self,
            label=earlier.label if self.label is None else self.label,
            spendable=earlier.spendable if self.spendable is None else self.spendable,
            others=json.dumps(others),
        )


@dataclass(frozen=True, slots=True)
class Labels:
    """What a file holds.

    Attributes:
        records: for this vault, in the file's order.
        elsewhere: how many are of other wallets, by their origin.
        unknown: how many are of types that the BIP does not define.
        cut: how many labels were too long.
    """

    records: tuple[Record, ...]
    elsewhere: int
    unknown: int
    cut: int


def parse(data: bytes, form: Descriptor) -> Labels:
    """Read a file for a vault of this descriptor.

    Raises:
        BadInput: a line that is no record; the line is told. Nothing is taken then.
    """
    if len(data) > MAX_FILE:
        raise _bad("labels: too large", expected=f"at most {MAX_FILE:,} bytes")
    lines = data.removeprefix(b"\xef\xbb\xbf").split(b"\n", MAX_RECORDS)
    if len(lines) > MAX_RECORDS:
        raise _bad("labels: too many", expected=f"fewer than {MAX_RECORDS:,} lines")
    records: list[Record] = []
    elsewhere = unknown = cut = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        table = _table(line, number)
        kind = table.get("type")
        if isinstance(kind, str) and kind not in _REFERENCES:
            unknown += 1
            continue
        record = _record(table, number)
        origin = table.get("origin")
        if origin is not None and not _ours(origin, form):
            elsewhere += 1
            continue
        if record.label is not None and len(record.label) > MAX_LABEL:
            cut += 1
            record = replace(record, label=record.label[:MAX_LABEL])
        records.append(record)
    return Labels(tuple(records), elsewhere, unknown, cut)


def write(records: Iterable[Record]) -> str:
    """The records, a line each."""
    return "".join(json.dumps(table(record)) + "\n" for record in records)


def table(record: Record) -> dict[str, Any]:
    """A record as the BIP has it."""
    found: dict[str, Any] = {"type": record.type, "ref": record.reference}
    if record.label is not None:
        found["label"] = record.label
    if record.spendable is not None:
        found["spendable"] = record.spendable
    found |= json.loads(record.others)
    return found


def origin(form: Descriptor) -> str:
    """A vault's abbreviated descriptor: its keys' origins without the keys."""
    keys = ",".join(str(key.origin).replace("h", "'") for key in form.keys)
    inner = f"wsh(sortedmulti({form.threshold},{keys}))"
    return inner if form.script_type == "p2wsh" else f"sh({inner})"


def _ours(text: object, form: Descriptor) -> bool:
    """Whether an origin names the keys of this vault, in whatever order and spelling."""
    found = _ORIGIN.findall(text.replace("'", "h").lower()) if isinstance(text, str) else []
    return sorted(found) == sorted(str(key.origin) for key in form.keys)


def _table(line: bytes, number: int) -> dict[str, Any]:
    if len(line) > MAX_LINE:
        _fail(number, "too long", f"at most {MAX_LINE:,} bytes")
    try:
        found = json.loads(line.decode(), object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError):
        _fail(number, "not a JSON object that means one thing")
    if not isinstance(found, dict):
        _fail(number, "not a JSON object")
    return found


def _record(found: dict[str, Any], number: int) -> Record:
    kind, reference, label = found.get("type"), found.get("ref"), found.get("label")
    if not isinstance(kind, str) or not isinstance(reference, str):
        _fail(number, "no type or no ref")
    if kind in _HEX:
        reference = reference.lower()
    if not _REFERENCES[kind].fullmatch(reference):
        _fail(number, f"not a reference to: {kind}")
    if not isinstance(label, str | None) or (label and ("\n" in label or "\r" in label)):
        _fail(number, "a label has to be one line of text")
    known = {"type", "ref", "label"}
    spendable = None
    if kind == "output":
        known.add("spendable")
        spendable = found.get("spendable")
        if not isinstance(spendable, bool | None):
            _fail(number, "spendable has to be true or false")
    others = {name: value for name, value in found.items() if name not in known}
    return Record(kind, reference, label, spendable, json.dumps(others))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _refuse(word: str) -> NoReturn:
    raise ValueError(word)


def _fail(number: int, why: str, expected: str = "") -> NoReturn:
    raise _bad(
        f"labels, line {number}: {why}",
        expected=expected or "a record as BIP329 has it",
        hint="nothing was taken; mend or delete the line",
    )
