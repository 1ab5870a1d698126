"""What a malicious carrier does to the file: the carrier knows bytes, not what they mean."""

import random
from typing import Final

from signer.redteam.forgery import Forgery
from signer.redteam.loot import Loot

_NUMBERS: Final = (0, 1, 0x7F, 0x80, 0xFC, 0xFD, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFFF, 2**63)
_MOST: Final = 200


def flip_bit(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """One bit."""
    at, bit = rng.random(), 2 ** rng.randrange(8)

    def spoil(raw: bytes) -> bytes:
        place = int(at * len(raw))
        return raw[:place] + bytes((raw[place] ^ bit,)) + raw[place + 1 :] if raw else raw

    forgery.spoil.append(spoil)
    return True


def overwrite(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """A number that matters, or noise, over some bytes."""
    at, width = rng.random(), rng.choice((1, 2, 4, 8))
    value = rng.choice((rng.choice(_NUMBERS), rng.getrandbits(64)))
    new = value.to_bytes(9, "little")[:width]

    def spoil(raw: bytes) -> bytes:
        place = int(at * len(raw))
        return raw[:place] + new + raw[place + width :]

    forgery.spoil.append(spoil)
    return True


def cut(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """Some bytes are gone: from the middle, or all to the end."""
    at, count = rng.random(), rng.choice((1, 2, 33, rng.randrange(1, _MOST), 1 << 30))

    def spoil(raw: bytes) -> bytes:
        place = int(at * len(raw))
        return raw[:place] + raw[place + count :]

    forgery.spoil.append(spoil)
    return True


def insert(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """Some bytes more: noise, zeros, or a piece of the file itself."""
    at, source, kind = rng.random(), rng.random(), rng.randrange(3)
    count = rng.randrange(1, _MOST)
    noise = rng.randbytes(count)

    def spoil(raw: bytes) -> bytes:
        place, start = int(at * len(raw)), int(source * len(raw))
        new = (noise, bytes(count), raw[start : start + count])[kind]
        return raw[:place] + new + raw[place:]

    forgery.spoil.append(spoil)
    return True


def trail(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """Bytes after the end."""
    tail = rng.choice((b"\x00", b"\x00\x00", rng.randbytes(rng.randrange(1, _MOST))))
    forgery.spoil.append(lambda raw: raw + tail)
    return True


def splice(forgery: Forgery, loot: Loot, rng: random.Random) -> bool:
    """The head of this file and the tail of another."""
    other = rng.choice(loot.bundles).to_bytes()
    at = rng.random()
    there = int(rng.choice((at, rng.random())) * len(other))
    forgery.spoil.append(lambda raw: raw[: int(at * len(raw))] + other[there:])
    return True


def widen(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """A length or a count in a longer form than it needs."""
    forgery.wide[rng.randrange(1, 80)] = rng.choice((3, 5, 9))
    return True


def bigger_count(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """A count or a length that says far more than follows."""
    count = rng.choice((0xFD, 0xFFFF, 0x10000, 0x02000000, 0xFFFFFFFF, 2**64 - 1))
    width = rng.choice((3, 5, 9))
    head = {3: b"\xfd", 5: b"\xfe", 9: b"\xff"}[width]
    new = head + count.to_bytes(9, "little")[: width - 1]
    at = rng.random()

    def spoil(raw: bytes) -> bytes:
        place = 5 + int(at * min(len(raw), 400))
        return raw[:place] + new + raw[place + 1 :]

    forgery.spoil.append(spoil)
    return True


def garble_transaction(forgery: Forgery, _: Loot, rng: random.Random) -> bool:
    """The unsigned transaction: cut, longer, in the witness form, or with no inputs."""
    tx = forgery.unsigned()
    forgery.transaction = rng.choice(
        (
            tx[: rng.randrange(len(tx))],
            tx + rng.randbytes(rng.randrange(1, 9)),
            tx[:4] + b"\x00\x01" + tx[4:-4] + bytes(len(forgery.inputs)) + tx[-4:],
            tx[:4] + b"\x00" + tx[5:],
            b"",
            tx[:4] + b"\xfe\xff\xff\xff\xff" + tx[5:],
        )
    )
    return True
