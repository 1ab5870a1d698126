"""Files: limits before reading, nothing overwritten, nothing left behind."""

import errno
import os
import resource
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from signer.core import files
from signer.core.errors import BadInput, Fault
from signer.core.files import read_limited, refuse_existing, write_new, write_private

NOBODY = 65534
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="needs to become another user")


def read(path, limit=100):
    """Read as the tests here do."""
    return read_limited(path, limit=limit, what="vault document")


def error_of(call, *args, **kwargs):
    """Run a call that must be bad input and give the error."""
    with pytest.raises(BadInput) as caught:
        call(*args, **kwargs)
    return caught.value


def failing(number):
    """Make a stand-in for a system call that fails."""

    def fail(*_args, **_kwargs):
        raise OSError(number, os.strerror(number))

    return fail


def test_a_file_is_read_up_to_its_limit(tmp_path):
    """The limit is inclusive; one byte more is refused."""
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100)
    assert read(path) == b"x" * 100
    assert read(str(path)) == b"x" * 100
    path.write_bytes(b"x" * 101)
    error = error_of(read, path)
    assert error.what == "vault document: too large"
    assert error.expected == "at most 100 bytes"


def test_missing_files_and_folders(tmp_path):
    """Each says what it is, whose problem, and the path."""
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for name, says in (
        ("nowhere", "no such file"),
        ("dangling", "no such file"),
        ("no/where", "no such file"),
        ("file/below", "not a directory"),
        ("", "is a directory"),
    ):
        error = error_of(read, tmp_path / name)
        assert says in error.what
        assert error.what.startswith("vault document: ")
        assert error.fault is Fault.OFFICER
        assert error.found == str(tmp_path / name)
        assert error.hint


def test_an_empty_file(tmp_path):
    """It is named as empty, not as garbled."""
    (tmp_path / "file").touch()
    assert error_of(read, tmp_path / "file").what == "vault document: the file is empty"


def test_a_huge_file_is_refused_before_it_is_read(tmp_path, monkeypatch):
    """1 GB, sparse: the size alone decides; not one byte is read."""
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(1 << 30)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    monkeypatch.setattr(files, "_PART", None)  # any read would be of everything
    assert "too large" in error_of(read, path, 1 << 25).what
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB


def test_an_endless_device_is_refused_at_the_limit():
    """No size tells that /dev/zero never ends: reading stops just past the limit."""
    assert "too large" in error_of(read, "/dev/zero", 1 << 20).what
    assert "empty" in error_of(read, os.devnull).what


def test_a_pipe_is_read(tmp_path):
    """`--passphrase-file <(command)` gives a pipe, in pieces."""
    path = tmp_path / "pipe"
    os.mkfifo(path)

    def write():
        with path.open("wb", buffering=0) as pipe:
            pipe.write(b"one ")
            pipe.write(b"two")

    writer = threading.Thread(target=write)
    writer.start()
    assert read(path) == b"one two"
    writer.join()


@pytest.mark.parametrize("name", ["a\x00b", "\ud800", "x" * 5000])
def test_names_that_no_file_can_have(tmp_path, name):
    """A zero byte, a lone surrogate and an endless name are errors, reading and writing."""
    path = os.path.join(tmp_path, name)  # noqa: PTH118 -- pathlib would refuse some earlier
    assert error_of(read, path)
    assert error_of(write_new, path, b"x")
    assert list(tmp_path.iterdir()) == []


def test_reading_without_permission(tmp_path, monkeypatch):
    """Permission is the machine's matter; the hint says what to check."""
    path = tmp_path / "file"
    path.write_bytes(b"x")
    monkeypatch.setattr("builtins.open", failing(errno.EACCES))
    error = error_of(read, path)
    assert error.what == "vault document: cannot be read: permission denied"
    assert error.fault is Fault.MACHINE
    assert "permissions" in error.hint


@root_only
def test_permission_as_another_user_really_denied(tmp_path):
    """A process of another user reads and writes nothing, and says so, exit status included."""
    tmp_path.chmod(0o700)
    secret = tmp_path / "file"
    secret.write_bytes(b"x")
    script = (
        "import os, sys; from signer.core.files import *; from signer.core.errors import BadInput\n"
        f"os.setgid({NOBODY}); os.setuid({NOBODY})\n"
        "for call in (lambda: read_limited(sys.argv[1], limit=9, what='it'),"
        " lambda: write_new(sys.argv[1] + '.new', b'x')):\n"
        "    try: call()\n"
        "    except BadInput as error: print(error.what, error.fault)\n"
    )
    top = Path(files.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", script, str(secret)],
        check=False,
        capture_output=True,
        text=True,
        cwd=top,
    )
    assert done.stdout.splitlines() == [
        "it: cannot be read: permission denied machine",
        "output: permission denied machine",
    ], done.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_read_error_of_the_disk(tmp_path, monkeypatch):
    """EIO is told as such."""
    (tmp_path / "file").write_bytes(b"x")
    monkeypatch.setattr("builtins.open", failing(errno.EIO))
    error = error_of(read, tmp_path / "file")
    assert (error.what, error.fault) == (
        "vault document: cannot be read: input/output error",
        Fault.MACHINE,
    )


def test_a_new_file_is_whole_and_has_its_mode(tmp_path):
    """Public files obey the umask, private ones are 0600; no other file stays."""
    mask = os.umask(0o022)
    try:
        write_new(tmp_path / "public", b"p" * 100_000)
        write_private(tmp_path / "private", b"s")
    finally:
        os.umask(mask)
    assert (tmp_path / "public").read_bytes() == b"p" * 100_000
    assert stat.S_IMODE((tmp_path / "public").stat().st_mode) == 0o644
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o600
    assert (tmp_path / "private").stat().st_nlink == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["private", "public"]


def test_a_relative_name_is_written_where_one_stands(tmp_path, monkeypatch):
    """Without a folder in the name, the folder is the current one."""
    monkeypatch.chdir(tmp_path)
    write_new("file", b"x")
    assert (tmp_path / "file").read_bytes() == b"x"


@pytest.mark.parametrize("kind", ["file", "empty file", "folder", "link", "dangling link", "pipe"])
def test_nothing_is_ever_overwritten(tmp_path, kind):
    """Whatever has the name keeps it; a symbolic link is not followed."""
    output, other = tmp_path / "output", tmp_path / "other"
    other.write_bytes(b"kept")
    match kind:
        case "file":
            output.write_bytes(b"kept")
        case "empty file":
            output.touch()
        case "folder":
            output.mkdir()
        case "link":
            output.symlink_to(other)
        case "dangling link":
            output.symlink_to(tmp_path / "nowhere")
        case "pipe":
            os.mkfifo(output)
    before = output.lstat()
    for call in (lambda: write_new(output, b"new"), lambda: refuse_existing(output)):
        error = error_of(call)
        assert error.what == "output: file exists"
        assert error.fault is Fault.OFFICER
        assert "nothing is ever overwritten" in error.hint
    assert output.lstat() == before
    assert other.read_bytes() == b"kept"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["other", "output"]


def test_a_name_taken_while_writing_is_not_overwritten(tmp_path, monkeypatch):
    """Between the first look and the end, somebody else took the name: theirs stays."""
    output = tmp_path / "output"
    monkeypatch.setattr(files, "refuse_existing", lambda _path: output.write_bytes(b"theirs"))
    assert error_of(write_new, output, b"ours").what == "output: file exists"
    assert output.read_bytes() == b"theirs"
    assert [p.name for p in tmp_path.iterdir()] == ["output"]


def test_a_disk_without_hard_links_works_too(tmp_path, monkeypatch):
    """FAT, as on USB sticks: the name is reserved and replaced; a taken one is kept."""
    monkeypatch.setattr(os, "link", failing(errno.EPERM))
    write_private(tmp_path / "output", b"ours")
    assert (tmp_path / "output").read_bytes() == b"ours"
    assert stat.S_IMODE((tmp_path / "output").stat().st_mode) == 0o600
    monkeypatch.setattr(files, "refuse_existing", lambda _path: None)
    assert error_of(write_new, tmp_path / "output", b"new").what == "output: file exists"
    assert (tmp_path / "output").read_bytes() == b"ours"
    monkeypatch.setattr(Path, "replace", failing(errno.EIO))
    assert error_of(write_new, tmp_path / "another", b"new").fault is Fault.MACHINE
    assert [p.name for p in tmp_path.iterdir()] == ["output"]


def test_a_missing_folder(tmp_path):
    """The folder is not made: a typo in a path shall not scatter files."""
    for path in (tmp_path / "no" / "where", tmp_path / "file" / "below"):
        (tmp_path / "file").write_bytes(b"x")
        error = error_of(write_new, path, b"x")
        assert error.fault is Fault.OFFICER
        assert error.hint == "check the path"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


FAILURES = {
    errno.ENOSPC: "make room on the disk, then run the same command again",
    errno.EDQUOT: "make room on the disk, then run the same command again",
    errno.EROFS: "this disk cannot be written to",
    errno.EIO: "check the path and the disk",
}


@pytest.mark.parametrize("number", FAILURES)
@pytest.mark.parametrize("call", ["fsync", "link and reserve"])
def test_a_failing_disk_leaves_nothing(tmp_path, monkeypatch, number, call):
    """Whichever step fails, there is no output, no temporary file, and one clear line."""
    if call == "fsync":
        monkeypatch.setattr(os, "fsync", failing(number))
    else:
        monkeypatch.setattr(files, "publish", failing(number))
    error = error_of(write_new, tmp_path / "output", b"x" * 1000)
    assert error.what == f"output: {os.strerror(number).lower()}"
    assert error.fault is Fault.MACHINE
    assert error.hint == FAILURES[number]
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_durable_keeps_no_file(tmp_path, monkeypatch):
    """If the name's fsync fails, a crash could lose it: it is taken back and said."""
    monkeypatch.setattr(files, "sync_folder", failing(errno.EIO))
    assert error_of(write_new, tmp_path / "output", b"x").what == "output: input/output error"
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_leaves_nothing(tmp_path, monkeypatch):
    """Ctrl-C in the middle of writing."""

    def interrupt(*_args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_new(tmp_path / "output", b"x")
    assert list(tmp_path.iterdir()) == []


def test_a_file_size_limit_is_a_full_disk(tmp_path):
    """RLIMIT_FSIZE cuts the writing in the middle, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        error = error_of(write_new, tmp_path / "output", b"x" * 100_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert error.what == "output: file too large"
    assert error.fault is Fault.MACHINE
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path):
    """Mount a file system of 64 KiB, where the system lets us."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    try:
        done = subprocess.run(mount, check=False, capture_output=True)
    except FileNotFoundError:
        pytest.skip("no mount command")
    if done.returncode:
        pytest.skip("may not mount a file system here")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_really_full_disk_leaves_nothing(small_disk):
    """A tmpfs of 64 KiB: the file does not fit, and the disk is as empty as before."""
    error = error_of(write_new, small_disk / "output", b"x" * 200_000)
    assert error.what == "output: no space left on device"
    assert error.hint.startswith("make room")
    assert list(small_disk.iterdir()) == []
    write_new(small_disk / "output", b"x" * 20_000)
    assert (small_disk / "output").stat().st_size == 20_000
