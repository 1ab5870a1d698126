"""A chain of Bitcoin Cash's blocks in this process, for play money: what `kernel.py` is for others.

Bitcoin Core's library cannot validate these blocks, and nobody else's runs here. So a block is
what `mining.py` made of transactions, each of which libauth's virtual machine has executed before
it waited; that a block links to one that is known, and holds what its merkle root says, is looked
at here. It keeps nothing: whoever opens it gives it the blocks again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from signer.chain.bchvm import library, machine
from signer.chain.chain import BlockHash, Tip
from signer.chain.errors import NodeNonsense, NodeRejected
from signer.chain.kernel import KernelBlock
from signer.chain.mining import merkle_root
from signer.core.errors import BadInput
from signer.core.hashes import sha256d
from signer.core.names import Height
from signer.core.transaction import TxOut
from signer.core.wire import Reader

_HEADER: Final = 80
_TIME_AT: Final = 68
_MEDIAN_SPAN: Final = 11
"""Blocks whose median time the next block must pass (consensus)."""

_GENESIS: Final = BlockHash("0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206")
"""Of regtest (bitcoin-cash-node, `src/chainparams.cpp`); it is the same as Bitcoin's."""

_GENESIS_TIME: Final = 1_296_688_602


@dataclass(frozen=True, slots=True)
class _Known:
    """A block, and where it stands."""

    height: Height
    parent: BlockHash
    time: int
    block: KernelBlock


class Ledger:
    """The chainstate of regtest, in memory.

    Args:
        folder: unused; another engine keeps its state there.

    Raises:
        NodeUnreachable: the virtual machine is not installed.
    """

    def __init__(self, folder: Path) -> None:
        del folder
        library.installed()
        nothing = KernelBlock(b"", ())
        self._known = {_GENESIS: _Known(Height(0), BlockHash("00" * 32), _GENESIS_TIME, nothing)}
        self._best = [_GENESIS]

    def close(self) -> None:
        """Nothing is open."""

    def tip(self) -> Tip:
        """The last block of the longest chain."""
        return Tip(Height(len(self._best) - 1), self._best[-1])

    def hash_at(self, height: int) -> BlockHash:
        """The hash of the block at a height of the best chain, 0 to the tip's."""
        return self._best[height]

    def block(self, block_hash: BlockHash) -> KernelBlock:
        """A known block, of the best chain or not."""
        return self._known[block_hash].block

    def knows(self, block: BlockHash) -> bool:
        """Whether a block, of the best chain or another, was processed before."""
        return block in self._known

    def time_of(self, block: BlockHash) -> int:
        """A block's own time, in seconds since 1970."""
        return self._known[block].time

    def median_time_past(self, block: BlockHash) -> int:
        """The median time of a block and the ten before it, in seconds since 1970 (BIP113)."""
        times: list[int] = []
        while block in self._known and len(times) < _MEDIAN_SPAN:
            times.append(self._known[block].time)
            block = self._known[block].parent
        return sorted(times)[len(times) // 2]

    def process(self, raw: bytes) -> BlockHash:
        """Store a block; it becomes the tip if its chain is the longest.

        Raises:
            NodeRejected: it stands on no known block, or is none.
        """
        header = raw[:_HEADER]
        block_hash = BlockHash(sha256d(header)[::-1].hex())
        parent = BlockHash(header[4:36][::-1].hex())
        try:
            transactions = _transactions(raw)
        except BadInput as problem:
            raise NodeRejected("not a block", found=problem.what) from None
        root = merkle_root([sha256d(tx) for tx in transactions])
        if parent not in self._known or root != header[36:_TIME_AT]:
            raise NodeRejected("the block stands on none, or does not hold what it says")
        time = int.from_bytes(header[_TIME_AT : _TIME_AT + 4], "little")
        height = Height(self._known[parent].height + 1)
        self._known[block_hash] = _Known(height, parent, time, KernelBlock(raw, transactions))
        if height >= len(self._best):
            self._best = self._chain(block_hash)
        return block_hash

    def verify(self, raw: bytes, spent: Sequence[TxOut]) -> int | None:
        """Run every input's scripts under all consensus rules.

        Args:
            raw: the whole transaction.
            spent: the coins of its inputs, in order.

        Returns:
            The first input that fails, or None when all are satisfied.

        Raises:
            NodeUnreachable: the virtual machine gave no answer.
            NodeRejected: the transaction as a whole is not valid.
        """
        said = machine.verify(raw, spent)
        if said.failures:
            return said.failures[0].index
        if said.invalid:
            raise NodeRejected("the transaction breaks a rule of consensus", found=said.invalid)
        return None

    def _chain(self, block: BlockHash) -> list[BlockHash]:
        """The blocks from the genesis block up to this one."""
        found = []
        while block in self._known and block != self._best[-1]:
            found.append(block)
            block = self._known[block].parent
        # The usual case: it stands on the tip, and so on all that is known to be best.
        return [*(self._best if block in self._known else ()), *reversed(found)]


def _transactions(raw: bytes) -> tuple[bytes, ...]:
    """The transactions of a block, which has no witnesses.

    Raises:
        BadInput: it is cut short, or has bytes to spare.
    """
    reader = Reader(raw, "block")
    reader.skip(_HEADER)
    found = []
    for _ in range(reader.count(10)):
        start = reader.position
        reader.skip(4)
        for _ in range(reader.count(41)):
            reader.skip(36)
            reader.skip(reader.compact_size())
            reader.skip(4)
        for _ in range(reader.count(9)):
            reader.skip(8)
            reader.skip(reader.compact_size())
        reader.skip(4)
        found.append(raw[start : reader.position])
    reader.finish()
    if not found:
        raise NodeNonsense("a block without transactions")
    return tuple(found)
