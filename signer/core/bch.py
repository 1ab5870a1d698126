"""BCH codes over 5-bit symbols (BIP173): the checksums of addresses and of descriptors (BIP380).

A run of symbols is one number, and the state that a code is in before them stands in front of it:
what is missing in front of that is zero, and zeros change nothing. So the number is cut into pairs
of symbols from its end, and each step takes two: half the steps, for a table of 1,024 entries.
"""

from collections.abc import Callable, Iterable, Sequence

_DIGITS = b"0123456789abcdefghijklmnopqrstuv".ljust(256)
"""How `int` writes 32 symbols."""


def polymod(bits: int, generators: Sequence[int]) -> Callable[[Iterable[int]], int]:
    """The remainder of a code whose state has so many bits, at least 10: takes `pairs`."""
    low, kept = bits - 10, (1 << bits - 10) - 1
    # What the bits that leave the state put back into it: the standards' inner loop, done once.
    # The upper symbol of a pair leaves first, and what it puts back is moved up by the lower one.
    carries = [0]
    for one in generators:
        carries += [one ^ other for other in carries]
    for one in generators:
        moved = (one & (1 << bits - 5) - 1) << 5 ^ carries[one >> bits - 5]
        carries += [moved ^ other for other in carries]

    def remainder(pairs: Iterable[int]) -> int:
        state = 0
        for pair in pairs:
            state = (state & kept) << 10 ^ pair ^ carries[state >> low]
        return state

    return remainder


def behind(state: int, symbols: Sequence[int]) -> int:
    """The number of some symbols behind a state."""
    return state << 5 * len(symbols) | int(bytes(symbols).translate(_DIGITS) or b"0", 32)


def pairs(number: int) -> list[int]:
    """Cut a number of symbols into two at a time, 10 bits each."""
    top = number.bit_length() // 10 * 10
    return [number >> shift & 1023 for shift in range(top, -1, -10)]


def padded(data: bytes) -> int:
    """The number of the symbols that bytes are cut into, with zeros behind the last bit."""
    return int.from_bytes(data, "big") << -8 * len(data) % 5


def octets(symbols: Sequence[int]) -> bytes:
    """The whole bytes in some symbols. What is left over is dropped: write them again to check."""
    whole, rest = divmod(5 * len(symbols), 8)
    return (behind(0, symbols) >> rest).to_bytes(whole, "big")
