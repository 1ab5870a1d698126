"""Coin selection over a large vault, against what sorting alone costs."""

from functools import cache
from operator import attrgetter

from bench.workload import outside
from signer.build.select import Need, select
from signer.chain.chain import FeeRate, UnspentCoin
from signer.core.hashes import sha256
from signer.core.names import Height, Sats, Txid
from signer.core.transaction import OutPoint, TxOut


def version():
    """Whose."""
    return "this tree, and Python's sorted()"


@cache
def _coins(count):
    """Amounts over four powers of ten, as deposits are; no order."""
    found = []
    for at in range(count):
        digest = sha256(b"coin %d" % at)
        amount = 10 ** (4 + digest[0] % 5) + int.from_bytes(digest[1:4], "big") % 90_000
        outpoint = OutPoint(Txid(digest.hex()), at % 5)
        found.append(UnspentCoin(outpoint, Sats(amount), b"", 0, at, Height(1), coinbase=False))
    return found


def _need(coins):
    return Need(
        payments=(TxOut(Sats(1_234_567_890), outside(1)),),
        anchor=coins[0].outpoint,
        fee_rate=FeeRate(5_000),
        fee_ceiling=Sats(10**8),
        input_weight=561,  # 3-of-5 P2WSH
        change_script=b"\x00\x20" + bytes(32),
    )


def choose(case, *, ground):
    """Ours."""
    coins = _coins(case.count)
    need = _need(coins)
    return lambda: select(coins, need), lambda found: str(found.waste).encode()


def in_order(case, *, ground):
    """Python's own sorting of them, by amount."""
    coins = _coins(case.count)
    return (
        lambda: sorted(coins, key=attrgetter("amount")),
        lambda found: b"%d" % found[0].amount,
    )


JOBS = {"select": choose, "sorted": in_order}
