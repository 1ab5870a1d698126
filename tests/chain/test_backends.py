"""Every kind of node and server, and the embedded chain itself, must tell the same story.

All of them speak over one and the same embedded regtest, each in its own way.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
import replayed_node
import simulated_electrum
from recorded_vault import payment, spend
from replayed_node import PASSWORD, USER
from simulated_electrum import SimulatedElectrum
from simulated_forks import SimulatedBchn, SimulatedMonacoind
from simulated_node import SimulatedNode

from signer.chain import bitcoind, electrum
from signer.chain.chain import Chain, Status
from signer.chain.electrum_link import parse_server
from signer.chain.errors import NodeRejected
from signer.chain.regtest import Regtest
from signer.chain.whole import parse_transaction
from signer.core.names import Sats, Txid
from signer.core.vault import Vault

COIN = Sats(100_000_000)

NODES = {
    "scan": ("BTC", SimulatedNode, None),
    "wallet": ("BTC", SimulatedNode, "watch"),
    "bchn": ("BCH", SimulatedBchn, None),
    "monacoind": ("MONA", SimulatedMonacoind, None),
}
SERVERS = {
    "electrumx": ("MONA", "electrumx"),
    "electrs": ("BTC", "electrs"),
    "fulcrum": ("BCH", "fulcrum"),
}


@contextmanager
def asked(kind: str, funded: Regtest, vault: Vault) -> Iterator[Chain]:
    """A way of looking at the chain."""
    if kind in NODES:
        coin, simulator, wallet = NODES[kind]
        node = simulator(funded, vault)
        with replayed_node.serving(node):
            yield bitcoind.connect(
                node.url, coin=coin, network="regtest", user=USER, password=PASSWORD, wallet=wallet
            )
    elif kind in SERVERS:
        coin, program = SERVERS[kind]
        server = SimulatedElectrum(funded, program, coin)
        with simulated_electrum.serving(server):
            where = parse_server(server.address, certificate=None, plain_tcp=False)
            with closing(electrum.connect(where, coin=coin, network="regtest")) as chain:
                yield chain
    else:
        yield funded


@pytest.fixture(params=["embedded", *NODES, *SERVERS])
def either(request: pytest.FixtureRequest, funded: Regtest, vault: Vault) -> Iterator[Chain]:
    """Each way of looking at one and the same chain."""
    with asked(request.param, funded, vault) as chain:
        yield chain


def test_same_view(either: Chain, funded: Regtest, vault: Vault) -> None:
    """The tip, coins and their transactions, used addresses; and after blocks the young coin."""
    assert either.network == "regtest"
    assert either.tip() == funded.tip()
    coins = either.coins(vault)
    assert coins == funded.coins(vault)
    assert [(c.amount, c.branch, c.index) for c in coins] == [(COIN, 0, 3), (2 * COIN, 1, 1)]
    for coin in coins:
        raw = either.transaction(coin.outpoint.txid, coin.height)
        output = parse_transaction(raw).outputs[coin.outpoint.vout]
        assert (output.amount, output.script) == (coin.amount, coin.script)
    # A wallet says everything below its next index; what was seen is always among it.
    assert {0, 3} <= either.used_indexes(vault, 0) <= {0, 1, 2, 3}
    assert {1} <= either.used_indexes(vault, 1) <= {0, 1}
    funded.mine(99)
    assert either.tip() == funded.tip()
    assert len(either.coins(vault)) == 2
    funded.mine()
    grown = either.coins(vault)
    assert grown == funded.coins(vault)
    assert [c.coinbase for c in grown] == [False, False, True]


def test_same_life_of_a_transaction(either: Chain, funded: Regtest, vault: Vault) -> None:
    """Unknown, waiting, confirmed, sent again, reorganised away, confirmed again."""
    since = either.tip().height
    coin = either.coins(vault)[0]
    raw = spend(vault, [coin], payment(vault, coin, 1_000, index=5), lock_time=since)
    txid = parse_transaction(raw).txid
    assert either.status(txid, since) == Status(0, None, in_mempool=False)
    either.test(raw)
    assert either.broadcast(raw) == txid
    assert either.broadcast(raw) == txid
    assert either.status(txid, since) == Status(0, None, in_mempool=True)
    (block,) = funded.mine()
    funded.mine(2)
    assert either.status(txid, since) == Status(3, block, in_mempool=False)
    either.test(raw)
    assert either.broadcast(raw) == txid
    funded.reorg(3)
    assert either.status(txid, since) == Status(0, None, in_mempool=True)
    (block,) = funded.mine()
    assert either.status(txid, since) == Status(1, block, in_mempool=False)


def test_same_end_when_all_outputs_are_spent(either: Chain, funded: Regtest, vault: Vault) -> None:
    """No unspent output is left to find it by: block by block, and sending again is no error."""
    since = either.tip().height
    coin = either.coins(vault)[0]
    raw = spend(vault, [coin], payment(vault, coin, 1_000, index=5))
    txid = either.broadcast(raw)
    (block,) = funded.mine()
    (moved,) = [c for c in either.coins(vault) if c.outpoint.txid == txid]
    either.broadcast(spend(vault, [moved], payment(vault, moved, 1_000, index=6)))
    funded.mine()
    assert either.status(txid, since) == Status(2, block, in_mempool=False)
    assert either.status(Txid("ab" * 32), since) == Status(0, None, in_mempool=False)
    # Another version of the withdrawal comes too late.
    with pytest.raises(NodeRejected, match="unknown or already spent"):
        either.broadcast(spend(vault, [coin], payment(vault, coin, 2_000)))


def test_same_rejections(either: Chain, vault: Vault) -> None:
    """The same words for the same reason, whoever says no."""
    first, second = either.coins(vault)
    height = either.tip().height
    good = payment(vault, first, 1_000)
    for raw, meaning in (
        (b"\x00", "no transaction"),
        (spend(vault, [first], good, signatures=1), "a signature is missing or wrong"),
        (spend(vault, [first], good, lock_time=height + 5), "lock time lies in the future"),
        (spend(vault, [first], payment(vault, first, 10)), "fee is below"),
        (spend(vault, [first], payment(vault, first, -10)), "pays out more"),
    ):
        for ask in (either.test, either.broadcast) if either.can_test else (either.broadcast,):
            with pytest.raises(NodeRejected, match=meaning) as caught:
                ask(raw)
            assert caught.value.found
    either.broadcast(spend(vault, [first, second], payment(vault, first, 5_000)))
    with pytest.raises(NodeRejected, match="spends the same coin is waiting"):
        either.broadcast(spend(vault, [first], good))
