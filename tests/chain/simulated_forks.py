"""Bitcoin Cash Node and monacoind, simulated like bitcoind, where they answer otherwise.

Sources: bitcoin-cash-node `src/rpc/`, `test/functional/mempool_accept.py` and
`rpc_scantxoutset.py`; monacoin `src/clientversion.cpp`, `src/chainparams.cpp`. The blocks below are
the embedded regtest's, so that only what is said over the wire is theirs.
"""

from typing import Any

from simulated_node import FailureError, SimulatedNode

from signer.chain.nodes import NODES
from signer.chain.tokens import behind_token

CODES = {
    "txn-already": 18,
    "txn-mempool-conflict": 18,
    "non-final": 64,
    "dust": 64,
    "min relay fee not met": 66,
}
"""Reject codes of the old peer-to-peer message; consensus breaches have 16."""


class ScansByScript(SimulatedNode):
    """A node without `sortedmulti` in its descriptors and without descriptor wallets."""

    coin = "MONA"

    def do_scantxoutset(self, action: str, entries: list[Any]) -> Any:
        """Only `raw(...)`; coins with a token are found by the script behind it."""
        assert action == "start"
        wanted = set()
        for entry in entries:
            if not isinstance(entry, str) or not entry.startswith("raw("):
                raise FailureError(-5, f"Invalid descriptor '{entry}'")
            wanted.add(bytes.fromhex(entry[4:-1]))
        found = []
        run = self.chain._index._database.rows
        rows = run(
            "SELECT txid, vout, script, amount, height, coinbase FROM coins"
            " WHERE spent_height IS NULL ORDER BY height"
        )
        for txid, vout, script, amount, height, coinbase in rows:
            behind = behind_token(script) if NODES[self.coin].tokens else None
            if (behind or script) in wanted:
                coin = {
                    "txid": txid,
                    "vout": vout,
                    "scriptPubKey": (behind or script).hex(),
                    "desc": f"raw({(behind or script).hex()})#00000000",
                    "amount": self.coins(amount),
                    "coinbase": bool(coinbase),
                    "height": height,
                }
                data = {"category": script[1:33][::-1].hex(), "amount": "1"}
                found.append({**coin, "tokenData": data} if behind else coin)
        return {"success": True, "unspents": found}

    def do_getblockhash(self, height: int) -> Any:
        """Its own first block."""
        if height == 0:
            return NODES[self.coin].networks["regtest"].beginnings[0].genesis
        return super().do_getblockhash(height)

    def do_createwallet(self, *_: Any, **options: Any) -> Any:
        """As before Core 0.21."""
        assert "descriptors" in options
        raise FailureError(-8, "Unknown named parameter descriptors")


class SimulatedMonacoind(ScansByScript):
    """Newer ones call themselves as Bitcoin Core does."""

    def do_getnetworkinfo(self) -> Any:
        """Not a word of Monacoin."""
        return {"subversion": "/Satoshi:23.0.0/", "relayfee": 0.00001}


class SimulatedBchn(ScansByScript):
    """No replacement of what waits, one fee for all, reject codes, tokens."""

    coin = "BCH"

    def do_getnetworkinfo(self) -> Any:
        """Its name and the limit of its blocks."""
        return {"subversion": "/Bitcoin Cash Node:28.0.1(EB32.0)/", "relayfee": 0.00001}

    def do_estimatesmartfee(self, target: int) -> Any:
        """Removed."""
        raise FailureError(-32601, f"Method not found {target}"[:16])

    def do_estimatefee(self) -> Any:
        """Takes no argument any more."""
        return 0.00001

    def do_testmempoolaccept(self, raws: list[str]) -> Any:
        """Reasons with their code in front."""
        (verdict,) = super().do_testmempoolaccept(raws)
        if "reject-reason" in verdict and verdict["reject-reason"] != "missing-inputs":
            code, reason = self.coded(verdict["reject-reason"])
            verdict |= {"reject-reason": f"{code}: {reason}", "reject-details": reason}
        return [verdict]

    def do_sendrawtransaction(self, raw: str) -> Any:
        """Reasons with their code behind."""
        try:
            return super().do_sendrawtransaction(raw)
        except FailureError as failure:
            number, words = failure.args
            code, reason = self.coded(words)
            raise FailureError(number, f"{reason} (code {code})") from None

    @staticmethod
    def coded(reason: str) -> tuple[int, str]:
        """A reason as the node knows it: it never replaces."""
        reason = "txn-mempool-conflict" if "replacement" in reason else reason
        found = [code for start, code in CODES.items() if reason.startswith(start)]
        return (found or [16])[0], reason
