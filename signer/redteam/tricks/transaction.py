"""What a compromised coordinator does to the transaction after it was approved."""

import random
from typing import Final

from signer.redteam.forgery import Forgery, In, Out
from signer.redteam.loot import SEQUENCE, Loot, change, mint, spend

_SUPPLY: Final = 21_000_000 * 100_000_000


def _change_of(forgery: Forgery) -> Out | None:
    return next((out for out in forgery.outputs if out.claims_to_be_ours), None)


def amount(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """An output pays another amount: by one, by a lot, nothing, less than nothing."""
    if not forgery.outputs:
        return False
    out = rng.choice(forgery.outputs)
    out.amount = rng.choice(
        (
            out.amount + rng.choice((-1, 1)),
            out.amount + loot.amount(rng),
            out.amount - loot.amount(rng),
            loot.amount(rng),
            0,
            -1,
            _SUPPLY,
            _SUPPLY + 1,
            2**63,
        )
    )
    return True


def shift(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """Money moves from one output to another; the sum stays."""
    if len(forgery.outputs) < 2:  # noqa: PLR2004 -- two to shift between
        return False
    one, other = rng.sample(forgery.outputs, 2)
    moved = rng.choice((1, loot.amount(rng), max(0, one.amount)))
    one.amount -= moved
    other.amount += moved
    return True


def burn(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """Change is left to the miner: some, or all of it."""
    out = _change_of(forgery)
    if out is None:
        return False
    if rng.randrange(4) == 0:
        forgery.outputs.remove(out)
    else:
        out.amount -= min(out.amount, loot.amount(rng))
    return True


def redirect(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """An output pays another script; what is said about it stays."""
    if not forgery.outputs:
        return False
    out = rng.choice(forgery.outputs)
    mine = loot.vault.script(rng.randrange(2), rng.randrange(64)).script_pubkey
    other = loot.other.script(rng.randrange(2), rng.randrange(4)).script_pubkey
    raw = bytearray(out.script or b"\x00")
    raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    out.script = rng.choice((rng.choice(loot.scripts), mine, other, bytes(raw), b""))
    return True


def extra(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """An output more, paid from the change if there is any."""
    sats = rng.choice((0, 1, 546, loot.amount(rng)))
    new = rng.choice(
        (
            Out(sats, rng.choice(loot.scripts)),
            Out(sats, b"\x6a\x04loot"),
            change(loot.vault, sats, 1, rng.randrange(30)),
            change(loot.vault, sats, rng.randrange(2), rng.randrange(64)),
            change(loot.other, sats, 1, rng.randrange(4)),
        )
    )
    out = _change_of(forgery)
    if out is not None and rng.randrange(4):
        out.amount -= sats
    forgery.outputs.insert(rng.randrange(len(forgery.outputs) + 1), new)
    return True


def less(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """An output is gone."""
    if not forgery.outputs:
        return False
    del forgery.outputs[rng.randrange(len(forgery.outputs))]
    return True


def split(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """One output becomes two of the same script."""
    if not forgery.outputs:
        return False
    out = rng.choice(forgery.outputs)
    part = min(max(out.amount, 1), loot.amount(rng))
    out.amount -= part
    forgery.outputs.append(Out(part, out.script, list(out.fields)))
    return True


def join(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """A coin more: of the vault, of another vault, one that does not exist, the same again."""
    coin = rng.choice(loot.coins)
    script = loot.vault.script(coin.branch, coin.index).script_pubkey
    foreign = loot.other.script(0, rng.randrange(4))
    invented = mint(script, loot.amount(rng), coin.branch, coin.index, rng.randbytes(8))
    theirs = mint(foreign.script_pubkey, loot.amount(rng), 0, 0, rng.randbytes(8))
    pick = rng.randrange(5)
    new = (
        spend(loot.vault, coin)
        if pick < 2  # noqa: PLR2004 -- two times in five
        else spend(loot.vault, invented)
        if pick == 2  # noqa: PLR2004 -- the third
        else In(theirs.txid, theirs.vout, SEQUENCE, spend(loot.other, theirs).fields)
        if pick == 3 and theirs.script == loot.other.script(0, 0).script_pubkey  # noqa: PLR2004 -- the fourth
        else _again(rng.choice(forgery.inputs))
        if forgery.inputs
        else spend(loot.vault, coin)
    )
    forgery.inputs.insert(rng.randrange(len(forgery.inputs) + 1), new)
    out = _change_of(forgery)
    if out is not None and rng.randrange(2):
        out.amount += coin.amount
    return True


def _again(one: In) -> In:
    return In(one.txid, one.vout, one.sequence, list(one.fields))


def leave(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """An input is gone, perhaps the anchor."""
    if not forgery.inputs:
        return False
    del forgery.inputs[rng.randrange(len(forgery.inputs))]
    return True


def other_coin(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """Another coin of the vault instead, everything about it true; the change takes it up."""
    if not forgery.inputs:
        return False
    at, coin = rng.randrange(len(forgery.inputs)), rng.choice(loot.coins)
    old = loot.coin_of(forgery.inputs[at])
    forgery.inputs[at] = spend(loot.vault, coin)
    out = _change_of(forgery)
    if out is not None and old is not None:
        out.amount += coin.amount - old.amount
    return True


def outpoint(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """An input names another coin than its map tells about."""
    if not forgery.inputs:
        return False
    one = rng.choice(forgery.inputs)
    if rng.randrange(2):
        one.vout = rng.choice((0, one.vout + 1, 0xFFFFFFFF, rng.getrandbits(32)))
    else:
        one.txid = rng.choice((one.txid[::-1], bytes(32), rng.randbytes(32)))
    return True


def sequence(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """Other sequences: final ones, relative locks, anything."""
    value = rng.choice((0xFFFFFFFF, 0xFFFFFFFE, 0, 1, 0x00400001, rng.getrandbits(32)))
    for one in forgery.inputs if rng.randrange(2) else forgery.inputs[:1]:
        one.sequence = value
    return True


def lock_time(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """Another clock."""
    now = forgery.lock_time
    forgery.lock_time = rng.choice(
        (0, now - 1, now + 1, rng.choice(loot.heights), 500_000_000, 0xFFFFFFFF)
    )
    return True


def version(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """Another version of transaction."""
    forgery.version = rng.choice((0, 1, 3, 0xFFFFFFFF, rng.getrandbits(32)))
    return True


def script_sig(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """An unsigned transaction that is not unsigned."""
    if not forgery.inputs:
        return False
    rng.choice(forgery.inputs).script_sig = rng.randbytes(rng.randrange(1, 40))
    return True


def shuffle(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """Amounts, scripts or claims change places among the outputs."""
    if len(forgery.outputs) < 2:  # noqa: PLR2004 -- two to swap
        return False
    one, other = rng.sample(forgery.outputs, 2)
    what = rng.randrange(3)
    if what == 0:
        one.amount, other.amount = other.amount, one.amount
    elif what == 1:
        one.script, other.script = other.script, one.script
    else:
        one.fields, other.fields = other.fields, one.fields
    return True
