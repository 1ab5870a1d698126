"""What the tests of the chain share."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from recorded_vault import recorded_vault
from replayed_node import serving
from simulated_node import SimulatedNode

from signer.chain.regtest import Regtest
from signer.core.names import Sats
from signer.core.vault import Vault

COIN = Sats(100_000_000)


@pytest.fixture
def vault() -> Vault:
    """The vault of the recording."""
    return recorded_vault()


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Regtest]:
    """A fresh embedded regtest."""
    with Regtest(tmp_path / "regtest") as regtest:
        yield regtest


@pytest.fixture(scope="session")
def mined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an embedded regtest with some coins of the vault; nobody changes it."""
    folder = tmp_path_factory.mktemp("mined") / "regtest"
    vault = recorded_vault()
    with Regtest(folder) as chain:
        chain.fund(vault.script(0, 3).script_pubkey, COIN)
        chain.fund(vault.script(1, 1).script_pubkey, Sats(2 * COIN))
        chain.mine(script=vault.script(0, 0).script_pubkey)
    return folder


@pytest.fixture
def funded(mined: Path, tmp_path: Path) -> Iterator[Regtest]:
    """A copy of that chain, for servers to tell of."""
    with _copied(mined, tmp_path) as chain:
        yield chain


@pytest.fixture(scope="module")
def still(mined: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Regtest]:
    """The same for a whole module, whose tests leave it as it is."""
    with _copied(mined, tmp_path_factory.mktemp("still")) as chain:
        yield chain


@contextmanager
def _copied(mined: Path, folder: Path) -> Iterator[Regtest]:
    copy = folder / "regtest"
    shutil.copytree(mined, copy, copy_function=_copy_file)
    # A server answers from its own thread; the tests never ask and mine at once.
    shared = partial(sqlite3.connect, check_same_thread=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", shared)
        with Regtest(copy) as chain:
            yield chain


def _copy_file(source: str, target: str) -> None:
    """Copy a file but for the zeros at its end: the chain's files are reserved far ahead."""
    data = Path(source).read_bytes()
    Path(target).write_bytes(data.rstrip(b"\0"))
    os.truncate(target, len(data))
    shutil.copymode(source, target)


@pytest.fixture
def node(funded: Regtest, vault: Vault) -> Iterator[SimulatedNode]:
    """A simulated bitcoind."""
    simulated = SimulatedNode(funded, vault)
    with serving(simulated):
        yield simulated
