"""Emptying a vault into another: which coins go together, and how much arrives.

Each withdrawal of a sweep spends the largest coins left, as many as one may, and pays their whole
sum less the fee. So coin selection, which is asked for that amount and allowed that fee, finds the
same coins, and nothing returns.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from policies.policy import Policy
from policies.rules import Amounts, Fees, Internal
from policies.value import Limit, Value
from signer.build.rotation import MAX_INPUTS, is_open_to
from signer.build.select import MAX_STANDARD_WEIGHT, Need, dust_limit, fee_for
from signer.chain.chain import FeeRate, UnspentCoin
from signer.core.errors import BadInput, Fault
from signer.core.names import Sats
from signer.core.transaction import TxOut
from signer.core.vault import Vault

_SCALE = 4
"""Weight units in a virtual byte (BIP141)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a policy allows for one withdrawal of a sweep.

    Attributes:
        internal: as an internal move, otherwise as a payment.
        max_inputs: coins.
        most: satoshi that arrive.
        max_fee: satoshi.
        max_rate: sat/vB.
    """

    internal: bool
    max_inputs: int
    most: Sats
    max_fee: Sats
    max_rate: int


@dataclass(frozen=True, slots=True)
class Batch:
    """One withdrawal of a sweep.

    Attributes:
        coins: that it spends, the largest first.
        amount: satoshi that arrive.
        fee: satoshi; with the amount it is all that the coins hold, unless the amount is at its
            limit.
    """

    coins: tuple[UnspentCoin, ...]
    amount: Sats
    fee: Sats

    @property
    def inputs(self) -> int:
        """How many coins."""
        return len(self.coins)


def limits(policy: Policy, vault: Vault) -> Limits:
    """What a policy allows for a move to `vault`: as an internal one if the vault is listed so."""
    for rule in policy.rules:
        if isinstance(rule, Internal) and is_open_to(policy, vault):
            most = _in_coins(rule.per_withdrawal)
            return Limits(True, rule.max_inputs, most, rule.max_fee, rule.max_rate)
    amounts = [rule for rule in policy.rules if isinstance(rule, Amounts)]
    fees = [rule for rule in policy.rules if isinstance(rule, Fees)]
    most = min(
        min(_in_coins(rule.per_payment), _in_coins(rule.per_withdrawal or rule.per_payment))
        for rule in amounts
    )
    max_fee = min(rule.max_fee for rule in fees)
    return Limits(False, MAX_INPUTS, most, max_fee, min(rule.max_rate for rule in fees))


def _in_coins(limit: Limit) -> Sats:
    """A limit as an amount: a plan has no price sheet.

    Raises:
        BadInput: the limit is a value.
    """
    if isinstance(limit, Value):
        raise BadInput(
            "the policy limits a move by value",
            fault=Fault.OFFICER,
            expected="a limit in the coin, for planning a sweep",
            found=limit,
            hint="request the moves one by one: `coldquorum request new --prices FILE`",
        )
    return limit


def plan(
    coins: Sequence[UnspentCoin], old: Vault, script: bytes, allowed: Limits, rate: FeeRate
) -> tuple[Batch, ...]:
    """All withdrawals that empty a vault, the first one first; empty if there is nothing.

    Coins that do not pay for their own input stay behind. Windows are not looked at: the policy's
    own check may ask to wait between two of them.

    Args:
        coins: the old vault's confirmed, mature coins that nothing else has taken.
        old: the vault that is emptied.
        script: the scriptPubKey that is paid.
        allowed: by the policy.
        rate: of the fee, in sat/kvB.

    Raises:
        BadInput: the policy allows no such fee.
    """
    batches = []
    left = list(coins)
    while (batch := _next(left, old, script, allowed, rate)) is not None:
        batches.append(batch)
        if batch.amount == allowed.most:
            break  # the change is a coin that is not there yet
        left = [coin for coin in left if coin not in batch.coins]
    return tuple(batches)


def _next(
    coins: Sequence[UnspentCoin], old: Vault, script: bytes, allowed: Limits, rate: FeeRate
) -> Batch | None:
    each = fee_for(-(-old.input_weight // _SCALE), rate)
    worth = sorted(
        (coin for coin in coins if coin.amount > each),
        key=lambda coin: (-coin.amount, coin.outpoint.txid, coin.outpoint.vout),
    )[: allowed.max_inputs]
    if not worth:
        return None
    need = Need(
        (TxOut(Sats(0), script),), worth[0].outpoint, rate, Sats(0), old.input_weight, script
    )
    if rate > allowed.max_rate * 1000 or need.fee(1, change=False) > allowed.max_fee:
        raise BadInput(
            "the policy allows no such fee",
            fault=Fault.OFFICER,
            expected=f"at most {allowed.max_rate} sat/vB and {allowed.max_fee} sat",
            found=f"{rate / 1000} sat/vB, {need.fee(1, change=False)} sat for one coin",
            hint="give a lower --fee-rate",
        )
    while (
        need.fee(len(worth), change=False) > allowed.max_fee
        or need.weight(len(worth), change=False) > MAX_STANDARD_WEIGHT
    ):
        worth.pop()
    total = sum(coin.amount for coin in worth)
    fee = need.fee(len(worth), change=False)
    if total - fee <= allowed.most:
        amount = total - fee
        return (
            Batch(tuple(worth), Sats(amount), Sats(fee)) if amount >= dust_limit(script) else None
        )
    while len(worth) > 1 and sum(c.amount for c in worth[:-1]) - fee >= allowed.most:
        worth.pop()
    return Batch(tuple(worth), allowed.most, Sats(need.fee(len(worth), change=True)))
