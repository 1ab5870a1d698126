"""What the coordinator may ask about the chain, whoever answers.

Nothing here is trusted by a signer: a signer sees only what the PSBT carries, and checks it.
Still, whatever an implementation returns has been checked against the vault's own derivation
and against the transactions themselves, so that a lying node is found here and not later.
"""

from dataclasses import dataclass
from typing import NewType, Protocol

from signer.core.names import Height, Sats, Txid
from signer.core.transaction import OutPoint
from signer.core.vault import Vault

BlockHash = NewType("BlockHash", str)
"""A block's hash as people write it: 64 lower-case hex digits, reversed byte order."""

FeeRate = NewType("FeeRate", int)
"""Satoshi for 1,000 virtual bytes (sat/kvB). 1 sat/vB is 1000; nodes think in this unit."""

COINBASE_MATURITY = 100
"""A coinbase can be spent in the hundredth block after its own (consensus)."""

MIN_RELAY_FEE = FeeRate(1000)
"""1 sat/vB: below it nodes do not pass a transaction on (DEFAULT_MIN_RELAY_TX_FEE of Bitcoin
Core up to 29; 30 went to 100, which a vault should not rely on)."""


@dataclass(frozen=True, slots=True)
class Tip:
    """The last block of the best chain."""

    height: Height
    hash: BlockHash


def is_mature(height: Height, tip: Tip, *, coinbase: bool) -> bool:
    """Whether a coin of a block at `height` can be relied on as an input.

    A miner's coin needs 101 confirmations, as Bitcoin Core's wallet counts (GetBlocksToMaturity);
    consensus would have it a block earlier, until that block is replaced.
    """
    return not coinbase or tip.height - height >= COINBASE_MATURITY


@dataclass(frozen=True, slots=True)
class UnspentCoin:
    """A confirmed, unspent output of the vault.

    Attributes:
        outpoint: where it is.
        amount: satoshi, as its own transaction says.
        script: its scriptPubKey, equal to the vault's derivation at `branch` and `index`.
        branch: 0 receive, 1 change, as the descriptor's `<0;1>`.
        index: the last step of the derivation.
        height: of the block that holds it.
        coinbase: whether a miner made it; `Chain.coins` returns such a coin once it `is_mature`.
    """

    outpoint: OutPoint
    amount: Sats
    script: bytes
    branch: int
    index: int
    height: Height
    coinbase: bool


@dataclass(frozen=True, slots=True)
class Status:
    """Where a transaction is. All three empty: this node has never heard of it.

    Attributes:
        confirmations: 0 while it is in no block of the best chain, 1 in the tip.
        block: the hash of the block that holds it, or None.
        in_mempool: whether it waits for a block.
    """

    confirmations: int
    block: BlockHash | None
    in_mempool: bool


class Chain(Protocol):
    """One view of the chain. Every method raises `ChainError` when the node cannot do it."""

    @property
    def network(self) -> str:
        """`main`, `test`, `signet` or `regtest`, as the node itself says."""

    def tip(self) -> Tip:
        """The last block. Raises `NodeSyncing` when the node is visibly behind."""

    def coins(self, vault: Vault) -> tuple[UnspentCoin, ...]:
        """Every confirmed and mature coin of the vault, oldest first, then by outpoint."""

    def token_coins(self, vault: Vault) -> tuple[OutPoint, ...]:
        """Confirmed coins that carry a token beside money; never among `coins`."""

    def used_indexes(self, vault: Vault, branch: int) -> frozenset[int]:
        """Indexes of a branch that this node has seen paid, spent ones as far as it knows them.

        A node without a wallet knows only unspent outputs: keep your own count besides.
        """

    def transaction(self, txid: Txid, height: Height | None = None) -> bytes:
        """A whole transaction with its witness; its hash has been checked to be `txid`.

        Args:
            txid: which.
            height: of the block that holds it; a node without index needs it.
        """

    def fee_rate(self, target_blocks: int) -> FeeRate | None:
        """What confirms within so many blocks, or None when the node has no estimate."""

    @property
    def can_test(self) -> bool:
        """Whether `test` gets the node's own word; where not, it looks at the coins alone."""

    def test(self, raw: bytes) -> None:
        """Would the node take this transaction? One that it already has passes, too.

        Raises:
            NodeRejected: no, and why.
        """

    def broadcast(self, raw: bytes) -> Txid:
        """Send a transaction. Sending one twice, or one already confirmed, is no error.

        Raises:
            NodeRejected: the node does not take it.
        """

    def status(self, txid: Txid, since: Height | None = None) -> Status:
        """Where a transaction is.

        Args:
            txid: which.
            since: no block at or below this height can hold it (its nLockTime); how far back a
                node without index looks.
        """

    def close(self) -> None:
        """Let go of the node; `contextlib.closing` calls it."""
