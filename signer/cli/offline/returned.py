"""What an officer brings back: words, shares, strings or a sealed file, told apart by content."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from signer.cli import prompt, show
from signer.cli.naming import HINTS, named
from signer.cli.offline.sheets import Way
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from signer.cli.offline.misread import Misread
    from signer.keys import codex32, slip39
    from signer.keys.keystore import Form

_FILE_LIMIT: Final = 4096
"""Bytes: a sealed key has about 400, 59 words of 8 letters 531."""

_FIRST: Final = "type the words in one line (or one share of them): "


@dataclass(frozen=True, slots=True)
class Returned:
    """What a backup held.

    Attributes:
        way: its form.
        form: how the secret is to be taken.
        secret: in that form.
        shares: how many sheets were brought.
        proven: whether the backup itself tells that it is whole: not so for exactly as many codex32
            shares as are needed, and for whatever a passphrase goes into.
        public: the fingerprint that a sealed file names; empty for the others.
    """

    way: Way
    form: "Form"
    secret: bytearray = field(repr=False)
    shares: int
    proven: bool
    public: str = ""


@dataclass(frozen=True, slots=True)
class Passphrases:
    """Questions that only some backups need.

    Attributes:
        shares: asks for the passphrase of SLIP-39 shares; None if they have none.
        file: asks for the passphrase of a sealed file.
    """

    shares: Callable[[], bytearray] | None
    file: Callable[[], bytearray]


def gather(files: Sequence[Path], asks: Passphrases, *, all_of_them: bool = False) -> Returned:
    """Read a backup: a file for each sheet, or what is typed at the terminal.

    Args:
        files: the sheets; none to have them typed.
        asks: for the passphrases.
        all_of_them: go on asking for shares when there are enough, since each is to be proven.

    Raises:
        BadInput: whatever is not one whole backup.
    """
    if files:
        return _from_files(files, asks)
    prompt.need_terminal("typing the words", "use --from FILE --passphrase-file FILE")
    typed = prompt.line(_FIRST)
    prompt.clear_screen()
    way = way_of(typed)
    if way is Way.WORDS:
        return _from_words(typed)
    return _from_shares(way, _typed(way, typed, all_of_them=all_of_them), asks)


def way_of(text: bytes | bytearray) -> Way:
    """What a text is, as far as its looks go; words unless it looks like something else."""
    from signer.core.wordlist import SHARE_WORDS, WORDS
    from signer.keys.codex32 import PREFIX
    from signer.keys.keystore import MAGIC

    if text.startswith(MAGIC[:-1]):
        return Way.FILE
    parts = [part.decode("ascii", "replace") for part in bytes(text).lower().split()]
    if parts and (parts[0].startswith(PREFIX) or (len(parts) == 1 and parts[0].isascii())):
        return Way.CODEX32
    return Way.SLIP39 if _known(parts, SHARE_WORDS) > _known(parts, WORDS) else Way.WORDS


def _known(parts: list[str], words: tuple[str, ...]) -> int:
    return len([part for part in parts if part in words])


def _from_files(files: Sequence[Path], asks: Passphrases) -> Returned:
    from signer.core.files import read_limited

    texts = []
    for file in files:
        with named(file, hint=HINTS["backup"]):
            texts.append(bytearray(read_limited(file, limit=_FILE_LIMIT, what="backup")))
    ways = {way_of(text) for text in texts}
    (way, *others) = ways
    if others or (len(texts) > 1 and way in (Way.WORDS, Way.FILE)):
        raise BadInput(
            "these files are not of one backup",
            fault=Fault.OFFICER,
            expected="one file, or the shares of one sharing, a file each",
            found=", ".join(sorted(ways)),
        )
    if way is Way.FILE:
        return _from_sealed(files[0], bytes(texts[0]), asks)
    if way is Way.WORDS:
        with named(files[0], hint=HINTS["backup"]):
            return _from_words(texts[0])
    shares = []
    for file, text in zip(files, texts, strict=True):
        with named(file, hint=HINTS["backup"]):
            shares.append(_share(way, text))
    return _from_shares(way, shares, asks)


def _from_sealed(file: Path, data: bytes, asks: Passphrases) -> Returned:
    from signer.keys.keystore import Form, Kind, open_copy
    from signer.keys.unlock import root_in

    with open_copy(file, data, asks.file()) as key:
        if key.stored.kind is not Kind.SEED:
            raise BadInput("this file holds no signing key", fault=Fault.OFFICER, found=file.name)
        if key.stored.form is not Form.GUARDED:  # whose fingerprint only its passphrase proves
            root_in(key)
        return Returned(
            Way.FILE,
            key.stored.form,
            bytearray(key.secret),
            1,
            proven=True,
            public=key.stored.public,
        )


def _from_words(text: bytearray) -> Returned:
    from signer.keys import mnemonic
    from signer.keys.hardening import wipe
    from signer.keys.unlock import Form

    secret = mnemonic.entropy(text)
    wipe(text)
    return Returned(Way.WORDS, Form.WORDS, secret, 1, proven=True)


def _typed(
    way: Way, typed: bytearray, *, all_of_them: bool
) -> "list[slip39.Share | codex32.Share]":
    """Shares, one after the other, until there are enough; a wrong one is asked for again."""
    shares: list[slip39.Share | codex32.Share] = []
    while True:
        try:
            share = _share(way, typed)
            missing = _lacking(way, [*shares, share])
        except BadInput as problem:
            show.warn(f"not taken: {problem.what} ({problem.found or problem.hint})")
            missing = _lacking(way, shares)
        else:
            shares.append(share)
            show.note(f"taken: {share.place}")
        if not missing and not all_of_them:
            return shares
        more = "; ".join(missing) or "none; type another to prove it as well, or press enter"
        typed = prompt.line(f"still missing: {more}\ntype the next share in one line: ")
        prompt.clear_screen()
        if not typed and not missing:
            return shares


def _share(way: Way, text: bytearray) -> "slip39.Share | codex32.Share":
    """Parse a share; if its checksum is wrong, say where, and at a terminal what it may be."""
    from signer.cli.offline import misread
    from signer.keys import codex32, slip39

    try:
        return slip39.parse(text) if way is Way.SLIP39 else codex32.parse(text)
    except BadInput as problem:
        find, unit = (
            (misread.words, "word") if way is Way.SLIP39 else (misread.characters, "character")
        )
        found = find(text)
        if not found:
            raise
        places = f"{unit} {', '.join(str(wrong.place) for wrong in found)}"
        _propose(found, unit)
        raise BadInput(
            problem.what,
            fault=problem.fault,
            expected=problem.expected,
            found=f"probably {places}",
            hint="look at the original again: the checksum tells a few errors, not many",
        ) from None


def _propose(found: "Sequence[Misread]", unit: str) -> None:
    """Show a person at a terminal what would be right, once; a log never sees it."""
    if prompt.is_terminal(0) and prompt.is_terminal(2):
        prompt.show_once(
            "the checksum is wrong. it would be right with this, if nothing else is wrong:\n"
            "look at the original whether it can be so, and type the whole share again",
            [f"{unit} {wrong.place}: {wrong.right}" for wrong in found],
            "press enter when you have looked: ",
        )


def _lacking(way: Way, shares: "Sequence[slip39.Share | codex32.Share]") -> tuple[str, ...]:
    from signer.keys import codex32, slip39

    if way is Way.SLIP39:
        return slip39.lacking([share for share in shares if isinstance(share, slip39.Share)])
    return codex32.lacking([share for share in shares if isinstance(share, codex32.Share)])


def _from_shares(
    way: Way, shares: "Sequence[slip39.Share | codex32.Share]", asks: Passphrases
) -> Returned:
    from signer.keys import codex32, slip39
    from signer.keys.unlock import Form

    if way is Way.SLIP39:
        worded = [share for share in shares if isinstance(share, slip39.Share)]
        passphrase = asks.shares() if asks.shares and not slip39.lacking(worded) else bytearray()
        secret = slip39.combine(worded, passphrase)
        return Returned(way, Form.MASTER, secret, len(worded), proven=not passphrase)
    strings = [share for share in shares if isinstance(share, codex32.Share)]
    secret = codex32.combine(strings)
    return Returned(
        way, Form.MASTER, secret, len(strings), proven=len(strings) > strings[0].threshold
    )
