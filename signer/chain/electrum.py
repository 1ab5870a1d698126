"""A `Chain` that asks an Electrum server: ElectrumX, electrs, or Fulcrum.

Sources: "Electrum Protocol" 1.4, protocol-methods (ElectrumX); Electrum Cash Protocol, the same,
for tokens (Fulcrum). What a server says is checked as far as it can be: a transaction hashes to
its id, a coin is the vault's and stands in its transaction. The proof of work of headers is not
checked, so that a block, and how deep it lies, is the server's word; that a server is behind is
not noticed; and what it withholds is not missed. `docs/chains.md` says so, too.

Nobody tells beforehand whether a node would take a transaction: the protocol has no such call.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, Self

from signer.chain.answers import Part, nonsense
from signer.chain.chain import BlockHash, FeeRate, Status, Tip, UnspentCoin
from signer.chain.claims import Holdings, Sighting, check
from signer.chain.electrum_link import Link, Question, Server
from signer.chain.errors import ChainError, NodeNonsense, NodeSyncing
from signer.chain.nodes import Node, check_chain, node_of
from signer.chain.rejection import rejected
from signer.chain.rpc import Answer
from signer.chain.scripts import AT_ONCE, VaultPlace, used
from signer.chain.tokens import behind_token
from signer.chain.whole import parse_transaction
from signer.core.errors import BadInput
from signer.core.hashes import sha256, sha256d
from signer.core.names import DocumentId, Height, Sats, Txid
from signer.core.transaction import MAX_AMOUNT, OutPoint, Transaction
from signer.core.vault import CHANGE, RECEIVE, Vault

_CLIENT: Final = "coldquorum"
_PROTOCOL: Final = "1.4"
"""What ElectrumX, electrs and Fulcrum all speak; electrs knows no other."""

_WITH_TOKENS: Final = ("1.4", "1.5.3")
"""Fulcrum's range for Bitcoin Cash: it lists coins with tokens only to who speaks `_FILTERED`."""

_FILTERED: Final = (1, 5, 0)
"""From here on `listunspent` takes a filter, and leaves tokens out without one."""

_TRANSACTIONS_AT_ONCE: Final = 10
"""Transactions in one question: even the largest ones are there in time."""

_HEADER: Final = 80
"""Bytes of a block's header."""

_OP_RETURN: Final = b"\x6a"

_UNKNOWN: Final = re.compile(r"no such|not found|missing transaction", re.IGNORECASE)
"""How the three say that they do not know a transaction: the node's own words, or theirs."""

_REASONS: Final = (
    re.compile(r"rejected by network rules\. \(?(.*?)\)?(?: \[[0-9a-f]*\]?)?$", re.IGNORECASE),
    re.compile(r'"message": ?"([^"]*)"'),
)
"""Where ElectrumX and Fulcrum, and electrs, put the node's reason in their own words."""


def connect(server: Server, *, coin: str, network: str) -> "Electrum":
    """Call a server and see that it follows the right chain.

    Args:
        server: where.
        coin: of the vault.
        network: that the vault is on.

    Raises:
        BadInput: no server can be asked for this coin.
        ChainError: the server cannot be used, or follows another chain.
    """
    node = node_of(coin, network)
    link = Link(server)
    try:
        chain = Electrum(link, node, network)
        chain.check_chain()
    except BaseException:
        link.close()
        raise
    return chain


class Electrum:
    """A server; `connect` makes one.

    Args:
        link: to it, fresh.
        node: what the coin's nodes are like.
        network: that it must follow.

    Raises:
        ChainError: it does not speak our protocol.
    """

    def __init__(self, link: Link, node: Node, network: str) -> None:
        self._link = link
        self._node = node
        self._network = network
        wanted = _WITH_TOKENS if node.tokens else _PROTOCOL
        answer = Part(link.call("server.version", _CLIENT, wanted), "server.version").items()
        if len(answer) != 2:  # noqa: PLR2004 -- the server's name, the protocol's version
            nonsense("the server does not tell its protocol")
        self._filters = node.tokens and _version(answer[1]) >= _FILTERED
        self._transactions: dict[Txid, bytes] = {}
        self._held: tuple[DocumentId, Tip, Holdings] | None = None

    @property
    def network(self) -> str:
        """As its first block, and a later one, say."""
        return self._network

    def close(self) -> None:
        """Hang up."""
        self._link.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def check_chain(self) -> None:
        """See that the server follows the coin's own chain.

        Raises:
            NodeWrongNetwork: another network, or another coin.
        """
        features = Part(self._link.call("server.features"), "server.features")
        genesis = features["genesis_hash"].block_hash()
        tip = self.tip()
        check_chain(
            self._node,
            self._network,
            genesis,
            lambda height: self._block_hash(height) if height <= tip.height else None,
        )

    def tip(self) -> Tip:
        """The last block that the server tells of."""
        answer = Part(self._link.call("blockchain.headers.subscribe"), "headers.subscribe")
        return Tip(answer["height"].height(), _hash_of(answer["hex"]))

    def coins(self, vault: Vault) -> tuple[UnspentCoin, ...]:
        """Every confirmed and mature coin of the vault that nothing in the mempool spends."""
        return self._holdings(vault).coins

    def token_coins(self, vault: Vault) -> tuple[OutPoint, ...]:
        """Coins that carry a token, recognised by their bytes."""
        return self._holdings(vault).tokens

    def used_indexes(self, vault: Vault, branch: int) -> frozenset[int]:
        """Indexes that were ever paid, in the mempool, too."""
        return frozenset(place.index for place in used(vault, branch, self._seen))

    def transaction(self, txid: Txid, height: Height | None = None) -> bytes:  # noqa: ARG002 -- indexed
        """A whole transaction.

        Raises:
            ChainError: the server does not know it.
        """
        self._fetch([txid])
        if txid not in self._transactions:
            raise ChainError(
                "the server does not find a transaction", expected=txid, hint="ask another server"
            )
        return self._transactions[txid]

    def fee_rate(self, target_blocks: int) -> FeeRate | None:
        """The server's estimate, or None when it has none; never below what its node relays."""
        estimate = self._link.call("blockchain.estimatefee", target_blocks)
        if estimate == -1:
            return None
        relayed = Part(self._link.call("blockchain.relayfee"), "relayfee").amount()
        return FeeRate(max(Part(estimate, "estimatefee").amount(), relayed))

    @property
    def can_test(self) -> bool:
        """No: the protocol has no such call."""
        return False

    def test(self, raw: bytes) -> None:
        """See that the coins are there and not spent in a block; the node itself is not asked.

        Raises:
            NodeRejected: a coin is unknown or spent, or the bytes are no transaction.
        """
        transaction = _parse(raw)
        if self._is_known(transaction.txid):
            return
        outpoints = [txin.outpoint for txin in transaction.inputs]
        self._fetch([one.txid for one in outpoints])
        scripts = []
        for one in outpoints:
            known = self._transactions.get(one.txid)
            outputs = () if known is None else parse_transaction(known).outputs
            if one.vout >= len(outputs):
                raise rejected("missing-inputs")
            scripts.append(self._locking(outputs[one.vout].script))
        unspent = self._ask_scripts("listunspent", scripts)
        histories = self._ask_scripts("get_history", scripts)
        for one, free, history in zip(outpoints, unspent, histories, strict=True):
            # What the mempool spends is not listed either, and may be what this replaces.
            waiting = any(_height(entry) <= 0 for entry in history)
            if not waiting and one not in [_outpoint(coin) for coin in free]:
                raise rejected("bad-txns-inputs-missingorspent")

    def broadcast(self, raw: bytes) -> Txid:
        """`blockchain.transaction.broadcast`; see `Chain.broadcast`."""
        txid = _parse(raw).txid
        (answer,) = self._link.ask([Question("blockchain.transaction.broadcast", (raw.hex(),))])
        if answer.failure is None:
            sent = Part(answer.result, "transaction.broadcast").txid()
            if sent != txid:
                nonsense("the server sent another transaction", expected=txid, found=sent)
        elif not self._is_known(txid):
            raise rejected(_reason(answer.failure.message))
        return txid

    def status(self, txid: Txid, since: Height | None = None) -> Status:  # noqa: ARG002 -- indexed
        """Where a transaction is, from the history of one of its outputs."""
        self._fetch([txid])
        if txid not in self._transactions:
            return Status(0, None, in_mempool=False)
        outputs = parse_transaction(self._transactions[txid]).outputs
        scripts = [self._locking(output.script) for output in outputs]
        indexed = [script for script in scripts if not script.startswith(_OP_RETURN)][:1]
        for history in self._ask_scripts("get_history", indexed):
            for entry in history:
                if entry["tx_hash"].txid() == txid:
                    return self._status_at(_height(entry))
        return Status(0, None, in_mempool=False)

    def _status_at(self, height: int) -> Status:
        if height <= 0:
            return Status(0, None, in_mempool=True)
        tip = self.tip()
        if height > tip.height:
            nonsense("the server names a block above its tip", found=str(height))
        block = tip.hash if height == tip.height else self._block_hash(Height(height))
        return Status(tip.height - height + 1, block, in_mempool=False)

    def _is_known(self, txid: Txid) -> bool:
        status = self.status(txid)
        return status.in_mempool or status.confirmations > 0

    def _holdings(self, vault: Vault) -> Holdings:
        """What the server says about one and the same tip, checked."""
        for _ in range(3):
            tip = self.tip()
            if self._held is not None and self._held[:2] == (vault.id, tip):
                return self._held[2]
            places = [p for b in (RECEIVE, CHANGE) for p in used(vault, b, self._seen)]
            sightings = self._unspent(places)
            self._fetch([sighting.outpoint.txid for sighting in sightings])
            if self.tip() == tip:
                tokens = self._node.tokens
                holdings = check(vault, sightings, tip, self.transaction, tokens=tokens)
                self._held = (vault.id, tip, holdings)
                return holdings
        raise NodeSyncing(
            "blocks come too fast to list the coins", hint="run the command again in a minute"
        )

    def _seen(self, scripts: Sequence[bytes]) -> Iterator[bool]:
        return (bool(history) for history in self._ask_scripts("get_history", scripts))

    def _unspent(self, places: Sequence[VaultPlace]) -> list[Sighting]:
        lists = self._ask_scripts("listunspent", [place.script for place in places])
        return [
            Sighting(
                _outpoint(coin),
                place.script,
                Sats(coin["value"].integer(most=MAX_AMOUNT)),
                Height(_height(coin)),
                place.branch,
                place.index,
            )
            for place, coins in zip(places, lists, strict=True)
            for coin in coins
            if _height(coin) > 0
        ]

    def _ask_scripts(self, method: str, scripts: Sequence[bytes]) -> list[tuple[Part, ...]]:
        """One list for each script, of `get_history` or `listunspent`."""
        name = f"blockchain.scripthash.{method}"
        extra = ("include_tokens",) if self._filters and method == "listunspent" else ()
        found = []
        for at in range(0, len(scripts), AT_ONCE):
            asked = scripts[at : at + AT_ONCE]
            questions = [Question(name, (_scripthash(script), *extra)) for script in asked]
            found += [
                Part(self._result(name, a), method).items() for a in self._link.ask(questions)
            ]
        return found

    def _fetch(self, txids: Sequence[Txid]) -> None:
        """Get to know some transactions, as far as the server does."""
        name = "blockchain.transaction.get"
        wanted = [txid for txid in dict.fromkeys(txids) if txid not in self._transactions]
        for at in range(0, len(wanted), _TRANSACTIONS_AT_ONCE):
            asked = wanted[at : at + _TRANSACTIONS_AT_ONCE]
            answers = self._link.ask([Question(name, (txid,)) for txid in asked])
            for txid, answer in zip(asked, answers, strict=True):
                if answer.failure is None:
                    self._transactions[txid] = Part(answer.result, name).transaction(txid)
                elif not _UNKNOWN.search(answer.failure.message):
                    self._link.refused(name, answer.failure)

    def _result(self, method: str, answer: Answer) -> Any:
        if answer.failure is not None:
            self._link.refused(method, answer.failure)
        return answer.result

    def _block_hash(self, height: Height) -> BlockHash:
        return _hash_of(Part(self._link.call("blockchain.block.header", height), "block.header"))

    def _locking(self, script: bytes) -> bytes:
        """What a server's index calls the script: on Bitcoin Cash, without the token before it."""
        return (behind_token(script) if self._node.tokens else None) or script


def _version(said: Part) -> tuple[int, ...]:
    text = said.text(20)
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3}){1,3}", text):
        raise NodeNonsense("the server's protocol has no version", found=text)
    return tuple(map(int, text.split(".")))


def _scripthash(script: bytes) -> str:
    """SHA-256 of a script, byte order reversed, in hex."""
    return sha256(script)[::-1].hex()


def _hash_of(header: Part) -> BlockHash:
    data = header.data()
    if len(data) != _HEADER:
        nonsense("the server's header is none", expected=f"{_HEADER} bytes", found=str(len(data)))
    return BlockHash(sha256d(data)[::-1].hex())


def _height(entry: Part) -> int:
    """Of a block; 0 in the mempool, -1 there with a parent that waits, too."""
    return entry["height"].integer(least=-1)


def _outpoint(coin: Part) -> OutPoint:
    return OutPoint(coin["tx_hash"].txid(), coin["tx_pos"].integer(most=0xFFFF_FFFF))


def _reason(words: str) -> str:
    """The node's reason in the words that a server put around it."""
    for form in _REASONS:
        found = form.search(words)
        if found:
            return found[1]
    return words


def _parse(raw: bytes) -> Transaction:
    try:
        return parse_transaction(raw)
    except BadInput as error:
        raise rejected(f"TX decode failed: {error.what}") from None
