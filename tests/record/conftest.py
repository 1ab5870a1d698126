"""The desk of tests/sign and the world of tests/attacks serve these tests, too."""

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "attacks"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "crash"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "sign"))

from crash_stage import cheapen
from officers_desk import Desk
from world import World

from signer.keys import keystore


@pytest.fixture(scope="session")
def world() -> World:
    """One world for all: it holds no state."""
    return World()


@pytest.fixture(scope="session")
def template(world, tmp_path_factory):
    """A home with alice's and dave's keys, and the vault enrolled: made once."""
    home = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PASSES", "LANES", "MEMORY"):
            patch.setattr(keystore, name, getattr(keystore, name))
        cheapen(keystore)
        world.keystore(home, "alice")
        world.keystore(home, "dave")
    world.state(home)
    return home


@pytest.fixture
def enrolled(monkeypatch, capfd, tmp_path, template):
    """A machine with those keys, and the world's vault enrolled with alice's."""
    for name in ("PASSES", "LANES", "MEMORY"):
        monkeypatch.setattr(keystore, name, getattr(keystore, name))  # put back at the end
    cheapen(keystore)
    home = tmp_path / "home"
    shutil.copytree(template, home)
    folder = tmp_path / "desk"
    folder.mkdir()
    return Desk(monkeypatch, capfd, folder, home)
