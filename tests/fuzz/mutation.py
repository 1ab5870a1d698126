"""A plain mutation fuzzer, for machines without atheris and for the short run in the tests.

It knows nothing of coverage: it takes kept inputs, changes, cuts, repeats and joins them.
"""

import random

INTERESTING = (b"\0", b"\xff", b"\x80", b"0", b"9", b"Z", b"=", b"/", b"-", b"\n", b"\x9f", b"\x5f")
NUMBERS = (b"1000000000", b"4294967295", b"4294967296", b"\x1b\xff\xff\xff\xff\xff\xff\xff\xff")


def mutate(data, others, luck):
    """Change an input in one to four ways."""
    data = bytearray(data)
    for _ in range(luck.randint(1, 4)):
        at = luck.randrange(len(data) + 1)
        to = min(len(data), at + luck.choice((1, 1, 2, 4, 16, 64)))
        match luck.randrange(8):
            case 0 if at < len(data):
                data[at] ^= 1 << luck.randrange(8)
            case 1:
                data[at:to] = b""
            case 2:
                data[at:at] = data[at:to]
            case 3:
                data[at:at] = luck.choice(INTERESTING)
            case 4:
                data[at:to] = luck.choice(NUMBERS)
            case 5:
                data[at:at] = luck.randbytes(luck.randint(1, 8))
            case 6:
                data[at:] = b""
            case _:
                other = luck.choice(others)
                start = luck.randrange(len(other) + 1)
                data[at:] = other[start:]
    return bytes(data)


def inputs(kept, count, seed):
    """Give mutated inputs, the same ones for the same seed.

    Args:
        kept: inputs to start from.
        count: how many; endless if None.
        seed: any number.
    """
    luck = random.Random(seed)
    pool = [*kept, b""]
    made = 0
    while count is None or made < count:
        yield mutate(luck.choice(pool), pool, luck)
        made += 1
