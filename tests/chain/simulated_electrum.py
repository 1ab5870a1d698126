"""Electrum servers, simulated over the embedded regtest: real lines over real TCP or TLS.

They answer as ElectrumX (`src/electrumx/server/session.py`), electrs (romanz, `src/electrum.rs`)
and Fulcrum (`src/Servers.cpp`) do, as far as they differ: versions, words of errors,
notifications, tokens. Tests make one lie by a function in `lies`, which gets a method's true
result.
"""

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any

from simulated_node import FailureError

from signer.chain.chain import BlockHash
from signer.chain.errors import NodeRejected
from signer.chain.nodes import NODES
from signer.chain.regtest import Regtest
from signer.chain.tokens import behind_token
from signer.chain.whole import parse_transaction
from signer.core.hashes import sha256
from signer.core.transaction import Transaction

VERSIONS = {
    "electrumx": "ElectrumX 1.16.0",
    "electrs": "electrs/0.10.9",
    "fulcrum": "Fulcrum 1.12.0",
}
PROTOCOLS = {"electrumx": (1, 4, 2), "electrs": (1, 4), "fulcrum": (1, 5, 3)}


class SimulatedElectrum:
    """The server's side.

    Args:
        chain: what it tells of.
        kind: `electrumx`, `electrs` or `fulcrum`.
        coin: whose chain it says that is.
    """

    def __init__(self, chain: Regtest, kind: str, coin: str = "BTC") -> None:
        self.chain = chain
        self.kind = kind
        self.genesis = NODES[coin].networks["regtest"].beginnings[0].genesis
        self.tokens = NODES[coin].tokens
        self.protocol: tuple[int, ...] = (1, 4)
        self.lies: dict[str, Any] = {}
        self.asked: list[str] = []
        self.port = 0
        self._indexed: tuple[str, dict[str, list[tuple[str, int]]]] | None = None

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.port}"

    def answer(self, line: bytes) -> list[dict[str, Any]]:
        """What goes back for a line: an answer, perhaps after a notification."""
        request = json.loads(line)
        method, params = request["method"], request["params"]
        self.asked.append(method)
        name = "do_" + method.replace(".", "_")
        head = {"jsonrpc": "2.0", "id": request["id"]}
        try:
            result = getattr(self, name, self.unknown(method))(*params)
            answered = {**head, "result": self.lies.get(method, lambda true: true)(result)}
        except FailureError as failure:
            code, message = failure.args
            answered = {**head, "error": {"code": code, "message": message}}
        news = []
        if self.kind == "electrumx" and len(self.asked) % 3 == 0:
            tip = self.do_blockchain_headers_subscribe()
            news = [{"jsonrpc": "2.0", "method": "blockchain.headers.subscribe", "params": [tip]}]
        return [*news, answered]

    @staticmethod
    def unknown(method: str) -> Any:
        """What a call does that there is not."""

        def refuse(*_: Any) -> None:
            raise FailureError(-32601, f'unknown method "{method}"')

        return refuse

    # The server itself

    def do_server_version(self, client: str, wanted: Any) -> Any:
        """The highest that both speak; electrs takes no range."""
        assert client
        low, high = wanted if isinstance(wanted, list) else (wanted, wanted)
        most = PROTOCOLS[self.kind]
        if self.kind == "electrs" and isinstance(wanted, list):
            raise FailureError(1, f"{client} requested {wanted}, server supports 1.4")
        self.protocol = min(most, tuple(map(int, high.split("."))))
        assert self.protocol >= tuple(map(int, low.split(".")))
        return [VERSIONS[self.kind], ".".join(map(str, self.protocol))]

    def do_server_features(self) -> Any:
        """Which chain."""
        return {
            "genesis_hash": self.genesis,
            "hash_function": "sha256",
            "protocol_min": "1.4",
            "protocol_max": ".".join(map(str, PROTOCOLS[self.kind])),
            "pruning": None,
            "server_version": VERSIONS[self.kind],
        }

    # Blocks

    def do_blockchain_headers_subscribe(self) -> Any:
        """The tip."""
        height = self.chain.tip().height
        return {"height": height, "hex": self.do_blockchain_block_header(height)}

    def do_blockchain_block_header(self, height: int) -> str:
        """80 bytes."""
        if height > self.chain.tip().height:
            raise FailureError(1, f"height {height:,d} out of range")
        block = self.chain._kernel.block(BlockHash(self.chain._kernel.hash_at(height)))
        return block.raw[:80].hex()

    def do_blockchain_estimatefee(self, blocks: int) -> Any:
        """No block was ever full."""
        assert blocks > 0
        return -1

    def do_blockchain_relayfee(self) -> Any:
        """As bitcoind's default."""
        return 0.00001

    # Scripts

    def do_blockchain_scripthash_get_history(self, scripthash: str) -> Any:
        """Confirmed ones, then what waits."""
        confirmed = [
            {"tx_hash": txid, "height": height}
            for txid, height in self._index().get(scripthash, [])
        ]
        waiting = [
            {"tx_hash": entry.transaction.txid, "height": 0, "fee": entry.fee}
            for entry in self.chain._mempool.entries()
            if scripthash in self._touched(entry.transaction)
        ]
        return confirmed + waiting

    def do_blockchain_scripthash_listunspent(self, scripthash: str, tokens: str = "") -> Any:
        """What nothing in the mempool spends; tokens only for who asks for them."""
        if tokens:
            assert self.kind == "fulcrum"
            assert self.protocol >= (1, 5, 0)
            assert tokens == "include_tokens"
        found = []
        run = self.chain._index._database.rows
        rows = run(
            "SELECT txid, vout, amount, height, script FROM coins WHERE spent_height IS NULL"
        )
        for txid, vout, amount, height, script in rows:
            behind = behind_token(script) if self.tokens else None
            if _scripthash(behind or script) != scripthash or (behind and not tokens):
                continue
            if any(
                (spent.outpoint.txid, spent.outpoint.vout) == (txid, vout)
                for entry in self.chain._mempool.entries()
                for spent in entry.transaction.inputs
            ):
                continue
            coin = {"tx_hash": txid, "tx_pos": vout, "height": height, "value": amount}
            data = {"category": script[1:33][::-1].hex(), "amount": "1"}
            found.append({**coin, "token_data": data} if behind else coin)
        return found

    # Transactions

    def do_blockchain_transaction_get(self, txid: Any) -> str:
        """In hex; verbose ones are not asked for, since electrs has none."""
        status = self.chain.status(txid)
        if not status.confirmations and not status.in_mempool:
            words = "No such mempool or blockchain transaction. Use gettransaction for wallet ones."
            if self.kind == "electrumx":
                words = f"daemon error: DaemonError({{'code': -5, 'message': '{words}'}})"
            raise FailureError(2, words)
        return self.chain.transaction(txid).hex()

    def do_blockchain_transaction_broadcast(self, raw: str) -> str:
        """Into the mempool."""
        data = bytes.fromhex(raw)
        try:
            txid = parse_transaction(data).txid
            if self.chain._index.place(txid):
                words = "Transaction outputs already in utxo set"
                raise FailureError(*self._rejected(words, raw))
            return txid if txid in self.chain._mempool else self.chain._mempool.accept(data)
        except NodeRejected as error:
            raise FailureError(*self._rejected(error.found, raw)) from None

    def _rejected(self, reason: str, raw: str) -> tuple[int, str]:
        rules = f"the transaction was rejected by network rules.\n\n{reason}\n"
        return {
            "electrumx": (1, f"{rules}[{raw}]"),
            "fulcrum": (1, rules),
            "electrs": (2, f'sendrawtransaction RPC error: {{"code":-26,"message":"{reason}"}}'),
        }[self.kind]

    # What several need

    def _touched(self, transaction: Transaction) -> set[str]:
        """The script hashes that a transaction pays to or spends from."""
        scripts = [output.script for output in transaction.outputs]
        for spent in transaction.inputs:
            if int(spent.outpoint.txid, 16):
                before = parse_transaction(self.chain.transaction(spent.outpoint.txid))
                scripts.append(before.outputs[spent.outpoint.vout].script)
        behind = [behind_token(script) if self.tokens else None for script in scripts]
        return {_scripthash(b or s) for b, s in zip(behind, scripts, strict=True)}

    def _index(self) -> dict[str, list[tuple[str, int]]]:
        """The confirmed history of each script."""
        tip = self.chain.tip()
        if self._indexed is None or self._indexed[0] != tip.hash:
            index: dict[str, list[tuple[str, int]]] = {}
            for height in range(1, tip.height + 1):
                block = self.chain._kernel.block(self.chain._kernel.hash_at(height))
                for raw in block.transactions:
                    transaction = parse_transaction(raw)
                    for scripthash in self._touched(transaction):
                        index.setdefault(scripthash, []).append((transaction.txid, height))
            self._indexed = (tip.hash, index)
        return self._indexed[1]


def _scripthash(script: bytes) -> str:
    return sha256(script)[::-1].hex()


@contextmanager
def serving(server: Any, tls: ssl.SSLContext | None = None) -> Iterator[None]:
    """Serve `server.answer` on a free port of the loopback, a line at a time."""

    class Handler(StreamRequestHandler):
        """One client."""

        def setup(self) -> None:
            """Shake hands first, if that is asked for."""
            if tls is not None:
                self.request = tls.wrap_socket(self.request, server_side=True)
            super().setup()

        def finish(self) -> None:
            """A socket of TLS is our own to close."""
            super().finish()
            self.request.close()

        def handle(self) -> None:
            """Answer each line."""
            for line in self.rfile:
                for message in server.answer(line):
                    self.wfile.write(json.dumps(message).encode() + b"\n")

    class Quiet(ThreadingTCPServer):
        """A client that hangs up, or does not like the certificate, is not news."""

        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Say nothing."""

    with Quiet(("127.0.0.1", 0), Handler) as listening:
        server.port = listening.server_address[1]
        thread = Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            listening.shutdown()
            thread.join()
