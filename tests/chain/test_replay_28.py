"""Against the words of a real bitcoind 28.1: see data/README.md."""

from collections.abc import Iterator
from typing import Any

import pytest
from recorded_vault import DESCRIPTOR, recorded_vault
from replayed_node import PASSWORD, USER, Refusal, ReplayedNode, serving

from signer.chain.bitcoind import Bitcoind, connect
from signer.chain.chain import Status
from signer.chain.errors import ChainError, NodeRejected
from signer.chain.mining import _height_push
from signer.chain.whole import parse_transaction
from signer.core.names import Height, Txid
from signer.core.vault import Vault

COIN = 100_000_000
FIRST = Txid("951f15e1273afa9aa4a89a743c5f7d946abcd1007dfcf57eafd9c5b7cff87936")
"""The withdrawal of the recording."""
BUMPED = Txid("55fbd32cde2ccc0f8922ef1856476d2f13090ebd8fec5dd02635a8b0a3865985")
"""The one that replaced it and was mined in block 111."""
BLOCK_111 = "6bd358c07ef6dff06fb4815ba039c5376b609896947069182cc4472d342d1099"


@pytest.fixture
def node() -> Iterator[ReplayedNode]:
    """The recorded node, at block 110."""
    replayed = ReplayedNode()
    replayed.stage = 21
    with serving(replayed):
        yield replayed


def view(node: ReplayedNode, wallet: str | None = None) -> Bitcoind:
    """The node as `connect` finds it."""
    return connect(
        node.url, coin="BTC", network="regtest", user=USER, password=PASSWORD, wallet=wallet
    )


def coinbase(height: int) -> bytes:
    """The whole coinbase of one of the recorded blocks, which differ in their height alone.

    The one of block 7 is in the recording; that the others are right, their ids prove.
    """
    recorded = (
        "020000000001010000000000000000000000000000000000000000000000000000000000000000ffffffff"
        "{script}ffffffff0200f2052a01000000220020b07adaa99175acb2dd2e77990f71a3f283b8a984152c80"
        "ded2dd371153c1409f0000000000000000266a24aa21a9ede2f61c3f71d1defd3fa999dfa36953755c6906"
        "89799962b48bebd836974e8cf901200000000000000000000000000000000000000000000000000000000000"
        "00000000000000"
    )
    script = _height_push(height) + b"\x00"
    return bytes.fromhex(recorded.replace("{script}", (bytes((len(script),)) + script).hex()))


def raw_sent(node: ReplayedNode, note: str) -> bytes:
    """The transaction of the record with a note."""
    request = node.records[node.record(note)]["request"]
    (parameter,) = request["params"]
    return bytes.fromhex(parameter[0] if isinstance(parameter, list) else parameter)


def test_addresses_are_the_nodes_own(node: ReplayedNode, vault: Vault) -> None:
    """What we derive is what `deriveaddresses` gave, on both branches."""
    derived = [r for r in node.records if r["request"]["method"] == "deriveaddresses"]
    assert len(derived) == 2
    for branch, record in enumerate(derived):
        expected = record["response"]["result"]
        assert [vault.address(branch, index) for index in range(3)] == expected


def test_branch_descriptors_have_the_nodes_checksums(node: ReplayedNode, vault: Vault) -> None:
    """This version knows no `<0;1>`; the two halves that we give it are as it writes them."""
    (imported,) = (r for r in node.records if r["request"]["method"] == "importdescriptors")
    expected = [entry["desc"] for entry in imported["request"]["params"][0]]
    assert [vault.form.branch_text(branch) for branch in (0, 1)] == expected
    assert vault.descriptor == DESCRIPTOR


def test_fresh_node_is_no_syncing_node(node: ReplayedNode) -> None:
    """A new regtest says `initialblockdownload`, and has nothing to download."""
    node.stage = 0
    tip = view(node).tip()
    assert tip.height == 0
    assert tip.hash == "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"


def test_tip(node: ReplayedNode) -> None:
    """After 110 blocks."""
    tip = view(node).tip()
    assert tip.height == 110
    assert tip.hash == "61197f6616d827a67640fc11ec8fe7cfe3893bfe44ffea875f55acd44b0c68ed"


def test_wallet_is_made_as_recorded(node: ReplayedNode) -> None:
    """`createwallet` and `importdescriptors` are, to the letter, what the real node took."""
    node.stage = 0
    node.replies["listwallets"] = lambda _: []
    node.replies["loadwallet"] = lambda _: Refusal(-18, "Path does not exist.")
    node.replies["listdescriptors"] = lambda _: {"wallet_name": "vault", "descriptors": []}
    node.replies["listunspent"] = lambda _: []
    assert view(node, "vault").coins(recorded_vault()) == ()
    for method in ("createwallet", "importdescriptors"):
        recorded = [
            (r["path"], method, r["request"]["params"])
            for r in node.records
            if r["request"]["method"] == method
        ]
        assert [asked for asked in node.asked if asked[1] == method] == recorded[:1]


def test_wallet_that_is_loaded_meanwhile(node: ReplayedNode, vault: Vault) -> None:
    """`Wallet "vault" is already loaded.` is what was wanted."""
    node.replies["listwallets"] = lambda _: []
    node.replies["listunspent"] = lambda _: []
    assert view(node, "vault").coins(vault) == ()


@pytest.fixture
def blocks(node: ReplayedNode) -> None:
    """The node also gives the blocks' hashes and the coinbases that were not recorded."""

    def raw(params: Any) -> str:
        return coinbase(int(params[2], 16)).hex()

    by_txid = {parse_transaction(coinbase(height)).txid: height for height in range(1, 111)}
    node.replies["getblockhash"] = lambda params: f"{params[0]:064x}"
    node.replies["getrawtransaction"] = raw
    node.replies["gettransaction"] = lambda params: {"hex": coinbase(by_txid[params[0]]).hex()}


@pytest.mark.usefixtures("blocks")
@pytest.mark.parametrize("wallet", [None, "vault"])
def test_recorded_coins(node: ReplayedNode, vault: Vault, wallet: str | None) -> None:
    """`listunspent` and `scantxoutset` give the same ten mature coins of 110."""
    coins = view(node, wallet).coins(vault)
    assert [coin.height for coin in coins] == list(range(1, 11))
    for coin in coins:
        assert (coin.amount, coin.branch, coin.index, coin.coinbase) == (50 * COIN, 0, 0, True)
        assert coin.script == vault.script(0, 0).script_pubkey
    known = "d13ddd7dfd7735b393ce4361cd46d6f57b7c5213d143370e4d8d3aad960a2f98"
    assert coins[6].outpoint.txid == known
    asked = {method for _, method, _ in node.asked}
    assert ("scantxoutset" in asked) is (wallet is None)


def test_recorded_transaction_with_its_block(node: ReplayedNode) -> None:
    """`getrawtransaction` with the block's hash; the one of block 7 was recorded."""
    txid = Txid("d13ddd7dfd7735b393ce4361cd46d6f57b7c5213d143370e4d8d3aad960a2f98")
    seventh = "344c76f10bb8d8d1006888f6c2270ee624f8a17d39bdd5b2eb6e45f755696b47"
    node.replies["getblockhash"] = lambda params: {7: seventh}[params[0]]
    assert view(node).transaction(txid, Height(7)) == coinbase(7)
    with pytest.raises(ChainError, match="does not find") as caught:
        view(node).transaction(txid)
    assert caught.value.found.startswith("No such mempool transaction. Use -txindex")
    assert "txindex=1" in caught.value.hint


def test_no_estimate(node: ReplayedNode) -> None:
    """`Insufficient data or no feerate found`."""
    assert view(node).fee_rate(6) is None


def test_signature_missing(node: ReplayedNode) -> None:
    """Said by `testmempoolaccept`, so that nothing is sent."""
    with pytest.raises(NodeRejected, match="a signature is missing or wrong") as caught:
        view(node).broadcast(raw_of(node, 43))
    assert caught.value.found.startswith("mandatory-script-verify-flag-failed")
    assert "sendrawtransaction" not in {method for _, method, _ in node.asked}


def raw_of(node: ReplayedNode, number: int) -> bytes:
    """The transaction that a record is about."""
    (parameter,) = node.records[number]["request"]["params"]
    return bytes.fromhex(parameter[0] if isinstance(parameter, list) else parameter)


def test_sent_and_sent_again(node: ReplayedNode) -> None:
    """The node takes it twice."""
    node.stage = 46
    chain, raw = view(node), raw_of(node, 46)
    assert chain.broadcast(raw) == FIRST
    assert chain.broadcast(raw) == FIRST
    assert [method for _, method, _ in node.asked].count("sendrawtransaction") == 2


def allow(node: ReplayedNode) -> None:
    """Where no `testmempoolaccept` was recorded: the node would take it."""
    node.replies["testmempoolaccept"] = lambda params: [
        {"txid": parse_transaction(bytes.fromhex(params[0][0])).txid, "allowed": True}
    ]


def never_heard(node: ReplayedNode) -> None:
    """Where it was not recorded: neither waiting nor in a block that is looked at."""
    for method in ("getmempoolentry", "getrawtransaction"):
        node.replies[method] = lambda _: Refusal(-5, "unknown")
    node.replies["gettxout"] = lambda _: None


def test_replacement_and_the_replaced_one(node: ReplayedNode) -> None:
    """The better one is taken, the worse one no longer."""
    allow(node)
    never_heard(node)
    node.stage = node.record("replacement")
    assert view(node).broadcast(raw_sent(node, "replacement")) == BUMPED
    node.stage = node.record("the replaced one again")
    with pytest.raises(NodeRejected, match="waiting, and pays as much or more") as caught:
        view(node).broadcast(raw_sent(node, "the replaced one again"))
    assert "new feerate 0.00005000" in caught.value.found


def test_already_confirmed(node: ReplayedNode) -> None:
    """Code -27: it is where it should be."""
    allow(node)
    node.stage = node.record("already confirmed")
    assert view(node).broadcast(raw_sent(node, "already confirmed")) == BUMPED


def test_input_spent(node: ReplayedNode) -> None:
    """Code -25: the other version has confirmed."""
    allow(node)
    never_heard(node)
    node.stage = node.record("its input is spent")
    with pytest.raises(NodeRejected, match="unknown or already spent") as caught:
        view(node).broadcast(raw_sent(node, "its input is spent"))
    assert caught.value.found == "bad-txns-inputs-missingorspent"


def test_lock_time_in_the_future(node: ReplayedNode) -> None:
    """`non-final`, from the test as from sending."""
    never_heard(node)
    numbers = [n for n, r in enumerate(node.records) if "nLockTime" in r.get("note", "")]
    assert len(numbers) == 2
    for number in numbers:
        node.stage = number
        with pytest.raises(NodeRejected, match="lock time lies in the future"):
            view(node).broadcast(raw_of(node, number))
        allow(node)


def test_status_with_a_wallet(node: ReplayedNode) -> None:
    """Waiting, then confirmed in block 111."""
    node.stage = node.record("unconfirmed")
    assert view(node, "vault").status(FIRST) == Status(0, None, in_mempool=True)
    assert view(node, "vault").status(BUMPED) == Status(1, BLOCK_111, in_mempool=False)


def test_status_without_a_wallet(node: ReplayedNode) -> None:
    """`getmempoolentry`, then the block that has its id."""
    assert view(node).status(FIRST) == Status(0, None, in_mempool=True)
    never_heard(node)
    true = node.records[21]["response"]["result"]
    node.replies["getblockchaininfo"] = lambda _: {
        **true,
        "blocks": 111,
        "headers": 111,
        "bestblockhash": BLOCK_111,
    }
    assert view(node).status(BUMPED, Height(110)) == Status(1, BLOCK_111, in_mempool=False)
    assert view(node).status(BUMPED, Height(111)) == Status(0, None, in_mempool=False)
    assert view(node).status(FIRST, Height(110)) == Status(0, None, in_mempool=False)
