"""Many derived keys tried by one equation, as BIP340 tries many signatures ("Batch Verification").

To make the key P + t*G takes a multiplication; to try whether S is that key takes three
fifths of that among many. Each S is given a weight w, and all are added up:

    w1*S1 + w2*S2 + ... = (w1 + w2 + ...)*P + (w1*t1 + w2*t2 + ...)*G

If each S is what it should be, this holds. If one is not, it holds for one in 2**96 of all weights.
Nobody can choose it after them: they are new each time, hashed from random bytes and from all that
stands in the equation. docs/adr/0014-batch.md.

The left side is added up digit by digit of the weights, in buckets (Pippenger's way): a key costs
its decompression and some 16 additions.
"""

from collections.abc import Sequence
from hashlib import sha256, shake_128
from itertools import chain
from os import urandom
from typing import Any

from signer.core.secp import KEY, WORD, Point, ctx, ffi, lib, public_key, serialize, word

LEAST = 512
"""Fewer keys are made as fast as they are tried (measured; docs/adr/0014-batch.md)."""

_MOST = 8192
"""More keys are tried in two halves: what is added up should stay in the processor's cache."""

_SECURITY = 96
"""Bits of a weight."""

_BASE = 256
"""Digits of a weight are bytes, of which only the lower bits are used."""


def are_sums(points: Sequence[Point], tweaks: Sequence[bytes], sums: Sequence[bytes]) -> bool:
    """Whether each sum is its point + its tweak * G, compressed.

    False, too, where the equation cannot tell: then each key has to be made.

    Args:
        points: parents; the same one many times is one term of the equation.
        tweaks: 32 bytes each, big-endian.
        sums: what is tried, as it came from anybody.
    """
    if len(sums) > _MOST:
        half = len(sums) // 2
        ends = slice(half), slice(half, None)
        return all(are_sums(points[part], tweaks[part], sums[part]) for part in ends)
    bits = max(4, len(sums).bit_length() // 2)  # more are fewer digits, and more buckets
    width = -(-_SECURITY // bits)
    parts = chain([urandom(WORD)], [point.key for point in points], tweaks, sums)
    seed = sha256(b"".join(parts)).digest()
    lower = bytes(range(1 << bits)) * (_BASE >> bits)
    digits = shake_128(seed).digest(width * len(sums)).translate(lower)
    weights = [int.from_bytes(digits[at : at + width]) for at in range(0, len(digits), width)]
    try:
        # A tweak of zero, or over the order, gives no key (BIP32).
        return bytes(WORD) < min(tweaks) <= max(tweaks) <= word(-1) and serialize(
            _left(sums, digits, width, 1 << bits)
        ) == serialize(_right(points, tweaks, weights))
    except ValueError:  # not a key, or something adds up to infinity
        return False


def _left(keys: Sequence[bytes], digits: bytes, width: int, size: int) -> Any:
    """The sum of all keys, each times its weight."""
    every = ffi.new("secp256k1_pubkey[]", len(keys))  # side by side they are added faster
    terms = [every + at for at in range(len(keys))]
    for term, key in zip(terms, keys, strict=True):
        if len(key) != KEY or not lib.secp256k1_ec_pubkey_parse(ctx, term, key, KEY):
            raise ValueError("not a key")
    left: list[Any] = []
    for place in range(width):
        buckets: list[list[Any]] = [[] for _ in range(size)]
        for term, digit in zip(terms, digits[place::width], strict=True):
            buckets[digit].append(term)
        higher: list[Any] = []  # for each digit, the sum of all terms that have it or a higher one
        for bucket in buckets[:0:-1]:
            higher.append(_total(higher[-1:] + bucket))
        left = [_total(higher + [_times(one, _BASE) for one in left])]
    return left[0]


def _right(points: Sequence[Point], tweaks: Sequence[bytes], weights: Sequence[int]) -> Any:
    shares, term = dict.fromkeys(points, 0), 0
    for point, tweak, weight in zip(points, tweaks, weights, strict=True):
        shares[point] += weight
        term += weight * int.from_bytes(tweak)
    parents = [_times(point.inner, share) for point, share in shares.items()]
    return _total([Point(public_key(word(term))).inner, *parents])


def _times(point: Any, factor: int) -> Any:
    product = ffi.new("secp256k1_pubkey *", point[0])
    if not lib.secp256k1_ec_pubkey_tweak_mul(ctx, product, word(factor)):
        raise ValueError("at infinity")
    return product


def _total(terms: list[Any]) -> Any:
    total = ffi.new("secp256k1_pubkey *")
    if not terms or not lib.secp256k1_ec_pubkey_combine(ctx, total, terms, len(terms)):
        raise ValueError("at infinity")
    return total
