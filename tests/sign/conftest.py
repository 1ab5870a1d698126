"""The world of tests/attacks serves these tests, too."""

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "attacks"))

from officers_desk import Desk
from world import World


@pytest.fixture(scope="session")
def world() -> World:
    """One world for all: it holds no state."""
    return World()


@pytest.fixture(scope="module", params=["p2wsh", "p2sh-p2wsh"])
def either(request) -> World:
    """A world of either script type."""
    return World(request.param)


@pytest.fixture(scope="session")
def keys(world, tmp_path_factory):
    """Alice's and dave's keys, sealed once: Argon2id takes its time."""
    home = tmp_path_factory.mktemp("keys")
    world.keystore(home, "alice")
    world.keystore(home, "dave")
    return home


@pytest.fixture
def desk(monkeypatch, capfd, tmp_path, keys):
    """A machine with the keys of alice and dave, that knows no vault."""
    home = tmp_path / "home"
    shutil.copytree(keys, home)
    folder = tmp_path / "desk"
    folder.mkdir()
    return Desk(monkeypatch, capfd, folder, home)


@pytest.fixture
def enrolled(desk, world):
    """The same, with the world's vault enrolled and alice's key in it."""
    world.state(desk.home)
    return desk
