"""Vaults of each coin and script type, on that coin's own embedded chain, through its nodes."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import partial

import pytest
import replayed_node
import simulated_electrum
from replayed_node import PASSWORD, USER
from simulated_electrum import SimulatedElectrum
from simulated_forks import SimulatedBchn, SimulatedMonacoind
from simulated_node import SimulatedNode

from signer.build.vault import create_vault
from signer.chain import bitcoind, electrum
from signer.chain.bchvm import library
from signer.chain.chain import Chain, Status
from signer.chain.electrum_link import parse_server
from signer.chain.regtest import Regtest
from signer.core.bip32 import Origin
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.coins import network
from signer.core.descriptor import VaultKey, bip48_path
from signer.core.names import Sats
from signer.core.vault import Vault, VaultSigner

# By coin: how its node is simulated, and which server goes with it. A coin more is a line more.
COINS = {
    "BTC": (SimulatedNode, "electrs"),
    "BCH": (SimulatedBchn, "fulcrum"),
    "MONA": (SimulatedMonacoind, "electrumx"),
}
KINDS = [
    (coin, script)
    for coin in COINS
    for script in network(coin, "regtest").script_types
    if (coin, script) != ("BTC", "p2wsh")  # test_backends.py has it
]


def vault_of(coin: str, script: str) -> Vault:
    """A 2-of-3 vault."""
    known = network(coin, "regtest")
    path = bip48_path(known, script)
    roots = [ExtendedPrivateKey.from_seed(bytes((number,)) * 32) for number in (1, 2, 3)]
    return create_vault(
        name="each",
        coin=coin,
        network="regtest",
        script_type=script,
        threshold=2,
        keys=[
            VaultKey(Origin(root.fingerprint, path), root.derive_path(path).public())
            for root in roots
        ],
        signers=[
            VaultSigner(name, root.fingerprint, "enforcing")
            for name, root in zip(("alice", "bob", "carol"), roots, strict=True)
        ],
        birth_height=0,
    )


@pytest.fixture(scope="module")
def chains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Regtest]]:
    """Each coin's embedded chain, for a whole module."""
    library.install()  # the virtual machine of Bitcoin Cash
    shared = partial(sqlite3.connect, check_same_thread=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", shared)
        folder = tmp_path_factory.mktemp("coins")
        opened = {coin: Regtest(folder / coin, coin=coin) for coin in COINS}
        yield opened
        for chain in opened.values():
            chain.close()


@pytest.mark.parametrize(("coin", "script"), KINDS)
def test_a_node_and_a_server_tell_of_a_vault(
    coin: str, script: str, chains: dict[str, Regtest]
) -> None:
    """Coins on both branches, where they are, and when a reorganisation took a block back."""
    chain, vault = chains[coin], vault_of(coin, script)
    chain.fund(vault.script(0, 4).script_pubkey, Sats(70_000))
    txid = chain.fund(vault.script(1, 2).script_pubkey, Sats(90_000))
    simulator, kind = COINS[coin]
    node = simulator(chain, vault)
    server = SimulatedElectrum(chain, kind, coin)

    def look(view: Chain) -> None:
        coins = view.coins(vault)
        assert coins == chain.coins(vault)
        assert {c.amount: (c.branch, c.index) for c in coins} == {70_000: (0, 4), 90_000: (1, 2)}
        assert view.transaction(txid, coins[1].height) == chain.transaction(txid)
        assert view.status(txid) == Status(1, chain.tip().hash, in_mempool=False)
        chain.reorg(1)
        assert view.status(txid) == Status(0, None, in_mempool=True)
        assert [c.amount for c in view.coins(vault)] == [70_000]
        chain.mine()

    with replayed_node.serving(node):
        look(bitcoind.connect(node.url, coin=coin, network="regtest", user=USER, password=PASSWORD))
    with simulated_electrum.serving(server):
        where = parse_server(server.address, certificate=None, plain_tcp=False)
        with closing(electrum.connect(where, coin=coin, network="regtest")) as view:
            look(view)
