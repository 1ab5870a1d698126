"""What waits for a block on the embedded regtest, under the rules that Bitcoin Core applies.

Sources: Bitcoin Core `src/validation.cpp` (MemPoolAccept), `src/policy/policy.cpp`;
BIP125 "Implementation Details" for replacement.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from signer.chain.chain import COINBASE_MATURITY, MIN_RELAY_FEE
from signer.chain.errors import NodeRejected
from signer.chain.index import ChainCoin, Index
from signer.chain.kernel import Kernel
from signer.chain.ledger import Ledger
from signer.chain.rejection import rejected
from signer.chain.weight import vsize, weight
from signer.chain.whole import parse_transaction
from signer.core.errors import BadInput
from signer.core.names import Height, Sats, Txid
from signer.core.transaction import OutPoint, Transaction, TxOut

_MAX_WEIGHT: Final = 400_000
"""MAX_STANDARD_TX_WEIGHT."""

_MIN_STRIPPED: Final = 65
"""MIN_STANDARD_TX_NONWITNESS_SIZE: 64 bytes could pass for two hashes of a merkle tree."""

_MAX_REPLACED: Final = 100
"""BIP125 rule 5."""

_DUST_RATE: Final = 3
"""sat/vB (DUST_RELAY_TX_FEE): spending the output must not cost more than it holds."""

_SPEND_WITNESS: Final = 67
_SPEND_LEGACY: Final = 148
"""Virtual bytes of an input that spends an output (GetDustThreshold)."""

_FINAL: Final = 0xFFFF_FFFF
_NO_RELATIVE_LOCK: Final = 1 << 31
"""The bit of nSequence that turns BIP68 off."""

_LOCK_IS_TIME: Final = 500_000_000
"""Below it nLockTime is a height, from it on seconds since 1970."""

_NOWHERE: Final = OutPoint(Txid("00" * 32), 0xFFFF_FFFF)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A transaction that the next block may hold.

    Attributes:
        transaction: itself.
        raw: its bytes.
        fee: in satoshi.
        vsize: virtual bytes.
        replaces: waiting ones that it drove out when it came, or would drive out.
    """

    transaction: Transaction
    raw: bytes
    fee: int
    vsize: int
    replaces: tuple[Txid, ...] = ()


class Mempool:
    """The waiting transactions, kept in the index so that they survive a restart.

    Args:
        kernel: the chainstate, and the engine that runs scripts.
        index: where they are kept.
        replaceable: whether one with a higher fee takes the place of another (BIP125).
    """

    def __init__(self, kernel: Kernel | Ledger, index: Index, *, replaceable: bool = True) -> None:
        self._replaceable = replaceable
        self._kernel = kernel
        self._index = index
        self._entries: dict[Txid, Waiting] = {}
        self._spenders: dict[OutPoint, Txid] = {}

    def load(self) -> None:
        """After a start. A crash may have come between a block and this list: check all anew."""
        self.offer_again(tuple(self._index.waiting()))

    def entries(self) -> tuple[Waiting, ...]:
        """What waits, parents before children."""
        return tuple(self._entries.values())

    def __contains__(self, txid: Txid) -> bool:
        return txid in self._entries

    def spends(self, outpoint: OutPoint) -> bool:
        """Whether a waiting transaction spends a coin."""
        return outpoint in self._spenders

    def check(self, raw: bytes) -> Waiting:
        """Would this transaction be taken?

        Raises:
            NodeRejected: no, with Bitcoin Core's reason.
        """
        try:
            transaction = parse_transaction(raw)
        except BadInput as error:
            raise rejected(f"TX decode failed: {error.what}") from None
        self._check_form(transaction)
        self._check_locks(transaction)
        coins = [self._coin(source.outpoint) for source in transaction.inputs]
        next_height = self._kernel.tip().height + 1
        for coin in coins:
            if coin.coinbase and next_height - coin.height < COINBASE_MATURITY:
                raise rejected("bad-txns-premature-spend-of-coinbase")
        entry = self._weigh(transaction, raw)
        if entry.fee < 0:
            raise rejected("bad-txns-in-belowout")
        if entry.fee * 1000 < entry.vsize * MIN_RELAY_FEE:
            raise rejected(f"min relay fee not met, {entry.fee} < {entry.vsize}")
        replaced = self._check_replacement(entry)
        spent = [TxOut(coin.amount, coin.script) for coin in coins]
        failed = self._kernel.verify(raw, spent)
        if failed is not None:
            raise rejected(f"mandatory-script-verify-flag-failed (input {failed})")
        return replace(entry, replaces=replaced)

    def accept(self, raw: bytes) -> Txid:
        """Take a transaction, or raise `NodeRejected` as `check`."""
        with self._index.transaction():
            return self._admit(raw)

    def remove(self, txid: Txid) -> None:
        """It waits no longer. Part of the caller's transaction of the index."""
        self._index.forget_waiting(txid)
        entry = self._entries.pop(txid, None)
        for source in entry.transaction.inputs if entry else ():
            self._spenders.pop(source.outpoint, None)

    def offer_again(self, raws: Iterable[bytes]) -> None:
        """After a reorganisation: what its blocks held waits again, and all is checked anew.

        What is no longer possible is dropped in silence, as nodes do.
        """
        candidates = dict.fromkeys((*raws, *(entry.raw for entry in self.entries())))
        if not candidates:
            return
        with self._index.transaction():
            for raw in candidates:
                self.remove(parse_transaction(raw).txid)
            for raw in candidates:
                with suppress(NodeRejected):
                    self._admit(raw)

    def _admit(self, raw: bytes) -> Txid:
        entry = self.check(raw)
        for txid in entry.replaces:
            self.remove(txid)
        self._index.keep_waiting(entry.transaction.txid, raw)
        self._entries[entry.transaction.txid] = entry
        for source in entry.transaction.inputs:
            self._spenders[source.outpoint] = entry.transaction.txid
        return entry.transaction.txid

    def _check_form(self, transaction: Transaction) -> None:
        outpoints = [source.outpoint for source in transaction.inputs]
        if not transaction.outputs:
            raise rejected("bad-txns-vout-empty")
        if len(set(outpoints)) != len(outpoints):
            raise rejected("bad-txns-inputs-duplicate")
        if _NOWHERE in outpoints:
            raise rejected("coinbase")
        if weight(transaction) > _MAX_WEIGHT:
            raise rejected("tx-size")
        if len(transaction.to_bytes(witness=False)) < _MIN_STRIPPED:
            raise rejected("tx-size-small")
        for output in transaction.outputs:
            # 00 to 60, then one push of all the rest: a witness program (BIP141).
            witness = len(output.script) > 1 and output.script[1] == len(output.script) - 2
            spend = _SPEND_WITNESS if witness else _SPEND_LEGACY
            if output.amount < _DUST_RATE * (len(output.to_bytes()) + spend):
                raise rejected("dust")

    def _check_locks(self, transaction: Transaction) -> None:
        tip = self._kernel.tip()
        lock = transaction.lock_time
        # BIP113: a lock that is a time is compared with the median of the last eleven blocks.
        now = self._kernel.median_time_past(tip.hash) if lock >= _LOCK_IS_TIME else tip.height + 1
        if lock >= now and any(source.sequence != _FINAL for source in transaction.inputs):
            raise rejected("non-final")
        if transaction.version > 1 and any(
            not source.sequence & _NO_RELATIVE_LOCK for source in transaction.inputs
        ):
            # Nothing of ours has one; a real node would count blocks here (BIP68).
            raise rejected("non-BIP68-final: the embedded regtest takes no relative lock times")

    def _check_replacement(self, entry: Waiting) -> tuple[Txid, ...]:
        sources = [source.outpoint for source in entry.transaction.inputs]
        direct = {self._spenders[o] for o in sources if o in self._spenders}
        if direct and not self._replaceable:
            raise rejected("txn-mempool-conflict")
        replaced = self._with_descendants(direct)
        if any(source.txid in replaced for source in sources):
            raise rejected("bad-txns-spends-conflicting-tx")
        if len(replaced) > _MAX_REPLACED:
            raise rejected("too many potential replacements")
        for txid in direct:
            old = self._entries[txid]
            # Core's rule 6: the replacement must be worth more to a miner byte for byte.
            if entry.fee * old.vsize <= old.fee * entry.vsize:
                raise rejected(f"insufficient fee, rejecting replacement; feerate <= {txid}'s")
        fees = sum(self._entries[txid].fee for txid in replaced)
        # BIP125 rule 4: on top of all that it replaces, the price of its own bytes. That contains
        # rule 3, no less than all that it replaces.
        if replaced and (entry.fee - fees) * 1000 < entry.vsize * MIN_RELAY_FEE:
            raise rejected("insufficient fee, rejecting replacement; not enough additional fees")
        return replaced

    def _with_descendants(self, txids: Iterable[Txid]) -> tuple[Txid, ...]:
        found = dict.fromkeys(txids)
        todo = list(found)
        while todo:
            parent = todo.pop()
            for vout in range(len(self._entries[parent].transaction.outputs)):
                child = self._spenders.get(OutPoint(parent, vout))
                if child is not None and child not in found:
                    found[child] = None
                    todo.append(child)
        return tuple(found)

    def _weigh(self, transaction: Transaction, raw: bytes) -> Waiting:
        incoming = sum(self._coin(source.outpoint).amount for source in transaction.inputs)
        fee = incoming - sum(output.amount for output in transaction.outputs)
        return Waiting(transaction, raw, fee, vsize(transaction))

    def _coin(self, outpoint: OutPoint) -> ChainCoin:
        parent = self._entries.get(outpoint.txid)
        if parent is not None and outpoint.vout < len(parent.transaction.outputs):
            output = parent.transaction.outputs[outpoint.vout]
            height = Height(self._kernel.tip().height + 1)
            return ChainCoin(outpoint, output.script, Sats(output.amount), height, coinbase=False)
        coin = self._index.coin(outpoint)
        if coin is None:
            raise rejected("bad-txns-inputs-missingorspent")
        return coin
