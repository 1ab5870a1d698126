"""Sending a transaction, against a node in memory, and against a chain that really validates."""

import pytest
from small_vault import EXPIRY, HEIGHT, world

from policies.withdrawal import Anchor
from signer.build.draft import draft
from signer.chain.chain import BlockHash, Status, Tip
from signer.chain.errors import NodeNonsense, NodeRejected, NodeWrongNetwork
from signer.chain.regtest import Regtest
from signer.chain.whole import parse_transaction
from signer.core.errors import Refused
from signer.core.names import Height, Sats, Txid
from signer.settle.broadcast import broadcast
from signer.settle.combine import Source, combine
from signer.settle.finalize import finalize


class Node:
    """A node in memory: a height, a mempool, and one block."""

    def __init__(self, height=HEIGHT, network="regtest"):
        """Start at a height."""
        self.height, self.network = height, network
        self.mempool, self.mined, self.sent = set(), set(), []
        self.objection = ""

    def tip(self):
        """Say the height."""
        return Tip(Height(self.height), BlockHash("00" * 32))

    def test(self, raw):
        """Object, or not."""
        if self.objection:
            raise NodeRejected("the node does not take it", found=self.objection)

    def broadcast(self, raw):
        """Take a transaction into the mempool."""
        txid = parse_transaction(raw).txid
        self.mempool.add(txid)
        self.sent.append(raw)
        return txid

    def status(self, txid, since=None):
        """Say where a transaction is."""
        if txid in self.mined:
            return Status(1, BlockHash("11" * 32), in_mempool=False)
        return Status(0, None, in_mempool=txid in self.mempool)


@pytest.fixture(scope="module", name="final")
def final_transaction():
    """A transaction that is ready."""
    small = world()
    raw = small.sign(small.draft(450_000).raw, "alice", "bob")
    return finalize(combine([Source("both.psbt", raw)], small.vault))


def test_it_is_sent(final):
    """The node gets the exact bytes, and says where they are."""
    node = Node()
    sent = broadcast(final, node)
    assert node.sent == [final.raw]
    assert sent.txid == final.tx.txid
    assert sent.status.in_mempool
    assert not sent.was_known


def test_sending_again_only_says_where_it_is(final):
    """In the mempool or in a block: nothing is sent a second time, not even past the expiry."""
    node = Node()
    broadcast(final, node)
    node.height = EXPIRY + 10
    assert broadcast(final, node).was_known
    node.mined.add(final.tx.txid)
    assert broadcast(final, node).status.confirmations == 1
    assert len(node.sent) == 1


def test_an_expired_withdrawal_is_not_sent(final):
    """The last height is still good; one block later it is not."""
    late = Node(height=EXPIRY + 1)
    with pytest.raises(Refused, match="the withdrawal has expired") as caught:
        broadcast(final, late)
    assert caught.value.refusals[0].step == 6
    assert late.sent == []
    assert broadcast(final, Node(height=EXPIRY)).status.in_mempool


def test_too_early(final):
    """Before its lock time no block can hold it; the error says how long to wait."""
    node = Node(height=HEIGHT - 3)
    with pytest.raises(NodeRejected, match="not valid yet") as caught:
        broadcast(final, node)
    assert "in 3 blocks" in caught.value.hint
    assert node.sent == []


def test_what_the_node_does_not_take_is_not_sent(final):
    """The node is asked first; its objection comes through."""
    node = Node()
    node.objection = "bad-txns-inputs-missingorspent"
    with pytest.raises(NodeRejected) as caught:
        broadcast(final, node)
    assert caught.value.found == "bad-txns-inputs-missingorspent"
    assert node.sent == []


def test_another_network(final):
    """A node of another network is not told anything."""
    node = Node(network="signet")
    with pytest.raises(NodeWrongNetwork):
        broadcast(final, node)
    assert node.sent == []


def test_a_node_that_contradicts_itself(final, monkeypatch):
    """A node that claims to have sent something else is not believed."""
    node = Node()
    monkeypatch.setattr(node, "broadcast", lambda raw: Txid("22" * 32))
    with pytest.raises(NodeNonsense):
        broadcast(final, node)


@pytest.mark.parametrize("script_type", ["p2wsh", "p2sh-p2wsh"])
def test_bitcoin_core_mines_it(tmp_path, script_type):
    """From coins of a real chain to a block that Bitcoin Core's chainstate connects."""
    pytest.importorskip("pbk")
    small = world(script_type)
    with Regtest(tmp_path) as chain:
        chain.mine(101)
        for index in range(2):
            chain.fund(small.vault.script(0, index).script_pubkey, Sats(1_000_000))
        chain.mine(1)
        coins, tip = chain.coins(small.vault), chain.tip().height
        anchor = Anchor(coins[0].outpoint.txid, coins[0].outpoint.vout)
        approved = small.approved(1_500_000, height=tip, expiry=tip + 10, anchor=anchor)
        made = draft(
            small.vault,
            approved,
            predecessors=(),
            trusted=small.trusted,
            policies=(small.trusted.envelope,),
            coins=coins,
            previous=lambda coin: chain.transaction(coin.outpoint.txid, coin.height),
            fee_rate=chain.fee_rate(6),
            change_index=0,
            tip=tip,
        )
        files = [Source(name, small.sign(made.raw, name)) for name in ("bob", "carol")]
        final = finalize(combine(files, small.vault))
        assert broadcast(final, chain).status.in_mempool
        block = chain.mine(1)[0]
        sent = broadcast(final, chain)
        assert (sent.was_known, sent.status.confirmations, sent.status.block) == (True, 1, block)
        (change,) = chain.coins(small.vault)
        assert (change.branch, change.index, change.amount) == (1, 0, made.selection.change)
