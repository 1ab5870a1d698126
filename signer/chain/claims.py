"""Which coins a node says a vault has: each claim is held against the vault and the transaction.

A node can withhold what is true, but it cannot invent: every coin that it names is derived again
from the vault, and every transaction must hash to its id and hold the coin as it was named.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from signer.chain.answers import nonsense
from signer.chain.chain import Tip, UnspentCoin, is_mature
from signer.chain.tokens import behind_token
from signer.chain.whole import parse_transaction
from signer.core.names import Height, Sats, Txid
from signer.core.transaction import OutPoint, Transaction
from signer.core.vault import Vault

_COINBASE: Final = OutPoint(Txid("00" * 32), 0xFFFF_FFFF)


@dataclass(frozen=True, slots=True)
class Sighting:
    """An unspent output as the node describes it.

    Attributes:
        outpoint: where.
        script: its scriptPubKey, without a token.
        amount: in satoshi.
        height: of its block.
        branch: of the vault's descriptor that it is said to follow from.
        index: in that branch.
    """

    outpoint: OutPoint
    script: bytes
    amount: Sats
    height: Height
    branch: int
    index: int


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a vault has, checked.

    Attributes:
        coins: that can be spent: confirmed and mature, oldest first, then by outpoint.
        tokens: coins that carry a token, too: spending one as money would burn it.
    """

    coins: tuple[UnspentCoin, ...]
    tokens: tuple[OutPoint, ...]


def check(
    vault: Vault,
    sightings: Sequence[Sighting],
    tip: Tip,
    transaction: Callable[[Txid, Height], bytes],
    *,
    tokens: bool,
) -> Holdings:
    """Hold each claim against the vault's derivation and the coin's own transaction.

    Args:
        vault: whose.
        sightings: what the node says.
        tip: when it said so.
        transaction: gives a transaction that hashes to an id, found at a height.
        tokens: whether outputs of this coin may carry tokens.

    Raises:
        NodeNonsense: a coin is named twice, is not the vault's, or not in its transaction.
    """
    if len({sighting.outpoint for sighting in sightings}) != len(sightings):
        nonsense("the node names a coin twice")
    coins, carrying = [], []
    for sighting in sightings:
        _check_place(vault, sighting, tip)
        raw = transaction(sighting.outpoint.txid, sighting.height)
        coin = _checked(sighting, parse_transaction(raw), tokens=tokens)
        if coin is None:
            carrying.append(sighting.outpoint)
        elif is_mature(coin.height, tip, coinbase=coin.coinbase):
            coins.append(coin)
    coins.sort(key=lambda c: (c.height, c.outpoint.txid, c.outpoint.vout))
    carrying.sort(key=lambda o: (o.txid, o.vout))
    return Holdings(tuple(coins), tuple(carrying))


def _check_place(vault: Vault, sighting: Sighting, tip: Tip) -> None:
    """A coin pays to the vault's own script at its place, in a block that there is."""
    own = vault.script(sighting.branch, sighting.index).script_pubkey
    if own != sighting.script:
        nonsense(
            "the node names a coin that is not the vault's",
            expected=f"{own.hex()} at {sighting.branch}/{sighting.index}",
            found=f"{sighting.script.hex()[:200]} of {_name(sighting)}",
        )
    if sighting.height > tip.height:
        nonsense(
            "the node names a coin above its tip", found=f"{_name(sighting)}: {sighting.height}"
        )


def _checked(sighting: Sighting, transaction: Transaction, *, tokens: bool) -> UnspentCoin | None:
    """The coin as its transaction holds it; None if it carries a token."""
    vout, own = sighting.outpoint.vout, sighting.script
    outputs = transaction.outputs[vout : vout + 1]
    if tokens and outputs and behind_token(outputs[0].script) == own:
        return None
    if [(o.amount, o.script) for o in outputs] != [(sighting.amount, own)]:
        nonsense(
            "a coin is not in its transaction as the node names it",
            expected=f"{sighting.amount} sat at {_name(sighting)}",
            found=f"{outputs[0].amount} sat" if outputs else "no such output",
        )
    return UnspentCoin(
        outpoint=sighting.outpoint,
        amount=sighting.amount,
        script=own,
        branch=sighting.branch,
        index=sighting.index,
        height=sighting.height,
        coinbase=transaction.inputs[0].outpoint == _COINBASE,
    )


def _name(sighting: Sighting) -> str:
    return f"{sighting.outpoint.txid}:{sighting.outpoint.vout}"
