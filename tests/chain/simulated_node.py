"""A bitcoind without txindex, simulated over the embedded regtest, spoken to by real JSON-RPC.

It answers as Bitcoin Core's source says (src/rpc/, src/wallet/rpc/), with Core's codes. Tests make
it lie by putting a function into `lies`, which gets a method's true result and returns another.
"""

from decimal import Decimal
from typing import Any

from replayed_node import Reply, reply

from signer.chain.chain import BlockHash
from signer.chain.errors import NodeRejected
from signer.chain.index import ChainCoin
from signer.chain.regtest import Regtest
from signer.chain.whole import parse_transaction
from signer.core.transaction import OutPoint
from signer.core.vault import Vault


class FailureError(Exception):
    """A JSON-RPC error."""


class SimulatedNode:
    """The node's side. One wallet at most, which knows one vault once it was told of it."""

    def __init__(self, chain: Regtest, vault: Vault) -> None:
        self.chain = chain
        self.vault = vault
        self.lies: dict[str, Any] = {}
        self.wallets: dict[str, list[dict[str, Any]]] = {}
        self.loaded: set[str] = set()
        self.port = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def answer(self, path: str, request: dict[str, Any]) -> Reply:
        """One request."""
        method, params = request["method"], request["params"]
        wallet = path.removeprefix("/wallet/") if path != "/" else None
        try:
            result = self.result(wallet, method, params)
            return reply(request, result=self.lies.get(method, lambda true: true)(result))
        except FailureError as failure:
            code, message = failure.args
            return reply(request, error={"code": code, "message": message})

    def result(self, wallet: str | None, method: str, params: Any) -> Any:
        """What a method truly gives."""
        found = getattr(self, f"do_{method}", None)
        if found is None:
            raise FailureError(-32601, "Method not found")
        if wallet is not None and wallet not in self.loaded:
            raise FailureError(-18, "Requested wallet does not exist or is not loaded")
        arguments = [wallet] if wallet is not None else []
        return found(**params) if isinstance(params, dict) else found(*arguments, *params)

    # Blocks

    def do_getblockchaininfo(self) -> Any:
        """The tip."""
        tip = self.chain.tip()
        return {
            "chain": "regtest",
            "blocks": tip.height,
            "headers": tip.height,
            "bestblockhash": tip.hash,
            "initialblockdownload": True,
        }

    def do_getblockhash(self, height: int) -> Any:
        """By height."""
        if height > self.chain.tip().height:
            raise FailureError(-8, "Block height out of range")
        return self.chain._kernel.hash_at(height)

    def do_getblockheader(self, block: str) -> Any:
        """Its time."""
        return {"time": self.chain._kernel.time_of(BlockHash(block))}

    def do_getblock(self, block: str, verbosity: int) -> Any:
        """The ids in it."""
        assert verbosity == 1
        stored = self.chain._kernel.block(BlockHash(block))
        return {
            "tx": [parse_transaction(raw).txid for raw in stored.transactions],
            "previousblockhash": stored.raw[4:36][::-1].hex(),
        }

    def do_getnetworkinfo(self) -> Any:
        """Its name, and the least fee."""
        return {"subversion": "/Satoshi:28.1.0/", "relayfee": 0.00001}

    # Transactions

    def do_getrawtransaction(self, txid: Any, verbose: int, block: str | None = None) -> Any:
        """Without index: from the mempool, or from the block that is named."""
        place = self.chain._index.place(txid)
        if block is None:
            if txid not in self.chain._mempool:
                raise FailureError(-5, "No such mempool transaction. Use -txindex")
            raw = self.chain.transaction(txid)
            return {"txid": txid, "hex": raw.hex()} if verbose else raw.hex()
        if place is None or self.chain._kernel.hash_at(place.height) != block:
            raise FailureError(-5, "No such transaction found in the provided block.")
        return self.chain.transaction(txid).hex()

    def do_gettxout(self, txid: Any, vout: int) -> Any:
        """An unspent output or null; what a waiting transaction spends is spent."""
        coin = self.chain._index.coin(OutPoint(txid, vout))
        if coin is None or self.chain._mempool.spends(coin.outpoint):
            return None
        return {"confirmations": self.confirmations(coin), "value": self.coins(coin.amount)}

    def do_getmempoolentry(self, txid: Any) -> Any:
        """Whether it waits."""
        if txid not in self.chain._mempool:
            raise FailureError(-5, "Transaction not in mempool")
        return {"vsize": 1}

    def do_testmempoolaccept(self, raws: list[str]) -> Any:
        """As the mempool says; what it has already is `not allowed`."""
        raw = bytes.fromhex(raws[0])
        txid = parse_transaction(raw).txid
        verdict: dict[str, Any] = {"txid": txid, "allowed": True}
        if txid in self.chain._mempool:
            verdict = {"txid": txid, "allowed": False, "reject-reason": "txn-already-in-mempool"}
        else:
            try:
                self.chain._mempool.check(raw)
            except NodeRejected as error:
                reason = error.found.replace("bad-txns-inputs-missingorspent", "missing-inputs")
                if any(
                    self.chain._index.coin(OutPoint(txid, vout))
                    for vout in range(len(parse_transaction(raw).outputs))
                ):
                    reason = "txn-already-known"
                verdict = {"txid": txid, "allowed": False, "reject-reason": reason}
        return [verdict]

    def do_sendrawtransaction(self, raw: str) -> Any:
        """Into the mempool."""
        data = bytes.fromhex(raw)
        txid = parse_transaction(data).txid
        try:
            return txid if txid in self.chain._mempool else self.chain._mempool.accept(data)
        except NodeRejected as error:
            if self.chain._index.place(txid):
                raise FailureError(-27, "Transaction outputs already in utxo set") from None
            missing = error.found == "bad-txns-inputs-missingorspent"
            raise FailureError(-25 if missing else -26, error.found) from None

    def do_estimatesmartfee(self, target: int) -> Any:
        """No block was ever full."""
        return {"errors": ["Insufficient data or no feerate found"], "blocks": target}

    # Coins

    def do_scantxoutset(self, action: str, entries: list[dict[str, Any]]) -> Any:
        """All coins of the vault, young ones too."""
        assert action == "start"
        assert [entry["desc"] for entry in entries] == self.descriptors()
        listed = [
            {**self.described(*found), "height": found[0].height, "coinbase": found[0].coinbase}
            for found in self.vault_coins()
        ]
        return {"success": True, "unspents": listed}

    def do_listwallets(self) -> Any:
        """Loaded ones."""
        return sorted(self.loaded)

    def do_loadwallet(self, name: str) -> Any:
        """From disk."""
        if name not in self.wallets:
            raise FailureError(-18, "Wallet file verification failed. Path does not exist.")
        self.loaded.add(name)
        return {"name": name}

    def do_createwallet(
        self, wallet_name: str, disable_private_keys: bool, blank: bool, descriptors: bool
    ) -> Any:
        """A wallet that only watches."""
        assert disable_private_keys
        assert blank
        assert descriptors
        self.wallets[wallet_name] = []
        self.loaded.add(wallet_name)
        return {"name": wallet_name}

    def do_getwalletinfo(self, _wallet: str) -> Any:
        """What kind it is."""
        return {"private_keys_enabled": False, "descriptors": True, "scanning": False}

    def do_importdescriptors(self, wallet: str, entries: list[dict[str, Any]]) -> Any:
        """Watch these; the hardened steps are written with an apostrophe from now on."""
        self.wallets[wallet] = entries
        return [{"success": True} for _ in entries]

    def do_listdescriptors(self, wallet: str) -> Any:
        """As Core before 24 writes them."""
        return {
            "descriptors": [
                {
                    "desc": entry["desc"].split("#")[0].replace("h", "'").replace("ws'", "wsh")
                    + "#00000000",
                    "next_index": 1
                    + max((p for c, b, p in self.vault_coins() if b == at), default=-1),
                }
                for at, entry in enumerate(self.wallets[wallet])
            ]
        }

    def do_listunspent(
        self, wallet: str, least: int, most: int, addresses: list[str], unsafe: bool
    ) -> Any:
        """Confirmed and mature ones that no waiting transaction spends."""
        assert (least, addresses, unsafe) == (1, [], False)
        assert most > 10**6
        assert self.wallets[wallet]
        return [
            {**self.described(*found), "confirmations": self.confirmations(found[0])}
            for found in self.vault_coins()
            if self.chain._is_mature(found[0]) and not self.chain._mempool.spends(found[0].outpoint)
        ]

    def do_gettransaction(self, _wallet: str, txid: Any) -> Any:
        """What concerns the vault: here, whatever the chain has."""
        status = self.chain.status(txid)
        if not status.confirmations and not status.in_mempool:
            raise FailureError(-5, "Invalid or non-wallet transaction id")
        found: dict[str, Any] = {
            "confirmations": status.confirmations,
            "hex": self.chain.transaction(txid).hex(),
        }
        return found if status.block is None else {**found, "blockhash": status.block}

    # What several need

    def descriptors(self) -> list[str]:
        """Of both branches."""
        return [self.vault.form.branch_text(branch) for branch in (0, 1)]

    def vault_coins(self) -> list[tuple[ChainCoin, int, int]]:
        """Each coin with its branch and index."""
        return [
            (coin, branch, index)
            for branch in (0, 1)
            for index in range(30)
            for coin in self.chain._index.coins(self.vault.script(branch, index).script_pubkey)
        ]

    def described(self, coin: ChainCoin, branch: int, index: int) -> dict[str, Any]:
        """As both lists have it."""
        place = self.vault.script(branch, index)
        keys = ",".join(
            f"[{key.fingerprint}/48h/1h/0h/2h/{branch}/{index}]{key.pubkey.hex()}"
            for key in place.keys
        )
        return {
            "txid": coin.outpoint.txid,
            "vout": coin.outpoint.vout,
            "scriptPubKey": coin.script.hex(),
            "amount": self.coins(coin.amount),
            "desc": f"wsh(multi(2,{keys}))#00000000",
        }

    def confirmations(self, coin: ChainCoin) -> int:
        """1 in the tip."""
        return self.chain.tip().height - coin.height + 1

    @staticmethod
    def coins(amount: int) -> float:
        """As Core writes it: eight decimals, which a double of this size holds exactly."""
        return float(Decimal(amount) / 10**8)
