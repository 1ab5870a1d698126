"""Many keys by one equation: it says what making every key would say, whatever is tried.

Among fewer than some 200 keys a digit may be missing by chance, and there is no answer.
"""

import os
from hashlib import sha256
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signer.core import batch, secp

PARENTS = [secp.Point(secp.public_key(bytes(31) + bytes((number,)))) for number in (1, 2, 5, 7, 9)]
"""G, 2G, 5G, 7G and 9G."""


def point(number):
    """`number` * G, compressed."""
    return secp.public_key(secp.word(number))


def statement(count, parents=PARENTS):
    """Points, tweaks and true sums."""
    points = [parents[at % len(parents)] for at in range(count)]
    tweaks = [sha256(b"%d" % at).digest() for at in range(count)]
    return points, tweaks, secp.add_tweaks(points, tweaks)


def shifted(key, number):
    """A key + `number` * G."""
    (moved,) = secp.add_tweaks([secp.Point(key)], [secp.word(number)])
    return moved


@pytest.mark.parametrize("count", [255, 256, batch.LEAST, 1023, 1024])
@pytest.mark.parametrize("parents", [PARENTS[:1], PARENTS[:3], PARENTS])
def test_true_sums_pass(count, parents):
    """Any number of them, of one parent or several."""
    assert batch.are_sums(*statement(count, parents))


def test_more_than_are_tried_at_once():
    """In parts, all of which count."""
    points, tweaks, sums = statement(256)
    many = -(-2 * batch._MOST // 256) + 1
    assert batch.are_sums(points * many, tweaks * many, sums * many)
    for at in (0, 128 * many - 1, 128 * many, 256 * many - 1):
        tried = sums * many
        tried[at] = shifted(tried[at], 1)
        assert not batch.are_sums(points * many, tweaks * many, tried)
    assert not batch.are_sums(points * many + points[:1], tweaks * many, sums * many)


@pytest.mark.parametrize("count", [256, 600])
@pytest.mark.parametrize("at", [0, -1])
def test_one_wrong_key_among_many_does_not(count, at):
    """Whatever is wrong with it, and wherever it stands."""
    points, tweaks, sums = statement(count)
    true = sums[at]
    outside = next(x for x in range(2, 99) if not secp.is_valid_public(b"\2" + secp.word(x)))
    wrong = {
        "one more": shifted(true, 1),
        "the negative": bytes((true[0] ^ 1,)) + true[1:],
        "its parent": points[at].key,
        "the tweak's own point": point(int.from_bytes(tweaks[at])),
        "nothing": b"",
        "cut": true[:-1],
        "longer": true + b"\0",
        "no point of the curve": b"\2" + secp.word(outside),
        "not compressed": b"\4" + true[1:] * 2,
        "hybrid": b"\6" + true[1:],
        "infinity": bytes(33),
    }
    for name, key in wrong.items():
        tried = list(sums)
        tried[at] = key
        assert not batch.are_sums(points, tweaks, tried), name


def test_right_keys_in_wrong_places_do_not():
    """Two exchanged; and each under its neighbour's parent."""
    points, tweaks, sums = statement(256)
    sums[3], sums[4] = sums[4], sums[3]
    assert not batch.are_sums(points, tweaks, sums)
    points, tweaks, sums = statement(256)
    assert not batch.are_sums(points[1:] + points[:1], tweaks, sums)


def test_errors_that_cancel_do_not():
    """A plain sum of all keys would not notice: one more here, one less there."""
    points, tweaks, sums = statement(512)
    for first, second in ((0, 1), (0, 5), (17, 511)):
        tried = list(sums)
        tried[first], tried[second] = shifted(sums[first], 1), shifted(sums[second], -1)
        assert not batch.are_sums(points, tweaks, tried)


@pytest.mark.parametrize("tweak", [bytes(32), secp.ORDER.to_bytes(32, "big"), b"\xff" * 32])
def test_a_tweak_that_gives_no_key_does_not(tweak):
    """Zero, and the order and over it: BIP32 has no such child, though the points would fit."""
    points, tweaks, sums = statement(256)
    tweaks[2] = tweak
    number = int.from_bytes(tweak) % secp.ORDER
    sums[2] = shifted(points[2].key, number) if number else points[2].key
    assert not batch.are_sums(points, tweaks, sums)


def test_the_largest_tweak_passes():
    """The order less 1."""
    points, tweaks, sums = statement(256)
    tweaks[2], sums[2] = secp.word(-1), shifted(points[2].key, -1)
    assert batch.are_sums(points, tweaks, sums)


def test_more_of_one_than_of_the_others_does_not():
    """Nothing is left out of the equation."""
    points, tweaks, sums = statement(256)
    assert not batch.are_sums([*points, points[0]], tweaks, sums)
    assert not batch.are_sums(points, [*tweaks, tweaks[0]], sums)
    assert not batch.are_sums(points, tweaks, [*sums, sums[0]])


def test_what_is_no_point_is_never_added():
    """A key that cannot be read, nothing at all, and what ends at infinity: each raises."""
    points, _, sums = statement(1)
    minus = secp.Point(bytes((sums[0][0] ^ 1,)) + sums[0][1:]).inner
    for wrong in (
        lambda: batch._left([b"\2" + bytes(32)], b"\1", 1, 2),
        lambda: batch._total([]),
        lambda: batch._total([secp.Point(sums[0]).inner, minus]),
        lambda: batch._times(points[0].inner, secp.ORDER),
    ):
        with pytest.raises(ValueError, match=r"infinity|not a key"):
            wrong()


def test_a_sum_at_infinity_is_no_key():
    """G + (n - 1) * G."""
    points, tweaks, sums = statement(256)
    points[0], tweaks[0] = PARENTS[0], secp.word(-1)
    for key in (bytes(33), b"\0", points[1].key):
        assert not batch.are_sums(points, tweaks, [key, *sums[1:]])


def weights(points, tweaks, sums, monkeypatch, random=bytes):
    """What each key is multiplied with, where the random bytes are known: zeros, for instance."""
    seen = []
    with monkeypatch.context() as patch:
        patch.setattr(batch, "urandom", random)
        patch.setattr(batch, "_left", lambda *_: points[0].inner)
        patch.setattr(batch, "_right", lambda _p, _t, found: seen.append(found) or points[0].inner)
        batch.are_sums(points, tweaks, sums)
    return seen[0]


def cancelling(points, tweaks, sums, known):
    """Two wrong keys whose errors cancel under weights that somebody knew beforehand."""
    factor = known[0] * pow(known[1], -1, secp.ORDER)
    return [shifted(sums[0], 1), shifted(sums[1], -factor), *sums[2:]]


def test_who_knew_the_weights_could_forge_and_nobody_knows_them(monkeypatch):
    """Weights that did not depend on the keys let two wrong ones by; ours change with them.

    So they do where the random bytes are known, too.
    """
    points, tweaks, sums = statement(256)
    forged = cancelling(points, tweaks, sums, weights(points, tweaks, sums, monkeypatch))
    assert not batch.are_sums(points, tweaks, forged)
    monkeypatch.setattr(batch, "urandom", bytes)
    assert not batch.are_sums(points, tweaks, forged)
    monkeypatch.setattr(batch, "sha256", lambda _data: SimpleNamespace(digest=lambda: bytes(32)))
    forged = cancelling(points, tweaks, sums, weights(points, tweaks, sums, monkeypatch))
    assert batch.are_sums(points, tweaks, forged)


@pytest.mark.parametrize("part", range(3))
def test_weights_depend_on_all_that_stands_in_the_equation(part, monkeypatch):
    """Another parent, another tweak, another key, the last one: all weights are others."""
    whole = statement(256)
    first = weights(*whole, monkeypatch)
    assert weights(*whole, monkeypatch) == first
    changed = [list(one) for one in whole]
    changed[part][-1] = (PARENTS[3], secp.word(77), point(77))[part]
    other = weights(*changed, monkeypatch)
    assert not set(first) & set(other)


def test_weights_are_new_each_time(monkeypatch):
    """32 bytes of the machine's random source stand before all that is hashed."""
    whole = statement(256)
    first, other = (weights(*whole, monkeypatch, os.urandom) for _ in range(2))
    assert not set(first) & set(other)
    asked = []
    weights(*whole, monkeypatch, lambda count: asked.append(count) or bytes(count))
    assert asked == [32]


def test_weights_have_96_bits_and_are_below_the_order(monkeypatch):
    """For each size of a digit, and no more of them than are different."""
    for count, bits in ((64, 4), (600, 5), (1 << 13, 7)):
        points, tweaks, sums = statement(1)
        found = weights(points * count, tweaks * count, sums * count, monkeypatch)
        assert len(set(found)) == count
        digits = -(-96 // bits)
        assert bits * digits >= 96
        assert max(found) >= 1 << 8 * (digits - 1)  # and no fewer
        assert all(
            one < secp.ORDER and max(one.to_bytes(digits, "big")) < 1 << bits for one in found
        )
        assert max(max(one.to_bytes(digits, "big")) for one in found) >= (1 << bits) - 2


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 40), st.integers(-1, 1)), min_size=1))
def test_it_says_what_making_every_key_says(parts):
    """Few small tweaks: the same keys, and keys that are each other's negatives, come often."""
    points = [PARENTS[parent] for parent, _, _ in parts]
    tweaks = [secp.word(tweak) for _, tweak, _ in parts]
    numbers = [(1, 2, 5, 7, 9)[parent] + tweak + error for parent, tweak, error in parts]
    tried = [point(number) for number in numbers]
    rest = statement(256)
    points, tweaks = points + rest[0], tweaks + rest[1]
    true = secp.add_tweaks(points, tweaks)
    assert batch.are_sums(points, tweaks, tried + rest[2]) is (tried + rest[2] == true)


def test_a_digit_that_nobody_has_is_no_answer():
    """Then each key has to be made."""
    assert not batch.are_sums(*statement(1))
    assert not batch.are_sums([], [], [])
