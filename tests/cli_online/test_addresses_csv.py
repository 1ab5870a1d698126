"""`vault addresses --csv`: any number of addresses, in order, by workers that end with it."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from signer.build import addresses as made

MANY = made.ALONE + 1_300
PATIENCE = 60  # seconds; a bound against hanging
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="/proc tells who works")

# On any machine: by three workers, and by none.
BOTH = """
from pathlib import Path
from signer.build import addresses
from signer.core.vault import Vault
vault = Vault.parse(Path("vault.json").read_bytes())
for cores in (3, 1):
    addresses._cores = lambda: cores
    parts = list(addresses.addresses(vault, 1, range(5, 5 + addresses.ALONE + 1_300)))
    print(len(parts), *[address for part in parts for address in part])
"""

# A worker that ends after a few bytes of a part of a hundred.
TORN = """
import os
from pathlib import Path
from signer.build import addresses
from signer.core.errors import BadInput
from signer.core.vault import Vault
def torn(work, pipe, readers):
    os.write(pipe.fileno(), (100).to_bytes(4, "big") + b"bcrt1")
    os._exit(0)
addresses._run, addresses._cores = torn, lambda: 2
vault = Vault.parse(Path("vault.json").read_bytes())
try:
    next(addresses.addresses(vault, 0, range(addresses.ALONE + 1)))
except BadInput as problem:
    print(problem.what, problem.found, sep=": ")
"""


def start(counter, said, *options, **how):
    """The real program, at work on a million addresses; what it says goes to a file."""
    return subprocess.Popen(
        [
            *(sys.executable, "-P", "-m", "signer.cli.coldquorum", "--home", counter.home),
            *("vault", "addresses", counter.world.vault.name, "--csv", "--count", "1000000"),
            *options,
        ],
        stdout=subprocess.PIPE,
        stderr=said,
        text=True,
        **how,
    )


def children(program):
    """The workers of a program."""
    listed = Path(f"/proc/{program.pid}/task/{program.pid}/children").read_text()
    return [int(pid) for pid in listed.split()]


def working(program):
    """The workers of a program that prints already."""
    assert program.stdout.readline() == "branch,index,address\n"
    program.stdout.readline()
    return children(program)


def writing(program, folder):
    """The workers of a program that writes a file already."""
    end = time.monotonic() + PATIENCE
    while not any(path.stat().st_size for path in folder.glob(".*.tmp")):
        assert program.poll() is None, "it has ended"
        assert time.monotonic() < end, "it writes nothing"
        time.sleep(0.01)
    return children(program)


def gone(pids):
    """Whether all of them end, in time."""
    end = time.monotonic() + PATIENCE
    while any(Path(f"/proc/{pid}/cmdline").exists() for pid in pids):
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def test_workers_give_what_one_process_gives(counter):
    """The same addresses in the same order, a part at a time, on the branch that was asked for."""
    counter.file("vault.json", counter.world.vault.payload)
    command = [sys.executable, "-c", BOTH]
    done = subprocess.run(command, cwd=counter.folder, capture_output=True, text=True, check=True)
    spread, alone = (line.split() for line in done.stdout.splitlines())
    assert spread == alone
    assert alone.pop(0) == "5"  # parts of 500, and what is left
    assert len(set(alone)) == MANY
    for at in (0, 499, 500, MANY - 1):
        assert alone[at] == counter.world.vault.address(1, 5 + at)


def test_the_lines_are_for_programs(counter):
    """Branch, index, address; more than the list for people gives; nothing that a label says."""
    name, vault = counter.world.vault.name, counter.world.vault
    told = counter.run("vault", "addresses", name, "--csv", "--count", 3, "--start", 9, "--change")
    rows = [f"1,{index},{vault.address(1, index)}" for index in (9, 10, 11)]
    assert told.splitlines() == ["branch,index,address", *rows]
    assert "choose one" in counter.run("vault", "addresses", name, "--csv", "--json", code=2)
    last = ("--start", 2**31 - 1)
    told = counter.run("vault", "addresses", name, "--csv", "--count", 1, *last)
    assert told.splitlines()[1].startswith("0,2147483647,")
    counter.run("vault", "addresses", name, "--csv", "--count", 2, *last, code=4)


@LINUX
@pytest.mark.parametrize("end", ["the reader goes", "killed", "interrupted"])
def test_no_worker_outlives_the_program(counter, end):
    """Whoever ends it, and however: the workers end, too, and nobody sees a traceback."""
    told = counter.folder / "said"
    with told.open("w") as said, start(counter, said) as program:
        workers = working(program)
        assert len(workers) == (made._cores() if made._cores() > 1 else 0)
        if end == "the reader goes":
            program.stdout.close()
        else:
            program.send_signal(signal.SIGKILL if end == "killed" else signal.SIGINT)
        code = {"the reader goes": 141, "killed": -signal.SIGKILL, "interrupted": 130}[end]
        assert program.wait(PATIENCE) == code
        assert gone(workers)
    assert told.read_text().strip() == ("interrupted" if end == "interrupted" else "")


@LINUX
@pytest.mark.skipif(made._cores() == 1, reason="one core: no workers")
@pytest.mark.parametrize("output", [True, False])
def test_a_worker_that_dies_fails_the_command(counter, output):
    """Killed for want of memory, say: the command tells of it, and leaves no file, no worker."""
    place, told = counter.folder / "out", counter.folder / "said"
    place.mkdir()
    options = ("-o", place / "list.csv") if output else ()
    with told.open("w") as said, start(counter, said, *options) as program:
        workers = writing(program, place) if output else working(program)
        os.kill(workers[0], signal.SIGKILL)
        program.stdout.read()
        assert program.wait(PATIENCE) == 4
        assert gone(workers)
    assert "ended before its work did" in told.read_text()
    assert "signal 9" in told.read_text()
    assert "not whole" in told.read_text()
    assert not list(place.iterdir())


@LINUX
def test_half_a_part_is_none(counter):
    """A worker may die while it tells: what has come of a part is not taken for all of it."""
    counter.file("vault.json", counter.world.vault.payload)
    command = [sys.executable, "-c", TORN]
    done = subprocess.run(command, cwd=counter.folder, capture_output=True, text=True, check=True)
    assert done.stdout == "a process that makes addresses ended before its work did: exit code 0\n"


@LINUX
def test_an_interrupted_list_leaves_no_file(counter):
    """Ctrl-C in the middle: no file, no temporary one, no worker."""
    place = counter.folder / "out"
    place.mkdir()
    options = ("-o", place / "list.csv")
    with (counter.folder / "said").open("w") as said, start(counter, said, *options) as program:
        workers = writing(program, place)
        program.send_signal(signal.SIGINT)
        assert program.wait(PATIENCE) == 130
        assert gone(workers)
    assert not list(place.iterdir())


@LINUX
def test_a_full_disk_leaves_no_file(counter):
    """What does not fit is not there in part; the machine is at fault, and a hint says what to do.

    A limit on the size of files stands for the disk.
    """
    place, told = counter.folder / "out", counter.folder / "said"
    place.mkdir()

    def small():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    options = ("-o", place / "list.csv")
    with told.open("w") as said, start(counter, said, *options, preexec_fn=small) as program:
        assert program.wait(PATIENCE) == 4
    assert "make room on the disk" in told.read_text()
    assert not list(place.iterdir())


def test_a_file_has_the_same_lines_and_is_never_overwritten(counter):
    """`-o`: the lines of stdout; a second time, another file's name is asked for."""
    command = ("vault", "addresses", counter.world.vault.name, "--csv", "--count", 600)
    path = counter.folder / "list.csv"
    said = counter.json(*command, "-o", path)
    assert (said["count"], said["start"], said["file"]) == (600, 0, str(path))
    assert path.read_text() == counter.run(*command)
    before = path.read_bytes()
    counter.run(*command, "-o", path, code=4)
    assert path.read_bytes() == before
    counter.run(*command[:3], "-o", counter.folder / "other.csv", code=2)
    counter.run(*command, "-o", counter.folder / "nowhere" / "list.csv", code=4)
    assert not (counter.folder / "other.csv").exists()
