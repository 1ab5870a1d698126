"""Codes over 5-bit symbols: two at a time, as the standards do it one by one."""

from functools import reduce
from operator import xor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signer.core import bech32, cashaddr
from signer.core.bch import behind, octets, padded, pairs, polymod
from signer.keys import codex32

BECH32 = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
CASHADDR = (0x98F2BC8E61, 0x79B76D99E2, 0xF33E5FB3C4, 0xAE2EABE2A8, 0x1E4F43E470)
SYMBOLS = st.lists(st.integers(0, 31), max_size=110)


def plain(bits, generators, state, symbols):
    """The loop of BIP173, "Checksum", for a state of any size."""
    for symbol in symbols:
        top, state = state >> bits - 5, (state & (1 << bits - 5) - 1) << 5 ^ symbol
        state = reduce(xor, (g for at, g in enumerate(generators) if top >> at & 1), state)
    return state


@pytest.mark.parametrize(
    ("bits", "generators", "made"),
    [(30, BECH32, bech32.remainder), (40, CASHADDR, cashaddr.remainder)],
    ids=["bech32", "cashaddr"],
)
@given(symbols=SYMBOLS, data=st.data())
@settings(max_examples=60, deadline=None)
def test_pairs_leave_the_remainder_of_single_symbols(bits, generators, made, symbols, data):
    """Behind any state, for odd and even numbers of symbols, none and zeros among them."""
    state = data.draw(st.integers(0, (1 << bits) - 1))
    expected = plain(bits, generators, state, symbols)
    assert made(pairs(behind(state, symbols))) == expected
    assert polymod(bits, generators)(pairs(behind(state, symbols))) == expected


@pytest.mark.parametrize("code", [codex32.SHORT, codex32.LONG], ids=["short", "long"])
@given(symbols=SYMBOLS)
@settings(max_examples=30, deadline=None)
def test_states_of_13_and_15_symbols_do_so_too(code, symbols):
    """What one symbol puts back is the code's own: the remainder of a one and so many zeros."""
    generators = [code.remainder(pairs(1 << at + 5 * code.length)) for at in range(5)]
    assert code.of(symbols) == plain(5 * code.length, generators, 0x23181B3, symbols)


@given(st.binary(max_size=70))
def test_bytes_come_back_from_their_symbols(data):
    """The padding is dropped, and nothing else."""
    size = -(-8 * len(data) // 5)
    number = padded(data)
    assert number >> 5 * size == 0
    assert octets([number >> shift & 31 for shift in range(5 * size - 5, -1, -5)]) == data


def test_every_length_of_a_program_is_written_and_read():
    """2 to 40 bytes (BIP141), so that both an odd and an even number of symbols occur."""
    for size in range(2, 41):
        text = bech32.encode("bc", 2, bytes(range(size)))
        assert bech32.decode(text) == ("bc", 2, bytes(range(size)))
        assert len(text) == 3 + 1 + -(-8 * size // 5) + 6
