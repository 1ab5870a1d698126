"""What the tests of the chain share."""

import sqlite3
from collections.abc import Iterator
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


@pytest.fixture
def funded(tmp_path: Path, vault: Vault, monkeypatch: pytest.MonkeyPatch) -> Iterator[Regtest]:
    """An embedded regtest with some coins of the vault, for servers to tell of."""
    # The server answers from its own thread; the tests never ask and mine at once.
    shared = partial(sqlite3.connect, check_same_thread=False)
    monkeypatch.setattr(sqlite3, "connect", shared)
    with Regtest(tmp_path / "regtest") as chain:
        chain.fund(vault.script(0, 3).script_pubkey, COIN)
        chain.fund(vault.script(1, 1).script_pubkey, Sats(2 * COIN))
        chain.mine(script=vault.script(0, 0).script_pubkey)
        yield chain


@pytest.fixture
def node(funded: Regtest, vault: Vault) -> Iterator[SimulatedNode]:
    """A simulated bitcoind."""
    simulated = SimulatedNode(funded, vault)
    with serving(simulated):
        yield simulated
