"""The checksums of bech32 and of descriptors: BCH codes over 5-bit symbols (BIP173, BIP380)."""

from collections.abc import Callable, Iterable
from functools import reduce
from operator import xor


def polymod(bits: int, generators: tuple[int, ...]) -> Callable[[Iterable[int], int], int]:
    """The remainder of a code whose state has so many bits: takes symbols and the state before."""
    low = bits - 5
    # What the 5 bits that leave the state put back into it: the standards' inner loop, done once.
    carries = [
        reduce(xor, (g for i, g in enumerate(generators) if n >> i & 1), 0) for n in range(32)
    ]

    def remainder(symbols: Iterable[int], state: int = 1) -> int:
        for symbol in symbols:
            state = (state & (1 << low) - 1) << 5 ^ symbol ^ carries[state >> low]
        return state

    return remainder
