"""What this machine keeps for auditors: files of the home that are named by their SHA-256.

    evidence/<sha256>       what was judged: a PSBT; a document's payload or envelope
    receipts/<sha256>.json  refusal receipts

What was signed or approved is kept always: an officer said yes to each. What was refused comes
from whoever brings files, and must neither fill the disk nor bury the journal, so it has limits.
What came first stays: a thief cannot wash out what is there by sending more. A machine that has
refused so often is under attack, or its coordinator is broken, and belongs in an auditor's hands.
"""

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final

from signer.core.errors import BadInput, Fault
from signer.core.files import failed, make_folder, read_limited, write_private
from signer.core.hashes import sha256
from signer.core.names import DocumentId
from signer.core.psbt import MAX_PSBT

MAX_REFUSALS: Final = 4_096
"""Refusals recorded in a home: 2 MB of the journal's 256, and receipts of 8 MB, as a rule."""

MAX_REFUSED: Final = 4 << 20
"""Bytes of one refused file that is kept. A payment with ten coins takes about 20 kB."""

MAX_EVIDENCE: Final = 256 << 20
"""Bytes of the folder beyond which nothing that was refused is kept any more."""

EVIDENCE: Final = "evidence"
RECEIPTS: Final = "receipts"
_NAMES: Final = {EVIDENCE: "", RECEIPTS: ".json"}
DIGEST: Final = re.compile(r"[0-9a-f]{64}")


def place(home: Path, folder: str, digest: DocumentId) -> Path:
    """Where a file is kept."""
    return home / folder / f"{digest}{_NAMES[folder]}"


def keep(home: Path, folder: str, data: bytes) -> DocumentId:
    """Keep a file; it is on the disk when this returns.

    Raises:
        BadInput: the disk does not take it.
    """
    digest = DocumentId(sha256(data).hex())
    path = place(home, folder, digest)
    with suppress(BadInput):
        if read_limited(path, limit=len(data), what="kept file") == data:
            return digest
    make_folder(path.parent)
    try:
        path.unlink(missing_ok=True)  # left half-made by a run that stopped on a disk without links
    except OSError as error:
        raise failed("kept file", path, error) from None
    write_private(path, data)
    return digest


def keep_refused(home: Path, data: bytes) -> bool:
    """Keep what was refused, if it is within the limits; tells whether it is kept.

    Raises:
        BadInput: the disk does not take it.
    """
    if not data or len(data) > MAX_REFUSED or _size(home / EVIDENCE) + len(data) > MAX_EVIDENCE:
        return False
    keep(home, EVIDENCE, data)
    return True


def kept(home: Path, folder: str, digest: DocumentId) -> bytes:
    """A kept file, proven by its hash.

    Raises:
        BadInput: it is missing, cannot be read, or is not what it was.
    """
    path = place(home, folder, digest)
    data = read_limited(path, limit=MAX_PSBT, what="kept file")
    if sha256(data).hex() != digest:
        raise BadInput(
            "a kept file was altered",
            fault=Fault.MACHINE,
            expected=f"sha256 {digest}",
            found=f"sha256 {sha256(data).hex()}",
        )
    return data


def _size(folder: Path) -> int:
    try:
        with os.scandir(folder) as found:
            return sum(one.stat(follow_symlinks=False).st_size for one in found)
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise failed("evidence", folder, error) from None
