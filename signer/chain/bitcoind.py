"""A `Chain` that asks a bitcoind, or another coin's node like it, and believes it little.

What differs between the coins' nodes is data: `nodes.py`. Each coin that a node names is checked:
`claims.py`.
"""

from pathlib import Path
from typing import Final, Self

from signer.chain.answers import Part, nonsense
from signer.chain.chain import BlockHash, FeeRate, Status, Tip, UnspentCoin
from signer.chain.claims import Holdings, Sighting, check
from signer.chain.errors import ChainError, NodeSyncing
from signer.chain.login import login
from signer.chain.nodes import Node, check_chain, node_of, wrong_chain
from signer.chain.rejection import ALREADY_KNOWN, rejected, without_code
from signer.chain.rpc import Rpc, parse_url
from signer.chain.sightings import WatchWallet, scan
from signer.chain.whole import parse_transaction
from signer.core.errors import BadInput, Fault
from signer.core.names import DocumentId, Height, Txid
from signer.core.transaction import OutPoint, Transaction
from signer.core.vault import Vault

_HEADERS_AHEAD: Final = 2
"""Blocks that a healthy node may know of and not have yet: a few seconds' worth."""

_MAX_TARGET: Final = 1008
"""Blocks: `estimatesmartfee` looks no further."""

_MAX_LOOKED_THROUGH: Final = 1008
"""Blocks, a week: how far back a transaction is looked for without an index."""

_FIRST_OUTPUTS: Final = 4
"""Outputs looked up in the hope that one is unspent: change is, for a while."""

# src/rpc/protocol.h
_MISC_ERROR: Final = -1
_NO_SUCH: Final = -5
_ALREADY_CONFIRMED: Final = -27


def connect(
    url: str,
    *,
    coin: str,
    network: str,
    cookie: Path | None = None,
    user: str | None = None,
    password: str | None = None,
    wallet: str | None = None,
) -> "Bitcoind":
    """Find a node and see that it follows the right chain.

    Args:
        url: `http://HOST:PORT`; the port may be left out.
        coin: of the vault.
        network: that the vault is on.
        cookie: the node's cookie file; the default is where the coin's node keeps it.
        user: instead of a cookie.
        password: of the user.
        wallet: a wallet of the node to watch the vault with; without one it scans.

    Raises:
        BadInput: an URL with a password in it or otherwise malformed; cookie and user at once; a
            wallet, where the coin's node has none that can watch a vault.
        ChainError: the node cannot be used, or follows another chain.
    """
    node = node_of(coin, network)
    if wallet is not None and not node.watches:
        raise BadInput(
            f"the wallets of {node.program} cannot watch a vault",
            fault=Fault.OFFICER,
            found=wallet,
            hint="leave --wallet out: the node looks through all unspent outputs",
        )
    endpoint = parse_url(url, node.networks[network].port)
    rpc = Rpc(endpoint, login(node, network, cookie, user, password), node.oldest)
    chain = Bitcoind(rpc, node, network, wallet)
    chain.check_chain()
    return chain


class Bitcoind:
    """A node; `connect` makes one.

    Args:
        rpc: how to reach it.
        node: what kind it is.
        network: that it must follow.
        wallet: of the node, or None to scan.
    """

    def __init__(self, rpc: Rpc, node: Node, network: str, wallet: str | None) -> None:
        self._rpc = rpc
        self._node = node
        self._network = network
        self._wallet_name = wallet
        self._wallet = None if wallet is None else WatchWallet(rpc, wallet)
        self._transactions: dict[Txid, bytes] = {}
        # A scan takes minutes: what it found holds until the next block.
        self._scanned: tuple[DocumentId, Tip, tuple[Sighting, ...]] | None = None

    @property
    def network(self) -> str:
        """As the node says; compared with the vault's at every `tip`."""
        return self._network

    def close(self) -> None:
        """Nothing is held open between calls."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def check_chain(self) -> None:
        """See that the node follows the coin's own chain; once is enough.

        Raises:
            NodeWrongNetwork: another network, or another coin.
            ChainError: as `tip`.
        """
        tip = self.tip()
        version = Part(self._rpc.call("getnetworkinfo"), "getnetworkinfo")["subversion"].text()
        if not version.startswith(self._node.subversion):
            raise wrong_chain(self._node.program, version)
        check_chain(
            self._node,
            self._network,
            self._block_hash(Height(0)),
            lambda height: self._block_hash(height) if height <= tip.height else None,
        )

    def tip(self) -> Tip:
        """The last block.

        Raises:
            NodeWrongNetwork: the node follows another chain.
            NodeSyncing: it is catching up. A regtest node calls itself so whenever its last block
                is a day old, so that is no sign there; missing blocks are.
        """
        info = Part(self._rpc.call("getblockchaininfo"), "getblockchaininfo")
        chain = info["chain"].text()
        if chain not in self._node.networks[self._network].chains:
            raise wrong_chain(self._network, chain)
        blocks, headers = info["blocks"].height(), info["headers"].height()
        behind = info["initialblockdownload"].flag() and self._network != "regtest"
        if behind or headers - blocks > _HEADERS_AHEAD:
            raise NodeSyncing(
                "the node is still catching up with the chain",
                expected=f"block {headers}",
                found=f"block {blocks}",
                hint="wait until its `getblockchaininfo` shows as many blocks as headers",
            )
        return Tip(blocks, info["bestblockhash"].block_hash())

    def coins(self, vault: Vault) -> tuple[UnspentCoin, ...]:
        """Every confirmed and mature coin of the vault, each checked with its transaction."""
        return self._holdings(vault).coins

    def token_coins(self, vault: Vault) -> tuple[OutPoint, ...]:
        """Coins that carry a token, recognised by their bytes."""
        return self._holdings(vault).tokens

    def used_indexes(self, vault: Vault, branch: int) -> frozenset[int]:
        """With a wallet, all below the last used one; without, those with unspent coins."""
        if self._wallet is not None:
            return frozenset(range(self._wallet.next_index(vault, branch, self.tip())))
        _, sightings = self._sightings(vault)
        return frozenset(s.index for s in sightings if s.branch == branch)

    def transaction(self, txid: Txid, height: Height | None = None) -> bytes:
        """A whole transaction, from the wallet, from its block, or from the node's index.

        Raises:
            ChainError: the node does not know it, or has thrown its block away.
        """
        if txid not in self._transactions:
            self._transactions[txid] = self._fetch(txid, height)
        return self._transactions[txid]

    def fee_rate(self, target_blocks: int) -> FeeRate | None:
        """The node's estimate, or None when it has seen too little; never below what it relays."""
        info = Part(self._rpc.call("getnetworkinfo"), "getnetworkinfo")
        if self._node.smart_fees:
            target = min(max(1, target_blocks), _MAX_TARGET)
            answer = Part(self._rpc.call("estimatesmartfee", target), "estimatesmartfee")
            if not answer.has("feerate"):
                return None
            estimate = answer["feerate"]
        else:
            estimate = Part(self._rpc.call("estimatefee"), "estimatefee")
        # Coins for 1,000 vbytes: as satoshi that is our own unit.
        return FeeRate(max(estimate.amount(), info["relayfee"].amount()))

    @property
    def can_test(self) -> bool:
        """Yes: `testmempoolaccept`."""
        return True

    def test(self, raw: bytes) -> None:
        """`testmempoolaccept`; see `Chain.test`."""
        txid = self._parse(raw).txid
        result = self._rpc.call("testmempoolaccept", [raw.hex()])
        answers = Part(result, "testmempoolaccept").items()
        if len(answers) != 1 or answers[0]["txid"].txid() != txid:
            nonsense("the node judged another transaction", expected=txid)
        if answers[0].has("allowed") and answers[0]["allowed"].flag():
            return
        reason = answers[0]["reject-reason"].text()
        # Confirmed, with all its outputs spent again, looks like missing inputs.
        if without_code(reason) not in ALREADY_KNOWN and not self.status(txid).confirmations:
            raise rejected(reason)

    def broadcast(self, raw: bytes) -> Txid:
        """`testmempoolaccept`, then `sendrawtransaction`; see `Chain.broadcast`."""
        self.test(raw)
        txid = self._parse(raw).txid
        answer = self._rpc.ask("sendrawtransaction", raw.hex())
        if answer.failure is None:
            sent = Part(answer.result, "sendrawtransaction").txid()
            if sent != txid:
                nonsense("the node sent another transaction", expected=txid, found=sent)
            return txid
        confirmed = answer.failure.code == _ALREADY_CONFIRMED
        if not confirmed and not self.status(txid).confirmations:
            raise rejected(answer.failure.message)
        return txid

    def status(self, txid: Txid, since: Height | None = None) -> Status:
        """Where a transaction is: wallet, mempool, index, unspent outputs, then block by block."""
        if self._wallet_name is not None:
            answer = self._rpc.ask("gettransaction", txid, wallet=self._wallet_name)
            if answer.failure is None:
                found = Part(answer.result, "gettransaction")
                # Negative: so many blocks confirm another transaction with the same coin.
                confirmations = found["confirmations"].integer(least=-499_999_999)
                if confirmations > 0:
                    return Status(confirmations, found["blockhash"].block_hash(), in_mempool=False)
        if self._rpc.ask("getmempoolentry", txid).failure is None:
            return Status(0, None, in_mempool=True)
        answer = self._rpc.ask("getrawtransaction", txid, 1)
        if answer.failure is None:
            found = Part(answer.result, "getrawtransaction")
            if found.has("blockhash") and found.has("confirmations"):
                confirmations = found["confirmations"].integer()
                return Status(confirmations, found["blockhash"].block_hash(), in_mempool=False)
        tip = self.tip()
        for vout in range(_FIRST_OUTPUTS):
            output = self._rpc.call("gettxout", txid, vout)
            if output is not None:
                confirmations = Part(output, "gettxout")["confirmations"].integer(1, tip.height + 1)
                block = self._block_hash(Height(tip.height + 1 - confirmations))
                return Status(confirmations, block, in_mempool=False)
        return self._look_through(txid, tip, tip.height if since is None else since)

    def _look_through(self, txid: Txid, tip: Tip, since: int) -> Status:
        """Read the ids of the blocks above `since`, the last one first."""
        lowest = max(since, tip.height - _MAX_LOOKED_THROUGH)
        block = tip.hash
        for height in range(tip.height, lowest, -1):
            answer = self._rpc.ask("getblock", block, 1)
            if answer.failure is not None:
                break  # pruned: nothing below is left either
            found = Part(answer.result, "getblock")
            if any(item.txid() == txid for item in found["tx"].items()):
                return Status(tip.height + 1 - height, block, in_mempool=False)
            if height > 1:
                block = found["previousblockhash"].block_hash()
        return Status(0, None, in_mempool=False)

    def _holdings(self, vault: Vault) -> Holdings:
        tip, sightings = self._sightings(vault)
        return check(vault, sightings, tip, self.transaction, tokens=self._node.tokens)

    def _sightings(self, vault: Vault) -> tuple[Tip, tuple[Sighting, ...]]:
        """What the node says about one and the same tip."""
        for _ in range(3):
            tip = self.tip()
            if self._wallet is not None:
                sightings = self._wallet.coins(vault, tip)
            elif self._scanned is not None and self._scanned[:2] == (vault.id, tip):
                sightings = self._scanned[2]
            else:
                sightings = scan(self._rpc, vault, ranged=self._node.ranged)
                self._scanned = (vault.id, tip, sightings)
            if self.tip() == tip:
                return tip, sightings
        raise NodeSyncing(
            "blocks come too fast to list the coins", hint="run the command again in a minute"
        )

    def _fetch(self, txid: Txid, height: Height | None) -> bytes:
        if self._wallet_name is not None:
            answer = self._rpc.ask("gettransaction", txid, wallet=self._wallet_name)
            if answer.failure is None:
                return Part(answer.result, "gettransaction")["hex"].transaction(txid)
        where = () if height is None else (self._block_hash(height),)
        answer = self._rpc.ask("getrawtransaction", txid, False, *where)
        if answer.failure is None:
            return Part(answer.result, "getrawtransaction").transaction(txid)
        pruned = answer.failure.code == _MISC_ERROR
        raise ChainError(
            "the node has thrown away the block of a transaction"
            if pruned
            else "the node does not find a transaction",
            expected=txid,
            found=answer.failure.message,
            hint="use a node that is not pruned, or a wallet with --wallet NAME"
            if pruned
            else "use a node with txindex=1, or a wallet with --wallet NAME",
        )

    def _block_hash(self, height: Height) -> BlockHash:
        return Part(self._rpc.call("getblockhash", height), "getblockhash").block_hash()

    def _parse(self, raw: bytes) -> Transaction:
        try:
            return parse_transaction(raw)
        except BadInput as error:
            raise rejected(f"TX decode failed: {error.what}") from None
