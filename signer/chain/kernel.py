"""Bitcoin Core's chainstate and its script interpreter in this process.

The only file that touches py-bitcoinkernel. The chainstate's folder is a cache of the blocks that
`index.py` keeps: whatever a crash leaves unflushed, or a damaged folder loses, is validated again
from there.
"""

import importlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from signer.chain.chain import BlockHash, Tip
from signer.chain.errors import NodeNonsense, NodeRejected, NodeUnreachable
from signer.core.errors import BadInput, Fault
from signer.core.names import Height
from signer.core.transaction import TxOut

_MEDIAN_SPAN: Final = 11
"""Blocks whose median time the next block must pass (consensus; `nMedianTimeSpan`)."""

_LEVELDBS: Final = ("blocks/index/CURRENT", "chainstate/CURRENT")
"""Both exist or none: with one alone the kernel runs into an assertion and takes us with it."""

_ROOM: Final = 100 << 20
"""Bytes that must be free on the disk: below 50 MiB Bitcoin Core gives up (CheckDiskSpace), and it
sets aside 17 MiB at once for blocks."""


@dataclass(frozen=True, slots=True)
class KernelBlock:
    """One block as the kernel stores it.

    Attributes:
        raw: the whole block.
        transactions: each whole, with its witness, in order.
    """

    raw: bytes
    transactions: tuple[bytes, ...]


def load() -> Any:
    """The library.

    Raises:
        NodeUnreachable: py-bitcoinkernel is not installed.
    """
    # Nobody listens to the kernel's log, so it stays silent. Its own switch for that is no good:
    # it may be turned once in a process, and a second time ends the process.
    try:
        return importlib.import_module("pbk")
    except (ImportError, OSError) as error:
        raise NodeUnreachable(
            "the embedded regtest needs py-bitcoinkernel, which is not installed",
            found=str(error),
            hint="pip install 'coldquorum[regtest]'",
        ) from None


def failing(raw: bytes, spent: Sequence[TxOut], *, taproot: bool = True) -> Iterator[int]:
    """The inputs that Bitcoin Core's interpreter does not take, one after the other.

    Args:
        raw: the whole transaction.
        spent: the coins of its inputs, in order.
        taproot: whether the coin's chain has it, as it has all other rules.

    Raises:
        NodeUnreachable: py-bitcoinkernel is not installed.
    """
    pbk = load()
    transaction = pbk.Transaction(raw)
    scripts = [pbk.ScriptPubkey(coin.script) for coin in spent]
    outputs = [
        pbk.TransactionOutput(script, coin.amount)
        for script, coin in zip(scripts, spent, strict=True)
    ]
    precomputed = pbk.script.PrecomputedTransactionData(transaction, outputs)
    flags = pbk.ScriptVerificationFlags.ALL
    if not taproot:
        flags &= ~pbk.ScriptVerificationFlags.TAPROOT
    for index, (script, coin) in enumerate(zip(scripts, spent, strict=True)):
        try:
            # The return value counts: a script that fails raises nothing.
            good = script.verify(coin.amount, transaction, precomputed, index, flags)
        except pbk.KernelException:
            good = False
        if not good:
            yield index


class Kernel:
    """The chainstate of CHAIN regtest in a folder.

    Args:
        folder: made when missing, in one that is there. The caller makes sure that no other
            process uses it.

    Raises:
        NodeUnreachable: py-bitcoinkernel is not installed.
        BadInput: too little room on the disk.
        NodeNonsense: the folder holds something that the kernel cannot read.
    """

    def __init__(self, folder: Path) -> None:
        self._pbk = load()
        free = shutil.disk_usage(folder.parent).free
        if free < _ROOM:
            raise BadInput(
                "too little room on the disk for the embedded regtest",
                fault=Fault.MACHINE,
                expected=f"{_ROOM >> 20} MiB",
                found=f"{free >> 20} MiB",
                hint="make room on the disk, or choose another folder with --home",
            )
        damaged = NodeNonsense(
            "the embedded regtest's chainstate is damaged",
            found=str(folder),
            hint=f"remove the folder {folder}: it is rebuilt from the blocks beside it",
        )
        if len({(folder / name).exists() for name in _LEVELDBS}) > 1:
            raise damaged
        try:
            self._manager = self._pbk.load_chainman(folder)
        except RuntimeError:
            raise damaged from None

    def close(self) -> None:
        """Flush and let go. The object cannot be used afterwards."""
        self._manager.__del__()

    def tip(self) -> Tip:
        """The last block of the chain with the most work."""
        height = int(self._manager.get_active_chain().height)
        return Tip(Height(height), self.hash_at(height))

    def hash_at(self, height: int) -> BlockHash:
        """The hash of the block at a height of the best chain, 0 to the tip's."""
        return BlockHash(str(self._at(height).block_hash))

    def block(self, block_hash: BlockHash) -> KernelBlock:
        """A known block, of the best chain or not."""
        try:
            block = self._manager.blocks[self._entry(block_hash)]
        except RuntimeError:
            raise NodeNonsense(
                "the embedded regtest cannot read one of its blocks",
                found=block_hash,
                hint="remove the chainstate's folder: it is rebuilt from the blocks beside it",
            ) from None
        return KernelBlock(bytes(block), tuple(bytes(tx) for tx in block.transactions))

    def knows(self, block: BlockHash) -> bool:
        """Whether a block, of the best chain or another, was processed before."""
        return self._key(block) in self._manager.block_tree_entries

    def median_time_past(self, block: BlockHash) -> int:
        """The median time of a block and the ten before it, in seconds since 1970 (BIP113)."""
        entry = self._entry(block)
        first = max(0, entry.height - _MEDIAN_SPAN + 1)
        times = sorted(
            int(entry.get_ancestor(height).block_header.timestamp.timestamp())
            for height in range(first, entry.height + 1)
        )
        return times[len(times) // 2]

    def time_of(self, block: BlockHash) -> int:
        """A block's own time, in seconds since 1970."""
        return int(self._entry(block).block_header.timestamp.timestamp())

    def process(self, raw: bytes) -> BlockHash:
        """Store a block, and connect it if its chain has the most work and is valid.

        Raises:
            NodeRejected: the block breaks a rule that needs no coins to check.
        """
        try:
            block = self._pbk.Block(raw)
            self._manager.process_block(block)
        except (RuntimeError, self._pbk.ProcessBlockException):
            raise NodeRejected("the block breaks a rule of consensus") from None
        return BlockHash(str(block.block_hash))

    def verify(self, raw: bytes, spent: Sequence[TxOut]) -> int | None:
        """Run every input's scripts under all consensus rules.

        Args:
            raw: the whole transaction.
            spent: the coins of its inputs, in order.

        Returns:
            The first input that fails, or None when all are satisfied.
        """
        return next(failing(raw, spent), None)

    def _at(self, height: int) -> Any:
        return self._manager.get_active_chain().block_tree_entries[height]

    def _entry(self, block: BlockHash) -> Any:
        return self._manager.block_tree_entries[self._key(block)]

    def _key(self, block: BlockHash) -> Any:
        return self._pbk.BlockHash(bytes.fromhex(block)[::-1])
