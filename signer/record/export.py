"""The record in one file, for an auditor on another machine: a ZIP archive, stored, not packed.

    journal.jsonl               what was done
    vaults/<id>/...             the documents that it pins
    receipts/<sha256>.json      what was refused, and why
    evidence/<sha256>           what was judged

Nothing else of the home is in it: no key, sealed or not. Whoever receives it reads it as a file
from a thief: names of these forms only, each once, within limits, nothing compressed.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from signer.core.errors import BadInput, Fault
from signer.core.files import make_folder, read_limited, write_private
from signer.core.journal import MAX_JOURNAL
from signer.core.journal import NAME as JOURNAL
from signer.core.psbt import MAX_PSBT

_HEX: Final = "[0-9a-f]{64}"
_NAMES: Final = re.compile(
    rf"{re.escape(JOURNAL)}|vaults/{_HEX}/(vault|policy-[1-9][0-9]*)\.json"
    rf"|receipts/{_HEX}\.json|evidence/{_HEX}"
)

MAX_RECORD: Final = 2 << 30
"""Bytes of an archive: well above what the limits of `archive.py` and `journal.py` come to."""

_TIME: Final = (1980, 1, 1, 0, 0, 0)
"""The earliest that a ZIP archive can tell: the same record gives the same file."""


def export(home: Path) -> bytes:
    """The record of a home, as an archive.

    Raises:
        BadInput: a file cannot be read.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path, name in _files(home):
            info = zipfile.ZipInfo(name, _TIME)
            info.external_attr = 0o600 << 16
            archive.writestr(info, read_limited(path, limit=_limit(name), what=name))
    return buffer.getvalue()


def unpack(path: Path, folder: Path) -> None:
    """Lay an archive out as a home, in an empty folder.

    Raises:
        BadInput: it is no archive of this kind, or the disk does not take it.
    """
    data = read_limited(path, limit=MAX_RECORD, what="exported record")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names: set[str] = set()
            for info in archive.infolist():
                name = info.filename
                _check(info, again=name in names)
                names.add(name)
                content = archive.read(info)
                make_folder((folder / name).parent)
                write_private(folder / name, content)
    except (zipfile.BadZipFile, EOFError, ValueError, RuntimeError):
        raise _bad("it is no whole ZIP archive", str(path)) from None


def _files(home: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(home.rglob("*")):
        name = path.relative_to(home).as_posix()
        if _NAMES.fullmatch(name) and path.is_file() and not path.is_symlink():
            yield path, name


def _limit(name: str) -> int:
    return MAX_JOURNAL if name == JOURNAL else MAX_PSBT


def _check(info: zipfile.ZipInfo, *, again: bool) -> None:
    """Refuse an entry before anything of it is read."""
    name = info.filename
    if not _NAMES.fullmatch(name) or again:
        raise _bad("it holds what does not belong there", name)
    stored = info.compress_type == zipfile.ZIP_STORED and info.compress_size == info.file_size
    if not stored or info.flag_bits & 1 or info.file_size > _limit(name):
        raise _bad("an entry is packed, sealed or too large", name)


def _bad(what: str, found: str) -> BadInput:
    return BadInput(
        f"exported record: {what}",
        fault=Fault.OFFICER,
        found=found,
        hint="take the file that `coldsign journal export -o FILE` wrote",
    )
