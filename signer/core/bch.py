"""BCH codes over 5-bit symbols (BIP173): the checksums of addresses and of descriptors (BIP380)."""

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


def symbols(data: bytes) -> list[int]:
    """Cut bytes into 5-bit symbols, zeros behind the last bit (BIP173)."""
    groups = -(-len(data) * 8 // 5)
    number = int.from_bytes(data, "big") << groups * 5 - len(data) * 8
    return [number >> shift & 31 for shift in range(5 * groups - 5, -1, -5)]


def octets(values: list[int]) -> bytes:
    """The whole bytes in 5-bit symbols. What is left over is dropped: write them again to check."""
    bits = "".join([f"{value:05b}" for value in values])
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) - 7, 8))
