"""What the attacks share: one world, and the real program to try them on."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from world import World

from signer.chain.regtest import Regtest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "cli_offline"))

from alices_machine import Program
from regtest_ground import Ground


@pytest.fixture(scope="session")
def world() -> World:
    """One world for all: it holds no state."""
    return World()


@pytest.fixture(scope="session", params=["p2wsh", "p2sh-p2wsh"])
def either(request) -> World:
    """A world of either script type."""
    return World(request.param)


@pytest.fixture(scope="session")
def thief() -> World:
    """Somebody with keys, officers and a vault of their own; and with every online machine."""
    return World(seed=1)


@pytest.fixture(scope="session")
def program(world, tmp_path_factory) -> Program:
    """Alice's machine; it refuses everything in these tests, so one serves them all."""
    return Program(world, tmp_path_factory.mktemp("alice") / "home")


@pytest.fixture
def program_refuses(program, tmp_path):
    """Expect that the real program refuses some bytes at a step, by these rules."""

    def expect(raw: bytes, step: int, *rules: str) -> None:
        program.expect_refusal(program.run(raw, tmp_path), tmp_path, step, *rules)

    return expect


@pytest.fixture(scope="session")
def ground(world, tmp_path_factory) -> Iterator[Ground]:
    """One chain for all: every test brings its own coins."""
    with Regtest(tmp_path_factory.mktemp("ground") / "regtest") as chain:
        yield Ground(world, chain)


@pytest.fixture
def expect_program_cannot_read(program, tmp_path):
    """Expect that the real program cannot read some bytes, and says this about them."""

    def expect(raw: bytes, what: str) -> None:
        ended = program.run(raw, tmp_path)
        assert ended.code == 4, ended.err
        assert what in json.loads(ended.out)["error"]["what"]
        program.expect_nothing(tmp_path)

    return expect
