"""The embedded regtest's faucet: coins that anybody can spend, so that nothing is kept secret."""

from collections.abc import Sequence
from typing import Final

from signer.chain.index import ChainCoin
from signer.chain.weight import vsize
from signer.core.names import Sats
from signer.core.script import OP_1, p2sh, push
from signer.core.transaction import Transaction, TxIn, TxOut

_ANYONE: Final = bytes((OP_1,))

SCRIPT: Final = p2sh(_ANYONE)
"""Where mined coins go: a script that is true for anybody, in a form that all three coins know."""

_UNLOCK: Final = push(_ANYONE)

_RATE: Final = 2
"""sat/vB: above what nodes pass on, so that a payment is never refused for its fee."""

_LEAST_CHANGE: Final = 1_000_000
"""Satoshi. A hundredth of a coin is never dust, so there is always a change output."""

_SEQUENCE: Final = 0xFFFF_FFFD
"""Replaceable (BIP125), as everything that we build."""


def payment(coins: Sequence[ChainCoin], script: bytes, amount: Sats) -> Transaction | None:
    """Pay an amount to a script, from as few coins as will do; None if they are too few.

    Args:
        coins: mature coins of `SCRIPT`.
        script: who is paid.
        amount: in satoshi.
    """
    have, sources = 0, []
    for coin in sorted(coins, key=lambda coin: -coin.amount):
        have += coin.amount
        sources.append(TxIn(coin.outpoint, _UNLOCK, _SEQUENCE))
        outputs = (TxOut(amount, script), TxOut(Sats(0), SCRIPT))
        fee = vsize(Transaction(2, tuple(sources), outputs, 0)) * _RATE
        change = have - amount - fee
        if change >= _LEAST_CHANGE:
            outputs = (TxOut(amount, script), TxOut(Sats(change), SCRIPT))
            return Transaction(2, tuple(sources), outputs, 0)
    return None
