"""What can be wrong with the maps of a PSBT: keys twice, fields elsewhere, fields of others."""

import random
from typing import Final

from signer.redteam.forgery import OWN, Field, Forgery, put, size
from signer.redteam.loot import Loot

_VERSION: Final = b"\xfb"


def _maps(forgery: Forgery) -> list[list[Field]]:
    return [
        forgery.globals,
        *(one.fields for one in forgery.inputs),
        *(out.fields for out in forgery.outputs),
    ]


def _some(forgery: Forgery, rng: random.Random) -> list[Field]:
    """A map that has fields, if there is one."""
    return rng.choice([fields for fields in _maps(forgery) if fields] or [forgery.globals])


def drop(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """A field is gone."""
    fields = _some(forgery, rng)
    if fields:
        del fields[rng.randrange(len(fields))]
    return bool(fields)


def drop_kind(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """All fields of one type are gone from one map."""
    fields = _some(forgery, rng)
    if not fields:
        return False
    kind = rng.choice(fields)[0][:1]
    fields[:] = [one for one in fields if one[0][:1] != kind]
    return True


def twice(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """A key twice, with the same value or another."""
    fields = _some(forgery, rng)
    if not fields:
        return False
    key, value = rng.choice(fields)
    new = rng.choice((value, value[::-1], rng.randbytes(len(value))))
    fields.insert(rng.randrange(len(fields) + 1), (key, new))
    return True


def elsewhere(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """A field moves, or is copied, to another map."""
    source, target = _some(forgery, rng), rng.choice(_maps(forgery))
    if not source:
        return False
    at = rng.randrange(len(source))
    put(target, *source[at]) if rng.randrange(2) else target.append(source[at])
    if rng.randrange(2) and source is not target:
        del source[at]
    return True


def swap(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """Two maps of inputs, or of outputs, change places; the transaction stays."""
    maps = rng.choice(
        ([one.fields for one in forgery.inputs], [out.fields for out in forgery.outputs])
    )
    if len(maps) < 2:  # noqa: PLR2004 -- two to swap
        return False
    one, other = rng.sample(range(len(maps)), 2)
    maps[one][:], maps[other][:] = list(maps[other]), list(maps[one])
    return True


def retype(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """A field under another type."""
    fields = _some(forgery, rng)
    if not fields:
        return False
    at = rng.randrange(len(fields))
    key, value = fields[at]
    fields[at] = bytes((rng.choice((rng.randrange(256), rng.randrange(0x20))),)) + key[1:], value
    return True


def stretch(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """A key or a value that is longer, shorter, or empty."""
    fields = _some(forgery, rng)
    if not fields:
        return False
    at = rng.randrange(len(fields))
    key, value = fields[at]
    more = rng.randbytes(rng.choice((1, 4, 33)))
    fields[at] = rng.choice(
        (
            (key + more, value),
            (key[:-1] or b"\x00", value),
            (key, value + more),
            (key, value[:-1]),
            (key, b""),
            (b"", value),
        )
    )
    return True


def noise(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """A value with a few other bytes."""
    fields = _some(forgery, rng)
    if not fields:
        return False
    at = rng.randrange(len(fields))
    key, value = fields[at]
    raw = bytearray(value or b"\x00")
    for _times in range(rng.choice((1, 1, 4))):
        raw[rng.randrange(len(raw))] ^= 1 << rng.randrange(8)
    fields[at] = key, bytes(raw)
    return True


def strange(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """A field that no PSBT of ours has: of version 2, taproot, MuSig2, or of nobody."""
    key = bytes((rng.choice((*range(0x09, 0x20), 0xF0, 0xFB, 0xFC, rng.randrange(256))),))
    key += rng.randbytes(rng.choice((0, 0, 4, 32, 33, 65)))
    value = rng.randbytes(rng.choice((0, 1, 4, 32, 64, 300)))
    fields = rng.choice(_maps(forgery))
    fields.insert(rng.randrange(len(fields) + 1), (key, value))
    return True


def version(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """The PSBT says that it is of some version."""
    value = rng.choice((1, 2, 0xFFFFFFFF, rng.getrandbits(32))).to_bytes(4, "little")
    forgery.globals.append((_VERSION, rng.choice((value, value[:3], value + b"\x00"))))
    return True


def extra_map(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """A map too many, or one that is not there."""
    if rng.randrange(2) and forgery.outputs:
        maps = forgery.to_bytes()
        forgery.spoil.append(lambda raw: raw[:-1] if raw == maps else raw)
        return True
    forgery.spoil.append(lambda raw: raw + b"\x00")
    return True


def own_missing(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """A tool on the way stripped some or all of our documents."""
    for at in rng.choice(((0,), (1,), (2,), (0, 1, 2))):
        forgery.own[at] = None
    return True


def own_garbled(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """Our documents' framing lies about how many and how long."""
    at = rng.choice((0, 1, 2))
    items = rng.choice((forgery.withdrawal.to_bytes(), b"{}", b"", rng.randbytes(40)))
    forgery.own[at] = rng.choice(
        (
            size(rng.choice((2, 0xFD, 0xFFFFFFFF))) + size(len(items)) + items,
            size(1) + size(len(items) + 1) + items,
            size(1) + size(len(items)) + items + b"\x00",
            size(1, 3) + size(len(items)) + items,
            items,
            b"",
        )
    )
    return True


def own_twice(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """Two withdrawals in one bundle: under the same key, a longer one, or another's name."""
    paper = rng.choice(loot.papers).to_bytes()
    key = rng.choice(
        (
            OWN + b"\x00",
            OWN + b"\x00\x00",
            OWN + b"\xfd\x00\x00",
            OWN + b"\x03",
            b"\xfc\x0aColdquorum\x00",
            b"\xfc\x0bcoldquorum\x00\x00",
            b"\xfd\xfc\x00\x0acoldquorum\x00",
        )
    )
    forgery.globals.insert(rng.randrange(len(forgery.globals) + 1), (key, paper))
    return True
