"""Coin selection: which confirmed coins pay for a withdrawal, in integers only.

Every coin of a vault has the same kind of script, so every input weighs the same, and the fee
depends only on how many inputs there are and whether change returns. Three ways are tried, and
the one of least *waste* is taken (Bitcoin Core, `src/wallet/coinselection.h`: what the inputs
cost now above what they would cost later, plus the change's cost or, without change, the excess):

1. branch and bound for a set that needs no change: cheaper, and it says less to an observer;
2. the fewest coins: the largest until one more suffices, then the smallest that does;
3. while fees are below the long-term rate, the most coins that are needed, smallest first.

With change, waste depends on the number of inputs alone: no way wastes less than 2 while fees are
high, nor than 3 while they are low, as far as weight and the fee's ceilings let it.

The anchor is always in the set: it is what makes two fulfilments exclude each other.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from signer.build.bound import NEVER, Window, branch_and_bound
from signer.build.rising import Rising
from signer.chain.chain import MIN_RELAY_FEE, FeeRate, UnspentCoin
from signer.core.errors import BadInput, Fault, Refusal, Refused
from signer.core.names import Sats
from signer.core.transaction import OutPoint, TxOut
from signer.core.wire import compact_size

DUST_RATE = FeeRate(3000)
"""At which an output must be worth spending (Bitcoin Core, DUST_RELAY_TX_FEE)."""
LONG_TERM_RATE = FeeRate(10_000)
"""What spending a coin left alone will cost one day (Core, DEFAULT_CONSOLIDATE_FEERATE)."""
_MOST_JOINED = 100
"""Coins beside the anchor that are joined because fees are low: no transaction of Core's published
simulations has more inputs (93, pull request 27877), and people carry and sign ours by hand."""
_CHANGE_LOWER = 50_000
"""The least change in satoshi that Core aims at (`CHANGE_LOWER`)."""
_CHANGE_UPPER = 1_000_000
"""The most change in satoshi that Core aims at (`CHANGE_UPPER`), or twice what is paid."""
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
        coins: the anchor first, then the largest first.
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
    purse = Purse.of(coins, need)
    # The second helps where the first would leave so much to the fee that the policy's rate
    # does not allow it.
    fewest = [_fewest(purse, need, change=change) for change in (False, True)]
    # A transaction without payments is all change, and must have some.
    if fewest[0 if need.payments else 1] is None:
        raise _short(purse, need)
    others = (_changeless(purse, need), _joining(purse, need)) if need.payments else ()
    sets = [places for places in (*fewest, *others) if places is not None]
    settled = [_settled(purse, places, need) for places in sets]
    found = [one for one in settled if need.payments or one.change]
    light = [one for one in found if _SCALE * one.vsize <= MAX_STANDARD_WEIGHT]
    if not light:
        raise _heavy(min(one.inputs for one in found), need)
    allowed = [one for one in light if one.fee <= need.fee_limit(one.vsize).most]
    if not allowed:
        raise _dear(min(light, key=lambda one: one.fee), need)
    return min(allowed, key=lambda one: one.waste).selection(purse)


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
    purse = Purse.of(coins, need)
    best: _Settled | None = None
    for count in range(min(most, 1 + len(purse.rising))):
        one = _settled(purse, range(count - 1, -1, -1), need)
        if not one.change:
            continue
        heavy = _SCALE * one.vsize > MAX_STANDARD_WEIGHT
        if heavy or one.fee > need.fee_limit(one.vsize).most:
            if best is None:
                raise _heavy(one.inputs, need) if heavy else _dear(one, need)
            break
        best = one
    if best is None:
        raise _short(purse, need)
    return best.selection(purse)


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


@dataclass(frozen=True, slots=True)
class Purse:
    """The coins. All inputs weigh the same, so that a choice is one of amounts.

    Attributes:
        anchor: the coin that is in every set.
        rising: the others that pay for their own input.
    """

    anchor: UnspentCoin
    rising: Rising

    @classmethod
    def of(cls, coins: Iterable[UnspentCoin], need: Need) -> "Purse":
        """Take the coins up.

        Raises:
            BadInput: the anchor is not among them.
        """
        others = list(coins)
        txid, vout = need.anchor.txid, need.anchor.vout
        anchors = (
            at
            for at, coin in enumerate(others)
            if coin.outpoint.txid == txid and coin.outpoint.vout == vout
        )
        if (place := next(anchors, None)) is None:
            raise BadInput(
                "the withdrawal's anchor coin is not there to be spent",
                fault=Fault.COORDINATOR,
                expected=f"{txid}:{vout}, confirmed and unspent",
                hint="if this withdrawal was paid already, it is done; "
                "otherwise make a new request",
            )
        anchor = others.pop(place)
        return cls(anchor, Rising(others, above=need.each // _UNITS))


@dataclass(frozen=True, slots=True)
class _Settled:
    """A selection whose coins are still places in a purse."""

    places: Sequence[int]
    change: Sats
    fee: Sats
    vsize: int
    waste: int

    @property
    def inputs(self) -> int:
        return 1 + len(self.places)

    def selection(self, purse: Purse) -> Selection:
        coins = (purse.anchor, *purse.rising.chosen(self.places))
        return Selection(coins, self.change, self.fee, self.vsize, self.waste)


def _settled(purse: Purse, places: Sequence[int], need: Need) -> _Settled:
    """Change if it is worth making, otherwise the rest is fee."""
    count = 1 + len(places)
    rest = purse.anchor.amount + purse.rising.sum(places) - need.paid
    inputs = count * (need.each - need.later)
    least, fee = need.fee(count, change=False), need.fee(count, change=True)
    if rest - fee >= need.change_floor:
        waste = inputs + (fee - least) * _UNITS + need.later
        vsize = need.vsize(count, change=True)
        return _Settled(places, Sats(rest - fee), Sats(fee), vsize, waste)
    vsize = need.vsize(count, change=False)
    return _Settled(places, Sats(0), Sats(rest), vsize, inputs + (rest - least) * _UNITS)


def _fewest(purse: Purse, need: Need, *, change: bool) -> list[int] | None:
    """Largest first, closed by the smallest coin that suffices; None if all are too few."""
    rising, size = purse.rising, len(purse.rising)
    least = need.paid + (need.change_floor if change else 0) - purse.anchor.amount

    def suffice(count: int) -> bool:
        return rising.above(count) >= least + need.fee(1 + count, change=change)

    many = 1
    while many < size and not suffice(many):
        many *= 2
    count = bisect_left(range(min(many, size) + 1), True, key=suffice)
    if count > size:
        return None
    if not count:
        return []
    first = size - count + 1
    lacking = least + need.fee(1 + count, change=change) - rising.above(count - 1)
    return [*range(size - 1, first - 1, -1), rising.place(lacking, first)]


def _joining(purse: Purse, need: Need) -> list[int] | None:
    """As many coins as are needed at most, where spending them now is cheaper than one day.

    The smallest first until they suffice; the next larger ones for them if those would be too many
    for people, one transaction, or its fee. The change is as large as Bitcoin Core aims at.
    """
    if need.each >= need.later:
        return None
    least = need.paid + max(_CHANGE_LOWER, min(2 * need.paid, _CHANGE_UPPER), need.change_floor)
    least -= purse.anchor.amount
    rising, size = purse.rising, len(purse.rising)

    def passes(count: int) -> bool:
        """Whether so many others are too many."""
        vsize = need.vsize(1 + count, change=True)
        fee = need.fee(1 + count, change=True)
        return _SCALE * vsize > MAX_STANDARD_WEIGHT or fee > need.fee_limit(vsize).most

    most = bisect_left(range(min(size, _MOST_JOINED) + 1), True, key=passes) - 1
    if most < 0:
        return None

    def suffice(count: int) -> bool:
        return rising.below(count) >= least + need.fee(1 + count, change=True)

    count = bisect_left(range(most + 1), True, key=suffice)
    if count <= most:
        return list(range(count - 1, -1, -1))
    least += need.fee(1 + most, change=True)
    first = bisect_left(
        range(size - most + 1), least, key=lambda at: rising.sum(range(at, at + most))
    )
    return list(range(first + most - 1, first - 1, -1)) if first <= size - most else None


def _changeless(purse: Purse, need: Need) -> tuple[int, ...] | None:
    """The anchor and others that leave too little for change, and a fee that is allowed."""

    def window(others: int) -> Window:
        count = 1 + others
        fee, vsize = need.fee(count, change=False), need.vsize(count, change=False)
        most = need.fee(count, change=True) + need.change_floor - 1
        high = min(most, need.fee_limit(vsize).most)
        due = need.paid - purse.anchor.amount
        heavy = _SCALE * vsize > MAX_STANDARD_WEIGHT
        low = NEVER if heavy else due + fee
        return Window(low, due + high, count * (need.each - need.later))

    if window(0).low <= 0:
        return None  # the anchor alone pays: `_fewest` has it
    return branch_and_bound(purse.rising, window, scale=_UNITS)


def _short(purse: Purse, need: Need) -> BadInput:
    inputs = 1 + len(purse.rising)
    total = purse.anchor.amount + purse.rising.below(inputs - 1)
    least = 0 if need.payments else need.change_floor
    wanted = need.paid + least + need.fee(inputs, change=not need.payments)
    return BadInput(
        f"the vault is {wanted - total} sat short",
        fault=Fault.OFFICER,
        expected=f"{wanted} sat: {need.paid + least} sat of payments or change, and the fee",
        found=f"{total} sat in {inputs} confirmed coins worth their fee",
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


def _dear(cheapest: _Settled, need: Need) -> Refused:
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
