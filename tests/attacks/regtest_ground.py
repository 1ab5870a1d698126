"""Where a transaction has to prove itself: blocks of Bitcoin Core's consensus code."""

from world import COIN_AMOUNT, Coin, World

from policies.envelope import Envelope
from policies.withdrawal import Anchor
from signer.chain.regtest import Regtest
from signer.chain.whole import parse_transaction
from signer.core.names import Height
from signer.core.transaction import Transaction
from signer.core.vault import RECEIVE


class Ground:
    """The embedded regtest, with coins of the vault on it.

    Args:
        world: whose vault.
        chain: Bitcoin Core's consensus, with real blocks.
    """

    def __init__(self, world: World, chain: Regtest) -> None:
        self.world, self.chain = world, chain

    def coin(self, index: int = 0) -> Coin:
        """A new confirmed coin of the vault."""
        script = self.world.vault.script(RECEIVE, index).script_pubkey
        txid = self.chain.fund(script, COIN_AMOUNT)
        tx = parse_transaction(self.chain.transaction(txid))
        vout = [output.script for output in tx.outputs].index(script)
        return Coin(tx, vout, RECEIVE, index)

    def withdrawal(self, anchor: Coin, ahead: int = 0, **changes: object) -> Envelope:
        """An approved withdrawal at a height so many blocks after the tip."""
        height = Height(self.chain.tip().height + ahead)
        return self.world.approve(
            self.world.withdrawal(
                **{
                    "anchor": Anchor(anchor.outpoint.txid, anchor.outpoint.vout),
                    "height": height,
                    "expiry": Height(height + 100),
                    **changes,
                }
            )
        )

    def confirm(self, tx: Transaction) -> None:
        """Send a transaction; the next block must hold it."""
        self.chain.broadcast(tx.to_bytes())
        self.chain.mine()
        assert self.chain.status(tx.txid).confirmations == 1
