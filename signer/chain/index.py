"""What the embedded regtest remembers: its blocks, its coins by script, and what waits.

The coins follow the kernel's best chain block by block, forwards and backwards. When the file is
missing it is rebuilt from the kernel's blocks; when the kernel's folder is missing or behind, it
is fed from the blocks here. Only what waits for a block lives here alone.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from signer.chain.chain import BlockHash, Tip
from signer.chain.tokens import behind_token
from signer.core.names import Height, Sats, Txid
from signer.core.script import TOKEN_PREFIX
from signer.core.transaction import OutPoint, Transaction
from signer.store.database import Database

_SCHEMA: Final = """
CREATE TABLE blocks (hash TEXT PRIMARY KEY, height INTEGER NOT NULL, raw BLOB NOT NULL) STRICT;
CREATE TABLE best (height INTEGER PRIMARY KEY, hash TEXT NOT NULL) STRICT;
CREATE TABLE transactions (
    txid TEXT PRIMARY KEY, height INTEGER NOT NULL, position INTEGER NOT NULL) STRICT;
CREATE TABLE coins (
    txid TEXT NOT NULL, vout INTEGER NOT NULL, script BLOB NOT NULL, amount INTEGER NOT NULL,
    height INTEGER NOT NULL, coinbase INTEGER NOT NULL, spent_height INTEGER,
    PRIMARY KEY (txid, vout)) STRICT;
CREATE INDEX coins_script ON coins (script);
CREATE INDEX coins_height ON coins (height);
CREATE INDEX coins_spent ON coins (spent_height);
CREATE INDEX transactions_height ON transactions (height);
CREATE TABLE waiting (
    place INTEGER PRIMARY KEY AUTOINCREMENT, txid TEXT NOT NULL UNIQUE, raw BLOB NOT NULL) STRICT
"""

_OP_RETURN: Final = b"\x6a"
_COIN: Final = "SELECT txid, vout, script, amount, height, coinbase FROM coins WHERE"


@dataclass(frozen=True, slots=True)
class ChainCoin:
    """An unspent output of the best chain.

    Attributes:
        outpoint: where it is.
        script: its scriptPubKey.
        amount: in satoshi.
        height: of its block.
        coinbase: whether a miner made it.
    """

    outpoint: OutPoint
    script: bytes
    amount: Sats
    height: Height
    coinbase: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the best chain a transaction is: the block's height, and its number therein."""

    height: Height
    position: int


def _coin(row: Sequence[object]) -> ChainCoin:
    match row:
        case [str(txid), int(vout), bytes(script), int(amount), int(height), int(coinbase)]:
            outpoint = OutPoint(Txid(txid), vout)
            return ChainCoin(outpoint, script, Sats(amount), Height(height), coinbase == 1)
    raise TypeError(row)  # the schema is STRICT: a bug


class Index:
    """The file `index.sqlite`.

    Raises:
        BadInput: as `Database`.
    """

    def __init__(self, path: Path) -> None:
        remedy = f"remove {path}: it is rebuilt from the blocks"
        self._database = Database(path, (_SCHEMA,), "the embedded regtest's index", remedy)

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def transaction(self) -> AbstractContextManager[None]:
        """All changes inside are durable together, or none of them."""
        return self._database.transaction()

    def last(self) -> Tip | None:
        """The last block that the coins reflect, or None in a new file."""
        rows = self._database.rows("SELECT height, hash FROM best ORDER BY height DESC LIMIT 1")
        return Tip(Height(rows[0][0]), BlockHash(rows[0][1])) if rows else None

    def hashes(self) -> tuple[BlockHash, ...]:
        """Every block ever mined here, parents before children."""
        rows = self._database.rows("SELECT hash FROM blocks ORDER BY height, rowid")
        return tuple(BlockHash(block) for (block,) in rows)

    def raw_block(self, block: BlockHash) -> bytes:
        """A block of `hashes`."""
        ((raw,),) = self._database.rows("SELECT raw FROM blocks WHERE hash = ?", block)
        return bytes(raw)

    def connect(self, tip: Tip, raw: bytes, transactions: Sequence[Transaction]) -> None:
        """Follow the best chain by one block."""
        run = self._database.rows
        run("INSERT OR IGNORE INTO blocks VALUES (?, ?, ?)", tip.hash, tip.height, raw)
        run("INSERT INTO best VALUES (?, ?)", tip.height, tip.hash)
        for position, transaction in enumerate(transactions):
            txid, coinbase = transaction.txid, int(position == 0)
            run("INSERT INTO transactions VALUES (?, ?, ?)", txid, tip.height, position)
            for spent in () if coinbase else transaction.inputs:
                run(
                    "UPDATE coins SET spent_height = ? WHERE txid = ? AND vout = ?",
                    *(tip.height, spent.outpoint.txid, spent.outpoint.vout),
                )
            for vout, output in enumerate(transaction.outputs):
                if not output.script.startswith(_OP_RETURN):
                    run(
                        "INSERT INTO coins VALUES (?, ?, ?, ?, ?, ?, NULL)",
                        *(txid, vout, output.script, output.amount, tip.height, coinbase),
                    )

    def disconnect(self, height: Height) -> None:
        """Take the last block off again; the block itself is kept."""
        run = self._database.rows
        run("DELETE FROM coins WHERE height = ?", height)
        run("UPDATE coins SET spent_height = NULL WHERE spent_height = ?", height)
        run("DELETE FROM transactions WHERE height = ?", height)
        run("DELETE FROM best WHERE height = ?", height)

    def coin(self, outpoint: OutPoint) -> ChainCoin | None:
        """The unspent coin at an outpoint."""
        sql = f"{_COIN} txid = ? AND vout = ? AND spent_height IS NULL"
        rows = self._database.rows(sql, outpoint.txid, outpoint.vout)
        return _coin(rows[0]) if rows else None

    def coins(self, script: bytes) -> tuple[ChainCoin, ...]:
        """The unspent coins of a script, the oldest first."""
        sql = f"{_COIN} script = ? AND spent_height IS NULL ORDER BY height, txid, vout"
        return tuple(_coin(row) for row in self._database.rows(sql, script))

    def behind_tokens(self, script: bytes) -> tuple[ChainCoin, ...]:
        """The unspent coins of a script that carry tokens, which stand in front of it."""
        sql = f"{_COIN} script >= ? AND script < ? AND substr(script, ?) = ?"
        ends = bytes((TOKEN_PREFIX[0] + 1,))
        sql += " AND spent_height IS NULL"
        rows = self._database.rows(sql, TOKEN_PREFIX, ends, -len(script), script)
        found = [_coin(row) for row in rows]
        return tuple(coin for coin in found if behind_token(coin.script) == script)

    def seen(self, script: bytes) -> bool:
        """Whether the best chain ever paid to a script."""
        sql = "SELECT 1 FROM coins WHERE script = ? LIMIT 1"
        return bool(self._database.rows(sql, script) or self.behind_tokens(script))

    def place(self, txid: Txid) -> Place | None:
        """Where the best chain holds a transaction."""
        sql = "SELECT height, position FROM transactions WHERE txid = ?"
        rows = self._database.rows(sql, txid)
        return Place(Height(rows[0][0]), rows[0][1]) if rows else None

    def waiting(self) -> Iterator[bytes]:
        """Transactions that wait for a block, in the order in which they came."""
        for (raw,) in self._database.rows("SELECT raw FROM waiting ORDER BY place"):
            yield bytes(raw)

    def keep_waiting(self, txid: Txid, raw: bytes) -> None:
        """Remember that a transaction waits."""
        self._database.rows("INSERT INTO waiting (txid, raw) VALUES (?, ?)", txid, raw)

    def forget_waiting(self, txid: Txid) -> None:
        """A transaction waits no longer: mined, replaced, or no longer possible."""
        self._database.rows("DELETE FROM waiting WHERE txid = ?", txid)
