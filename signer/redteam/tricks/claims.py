"""What a compromised coordinator claims about inputs and outputs."""

import random
from typing import Final

from signer.redteam.forgery import (
    DERIVATION,
    OUT_DERIVATION,
    OUT_REDEEM_SCRIPT,
    OUT_WITNESS_SCRIPT,
    PARTIAL_SIG,
    PREVIOUS_TX,
    REDEEM_SCRIPT,
    SIGHASH,
    WITNESS_SCRIPT,
    WITNESS_UTXO,
    Field,
    Forgery,
    In,
    put,
    sha256d,
)
from signer.redteam.loot import Loot, change, claims, origin, origins, spend, txout

_FINAL_SCRIPT_SIG: Final = b"\x07"
_FINAL_WITNESS: Final = b"\x08"
_HARDENED: Final = 0x80000000


def _input(forgery: Forgery, rng: random.Random) -> In | None:
    return rng.choice(forgery.inputs) if forgery.inputs else None


def sighash(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """A signature that would not cover everything is asked for."""
    one = _input(forgery, rng)
    if one is None:
        return False
    value = rng.choice((0, 2, 3, 0x81, 0x82, 0x83, 0x101, rng.randrange(256), rng.getrandbits(32)))
    one.put(SIGHASH, value.to_bytes(4, "little"))
    return True


def witness_utxo(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """A lie about the coin, beside its true transaction or instead of it."""
    one = _input(forgery, rng)
    coin = loot.coin_of(one) if one else None
    if one is None or coin is None:
        return False
    amount = rng.choice((coin.amount, coin.amount + 1, coin.amount // 2, loot.amount(rng), 0))
    script = rng.choice((coin.script, coin.script, rng.choice(loot.scripts)))
    one.put(WITNESS_UTXO, txout(amount, script))
    if rng.randrange(3) == 0:
        one.put(PREVIOUS_TX, None)
    return True


def no_previous(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """The whole previous transaction is missing."""
    one = _input(forgery, rng)
    if one is None:
        return False
    one.put(PREVIOUS_TX, None)
    return True


def other_previous(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """Another previous transaction: of another coin, or this one with other outputs."""
    one = _input(forgery, rng)
    previous = one.get(PREVIOUS_TX) if one else None
    if one is None or previous is None:
        return False
    raw = bytearray(previous)
    raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    new = rng.choice((rng.choice(loot.coins).previous, bytes(raw), previous + b"\x00", b""))
    one.put(PREVIOUS_TX, new)
    if rng.randrange(2):
        one.txid = sha256d(new)  # a coin that does not exist; its transaction agrees
    return True


def scripts(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """Another witness script or redeem script: of another place, of others, or none."""
    one = _input(forgery, rng)
    if one is None:
        return False
    place = loot.vault.script(rng.randrange(2), rng.randrange(8))
    theirs = loot.other.script(0, rng.randrange(4))
    key = rng.choice((WITNESS_SCRIPT, REDEEM_SCRIPT))
    script = one.get(key) or b"\x51"
    raw = bytearray(script)
    raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    one.put(
        key,
        rng.choice(
            (None, place.witness_script, theirs.witness_script, place.redeem_script, bytes(raw))
        ),
    )
    return True


def mislabel(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """A coin more, with the scripts and origins of another place in the vault."""
    coin, other = rng.choice(loot.coins), rng.choice(loot.coins)
    one, false = spend(loot.vault, coin), spend(loot.vault, other)
    keep = (PREVIOUS_TX, WITNESS_UTXO)
    one.fields = [f for f in one.fields if f[0] in keep]
    one.fields += [f for f in false.fields if f[0] not in keep]
    ours = [out for out in forgery.outputs if out.fields]
    if ours:
        ours[0].amount += coin.amount
    forgery.inputs.append(one)
    return True


def _origin_fields(fields: list[Field], kind: int) -> list[int]:
    return [at for at, (key, _) in enumerate(fields) if key[:1] == bytes((kind,)) and len(key) > 1]


def _bend_origins(fields: list[Field], kind: int, loot: Loot, rng: random.Random) -> bool:
    """Key origins that are nearly right."""
    found = _origin_fields(fields, kind)
    if not found:
        return False
    at = rng.choice(found)
    key, value = fields[at]
    fingerprint, path = (
        value[:4].hex(),
        [int.from_bytes(value[i : i + 4], "little") for i in range(4, len(value) - 3, 4)],
    )
    pick = rng.randrange(7)
    if pick == 0:
        del fields[at]
    elif pick == 1 and path:
        step = rng.randrange(len(path))
        path[step] = rng.choice((path[step] ^ _HARDENED, path[step] + 1, 0)) & 0xFFFFFFFF
        fields[at] = key, origin(fingerprint, path)
    elif pick == 2:  # noqa: PLR2004 -- one of seven
        other = fields[rng.choice(found)][1][:4].hex()
        fields[at] = key, origin(rng.choice((other, "00000000", "deadbeef")), path)
    elif pick == 3:  # noqa: PLR2004 -- one of seven
        theirs = loot.other.script(0, rng.randrange(4)).keys[0]
        fields[at] = bytes((kind,)) + theirs.pubkey, value
    elif pick == 4:  # noqa: PLR2004 -- one of seven
        fields[at] = key, value[: rng.randrange(len(value) + 1)]
    elif pick == 5 and len(path) > 1:  # noqa: PLR2004 -- branch and index
        for place in found:
            known, old = fields[place]
            index = rng.choice((0, 20, 21, 63, _HARDENED - 1)).to_bytes(4, "little")
            fields[place] = known, old[:-4] + index
    else:
        fields.append((bytes((kind, 2)) + rng.randbytes(32), value))
    return True


def input_origins(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """An input's key origins are nearly right."""
    one = _input(forgery, rng)
    return one is not None and _bend_origins(one.fields, DERIVATION, loot, rng)


def output_origins(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """An output's key origins are nearly right."""
    ours = [out for out in forgery.outputs if out.fields]
    return bool(ours) and _bend_origins(rng.choice(ours).fields, OUT_DERIVATION, loot, rng)


def false_change(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """An output that is not the vault's claims to be: with some or all of the metadata."""
    if not forgery.outputs:
        return False
    out = rng.choice(forgery.outputs)
    script = loot.vault.script(rng.choice((1, 1, 0)), rng.choice((0, 1, 5, 19, 40)))
    fields = claims(script)
    out.fields = rng.choice((fields, fields[-1:], fields[:1], origins(OUT_DERIVATION, script)))
    if rng.randrange(2):
        out.script = rng.choice(loot.scripts)
    return True


def denied_change(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """Change that does not say that it is."""
    ours = [out for out in forgery.outputs if out.fields]
    if not ours:
        return False
    rng.choice(ours).fields.clear()
    return True


def far_change(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """True change where nobody would look for it: past the gap, or on the receive branch."""
    ours = [at for at, out in enumerate(forgery.outputs) if out.fields]
    if not ours:
        return False
    at = rng.choice(ours)
    branch = rng.choice((0, 1, 1))
    index = rng.choice((0, 20, 21, 22, 25, 30, 40, 63, 1_000, _HARDENED - 1))
    forgery.outputs[at] = change(loot.vault, forgery.outputs[at].amount, branch, index)
    return True


def output_scripts(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """Change that says another witness script or redeem script."""
    if not forgery.outputs:
        return False
    out = rng.choice(forgery.outputs)
    other = loot.vault.script(rng.randrange(2), rng.randrange(30))
    key = rng.choice((OUT_WITNESS_SCRIPT, OUT_REDEEM_SCRIPT))
    put(out.fields, key, rng.choice((other.witness_script, other.redeem_script, b"\x51", b"")))
    return True


def signature(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """A partial signature that is none: noise, another transaction's, by a foreign key."""
    one = _input(forgery, rng)
    if one is None:
        return False
    script = loot.vault.script(0, rng.randrange(4))
    own = [key[1:] for key, _ in one.fields if key[0:1] == bytes((DERIVATION,))]
    theirs = [
        value
        for bundle in loot.bundles
        for given in bundle.inputs
        for key, value in given.fields
        if key[:1] == bytes((PARTIAL_SIG,))
    ]
    noise = b"\x30\x44\x02\x20" + rng.randbytes(32) + b"\x02\x20" + rng.randbytes(32)
    key = rng.choice((*own, script.keys[0].pubkey, b"\x02" + rng.randbytes(32)))
    value = rng.choice((*theirs, noise + b"\x01", noise + rng.randbytes(1), b""))
    one.put(bytes((PARTIAL_SIG,)) + key, value)
    return True


def bend_signature(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """A cosigner's true signature, changed on the way."""
    found = [
        (one, key, value)
        for one in forgery.inputs
        for key, value in one.fields
        if key[:1] == bytes((PARTIAL_SIG,)) and value
    ]
    if not found:
        return False
    one, key, value = rng.choice(found)
    raw = bytearray(value)
    raw[rng.choice((-1, rng.randrange(len(raw))))] ^= 1 << rng.randrange(8)
    one.put(key, rng.choice((bytes(raw), value[:-1], value + value[-1:])))
    return True


def final(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """An input that says that it is finished."""
    one = _input(forgery, rng)
    if one is None:
        return False
    one.put(
        rng.choice((_FINAL_SCRIPT_SIG, _FINAL_WITNESS)), rng.choice((b"\x01\x00", b"\x00", b""))
    )
    return True
