"""A file that is too large to be held in memory, written a part at a time."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from signer.core.files import failed, opened, publish, refuse_existing

_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL


@contextmanager
def streamed(path: Path) -> Iterator[BinaryIO]:
    """A file that is not there yet; it has its name when all of it is on the disk, or never.

    Raises:
        BadInput: the name is taken, the folder is missing or not writable, the disk is full.
    """
    refuse_existing(path)
    temporary = path.parent / f".{secrets.token_hex(8)}.tmp"
    try:
        with opened(temporary, _NEW, 0o644) as number, open(number, "wb", closefd=False) as file:
            yield file
            file.flush()
            os.fsync(number)
        publish(temporary, path)
    except OSError as error:
        raise failed("output", path, error) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
