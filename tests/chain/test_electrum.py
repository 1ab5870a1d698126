"""An Electrum server that lies, is of another chain or protocol, or cannot do what we ask."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from recorded_vault import payment, spend
from simulated_electrum import SimulatedElectrum, serving
from simulated_node import FailureError

from signer.chain import scripts
from signer.chain.electrum import Electrum, connect
from signer.chain.electrum_link import parse_server
from signer.chain.errors import (
    ChainError,
    NodeNonsense,
    NodeRejected,
    NodeSyncing,
    NodeWrongNetwork,
)
from signer.chain.nodes import NODES
from signer.chain.regtest import Regtest
from signer.chain.whole import parse_transaction
from signer.core.errors import BadInput
from signer.core.names import Txid
from signer.core.vault import Vault


@pytest.fixture
def server(still: Regtest) -> Iterator[SimulatedElectrum]:
    """An ElectrumX for Bitcoin."""
    simulated = SimulatedElectrum(still, "electrumx")
    with serving(simulated):
        yield simulated


@contextmanager
def view(
    server: SimulatedElectrum, coin: str = "BTC", network: str = "regtest"
) -> Iterator[Electrum]:
    """The server as `connect` finds it."""
    where = parse_server(server.address, certificate=None, plain_tcp=False)
    with closing(connect(where, coin=coin, network=network)) as chain:
        yield chain


def coins_of(server: SimulatedElectrum, vault: Vault) -> Any:
    """What a fresh view lists."""
    with view(server) as chain:
        return chain.coins(vault)


def features(**changes: Any) -> Callable[[Any], Any]:
    """`server.features` with other values."""
    return lambda true: {**true, **changes}


@pytest.mark.parametrize("coin", ["BTC", "BCH", "MONA"])
@pytest.mark.parametrize("network", ["main", "test", "signet", "regtest"])
def test_a_server_of_another_chain(server: SimulatedElectrum, coin: str, network: str) -> None:
    """Its first block tells. Bitcoin Cash's regtest begins like Bitcoin's: it is play money."""
    if (coin, network) in (("BTC", "regtest"), ("BCH", "regtest")):
        with view(server, coin, network) as chain:
            assert chain.network == network
    elif network not in NODES[coin].networks:
        with pytest.raises(BadInput, match="no node"), view(server, coin, network):
            pass
    else:
        with pytest.raises(NodeWrongNetwork, match="another chain"), view(server, coin, network):
            pass


def test_bitcoin_and_bitcoin_cash_are_told_apart_by_a_later_block(
    server: SimulatedElectrum,
) -> None:
    """They share their first 478,559 blocks, the genesis block among them."""
    for coin, other in (("BTC", "BCH"), ("BCH", "BTC")):
        (mine,) = NODES[coin].networks["main"].beginnings
        (theirs,) = NODES[other].networks["main"].beginnings
        assert mine.genesis == theirs.genesis
        assert mine.landmark is not None
        server.lies["server.features"] = features(genesis_hash=mine.genesis)
        with pytest.raises(NodeWrongNetwork) as caught, view(server, coin, "main"):
            pass
        assert caught.value.found == f"no block {mine.landmark.height}"
        header = server.do_blockchain_block_header(5)
        server.lies["blockchain.headers.subscribe"] = lambda _, h=header: {
            "height": 900_000,
            "hex": h,
        }
        server.lies["blockchain.block.header"] = lambda _, h=header: h
        server.do_blockchain_block_header = lambda _, h=header: h  # type: ignore[method-assign] -- a chain that is longer
        with pytest.raises(NodeWrongNetwork) as caught, view(server, coin, "main"):
            pass
        assert mine.landmark.hash in caught.value.expected
        del server.do_blockchain_block_header
        server.lies.clear()


@pytest.mark.parametrize(
    "said", [[], ["ElectrumX"], ["ElectrumX", "new"], ["E", 1.4], ["E", "1.4", 3], "1.4", None]
)
def test_a_protocol_that_is_none(server: SimulatedElectrum, said: Any) -> None:
    """It is only looked at where it matters: for Bitcoin Cash."""
    server.lies["server.version"] = lambda _: said
    with pytest.raises(NodeNonsense), view(server, "BCH"):
        pass


def listed(**changes: Any) -> Callable[[Any], Any]:
    """A list whose first entry, if any, is described otherwise."""
    return lambda true: [{**true[0], **changes}, *true[1:]] if true else true


LIES: dict[str, Any] = {
    "an amount more": listed(value=100_000_001),
    "a fraction": listed(value=1.5),
    "less than nothing": listed(value=-1),
    "over the supply": listed(value=10**18),
    "an amount of text": listed(value="1"),
    "another output": listed(tx_pos=1),
    "an output beyond": listed(tx_pos=7),
    "a negative output": listed(tx_pos=-1),
    "a short id": listed(tx_hash="ab"),
    "a height above the tip": listed(height=499_999_999),
    "a height below the mempool's": listed(height=-2),
    "a height of text": listed(height="5"),
    "a coin twice": lambda true: true * 2,
    "a coin that is a list": lambda true: [[] for _ in true],
    "no list": lambda true: {"coins": true},
    "nothing": lambda _: None,
}


@pytest.mark.parametrize("name", LIES)
def test_lies_about_coins(server: SimulatedElectrum, vault: Vault, name: str) -> None:
    """A server cannot make us believe in a coin that is not the vault's, or not so."""
    server.lies["blockchain.scripthash.listunspent"] = LIES[name]
    with pytest.raises(NodeNonsense) as caught:
        coins_of(server, vault)
    assert caught.value.hint


def test_somebody_elses_coin(server: SimulatedElectrum, vault: Vault) -> None:
    """A true coin, but of another script: its transaction does not pay the vault there."""
    (other,) = server.do_blockchain_scripthash_listunspent(_hash(vault, 1, 1))
    server.lies["blockchain.scripthash.listunspent"] = lambda true: [other] if true else true
    with pytest.raises(NodeNonsense, match=r"twice|not in its transaction"):
        coins_of(server, vault)


def test_lies_about_transactions(server: SimulatedElectrum, vault: Vault) -> None:
    """The bytes must hash to the id that was asked for."""
    other = server.chain.transaction(server.chain.coins(vault)[1].outpoint.txid).hex()
    for lie in (other, "00", None):
        server.lies["blockchain.transaction.get"] = lambda _, lie=lie: lie
        with pytest.raises(NodeNonsense):
            coins_of(server, vault)


def test_a_withheld_transaction_is_said(
    server: SimulatedElectrum, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unknown is one thing, a server that will not tell another."""

    def refuse(code: int, words: str) -> None:
        def get(_: str) -> None:
            raise FailureError(code, words)

        monkeypatch.setattr(server, "do_blockchain_transaction_get", get)

    refuse(2, "No such mempool or blockchain transaction.")
    with pytest.raises(ChainError, match="does not find"):
        coins_of(server, vault)
    refuse(-102, "excessive resource usage")
    with pytest.raises(ChainError, match="refuses") as caught, view(server) as chain:
        chain.status(Txid("ab" * 32))
    assert "your own server" in caught.value.hint


@pytest.mark.parametrize(
    "lie",
    [
        {"height": -1, "hex": "00" * 80},
        {"height": 1, "hex": "00" * 79},
        {"height": 1, "hex": "zz"},
        {"height": 1},
        {"height": 1.5, "hex": "00" * 80},
        {"height": 500_000_000, "hex": "00" * 80},
        None,
    ],
)
def test_lies_about_the_tip(server: SimulatedElectrum, lie: Any) -> None:
    """Heights and headers have their forms."""
    server.lies["blockchain.headers.subscribe"] = lambda _: lie
    with pytest.raises(NodeNonsense), view(server):
        pass


def test_a_block_above_the_tip(server: SimulatedElectrum, vault: Vault) -> None:
    """A transaction cannot lie deeper than there are blocks."""
    with view(server) as chain:
        txid = chain.coins(vault)[0].outpoint.txid
        server.lies["blockchain.scripthash.get_history"] = listed(height=400_000_000)
        with pytest.raises(NodeNonsense, match="above its tip"):
            chain.status(txid)


def test_chain_that_never_rests(server: SimulatedElectrum, vault: Vault) -> None:
    """Coins are listed at one tip, or not at all."""
    heights = iter(range(100, 200))
    server.lies["blockchain.headers.subscribe"] = lambda true: {**true, "height": next(heights)}
    with pytest.raises(NodeSyncing, match="too fast"):
        coins_of(server, vault)


def test_a_server_that_calls_everything_used(
    server: SimulatedElectrum, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot make us derive without end."""
    monkeypatch.setattr(scripts, "_MOST", 300)
    entry = {"tx_hash": "ab" * 32, "height": 1}
    server.lies["blockchain.scripthash.get_history"] = lambda _: [entry]
    with pytest.raises(NodeNonsense, match="more addresses"):
        coins_of(server, vault)


def test_lies_about_sending(
    server: SimulatedElectrum, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another id than the transaction's."""
    with view(server) as chain:
        coin = chain.coins(vault)[0]
        raw = spend(vault, [coin], payment(vault, coin, 1_000))
        for lie in ("ab" * 32, "ab", None):
            monkeypatch.setattr(
                server, "do_blockchain_transaction_broadcast", lambda _, lie=lie: lie
            )
            with pytest.raises(NodeNonsense):
                chain.broadcast(raw)


def test_what_can_be_tested_is_tested(funded: Regtest, vault: Vault) -> None:
    """Coins that are spent or unknown; not what the mempool spends: that may be replaced."""
    server = SimulatedElectrum(funded, "electrumx")
    with serving(server), view(server) as chain:
        assert not chain.can_test
        coin = chain.coins(vault)[0]
        first, second = (spend(vault, [coin], payment(vault, coin, fee)) for fee in (1_000, 2_000))
        unknown = spend(vault, [], payment(vault, coin, 1_000))
        chain.test(first)
        chain.broadcast(first)
        chain.test(first)
        chain.test(second)
        server.chain.mine()
        chain.test(first)
        with pytest.raises(NodeRejected, match="already spent"):
            chain.test(second)
        with pytest.raises(NodeRejected, match="no transaction"):
            chain.test(unknown)
        stranger = parse_transaction(first)
        child = spend(vault, [_moved(coin, stranger.txid, 9)], payment(vault, coin, 1_000))
        with pytest.raises(NodeRejected, match="unknown or already spent"):
            chain.test(child)


@pytest.mark.parametrize(
    ("estimate", "relayed", "expected"),
    [(-1, 0.00001, None), (0.00012345, 0.00001, 12_345), (0.000001, 0.00001, 1_000), (1, 0, 10**8)],
)
def test_estimates(
    server: SimulatedElectrum, estimate: float, relayed: float, expected: int | None
) -> None:
    """Exact, never below what nodes relay; -1 is none."""
    server.lies["blockchain.estimatefee"] = lambda _: estimate
    server.lies["blockchain.relayfee"] = lambda _: relayed
    with view(server) as chain:
        assert chain.fee_rate(6) == expected


@pytest.mark.parametrize("estimate", [-2, "1", None, [], 1e300, True])
def test_estimates_that_are_none(server: SimulatedElectrum, estimate: Any) -> None:
    """Only -1 says that there is none."""
    server.lies["blockchain.estimatefee"] = lambda _: estimate
    with pytest.raises(NodeNonsense), view(server) as chain:
        chain.fee_rate(6)


def test_questions_are_asked_together(server: SimulatedElectrum, vault: Vault) -> None:
    """Two hundred addresses in a few round trips; once per block, and kept."""
    with view(server) as chain:
        chain.coins(vault)
        before = len(server.asked)
        chain.coins(vault)
        assert server.asked[before:] == ["blockchain.headers.subscribe"]


def _hash(vault: Vault, branch: int, index: int) -> str:
    from signer.core.hashes import sha256

    return sha256(vault.script(branch, index).script_pubkey)[::-1].hex()


def _moved(coin: Any, txid: Txid, vout: int) -> Any:
    from dataclasses import replace

    from signer.core.transaction import OutPoint

    return replace(coin, outpoint=OutPoint(txid, vout))
