"""Randomness: either source alone suffices, and rolls that nobody rolled are refused."""

import hashlib
import random

import pytest

from signer.core.errors import BadInput
from signer.keys import entropy

GOOD = {16: "61432" * 9 + "15246", 32: "".join(random.Random(7).choices("123456", k=99))}


@pytest.mark.parametrize("size", [16, 32])
def test_system_draws_differ(size):
    """Fresh bytes of the size asked for."""
    first, second = entropy.system(size), entropy.system(size)
    assert len(first) == len(second) == size
    assert first != second


@pytest.mark.parametrize("size", [16, 32])
def test_dice_alone_suffice(size):
    """With a generator that gives zeros, the result is the hash of the rolls, cut to size."""
    mixed = entropy.mix(bytearray(size), GOOD[size].encode())
    assert mixed == hashlib.sha256(b"coldquorum dice 1:" + GOOD[size].encode()).digest()[:size]


def test_the_system_alone_suffices():
    """With the same rolls, every difference of the generator is in the result."""
    first, second = entropy.system(32), entropy.system(32)
    rolls = GOOD[32].encode()
    one, two = entropy.mix(first, rolls), entropy.mix(second, rolls)
    assert bytes(a ^ b for a, b in zip(one, two, strict=True)) == bytes(
        a ^ b for a, b in zip(first, second, strict=True)
    )


def test_blanks_in_rolls_do_not_matter():
    """People type rolls in groups."""
    spaced = " ".join(GOOD[32][at : at + 5] for at in range(0, 99, 5)) + "\r\n"
    assert entropy.mix(bytearray(32), spaced.encode()) == entropy.mix(
        bytearray(32), GOOD[32].encode()
    )


@pytest.mark.parametrize(
    ("size", "rolls", "says"),
    [
        (16, "", "too few"),
        (16, GOOD[16][:49], "too few"),
        (32, GOOD[32][:98], "too few"),
        (32, GOOD[16], "too few"),
        (16, "6" * 50, "not random"),
        (32, "1" * 99, "not random"),
        (16, "12" * 25, "not random"),
        (16, "123456" * 9, "not random"),
        (32, "654321" * 17, "not random"),
        (32, "112233445566" * 9, "not random"),
        (16, "1234" * 10 + "3142134214", "not random"),
        (16, "0" * 50, "digits 1 to 6"),
        (16, GOOD[16] + "7", "digits 1 to 6"),
        (16, GOOD[16] + "x", "digits 1 to 6"),
        (16, GOOD[16] + "\uff11", "digits 1 to 6"),
    ],
)
def test_rolls_that_do_not_do(size, rolls, says):
    """Too few, not dice, or a pattern: refused without quoting them."""
    with pytest.raises(BadInput, match=says) as caught:
        entropy.mix(entropy.system(size), rolls.encode())
    assert not rolls or rolls[:20] not in repr(vars(caught.value))


def test_true_dice_are_not_refused():
    """Ten thousand series of fair rolls pass; the check costs honest people nothing."""
    dice = random.Random(2)
    for _ in range(10_000):
        rolls = "".join(dice.choices("123456", k=50)).encode()
        assert len(entropy.mix(bytearray(16), rolls)) == 16
