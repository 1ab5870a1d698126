"""A bitcoind that is syncing, pruned, busy or on another chain, its wallets, and its lies."""

from collections.abc import Callable
from typing import Any

import pytest
from recorded_vault import payment, recorded_vault, spend
from replayed_node import PASSWORD, USER
from simulated_node import FailureError, SimulatedNode

from signer.chain.bitcoind import Bitcoind, connect
from signer.chain.errors import (
    ChainError,
    NodeNonsense,
    NodeSyncing,
    NodeWrongNetwork,
)
from signer.chain.nodes import NODES
from signer.core.errors import BadInput
from signer.core.names import Height, Txid
from signer.core.vault import Vault


def view(node: SimulatedNode, wallet: str | None) -> Bitcoind:
    """The node as `connect` finds it."""
    return connect(
        node.url, coin="BTC", network="regtest", user=USER, password=PASSWORD, wallet=wallet
    )


def test_no_estimate(node: SimulatedNode) -> None:
    """A node that has seen too little says so, and we pass it on."""
    assert view(node, None).fee_rate(6) is None


@pytest.mark.parametrize(
    ("feerate", "expected"),
    [(0.00001, 1_000), (0.00012345, 12_345), (1, 100_000_000)],
)
def test_estimate_is_exact(node: SimulatedNode, feerate: float, expected: int) -> None:
    """BTC for 1,000 vbytes as whole satoshi."""
    node.lies["estimatesmartfee"] = lambda _: {"feerate": feerate, "blocks": 6}
    assert view(node, None).fee_rate(100_000) == expected


def test_unknown_transaction(node: SimulatedNode, vault: Vault) -> None:
    """Without index a node knows a transaction only by its block."""
    chain = view(node, None)
    coin = chain.coins(vault)[0]
    with pytest.raises(ChainError, match="does not find") as caught:
        view(node, None).transaction(coin.outpoint.txid)
    assert "txindex=1" in caught.value.hint
    with pytest.raises(ChainError, match="does not find"):
        chain.transaction(Txid("ab" * 32), Height(1))


def test_pruned_node(node: SimulatedNode, vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    """The block of an old coin is gone: said so, with a way out."""

    def pruned(*_: Any) -> None:
        raise FailureError(-1, "Block not available (pruned data)")

    monkeypatch.setattr(node, "do_getrawtransaction", pruned, raising=True)
    with pytest.raises(ChainError, match="thrown away") as caught:
        view(node, None).coins(vault)
    assert "--wallet" in caught.value.hint


def info(**changes: Any) -> Callable[[Any], Any]:
    """`getblockchaininfo` with other values."""
    return lambda true: {**true, **changes}


@pytest.mark.parametrize("chain", ["main", "test", "testnet4", "signet", ""])
def test_node_on_another_network(node: SimulatedNode, chain: str) -> None:
    """The vault's network and the node's own word are compared."""
    node.lies["getblockchaininfo"] = info(chain=chain)
    with pytest.raises(NodeWrongNetwork) as caught:
        view(node, None)
    assert (caught.value.expected, caught.value.found) == ("regtest", chain)


def test_testnet4_is_a_test_network(node: SimulatedNode) -> None:
    """The addresses and keys of testnet3 and testnet4 are the same."""
    node.lies["getblockchaininfo"] = info(chain="testnet4", initialblockdownload=False)
    node.lies["getblockhash"] = lambda _: NODES["BTC"].networks["test"].beginnings[1].genesis
    found = connect(node.url, coin="BTC", network="test", user=USER, password=PASSWORD)
    assert found.network == "test"


def test_node_that_is_still_syncing(node: SimulatedNode) -> None:
    """Headers far ahead of blocks, on any network; Core's own word for it, except on regtest."""
    height = node.chain.tip().height
    node.lies["getblockchaininfo"] = info(headers=height + 3)
    with pytest.raises(NodeSyncing, match="catching up"):
        view(node, None)
    node.lies["getblockchaininfo"] = info(headers=height + 2)
    view(node, None)
    node.lies["getblockchaininfo"] = info(chain="signet")
    with pytest.raises(NodeSyncing):
        connect(node.url, coin="BTC", network="signet", user=USER, password=PASSWORD)


def test_wallet_is_made_once_and_loaded_again(node: SimulatedNode, vault: Vault) -> None:
    """Made with the vault's two descriptors; after a restart of the node it is loaded."""
    assert len(view(node, "watch").coins(vault)) == 2
    imported = node.wallets["watch"]
    assert [entry["desc"] for entry in imported] == node.descriptors()
    assert [entry["internal"] for entry in imported] == [False, True]
    node.loaded.clear()
    node.lies["importdescriptors"] = lambda _: pytest.fail("imported twice")
    assert len(view(node, "watch").coins(vault)) == 2


def test_wallet_looks_back_to_the_vaults_birth(node: SimulatedNode, vault: Vault) -> None:
    """The time of the birth block; for a vault that is born now, nothing older."""
    view(node, "old").coins(vault)
    assert {e["timestamp"] for e in node.wallets["old"]} == {1_296_688_602}
    young = recorded_vault(birth_height=node.chain.tip().height)
    view(node, "young").coins(young)
    assert {e["timestamp"] for e in node.wallets["young"]} == {"now"}


@pytest.mark.parametrize(
    ("changes", "expected", "words"),
    [
        ({"private_keys_enabled": True}, BadInput, "only watches"),
        ({"descriptors": False}, BadInput, "only watches"),
        ({"scanning": {"duration": 5, "progress": 0.4}}, NodeSyncing, "old blocks"),
    ],
)
def test_wallets_that_cannot_be_used(
    node: SimulatedNode, vault: Vault, changes: Any, expected: type[Exception], words: str
) -> None:
    """One with keys, one of the old kind, one that is still scanning."""
    node.lies["getwalletinfo"] = lambda true: {**true, **changes}
    with pytest.raises(expected, match=words):
        view(node, "watch").coins(vault)


def test_wallet_of_another_vault(node: SimulatedNode, vault: Vault) -> None:
    """One wallet for each vault, or their coins would be mixed up."""
    node.wallets["shared"] = [{"desc": node.descriptors()[0].replace("sortedmulti(2", "multi(1")}]
    with pytest.raises(BadInput, match="watches something else") as caught:
        view(node, "shared").coins(vault)
    assert "one wallet for each vault" in caught.value.hint


def test_descriptor_that_the_node_does_not_take(node: SimulatedNode, vault: Vault) -> None:
    """Its own words are passed on."""
    failed = {"success": False, "error": {"code": -4, "message": "Wallet is too old"}}
    node.lies["importdescriptors"] = lambda _: [failed, failed]
    with pytest.raises(ChainError, match="does not take") as caught:
        view(node, "watch").coins(vault)
    assert caught.value.found == "Wallet is too old"


def test_scan_that_is_busy_or_aborted(
    node: SimulatedNode, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else scans; somebody aborted ours."""
    node.lies["scantxoutset"] = lambda _: {"success": False}
    with pytest.raises(ChainError, match="gave up"):
        view(node, None).coins(vault)

    def busy(*_: Any) -> None:
        raise FailureError(-8, 'Scan already in progress, use action "abort" or "status"')

    monkeypatch.setattr(node, "do_scantxoutset", busy)
    with pytest.raises(NodeSyncing, match="already scanning"):
        view(node, None).coins(vault)


def test_scan_is_kept_until_the_next_block(node: SimulatedNode, vault: Vault) -> None:
    """Minutes of a node's time are not spent twice for one answer."""
    scans: list[int] = []
    node.lies["scantxoutset"] = lambda true: scans.append(1) or true
    chain = view(node, None)
    chain.coins(vault)
    chain.used_indexes(vault, 0)
    assert len(scans) == 1
    node.chain.mine()
    chain.coins(vault)
    assert len(scans) == 2


def test_chain_that_never_rests(node: SimulatedNode, vault: Vault) -> None:
    """Coins are listed at one tip, or not at all."""
    heights = iter(range(100))
    node.lies["getblockchaininfo"] = lambda true: {**true, "bestblockhash": f"{next(heights):064x}"}
    with pytest.raises(NodeSyncing, match="too fast"):
        view(node, None).coins(vault)


def coin_lies(**changes: Any) -> Callable[[Any], Any]:
    """A scan whose first coin is described otherwise."""

    def lie(true: Any) -> Any:
        first, *others = true["unspents"]
        return {**true, "unspents": [{**first, **changes}, *others]}

    return lie


LIES = {
    "an amount more": coin_lies(amount=1.00000001),
    "another script": coin_lies(scriptPubKey="0020" + "ab" * 32),
    "no script": coin_lies(scriptPubKey="zz"),
    "an odd script": coin_lies(scriptPubKey="001"),
    "another output": coin_lies(vout=1),
    "an output beyond": coin_lies(vout=7),
    "a negative output": coin_lies(vout=-1),
    "another id": coin_lies(txid="ab" * 32),
    "an id in capitals": coin_lies(txid="AB" * 32),
    "a short id": coin_lies(txid="ab"),
    "another height": coin_lies(height=1),
    "a height above the tip": coin_lies(height=499_999_999),
    "a height that is text": coin_lies(height="5"),
    "a height that is true": coin_lies(height=True),
    "another place": coin_lies(desc="wsh(multi(2,[4ba43603/48h/1h/0h/2h/0/4]02ab))"),
    "two places": coin_lies(desc="wsh(multi(1,[4ba43603/0/3]02ab,[8dfc9b34/0/4]02ab))"),
    "no place": coin_lies(desc="addr(bcrt1q)#00000000"),
    "an impossible place": coin_lies(desc="wsh(multi(1,[4ba43603/0/2147483648]02ab))"),
    "a coin twice": lambda true: {**true, "unspents": true["unspents"][:1] * 2},
    "no coins": lambda true: {"success": True},
    "a coin that is a list": lambda true: {**true, "unspents": [[]]},
    "nothing": lambda _: None,
}
BAD_AMOUNTS = [-0.00000001, 105_120_000.00000001, 0.000000001, "1.0", True, None, [], 1e300]


@pytest.mark.parametrize("name", LIES)
def test_lies_about_coins(node: SimulatedNode, vault: Vault, name: str) -> None:
    """A node cannot make us believe in a coin that is not the vault's, or not so."""
    node.lies["scantxoutset"] = LIES[name]
    with pytest.raises(ChainError) as caught:
        view(node, None).coins(vault)
    # A false height below the tip leads to a block that has no such transaction.
    honest = name in ("another id", "another height")
    assert honest or type(caught.value) is NodeNonsense
    assert caught.value.hint


@pytest.mark.parametrize("amount", BAD_AMOUNTS)
def test_amounts_that_cannot_be(node: SimulatedNode, vault: Vault, amount: Any) -> None:
    """Below nothing, over the supply, finer than a satoshi, or no number."""
    node.lies["scantxoutset"] = coin_lies(amount=amount)
    with pytest.raises(NodeNonsense, match="amount"):
        view(node, None).coins(vault)


@pytest.mark.parametrize("way", ["getrawtransaction", "gettransaction"])
def test_lies_about_transactions(node: SimulatedNode, vault: Vault, way: str) -> None:
    """The bytes must hash to the id that was asked for."""
    other = node.chain.transaction(node.chain.coins(vault)[1].outpoint.txid).hex()
    wallet = "watch" if way == "gettransaction" else None
    for lie, words in (
        (other, "another transaction"),
        ("00", "are none"),
        ("0", "hex"),
        (5, "hex"),
    ):
        node.lies[way] = lambda true, lie=lie: {**true, "hex": lie} if wallet else lie
        with pytest.raises(NodeNonsense) as caught:
            view(node, wallet).coins(vault)
        assert words in caught.value.what + caught.value.expected


def test_lies_about_sending(node: SimulatedNode, vault: Vault) -> None:
    """A verdict on another transaction, another one sent, no verdict at all."""
    chain = view(node, None)
    coin = chain.coins(vault)[0]
    raw = spend(vault, [coin], payment(vault, coin, 1_000))
    other = {"txid": "ab" * 32, "allowed": True}
    for lie in ([], [other], [other, other], {}, [{}]):
        node.lies["testmempoolaccept"] = lambda _, lie=lie: lie
        with pytest.raises(NodeNonsense):
            chain.broadcast(raw)
    assert not node.chain._mempool.entries()
    del node.lies["testmempoolaccept"]
    node.lies["sendrawtransaction"] = lambda _: "ab" * 32
    with pytest.raises(NodeNonsense, match="sent another"):
        chain.broadcast(raw)


def test_lies_about_the_tip(node: SimulatedNode) -> None:
    """Heights and hashes have their forms."""
    for changes in (
        {"blocks": -1},
        {"blocks": 1.5},
        {"blocks": 500_000_000},
        {"bestblockhash": "00"},
        {"bestblockhash": None},
        {"initialblockdownload": "no"},
        {"chain": 5},
    ):
        node.lies["getblockchaininfo"] = info(**changes)
        with pytest.raises(NodeNonsense, match="getblockchaininfo"):
            view(node, None)
