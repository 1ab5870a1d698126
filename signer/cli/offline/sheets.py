"""What an officer takes away: words, shares of words, or strings, a sheet each."""

import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from signer.cli import prompt, show
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from signer.keys.keystore import Form

_SHARING: Final = re.compile(r"([0-9]{1,2})(?:of|-of-|/)([0-9]{1,2})")
_ROWS: Final = 12  # of words: with the heading, and five columns of them, a screen of 80x24


class Way(StrEnum):
    """A form of backup. What each holds is in docs/adr/0010-backup-forms.md."""

    WORDS = "words"
    SLIP39 = "slip39"
    CODEX32 = "codex32"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Part:
    """So many of so many.

    Attributes:
        threshold: how many are needed.
        count: how many there are.
    """

    threshold: int
    count: int

    def __str__(self) -> str:
        return f"{self.threshold} of {self.count}"


@dataclass(frozen=True, slots=True)
class Plan:
    """How a key is to be backed up.

    Attributes:
        way: the form.
        parts: a sharing for each group; none if there is nothing to share.
        needed: how many groups are needed.
    """

    way: Way
    parts: tuple[Part, ...] = ()
    needed: int = 1

    def __str__(self) -> str:
        groups = ", ".join(map(str, self.parts))
        if len(self.parts) > 1:
            groups = f"{self.needed} of {len(self.parts)} groups: {groups}"
        return f"{self.way} {groups}".strip()


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of paper, or plate of steel.

    Attributes:
        title: which one it is; empty if there is only one.
        name: the same for the name of a file.
        text: what is on it, in one line.
    """

    title: str
    name: str
    text: str = field(repr=False)

    def lines(self) -> list[str]:
        """The text as it is to be written down: words numbered in columns, strings in fours."""
        parts = self.text.split()
        if len(parts) == 1:
            return show.folded(show.grouped(self.text), 40)
        cells = [f"{place:2}. {word}" for place, word in enumerate(parts, 1)]
        rows = max(_ROWS, -(-len(cells) // 5)) if len(cells) > _ROWS else len(cells)
        return show.columns(cells[row::rows] for row in range(rows)).splitlines()

    def same(self, typed: bytes | bytearray) -> bool:
        """Whether somebody typed exactly this; case and blanks aside."""
        given, wanted = bytes(typed).lower().split(), self.text.lower().encode().split()
        return b"".join(given) == wanted[0] if len(wanted) == 1 else given == wanted


def plan(way: Way, shares: Sequence[str], needed: int | None) -> Plan:
    """Understand what was asked for.

    Raises:
        BadInput: not a sharing, one where there is none, or none where there should be one.
    """
    parts = []
    for text in shares:
        match = _SHARING.fullmatch(text)
        if match is None:
            raise _bad("not a sharing", expected="for instance 2of3", found=text[:20])
        parts.append(Part(int(match[1]), int(match[2])))
    if way in (Way.WORDS, Way.FILE) and (parts or needed):
        raise _bad(f"{way} are not shared", hint="--as slip39 and --as codex32 make shares")
    if way is Way.CODEX32 and (len(parts) > 1 or needed):
        raise _bad("codex32 has no groups", hint="--as slip39 has")
    if way is Way.SLIP39 and not parts:
        raise _bad("how many shares?", hint="for instance --shares 2of3; once for each group")
    if len(parts) > 1 and needed is None:
        raise _bad("how many of the groups are needed?", hint="for instance --groups-needed 2")
    return Plan(way, tuple(parts), needed or 1)


def make(
    plan: Plan, secret: bytearray, form: "Form", guard: bytearray, share_passphrase: bytearray
) -> tuple[Sheet, ...]:
    """The sheets of a key.

    Args:
        plan: which, and how many.
        secret: the key's, of this form.
        form: of the secret.
        guard: its BIP39 passphrase, or empty.
        share_passphrase: encrypts SLIP-39 shares; empty is the standard's own default.

    Raises:
        BadInput: a key without words, a sharing that cannot be, a passphrase without a use.
    """
    from signer.keys import codex32, mnemonic, slip39
    from signer.keys.hardening import wipe
    from signer.keys.unlock import Form, seed_of

    if share_passphrase and plan.way is not Way.SLIP39:
        raise _bad("only slip39 shares have a share passphrase")
    if plan.way is Way.WORDS:
        if form is Form.MASTER:
            raise _bad(
                "this key has no BIP39 words",
                found="a key that was made for shares, or restored from them",
                hint="back it up with --as slip39, codex32 or file",
            )
        return (Sheet("", "words", " ".join(mnemonic.words(secret))),)
    seed = seed_of(secret, form, guard)
    try:
        if plan.way is Way.SLIP39:
            groups = [slip39.Group(part.threshold, part.count) for part in plan.parts]
            return tuple(
                Sheet(
                    f"{share.place} of {groups[share.group].count}",
                    f"slip39-{share.group + 1}-{share.member + 1}",
                    " ".join(slip39.words(share)),
                )
                for share in slip39.split(seed, groups, plan.needed, share_passphrase)
            )
        part = plan.parts[0] if plan.parts else Part(0, 1)
        return tuple(
            Sheet(
                f"share {share.index.upper()}" if plan.parts else "",
                f"codex32-{share.index}",
                codex32.text(share),
            )
            for share in codex32.split(seed, part.threshold, part.count)
        )
    finally:
        wipe(seed)


def hand_out(sheets: Sequence[Sheet], label: str, plan: Plan, out: Path | None) -> ExitStack:
    """Show each sheet once and have it typed back, or write them to new private files.

    Args:
        sheets: from `make`.
        label: what to write beside it, for people: the key's name and fingerprint.
        plan: what they are.
        out: a file for one sheet, a folder to make for shares, or None for the terminal.

    Returns:
        What closes removes the files again, unless `pop_all` was called: a failure leaves none.

    Raises:
        BadInput: something else was typed back, or a file cannot be written.
    """
    from signer.core.files import make_folder, write_private

    with ExitStack() as undo:
        if out is None:
            for number, sheet in enumerate(sheets, 1):
                _show_and_check(sheet, label, plan, f"sheet {number} of {len(sheets)}: ")
        elif not plan.parts:
            write_private(out, sheets[0].text.encode() + b"\n")
            undo.callback(out.unlink, missing_ok=True)
        else:
            make_folder(out)
            undo.callback(out.rmdir)
            for sheet in sheets:
                path = out / f"{sheet.name}.txt"
                write_private(path, sheet.text.encode() + b"\n")
                undo.callback(path.unlink, missing_ok=True)
        return undo.pop_all()


def _show_and_check(sheet: Sheet, label: str, plan: Plan, number: str) -> None:
    what = "share" if sheet.title else "words" if plan.way is Way.WORDS else "string"
    if sheet.title:
        heading = f"{number}{plan.way}, {sheet.title}; write it down, it is shown once:"
    else:
        they = "they are" if plan.way is Way.WORDS else "it is"
        heading = f"write the {what} on paper; shown only once, and {they} the key:"
    heading += f"\n(and write with it: {label}, {plan})"
    question = f"type the {what} back in one line: "
    prompt.show_once(heading, sheet.lines())
    back = prompt.line(question)
    prompt.clear_screen()
    if not sheet.same(back):
        raise _bad(
            "this is not what was shown: nothing was stored",
            hint="throw the paper away and run the command again",
        )


def _bad(what: str, *, expected: str = "", found: str = "", hint: str = "") -> BadInput:
    return BadInput(what, fault=Fault.OFFICER, expected=expected, found=found, hint=hint)
