"""The embedded chain: the consensus code of others in this process, on regtest, in a folder.

For BTC and MONA it is Bitcoin Core's, whose scripts are the same; for BCH libauth's virtual machine
behind a chain of blocks that nobody validates.

It stands in for a node wherever play money is enough: the demo, rehearsals, tests. It opens no
socket and keeps no secret: what it mines belongs to a script that anybody can spend.
"""

import fcntl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final, NoReturn, Self

from signer.chain import faucet
from signer.chain.chain import (
    COINBASE_MATURITY,
    MIN_RELAY_FEE,
    BlockHash,
    FeeRate,
    Status,
    Tip,
    UnspentCoin,
    is_mature,
)
from signer.chain.errors import ChainError, NodeRejected, NodeUnreachable
from signer.chain.index import ChainCoin, Index
from signer.chain.kernel import Kernel
from signer.chain.ledger import Ledger
from signer.chain.mempool import Mempool, Waiting
from signer.chain.mining import SUPPLY, mine, subsidy
from signer.chain.scripts import used
from signer.chain.weight import weight
from signer.chain.whole import parse_transaction
from signer.core import coins
from signer.core.errors import BadInput, Fault
from signer.core.names import Height, Sats, Txid
from signer.core.transaction import OutPoint
from signer.core.vault import CHANGE, RECEIVE, Vault
from signer.store.database import make_home

_CHAINSTATES: Final[Mapping[str, type[Kernel | Ledger]]] = MappingProxyType(
    {"bitcoin-core": Kernel, "bch-vm": Ledger}
)
"""Who validates, by the name of the coin's engine."""

_BLOCK_WEIGHT: Final = 3_996_000
"""Bitcoin Core's DEFAULT_BLOCK_MAX_WEIGHT less what it keeps for the coinbase."""

_WAIT: Final = 5.0
"""Seconds that a command waits for another one that has the folder open."""

_MAX_BLOCKS: Final = 100_000
"""At once: half a minute. More is a slip of the finger."""


def _no_such_payment(amount: int) -> NoReturn:
    raise BadInput(
        "the embedded regtest cannot pay that",
        fault=Fault.OFFICER,
        expected=f"1 sat to what is left of {SUPPLY:,} sat",
        found=f"{amount:,} sat",
        hint="ask for less, or start anew in another folder",
    )


def _check_count(count: int, most: int) -> None:
    if not 1 <= count <= most:
        raise BadInput(
            "not so many blocks", fault=Fault.OFFICER, expected=f"1 to {most}", found=str(count)
        )


@contextmanager
def _only_one(folder: Path, wait: float) -> Iterator[None]:
    """Hold the folder's lock; the kernel lets no two processes into its databases."""
    path = folder / "lock"
    try:
        file = path.open("w")
    except OSError as error:
        raise BadInput(
            "the embedded regtest's folder cannot be used",
            fault=Fault.MACHINE,
            found=f"{path}: {error.strerror}",
            hint="check the permissions of the folder",
        ) from None
    with file:
        deadline = time.monotonic() + wait
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise NodeUnreachable(
                        "the embedded regtest is in use by another process",
                        found=str(folder),
                        hint="wait for the other command to end",
                    ) from None
            time.sleep(0.05)
        yield


class Regtest:
    """A `Chain` that is also its own miner.

    Args:
        folder: made when missing; holds `index.sqlite` and the kernel's `chainstate/`.
        coin: whose scripts are run, by its name.
        wait: seconds to wait for another process to let go of the folder.

    Raises:
        NodeUnreachable: the coin's engine is not installed, or the folder is in use.
        NodeNonsense: the kernel's part of the folder is damaged.
        BadInput: the folder cannot be made or written; the index is damaged.
    """

    def __init__(self, folder: Path, *, coin: str = "BTC", wait: float = _WAIT) -> None:
        self._coin = coins.coin(coin)
        make_home(folder)
        with ExitStack() as stack:
            stack.enter_context(_only_one(folder, wait))
            self._kernel = _CHAINSTATES[self._coin.engine](folder / "chainstate")
            stack.callback(self._kernel.close)
            self._index = Index(folder / "index.sqlite")
            stack.callback(self._index.close)
            self._mempool = Mempool(self._kernel, self._index, replaceable=self._coin.replaceable)
            self._feed_kernel()
            self._follow_kernel()
            self._mempool.load()
            self._open = stack.pop_all()

    @property
    def network(self) -> str:
        """`regtest`."""
        return "regtest"

    def close(self) -> None:
        """Flush, and let other processes in."""
        self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def tip(self) -> Tip:
        """The last block."""
        return self._kernel.tip()

    def coins(self, vault: Vault) -> tuple[UnspentCoin, ...]:
        """Every confirmed and mature coin of the vault, oldest first, then by outpoint."""
        found = [
            UnspentCoin(
                outpoint=coin.outpoint,
                amount=coin.amount,
                script=coin.script,
                branch=place.branch,
                index=place.index,
                height=coin.height,
                coinbase=coin.coinbase,
            )
            for branch in (RECEIVE, CHANGE)
            for place in used(vault, branch, self._seen)
            for coin in self._index.coins(place.script)
            if self._is_mature(coin)
        ]
        return tuple(sorted(found, key=lambda c: (c.height, c.outpoint.txid, c.outpoint.vout)))

    def used_indexes(self, vault: Vault, branch: int) -> frozenset[int]:
        """Indexes of a branch that were ever paid."""
        return frozenset(place.index for place in used(vault, branch, self._seen))

    def transaction(self, txid: Txid, height: Height | None = None) -> bytes:  # noqa: ARG002 -- other chains need the height
        """A whole transaction, confirmed or waiting.

        Raises:
            ChainError: this chain has no such transaction.
        """
        place = self._index.place(txid)
        if place is not None:
            block = self._kernel.block(self._kernel.hash_at(place.height))
            return block.transactions[place.position]
        for entry in self._mempool.entries():
            if entry.transaction.txid == txid:
                return entry.raw
        raise ChainError("the embedded regtest has no such transaction", found=txid)

    def fee_rate(self, target_blocks: int) -> FeeRate:  # noqa: ARG002 -- every block takes all
        """What nodes pass on at all: blocks here are never full."""
        return MIN_RELAY_FEE

    def token_coins(self, vault: Vault) -> tuple[OutPoint, ...]:
        """Confirmed coins that carry a token beside money; never among `coins`."""
        return tuple(
            coin.outpoint
            for branch in (RECEIVE, CHANGE)
            for place in used(vault, branch, self._seen)
            for coin in self._index.behind_tokens(place.script)
        )

    @property
    def can_test(self) -> bool:
        """Yes."""
        return True

    def test(self, raw: bytes) -> None:
        """Would the mempool take this transaction? See `Chain.test`."""
        if not self._has(raw):
            self._mempool.check(raw)

    def broadcast(self, raw: bytes) -> Txid:
        """Put a transaction into the mempool; the next block will hold it."""
        if self._has(raw):
            return parse_transaction(raw).txid
        return self._mempool.accept(raw)

    def status(self, txid: Txid, since: Height | None = None) -> Status:  # noqa: ARG002 -- indexed
        """Where a transaction is."""
        place = self._index.place(txid)
        if place is None:
            return Status(0, None, txid in self._mempool)
        confirmations = self.tip().height - place.height + 1
        return Status(confirmations, self._kernel.hash_at(place.height), in_mempool=False)

    def mine(self, count: int = 1, *, script: bytes = faucet.SCRIPT) -> tuple[BlockHash, ...]:
        """Mine blocks on the tip; the first holds what waits.

        Args:
            count: how many, at least 1.
            script: who gets the subsidy and the fees.
        """
        _check_count(count, _MAX_BLOCKS)
        mined = [tip := self._mine_on(self._kernel.tip(), script, self._fitting())]
        mined += [tip := self._mine_on(tip, script, ()) for _ in range(count - 1)]
        self._connected(tip)
        return tuple(block.hash for block in mined)

    def reorg(self, depth: int) -> Tip:
        """Replace the last blocks by one block more, all without transactions.

        What the replaced blocks held waits again, as far as it is still possible.

        Args:
            depth: how many blocks to replace, 1 up to all but the genesis block.
        """
        tip = self._kernel.tip()
        _check_count(depth, tip.height)
        replaced = [
            raw
            for height in range(tip.height - depth + 1, tip.height + 1)
            for raw in self._kernel.block(self._kernel.hash_at(height)).transactions[1:]
        ]
        height = Height(tip.height - depth)
        tip = Tip(height, self._kernel.hash_at(height))
        for _ in range(depth + 1):
            tip = self._mine_on(tip, faucet.SCRIPT, ())
        self._connected(tip)
        self._mempool.offer_again(replaced)
        return tip

    def fund(self, script: bytes, amount: Sats) -> Txid:
        """Pay any amount to any script from the faucet, mining as much as that takes.

        The payment is confirmed when this returns.

        Raises:
            BadInput: more than this chain can still mine.
            NodeRejected: an amount that nodes do not pass on (dust).
        """
        if not 1 <= amount <= SUPPLY:
            _no_such_payment(amount)
        while True:
            coins = self._index.coins(faucet.SCRIPT)
            ripe = [c for c in coins if self._is_mature(c) and not self._mempool.spends(c.outpoint)]
            payment = faucet.payment(ripe, script, amount)
            if payment is not None:
                txid = self.broadcast(payment.to_bytes())
                self.mine()
                return txid
            tip = self._kernel.tip()
            unripe = (coin.amount for coin in coins if not self._is_mature(coin))
            if not subsidy(tip.height + 1) and not any(unripe):
                _no_such_payment(amount)
            self.mine(COINBASE_MATURITY + 1 if tip.height < COINBASE_MATURITY else 10)

    def _fitting(self) -> tuple[Waiting, ...]:
        """What waits, as far as it fits into one block: children follow their parents."""
        fitting, filled = [], 0
        for entry in self._mempool.entries():
            filled += weight(entry.transaction)
            if filled > _BLOCK_WEIGHT:
                break
            fitting.append(entry)
        return tuple(fitting)

    def _mine_on(self, parent: Tip, script: bytes, entries: Sequence[Waiting]) -> Tip:
        raw = mine(
            parent.hash,
            parent.height + 1,
            time=self._next_time(parent.hash),
            script=script,
            transactions=[entry.transaction for entry in entries],
            fees=sum(entry.fee for entry in entries),
            segwit=bool(self._coin.networks[self.network].hrp),
        )
        return Tip(Height(parent.height + 1), self._kernel.process(raw))

    def _connected(self, tip: Tip) -> None:
        if self._kernel.tip() != tip:
            raise NodeRejected(
                "the embedded regtest does not accept its own block",
                hint="this is a bug: please report it with the folder of the regtest",
            )
        self._follow_kernel()

    def _feed_kernel(self) -> None:
        """Give the kernel the blocks that it lost, by a crash or with its folder."""
        if self._index.last() in (None, self._kernel.tip()):
            return
        for block in self._index.hashes():
            if not self._kernel.knows(block):
                self._kernel.process(self._index.raw_block(block))

    def _follow_kernel(self) -> None:
        """Bring the index to the kernel's best chain, backwards over a fork and forwards."""
        tip = self._kernel.tip()
        with self._index.transaction():
            last = self._index.last()
            while last and (
                last.height > tip.height or self._kernel.hash_at(last.height) != last.hash
            ):
                self._index.disconnect(last.height)
                last = self._index.last()
            # The genesis block's coinbase can never be spent: it makes no coin.
            for height in range(last.height + 1 if last else 1, tip.height + 1):
                block_hash = self._kernel.hash_at(height)
                block = self._kernel.block(block_hash)
                transactions = [parse_transaction(raw) for raw in block.transactions]
                self._index.connect(Tip(Height(height), block_hash), block.raw, transactions)
                for transaction in transactions:
                    self._mempool.remove(transaction.txid)

    def _next_time(self, parent: BlockHash) -> int:
        """A block's time after the parent, never past the present, always past the median.

        The chain starts in 2011, so that years of blocks fit before the present. After that the
        median creeps on by a second in six blocks: 43,000 more before nodes call it the future.
        """
        wanted = min(self._kernel.time_of(parent) + self._coin.spacing, int(time.time()))
        return max(self._kernel.median_time_past(parent) + 1, wanted)

    def _seen(self, scripts: Sequence[bytes]) -> Iterator[bool]:
        return map(self._index.seen, scripts)

    def _is_mature(self, coin: ChainCoin) -> bool:
        return is_mature(coin.height, self._kernel.tip(), coinbase=coin.coinbase)

    def _has(self, raw: bytes) -> bool:
        try:
            txid = parse_transaction(raw).txid
        except BadInput:
            return False
        return txid in self._mempool or self._index.place(txid) is not None
