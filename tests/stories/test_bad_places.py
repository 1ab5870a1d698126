"""Places where nothing can be read or written: taken names, full disks, no permission."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from complaints import check_complaint
from programs import forked, program

# Commands that write, by program; {out} is where to.
WRITERS = (
    "coldquorum vault show treasury -o {out}",
    "coldquorum policy propose policy.toml -o {out}",
    "coldquorum request show treasury/2 -o {out}",
    "coldquorum build treasury/2 -o {out} --fee-rate 3 --regtest",
    "coldquorum combine w1-alice.psbt w1-bob.psbt -o {out}",
    "coldquorum finalize w1-signed.psbt -o {out}",
    "coldsign key xpub alice --network regtest -o {out} --passphrase-file passphrase",
    "coldsign approve w2.json -o {out} --yes --passphrase-file passphrase",
    "coldsign policy sign policy.json -o {out} --yes --passphrase-file passphrase",
    "coldsign sign w2.psbt -o {out} --yes --passphrase-file passphrase",
)

NAMESPACE = ("unshare", "--map-root-user", "--mount")
CAN_MOUNT = (
    shutil.which("unshare") is not None
    and subprocess.run(
        [*NAMESPACE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False
    ).returncode
    == 0
)
needs_namespace = pytest.mark.skipif(not CAN_MOUNT, reason="no mount in a namespace of one's own")


def write(office, line, out, *, prefix=()):
    """Run a command that writes."""
    argv = line.format(out=out).split()
    machine = "coordinator" if argv[0] == "coldquorum" else "alice"
    place = {"cwd": office.at(machine), "home": office.home(machine)}
    if prefix:
        return program(argv, prefix=prefix, **place)
    return forked(argv, scratch=office.folder.parent, **place)


@pytest.mark.parametrize("line", WRITERS)
def test_nothing_is_overwritten(line, unharmed, tmp_path):
    """An output that exists stays as it is, and nothing else is done either."""
    out, before = tmp_path / "out", unharmed.listing()
    out.write_text("precious")
    check_complaint(write(unharmed, line, out), code=4, mentions=str(out))
    assert out.read_text() == "precious"
    assert unharmed.listing() == before


@pytest.mark.parametrize("line", WRITERS)
def test_a_folder_that_is_not_there_is_not_made(line, office, tmp_path):
    """The output's folder has to exist."""
    out = tmp_path / "nowhere" / "out"
    check_complaint(write(office, line, out), code=4, mentions="nowhere")
    assert not out.parent.exists()


@needs_namespace
@pytest.mark.parametrize("line", WRITERS)
def test_a_full_disk_leaves_no_file(line, office, tmp_path):
    """The output's disk is full: said as such, and no torn file is there."""
    disk, seen = tmp_path / "disk", tmp_path / "seen"
    disk.mkdir()
    # A disk of one page that a file has taken; what is on it at the end is told by its listing.
    script = (
        f'mount -t tmpfs -o size=4k none {disk}; head -c 4096 /dev/zero > {disk}/full; "$@"; '
        f"code=$?; ls -A {disk} > {seen}; exit $code"
    )
    prefix = (*NAMESPACE, "sh", "-c", script, "sh")
    ended = write(office, line, disk / "out", prefix=prefix)
    check_complaint(ended, code=4, mentions="no space left")
    assert seen.read_text() == "full\n"


@needs_namespace
@pytest.mark.parametrize(
    "line", ["coldquorum vault list", "coldsign approve w2.json --yes --passphrase-file passphrase"]
)
def test_a_full_disk_under_the_home_is_told(line, office, tmp_path):
    """The database or the journal cannot be written: nothing is given out."""
    disk = tmp_path / "disk"
    disk.mkdir()
    machine = "coordinator" if line.startswith("coldquorum") else "alice"
    # The home as it is, on a disk without room for anything more.
    home = office.home(machine)
    files = "journal.jsonl vaults keys" if machine == "alice" else ""
    script = (
        f"mount -t tmpfs -o size=64k none {disk}; cd {home}; "
        f"for f in {files} .; do test $f = . || cp -r $f {disk}; done; cd - > /dev/null; "
        f'cat /dev/zero > {disk}/full 2> /dev/null; "$@"'
    )
    ended = program(
        line.split(),
        cwd=office.at(machine),
        home=disk,
        prefix=(*NAMESPACE, "sh", "-c", script, "sh"),
    )
    check_complaint(ended, code=4)
    assert not (office.at(machine) / "w2-alice-2.json").exists()


@pytest.mark.parametrize("line", ["coldquorum vault list", "coldsign key list"])
def test_a_full_disk_behind_a_redirection_is_told(line, unharmed):
    """Results that could not be written are no success."""
    machine = "coordinator" if line.startswith("coldquorum") else "alice"
    with Path("/dev/full").open("w") as full:
        ended = program(
            line.split(), cwd=unharmed.at(machine), home=unharmed.home(machine), stdout=full
        )
    assert ended.code == 4
    assert "no space left" in ended.err
    assert "Traceback" not in ended.err


READERS = (
    "coldquorum policy check {bad}",
    "coldquorum request show {bad}",
    "coldquorum combine {bad} -o {out}",
    "coldsign enrol {bad} --policy policy-1.json --officer-only --yes",
    "coldsign sign {bad} -o {out} --yes --passphrase-file passphrase",
)


def forbid(path):
    """Make a path unusable for this user; give the words that a program has to be put behind."""
    if os.geteuid():
        path.chmod(0)
        return ()
    # Root may read anything, except what belongs to nobody whom its namespace knows.
    path.chmod(0o700 if path.is_dir() else 0o600)
    os.chown(path, 12345, 12345)
    return ("unshare", "--map-root-user")


@pytest.mark.skipif(os.geteuid() == 0 and not CAN_MOUNT, reason="root may read anything")
@pytest.mark.parametrize("line", READERS)
def test_a_file_without_permission_is_told(line, unharmed, tmp_path):
    """The file is named, and what to look at."""
    bad, out = tmp_path / "bad", tmp_path / "out"
    bad.write_text("secret")
    prefix = forbid(bad)
    machine = "coordinator" if line.startswith("coldquorum") else "alice"
    ended = program(
        line.format(bad=bad, out=out).split(),
        cwd=unharmed.at(machine),
        home=unharmed.home(machine),
        prefix=prefix,
    )
    check_complaint(ended, code=4, mentions="permission denied")
    assert str(bad) in ended.err
    assert not out.exists()


@pytest.mark.skipif(os.geteuid() == 0 and not CAN_MOUNT, reason="root may write anywhere")
@pytest.mark.parametrize("line", [WRITERS[0], WRITERS[-1]])
def test_a_folder_without_permission_is_told(line, office, tmp_path):
    """Nothing can be written there: said as such."""
    folder = tmp_path / "locked"
    folder.mkdir()
    prefix = forbid(folder)
    ended = write(office, line, folder / "out", prefix=prefix)
    check_complaint(ended, code=4, mentions="permission denied")
    if os.geteuid():
        folder.chmod(0o700)


@pytest.mark.parametrize(
    ("place", "told"),
    [("a file", "not a directory"), ("/proc/nowhere", "no such file"), ("/dev/null/x", "not a")],
)
@pytest.mark.parametrize("line", ["coldquorum vault list", "coldsign key list"])
def test_a_home_that_cannot_be_is_told(line, place, told, tmp_path):
    """The home is a file, or where no folder can be made."""
    home = tmp_path / place if not place.startswith("/") else place
    if place == "a file":
        home.write_text("")
    check_complaint(program(line.split(), cwd=tmp_path, home=home), code=4)


def test_a_database_that_is_not_ours_is_told(tmp_path):
    """Another program's file, or garbage, under the database's name."""
    (tmp_path / "coldquorum.sqlite").write_bytes(b"garbage " * 100)
    ended = program(["coldquorum", "vault", "list"], cwd=tmp_path, home=tmp_path)
    check_complaint(ended, code=4, mentions="coldquorum.sqlite")
