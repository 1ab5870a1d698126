"""Which of a vault's coins are free, and where change goes."""

from collections.abc import Sequence

from signer.chain.chain import Chain, Tip, UnspentCoin
from signer.cli import show
from signer.cli.review import counted
from signer.core.errors import Fault, Refusal, Refused
from signer.core.names import DocumentId, Txid
from signer.core.transaction import OutPoint
from signer.core.vault import CHANGE, Vault
from signer.sign.facts import GAP_LIMIT
from signer.store.store import Store

_STEP = 4
"""Signers look at the change's index in step 4."""


def listed(vault: Vault, chain: Chain) -> tuple[UnspentCoin, ...]:
    """The vault's confirmed and mature coins; the person is told of those that carry tokens.

    Raises:
        ChainError: the chain cannot be asked.
    """
    coins, tokens = chain.coins(vault), chain.token_coins(vault)
    if tokens:
        show.note(f"left alone, since they carry tokens: {counted(len(tokens), 'coin')}")
    return coins


def free(
    vault: Vault,
    coins: Sequence[UnspentCoin],
    tip: Tip,
    store: Store,
    *,
    besides: DocumentId | None = None,
) -> tuple[UnspentCoin, ...]:
    """The coins that no other withdrawal has taken, be it as its anchor.

    Nor are those free that a label says not to spend (BIP329), but for the anchor that the officers
    have approved: it has to be spent, be it by a void.

    An expired withdrawal takes nothing any more: if its transaction should still turn up,
    spending the same coins is what keeps it from confirming.

    Args:
        vault: whose.
        coins: confirmed and mature.
        tip: the last block.
        store: what was asked for and built.
        besides: a withdrawal whose own coins, and its family's, count as free.
    """
    own = store.family(besides) if besides else ()
    taken = set()
    for stored in store.withdrawals(vault.id):
        withdrawal = stored.withdrawal
        if withdrawal.expiry < tip.height:
            store.release(withdrawal.id)
        elif withdrawal.id not in own:
            taken.add(OutPoint(Txid(withdrawal.anchor.txid), withdrawal.anchor.vout))
    taken |= store.reserved(vault.id, besides=besides)
    taken |= _frozen(vault, coins, store, besides)
    return tuple(coin for coin in coins if coin.outpoint not in taken)


def change_index(
    vault: Vault, chain: Chain, store: Store, withdrawal: DocumentId, sequence: int
) -> int:
    """A change address that was never used, and that signers take.

    Each withdrawal starts at a place of its own, so that a coordinator without memory does not
    give out an address twice.

    Raises:
        Refused: all that signers would take are used.
    """
    used = chain.used_indexes(vault, CHANGE) | store.change_indexes(vault.id, besides=withdrawal)
    for index in range(sequence - 1, sequence + GAP_LIMIT):
        if index not in used:
            return index
    raise Refused(
        Refusal(
            _STEP,
            "outputs.gap",
            "every change address that signers would take is used",
            Fault.COORDINATOR,
            expected=f"a fresh one below {sequence + GAP_LIMIT}",
            hint="somebody has paid to change addresses; the next withdrawal may use later ones",
        )
    )


def _frozen(
    vault: Vault, coins: Sequence[UnspentCoin], store: Store, besides: DocumentId | None
) -> set[OutPoint]:
    """Coins that labels say not to spend; the person is told how many."""
    frozen = {coin.outpoint for coin in coins} & store.frozen(vault.id)
    if besides is not None:
        anchor = store.withdrawal_by_id(besides).withdrawal.anchor
        frozen.discard(OutPoint(Txid(anchor.txid), anchor.vout))
    if frozen:
        show.note(f"left alone, since their labels say so: {counted(len(frozen), 'coin')}")
    return frozen
