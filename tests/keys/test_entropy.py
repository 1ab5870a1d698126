"""Randomness: any one source suffices, and throws that nobody threw are refused or doubted."""

import hashlib
import random

import pytest

from signer.core.errors import BadInput
from signer.keys import codex32, entropy, mnemonic, slip39
from signer.keys.entropy import COINS, DICE

LUCK = random.Random(7)
ROLLS = {16: "61432" * 9 + "15246", 32: "".join(LUCK.choices("123456", k=99))}
FLIPS = {size: "".join(LUCK.choices("01", k=8 * size)) for size in (16, 32)}


def read(source, typed, size):
    """Take throws as the program does."""
    return entropy.read(source, typed.encode(), size)


@pytest.mark.parametrize("size", [16, 32])
def test_system_draws_differ(size):
    """Fresh bytes of the size asked for."""
    first, second = entropy.system(size), entropy.system(size)
    assert len(first) == len(second) == size
    assert first != second


def test_the_published_vector():
    """Coldcard's example, which SeedSigner tests as well: the rolls 123456, their hash and words.

    Source: https://coldcard.com/docs/verifying-dice-roll-math and its rolls.py; 12 words are the
    same hash cut in half (Blockchain Commons' seedtool, "Compatibility with Ian Coleman").
    """
    whole = entropy.mix(32, None, [bytearray(b"123456")])
    assert whole.hex() == "8d969eef6ecad3c29a3a629280e686cf0c3f5d5a86aff3ca12020c923adc6c92"
    assert " ".join(mnemonic.words(whole)) == (
        "mirror reject rookie talk pudding throw happy era myth already payment own sentence push "
        "head sting video explain letter bomb casual hotel rather garment"
    )
    half = entropy.mix(16, None, [bytearray(b"123456")])
    assert " ".join(mnemonic.words(half)) == (
        "mirror reject rookie talk pudding throw happy era myth already payment owner"
    )


@pytest.mark.parametrize("size", [16, 32])
def test_each_source_alone_suffices(size):
    """Whatever the other two give, a change of one source is a change of the result."""
    rolls, flips = read(DICE, ROLLS[size], size), read(COINS, FLIPS[size], size)
    machine = entropy.system(size)
    whole = entropy.mix(size, machine, [rolls, flips])
    parts = [machine, hashlib.sha256(rolls).digest(), hashlib.sha256(flips).digest()]
    assert whole == bytes(
        a ^ b ^ c for a, b, c in zip(*(part[:size] for part in parts), strict=True)
    )
    others = {
        bytes(entropy.mix(size, entropy.system(size), [rolls, flips])),
        bytes(entropy.mix(size, machine, [rolls[::-1], flips])),
        bytes(entropy.mix(size, machine, [rolls, flips[::-1]])),
        bytes(entropy.mix(size, machine, [rolls])),
        bytes(entropy.mix(size, None, [rolls, flips])),
    }
    assert len({bytes(whole), *others}) == 6
    assert len(whole) == size


def test_a_crooked_generator_does_not_give_a_sharing_away(monkeypatch):
    """A generator of zeros: shares of another secret, and other numbers, still get other bytes.

    And what the generator gives is in the result, so that an honest one hides the secret perfectly.
    """
    honest = {entropy.hedged(103, b"one", 0) for _ in range(8)}
    assert len(honest) == 8
    monkeypatch.setattr(entropy, "system", bytearray)
    drawn = {
        entropy.hedged(103, secret, number) for secret in (b"one", b"two") for number in (0, 1)
    }
    assert len(drawn) == 4
    assert all(len(set(part)) > 50 for part in drawn)


@pytest.mark.parametrize("threshold", [2, 3, 5])
def test_no_share_is_told_by_a_crooked_generator(monkeypatch, threshold):
    """With a generator of zeros, any share still differs from secret to secret.

    Were its bytes the only ones, the first k - 1 shares of codex32 would be zeros for every secret.
    """
    monkeypatch.setattr(entropy, "system", bytearray)
    found = set()
    for secret in (bytes(16), bytes(range(16))):
        strings = codex32.split(secret, threshold, threshold)
        words = slip39.split(secret, [slip39.Group(threshold, threshold)], 1)
        found |= {share.payload for share in strings} | {share.value for share in words}
    assert len(found) == 4 * threshold


def test_no_source_is_no_key():
    """Zeros are never given out for want of a source."""
    with pytest.raises(ValueError, match="no source"):
        entropy.mix(32, None, [])


def test_blanks_do_not_matter():
    """People type in groups, and a terminal adds an ending."""
    spaced = " ".join(ROLLS[32][at : at + 5] for at in range(0, 99, 5)) + "\r\n"
    assert read(DICE, spaced, 32) == read(DICE, ROLLS[32], 32)


@pytest.mark.parametrize(
    ("source", "size", "throws", "says"),
    [
        (DICE, 16, "", "too few"),
        (DICE, 16, ROLLS[16][:49], "too few"),
        (DICE, 32, ROLLS[32][:98], "too few"),
        (DICE, 32, ROLLS[16], "too few"),
        (DICE, 16, "6" * 50, "not random"),
        (DICE, 32, "1" * 99, "not random"),
        (DICE, 16, "12" * 25, "not random"),
        (DICE, 16, "123456" * 9, "not random"),
        (DICE, 32, "654321" * 17, "not random"),
        (DICE, 32, "112233445566" * 9, "not random"),
        (DICE, 16, "1234" * 10 + "3142134214", "not random"),
        (DICE, 32, "1" * 30 + ROLLS[32][:69], "not random"),
        (DICE, 16, "0" * 50, "digits 1 to 6"),
        (DICE, 16, ROLLS[16] + "7", "digits 1 to 6"),
        (DICE, 16, ROLLS[16] + "x", "digits 1 to 6"),
        (DICE, 16, ROLLS[16] + "\uff11", "digits 1 to 6"),
        (COINS, 16, FLIPS[16][:127], "too few"),
        (COINS, 32, FLIPS[32][:255], "too few"),
        (COINS, 16, "1" * 128, "not random"),
        (COINS, 16, "01" * 64, "not random"),
        (COINS, 16, "0" * 64 + "1" * 64, "not random"),
        (COINS, 16, "2" * 128, "digits 0 to 1"),
        (COINS, 16, "ht" * 64, "digits 0 to 1"),
    ],
)
def test_throws_that_do_not_do(source, size, throws, says):
    """Too few, something else, or a pattern: refused without quoting them."""
    with pytest.raises(BadInput, match=says) as caught:
        read(source, throws, size)
    assert not throws or throws[:20] not in repr(vars(caught.value))


@pytest.mark.parametrize(
    ("source", "throws", "says"),
    [
        (DICE, ROLLS[32], None),
        (COINS, FLIPS[32], None),
        (
            DICE,
            "".join(c + c for c in LUCK.choices("123456", k=50)),
            "twice in a row far too often",
        ),
        (DICE, "123456143625" * 8 + "415", "hardly ever"),
        (DICE, "".join(sorted("123456" * 16 + "123")), "equally often"),
        (DICE, "".join(LUCK.choices("1234566666", k=99)), "one face comes far too often"),
        (COINS, "0110" * 32 + "10" * 60, "hardly ever"),
        (COINS, "".join(LUCK.choices("0001", k=128)), "one face comes far too often"),
    ],
)
def test_what_looks_made_up_is_doubted(source, throws, says):
    """Each way in which people fake chance has its own words; honest throws have none."""
    found = entropy.doubts(source, bytearray(throws.encode()))
    assert any(says in doubt for doubt in found) if says else found == ()


@pytest.mark.parametrize(("source", "count"), [(DICE, 50), (DICE, 99), (COINS, 128), (COINS, 256)])
def test_honest_throws_are_hardly_ever_doubted(source, count):
    """Of 400 fair series none is refused, and few are doubted: four tests, one in a thousand."""
    luck = random.Random(2)
    doubted = 0
    for _ in range(400):
        throws = bytes(luck.choices(source.faces, k=count))
        assert entropy.read(source, throws, 16)
        doubted += bool(entropy.doubts(source, bytearray(throws)))
    assert doubted <= 4
