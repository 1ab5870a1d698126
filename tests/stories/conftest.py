"""One demo for all stories: it is played once, and kept."""

import fcntl
import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from programs import Ended, program

from signer.ceremony.demo import passphrase

# The world of tests/attacks stands behind these stories, too, a person at a terminal, and the
# simulated nodes and servers of tests/chain.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "chain"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli_offline"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "attacks"))

from house import House


@dataclass(frozen=True)
class Demo:
    """The demo as it was played and kept. Nobody may change its folder.

    Attributes:
        ended: what the program left.
        folder: with a folder for each machine.
    """

    ended: Ended
    folder: Path


@dataclass(frozen=True)
class Office:
    """A copy of the demo's folders, to do bad things in.

    Attributes:
        folder: with a folder for each machine.
    """

    folder: Path

    def at(self, name):
        """The folder of a machine."""
        return self.folder / name

    def home(self, name):
        """The home of the program there."""
        return self.folder / name / "home"

    def listing(self):
        """Every file with its size, to see what a failure left behind."""
        return sorted(
            (str(path.relative_to(self.folder)), path.lstat().st_size)
            for path in self.folder.rglob("*")
            if not path.is_dir() and "chainstate" not in path.parts
        )


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """`coldquorum demo --json --keep DIR`, played once, whatever number of workers there are."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    result, folder = base / "demo.json", base / "demo"
    with (base / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not result.exists():
            ended = program(
                ["coldquorum", "demo", "--json", "--keep", folder], cwd=base, home=base / "nobody"
            )
            result.write_text(json.dumps([ended.code, ended.out, ended.err]))
    return Demo(Ended(*json.loads(result.read_text())), folder)


@pytest.fixture
def office(demo, tmp_path):
    """An office of one's own."""
    return _copy(demo, tmp_path)


@pytest.fixture(scope="module")
def unharmed(demo, tmp_path_factory):
    """An office for a whole module, whose tests leave it as it was."""
    return _copy(demo, tmp_path_factory.mktemp("unharmed"))


def _copy_file(source, target):
    """Copy a file but for the zeros at its end: the chain's files are reserved far ahead."""
    data = Path(source).read_bytes()
    Path(target).write_bytes(data.rstrip(b"\0"))
    os.truncate(target, len(data))
    shutil.copymode(source, target)


def _copy(demo, place):
    assert demo.ended.code == 0, demo.ended.err[-500:]
    folder = place / "office"
    shutil.copytree(demo.folder, folder, copy_function=_copy_file)
    for officer in ("alice", "bob", "carol"):
        secret = folder / officer / "passphrase"
        secret.write_text(passphrase(officer) + "\n")
        secret.chmod(0o600)
    return Office(folder)


@pytest.fixture
def house(tmp_path) -> House:
    """A custody house at work: three signers, one coordinator, play money."""
    return House(tmp_path)
