"""Coin selection: which confirmed coins pay for a withdrawal, in integers only.

Every coin of a vault has the same kind of script, so every input weighs the same, and the fee
depends only on how many inputs there are and whether change returns. Two ways are tried, and the
one of least *waste* is taken (Bitcoin Core, `src/wallet/coinselection.h`: what the inputs cost
now above what they would cost later, plus the change's cost or, without change, the excess):

1. branch and bound for a set that needs no change: cheaper, and it says less to an observer;
2. largest first until one more coin suffices, then the smallest coin that does.

The anchor is always in the set: it is what makes two fulfilments exclude each other.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from signer.build.bound import branch_and_bound
from signer.chain.chain import MIN_RELAY_FEE, FeeRate, UnspentCoin
from signer.core.errors import BadInput, Fault, Refusal, Refused
from signer.core.names import Sats
from signer.core.transaction import OutPoint, TxOut
from signer.core.wire import compact_size

DUST_RATE = FeeRate(3000)
"""At which an output must be worth spending (Bitcoin Core, DUST_RELAY_TX_FEE)."""
LONG_TERM_RATE = FeeRate(10_000)
"""What spending a coin left alone will cost one day (Core, DEFAULT_CONSOLIDATE_FEERATE)."""
MAX_STANDARD_WEIGHT = 400_000
"""Weight units that nodes relay (Bitcoin Core, MAX_STANDARD_TX_WEIGHT)."""
_SCALE = 4
"""Weight units in a virtual byte (BIP141)."""
_UNITS = _SCALE * 1000
"""Parts of a satoshi in which a weight unit at a fee rate is a whole number."""


def fee_for(vsize: int, rate: FeeRate) -> Sats:
    """The fee in satoshi, rounded up, of so many virtual bytes."""
    return Sats(-(-vsize * rate // 1000))


def dust_limit(script: bytes) -> Sats:
    """The least amount in satoshi that nodes relay to `script` (Core, `GetDustThreshold`)."""
    is_witness_program = (
        4 <= len(script) <= 42  # noqa: PLR2004 -- BIP141: version, length, 2 to 40 bytes
        and (script[0] == 0 or 0x51 <= script[0] <= 0x60)  # noqa: PLR2004 -- OP_1 to OP_16
        and script[1] == len(script) - 2
    )
    # txid 32, vout 4, length 1, sequence 4; a signature and a key are 107 bytes, and count a
    # quarter in a witness.
    spending = 41 + (107 // _SCALE if is_witness_program else 107)
    return fee_for(_output_size(script) + spending, DUST_RATE)


@dataclass(frozen=True, slots=True)
class FeeLimit:
    """Something that keeps the fee down.

    Attributes:
        rule: its name among the refusals of the policy's rule about fees.
        whose: for people.
        most: satoshi.
    """

    rule: str
    whose: str
    most: int


@dataclass(frozen=True, slots=True)
class Need:
    """What the coins have to pay for.

    Attributes:
        payments: the approved outputs.
        anchor: the coin that the withdrawal names.
        fee_rate: that the fee reaches at least.
        fee_ceiling: the most that the withdrawal allows for the fee, in satoshi.
        input_weight: weight units of one signed input of this vault.
        change_script: where change returns to.
        max_fee: the most that the policy allows, in satoshi, or None.
        max_fee_rate: that the policy allows, or None.
        replaced: the highest fee of an earlier version, in satoshi, or None without one. Nodes
            take a replacement for that and their minimum rate on top (BIP125, rules 3 and 4).
        marker: weight units of the witness marker and flag (BIP144), 0 without segwit.
    """

    payments: tuple[TxOut, ...]
    anchor: OutPoint
    fee_rate: FeeRate
    fee_ceiling: Sats
    input_weight: int
    change_script: bytes
    max_fee: Sats | None = None
    max_fee_rate: FeeRate | None = None
    replaced: Sats | None = None
    marker: int = 2

    @property
    def paid(self) -> int:
        """Sum of the payments in satoshi."""
        return sum(output.amount for output in self.payments)

    @property
    def change_floor(self) -> int:
        """Satoshi below which no change is made: dust, or not worth spending one day."""
        return max(dust_limit(self.change_script), -(-self.later // _UNITS))

    @property
    def each(self) -> int:
        """What an input costs now, in units."""
        return self.fee_rate * self.input_weight

    @property
    def later(self) -> int:
        """What an input will cost one day, in units."""
        return LONG_TERM_RATE * self.input_weight

    def weight(self, inputs: int, *, change: bool) -> int:
        """Weight units of the signed transaction at most (BIP141)."""
        scripts = [output.script for output in self.payments]
        if change:
            scripts.append(self.change_script)
        # Version and lock time are 4 bytes each.
        counts = len(compact_size(inputs)) + len(compact_size(len(scripts)))
        body = 8 + counts + sum(map(_output_size, scripts))
        return body * _SCALE + self.marker + inputs * self.input_weight

    def vsize(self, inputs: int, *, change: bool) -> int:
        """Virtual bytes of the signed transaction, every signature counted with 72 bytes."""
        return -(-self.weight(inputs, change=change) // _SCALE)

    def fee(self, inputs: int, *, change: bool) -> int:
        """The least fee in satoshi."""
        vsize = self.vsize(inputs, change=change)
        fee = fee_for(vsize, self.fee_rate)
        if self.replaced is None:
            return fee
        return max(fee, self.replaced + fee_for(vsize, MIN_RELAY_FEE))

    def fee_limit(self, vsize: int) -> FeeLimit:
        """The tightest limit for a transaction of that size."""
        limits = [FeeLimit("fees.approved", "the withdrawal's fee ceiling", self.fee_ceiling)]
        if self.max_fee is not None:
            limits.append(FeeLimit("fees.max_fee", "the policy's fee ceiling", self.max_fee))
        if self.max_fee_rate is not None:
            most = self.max_fee_rate * vsize // 1000
            limits.append(FeeLimit("fees.max_rate", "the policy's fee rate", most))
        return min(limits, key=lambda limit: limit.most)


@dataclass(frozen=True, slots=True)
class Selection:
    """The coins to spend, made by `select`. Coins are payments plus change plus fee.

    Attributes:
        coins: the anchor first.
        change: satoshi that return; 0 means no change output.
        fee: satoshi, at least the wanted rate times `vsize`.
        vsize: virtual bytes of the signed transaction, at most.
        waste: in 1/4000 satoshi; less is better.
    """

    coins: tuple[UnspentCoin, ...]
    change: Sats
    fee: Sats
    vsize: int
    waste: int


def select(coins: Iterable[UnspentCoin], need: Need) -> Selection:
    """Choose coins for `need` out of the vault's confirmed and mature ones.

    Raises:
        BadInput: a payment that no node relays, an anchor that is not among the coins, too little
            money, or too many small coins for one transaction.
        Refused: the fee would pass the withdrawal's ceiling, or the policy's.
    """
    _check_need(need)
    anchor, others = _sorted(coins, need)
    # The second helps where the first would leave so much to the fee that the policy's rate
    # does not allow it.
    sets = [_accumulated(anchor, others, need, change=change) for change in (False, True)]
    # A transaction without payments is all change, and must have some.
    if sets[0 if need.payments else 1] is None:
        raise _short(anchor, others, need)
    if need.payments:
        sets.append(_changeless(anchor, others, need))
    settled = [_settled(chosen, need) for chosen in sets if chosen is not None]
    found = [one for one in settled if need.payments or one.change]
    light = [one for one in found if _SCALE * one.vsize <= MAX_STANDARD_WEIGHT]
    if not light:
        raise _heavy(min(len(one.coins) for one in found), need)
    allowed = [one for one in light if one.fee <= need.fee_limit(one.vsize).most]
    if not allowed:
        raise _dear(min(light, key=lambda one: one.fee), need)
    return min(allowed, key=lambda one: one.waste)


def gather(coins: Iterable[UnspentCoin], need: Need, most: int) -> Selection:
    """Choose the coins to join into one: the anchor, and the smallest that are worth their fee.

    Args:
        coins: the vault's confirmed and mature ones.
        need: without payments.
        most: inputs.

    Raises:
        BadInput: an anchor that is not among the coins, or nothing that is worth it.
        Refused: the fee would pass the withdrawal's ceiling, or the policy's.
    """
    _check_need(need)
    anchor, others = _sorted(coins, need)
    chosen = [anchor, *reversed(others)][:most]
    best: Selection | None = None
    for count in range(1, len(chosen) + 1):
        if _excess(chosen[:count], need, change=True) < need.change_floor:
            continue
        one = _settled(chosen[:count], need)
        heavy = _SCALE * one.vsize > MAX_STANDARD_WEIGHT
        if heavy or one.fee > need.fee_limit(one.vsize).most:
            if best is None:
                raise _heavy(count, need) if heavy else _dear(one, need)
            break
        best = one
    if best is None:
        raise _short(anchor, others, need)
    return best


def _output_size(script: bytes) -> int:
    return 8 + len(compact_size(len(script))) + len(script)


def _check_need(need: Need) -> None:
    if need.fee_rate <= 0:
        raise BadInput(
            "the fee rate must be above zero",
            fault=Fault.OFFICER,
            found=f"{need.fee_rate} sat/kvB",
        )
    for number, output in enumerate(need.payments, 1):
        if output.amount < (least := dust_limit(output.script)):
            raise BadInput(
                f"payment {number} is so small that nodes do not relay it",
                fault=Fault.OFFICER,
                expected=f"at least {least} sat",
                found=f"{output.amount} sat",
                hint="request a larger amount",
            )


def _sorted(
    coins: Iterable[UnspentCoin], need: Need
) -> tuple[UnspentCoin, tuple[UnspentCoin, ...]]:
    """The anchor, and the others that pay for their own input, largest first."""
    anchor = None
    others = []
    for coin in coins:
        if coin.outpoint == need.anchor:
            anchor = coin
        elif coin.amount * _UNITS > need.each:
            others.append(coin)
    if anchor is None:
        raise BadInput(
            "the withdrawal's anchor coin is not there to be spent",
            fault=Fault.COORDINATOR,
            expected=f"{need.anchor.txid}:{need.anchor.vout}, confirmed and unspent",
            hint="if this withdrawal was paid already, it is done; otherwise make a new request",
        )
    # Ties by outpoint, so that the same coins give the same choice in any order.
    others.sort(key=lambda coin: (-coin.amount, coin.outpoint.txid, coin.outpoint.vout))
    return anchor, tuple(others)


def _excess(chosen: Sequence[UnspentCoin], need: Need, *, change: bool) -> int:
    """Satoshi left after the payments and the least fee."""
    total = sum(coin.amount for coin in chosen)
    return total - need.paid - need.fee(len(chosen), change=change)


def _settled(chosen: Sequence[UnspentCoin], need: Need) -> Selection:
    """Change if it is worth making, otherwise the rest is fee."""
    count = len(chosen)
    spare = _excess(chosen, need, change=False)
    change = _excess(chosen, need, change=True)
    inputs = count * (need.each - need.later)
    if change >= need.change_floor:
        fee = need.fee(count, change=True)
        waste = inputs + (spare - change) * _UNITS + need.later
        vsize = need.vsize(count, change=True)
        return Selection(tuple(chosen), Sats(change), Sats(fee), vsize, waste)
    fee = need.fee(count, change=False) + spare
    vsize = need.vsize(count, change=False)
    return Selection(tuple(chosen), Sats(0), Sats(fee), vsize, inputs + spare * _UNITS)


def _accumulated(
    anchor: UnspentCoin, others: Sequence[UnspentCoin], need: Need, *, change: bool
) -> list[UnspentCoin] | None:
    """Largest first, closed by the smallest coin that suffices; None if all are too few."""
    least = need.paid + (need.change_floor if change else 0)
    chosen = [anchor]
    total: int = anchor.amount
    for place, coin in enumerate(others):
        if total >= least + need.fee(len(chosen), change=change):
            return chosen
        lacking = least + need.fee(len(chosen) + 1, change=change) - total
        if coin.amount >= lacking:
            # The amounts fall, so their negatives rise, as bisect wants them.
            end = bisect_right(others, -lacking, lo=place, key=lambda other: -other.amount)
            return [*chosen, others[end - 1]]
        chosen.append(coin)
        total += coin.amount
    return chosen if total >= least + need.fee(len(chosen), change=change) else None


def _changeless(
    anchor: UnspentCoin, others: Sequence[UnspentCoin], need: Need
) -> list[UnspentCoin] | None:
    """The anchor and others that leave too little for change, and a fee that is allowed."""
    # The bounds leave room for the rounding up of size and fee, and for a longer count of inputs
    # (9 bytes at most): whether a set will do is decided by its exact fee.
    low = need.paid * _UNITS + need.weight(0, change=False) * need.fee_rate
    low -= anchor.amount * _UNITS - need.each
    room = need.change_floor + need.fee(1, change=True) - need.fee(1, change=False) + 1
    high = low + room * _UNITS + 10 * _SCALE * need.fee_rate

    def settled(places: Sequence[int]) -> Selection:
        return _settled([anchor, *(others[place] for place in places)], need)

    def waste(places: Sequence[int]) -> int | None:
        one = settled(places)
        spare = one.fee - need.fee(len(one.coins), change=False)
        fits = one.change == 0 and spare >= 0 and one.fee <= need.fee_limit(one.vsize).most
        return one.waste if fits else None

    found = branch_and_bound(
        [coin.amount * _UNITS - need.each for coin in others],
        low,
        high,
        each=need.each - need.later,
        waste=waste,
    )
    return None if found is None else list(settled(found).coins)


def _short(anchor: UnspentCoin, others: Sequence[UnspentCoin], need: Need) -> BadInput:
    total = anchor.amount + sum(coin.amount for coin in others)
    least = 0 if need.payments else need.change_floor
    wanted = need.paid + least + need.fee(1 + len(others), change=not need.payments)
    return BadInput(
        f"the vault is {wanted - total} sat short",
        fault=Fault.OFFICER,
        expected=f"{wanted} sat: {need.paid + least} sat of payments or change, and the fee",
        found=f"{total} sat in {1 + len(others)} confirmed coins worth their fee",
        hint="unconfirmed and immature coins are not counted: wait for them, or pay less",
    )


def _heavy(inputs: int, need: Need) -> BadInput:
    return BadInput(
        f"the payment needs {inputs} coins, too many for one transaction",
        fault=Fault.OFFICER,
        expected=f"at most {MAX_STANDARD_WEIGHT} weight units, as nodes relay",
        found=f"at least {need.weight(inputs, change=False)}",
        hint="consolidate the vault's small coins first, or pay in several withdrawals",
    )


def _dear(cheapest: Selection, need: Need) -> Refused:
    limit = need.fee_limit(cheapest.vsize)
    return Refused(
        Refusal(
            step=8,
            rule=limit.rule,
            what=f"the fee would pass {limit.whose}",
            fault=Fault.COORDINATOR,
            expected=f"at most {limit.most} sat",
            found=f"{cheapest.fee} sat for {cheapest.vsize} vB",
            hint=f"choose a fee rate of at most {limit.most // cheapest.vsize} sat/vB",
        )
    )
