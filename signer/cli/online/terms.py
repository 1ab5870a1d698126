"""What a new withdrawal says where nobody said it: its anchor, its fee ceiling, its lifetime."""

from collections.abc import Sequence

from policies.policy import Policy
from policies.rules import Fees, Timing
from policies.rules.special import Special
from policies.withdrawal import Anchor
from signer.chain.chain import UnspentCoin
from signer.core.amounts import format_amount
from signer.core.errors import BadInput, Fault
from signer.core.names import Sats
from signer.core.vault import Vault

LIFETIME = 144
"""Blocks, about a day: how long approvals live, unless the policy says less."""


def anchor(vault: Vault, free: Sequence[UnspentCoin], needed: int) -> Anchor:
    """Choose the coin that makes two fulfilments exclude each other.

    The smallest that pays for everything, so that no further coin is needed; else the largest.

    Args:
        vault: for its coin's name.
        free: confirmed coins that no other withdrawal has taken.
        needed: payments and the fee's ceiling.

    Raises:
        BadInput: there is not enough.
    """
    total = sum(coin.amount for coin in free)
    if not free or total < needed:
        raise BadInput(
            "the vault has too little that is confirmed and not taken",
            fault=Fault.OFFICER,
            expected=f"{format_amount(needed, vault.coin)} with the fee's ceiling",
            found=f"{format_amount(total, vault.coin)}, coins: {len(free)}",
            hint="pay in and wait for a confirmation, or until other withdrawals have confirmed",
        )
    by_amount = sorted(free, key=lambda coin: coin.amount)
    chosen = next((coin for coin in by_amount if coin.amount >= needed), by_amount[-1])
    return Anchor(chosen.outpoint.txid, chosen.outpoint.vout)


def max_fee(policy: Policy, purpose: str) -> Sats:
    """The most that the policy allows for a fee, in satoshi; a special purpose has its own."""
    own = [r.max_fee for r in policy.rules if isinstance(r, Special) and purpose == r.NAME]
    return min(own or (rule.max_fee for rule in policy.rules if isinstance(rule, Fees)))


def lifetime(policy: Policy, asked: int | None) -> int:
    """Blocks from a withdrawal's height to its expiry.

    Raises:
        BadInput: more was asked for than the policy allows.
    """
    longest = min(r.max_lifetime_blocks for r in policy.rules if isinstance(r, Timing))
    if asked is None:
        return min(LIFETIME, longest)
    if not 1 <= asked <= longest:
        raise BadInput(
            "approvals may not live for that many blocks",
            fault=Fault.OFFICER,
            expected=f"1 to {longest}, as the policy says",
            found=f"{asked}",
            hint="leave --expiry-blocks out, or give another number",
        )
    return asked
