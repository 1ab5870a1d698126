"""Files in and out: nothing is read past its limit, nothing is overwritten or left half-written."""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from signer.core.errors import BadInput, Fault

_PART = 1 << 16
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
_HINTS = {
    errno.ENOENT: (Fault.OFFICER, "check the path"),
    errno.ENOTDIR: (Fault.OFFICER, "check the path"),
    errno.EISDIR: (Fault.OFFICER, "name a file, not a folder"),
    errno.EEXIST: (Fault.OFFICER, "choose another name: nothing is ever overwritten"),
    errno.EACCES: (Fault.MACHINE, "check the permissions of the file and of its folder"),
    errno.EPERM: (Fault.MACHINE, "check the permissions of the file and of its folder"),
    errno.EROFS: (Fault.MACHINE, "this disk cannot be written to"),
    errno.ENOSPC: (Fault.MACHINE, "make room on the disk, then run the same command again"),
    errno.EDQUOT: (Fault.MACHINE, "make room on the disk, then run the same command again"),
    errno.EFBIG: (Fault.MACHINE, "make room on the disk, then run the same command again"),
}


def read_limited(path: str | os.PathLike[str], *, limit: int, what: str) -> bytes:
    """Read a whole file of 1 to `limit` bytes.

    Args:
        path: a file, or a pipe: `--passphrase-file <(...)` is common.
        limit: bytes; a longer file is refused before it is read.
        what: the kind of file, for people: "vault document".

    Raises:
        BadInput: missing, a folder, not permitted, empty, too large, or unreadable.
    """
    parts: list[bytes] = []
    found = 0
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 -- unbuffered: no read-ahead
            state = os.fstat(file.fileno())
            size = state.st_size if stat.S_ISREG(state.st_mode) else 0
            # A pipe comes in many parts; a file, which may be large, in one, and is not copied.
            while size <= limit >= found and (part := file.read(max(size, _PART))):
                parts.append(part)
                found += len(part)
    except (OSError, ValueError) as error:
        raise failed(f"{what}: cannot be read", path, error) from None
    if max(size, found) > limit:
        raise BadInput(
            f"{what}: too large",
            fault=Fault.OFFICER,
            expected=f"at most {limit:,} bytes",
            found=_named(path),
        )
    if not found:
        raise BadInput(f"{what}: the file is empty", fault=Fault.OFFICER, found=_named(path))
    return b"".join(parts)


def refuse_existing(path: str | os.PathLike[str]) -> None:
    """Say early, before anybody is asked anything, that an output is already there.

    Raises:
        BadInput: something has that name, be it a dangling symbolic link.
    """
    if os.path.lexists(path):
        raise failed("output", path, FileExistsError(errno.EEXIST, ""))


def write_new(path: str | os.PathLike[str], data: bytes, *, mode: int = 0o644) -> None:
    """Write a file that is not there yet: wholly and durably, or not at all.

    A temporary file in the same folder is written and fsynced, then linked to its name, which
    fails if the name is taken; then the folder is fsynced.

    Raises:
        BadInput: the name is taken, the folder is missing or not writable, the disk is full.
    """
    refuse_existing(path)
    target = Path(path)
    temporary = target.parent / f".{secrets.token_hex(8)}.tmp"
    try:
        with opened(temporary, _NEW, mode) as file:
            write_all(file, data)
        publish(temporary, target)
    except (OSError, ValueError) as error:
        raise failed("output", path, error) from None
    finally:
        with suppress(OSError, ValueError):
            temporary.unlink(missing_ok=True)


def write_private(path: str | os.PathLike[str], data: bytes) -> None:
    """`write_new` for what only its owner may read: mode 0600 from the first byte on."""
    write_new(path, data, mode=0o600)


@contextmanager
def opened(path: Path, flags: int, mode: int = 0o600) -> Iterator[int]:
    """A file's descriptor, closed in the end."""
    file = os.open(path, flags | os.O_CLOEXEC, mode)
    try:
        yield file
    finally:
        os.close(file)


def write_all(file: int, data: bytes) -> None:
    """Write to a descriptor; the data is on the disk when this returns."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
    os.fsync(file)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable: a new one, or that one is gone."""
    with opened(folder, os.O_RDONLY | os.O_DIRECTORY) as file:
        os.fsync(file)


def make_folder(folder: Path) -> None:
    """Make a folder that only its owner may enter, and those above it, unless they are there.

    Raises:
        BadInput: the disk does not let us.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"the folder cannot be made: {os.strerror(error.errno or 0).lower()}",
            fault=Fault.MACHINE,
            found=_named(folder),
            hint="check the disk and its permissions",
        ) from None


def publish(temporary: Path, target: Path) -> None:
    """Give a temporary file, in the same folder and on the disk, its name, if nothing has that.

    Raises:
        OSError: something has, or the disk does not let us; the temporary file may be left.
    """
    try:
        os.link(temporary, target)
    except OSError:
        # A USB stick's FAT has no hard links: reserve the name, then replace our reservation. Where
        # the name is taken, this fails for the same reason.
        with opened(target, _NEW):
            pass
    try:
        temporary.replace(target)  # does nothing after a link: both names are the same file
        sync_folder(target.parent)
    except OSError:
        target.unlink()
        raise


def failed(what: str, path: str | os.PathLike[str], error: Exception) -> BadInput:
    """Turn what the system said into an error of ours; the path is the only thing quoted."""
    number = error.errno if isinstance(error, OSError) and error.errno else errno.EINVAL
    fault, hint = _HINTS.get(number, (Fault.MACHINE, "check the path and the disk"))
    reason = os.strerror(number).lower()
    return BadInput(f"{what}: {reason}", fault=fault, found=_named(path), hint=hint)


def _named(path: str | os.PathLike[str]) -> str:
    """A path that every output can print, though its bytes are not UTF-8."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")
