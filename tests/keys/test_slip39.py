"""SLIP-39: the official vectors; the reference implementation reads ours and writes theirs."""

import json
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
import shamir_mnemonic
from hypothesis import given, settings
from hypothesis import strategies as st

from signer.core import base58
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.errors import BadInput
from signer.core.wordlist import SHARE_WORDS
from signer.keys import slip39
from signer.keys.slip39 import Group

# https://github.com/trezor/python-shamir-mnemonic/blob/master/vectors.json: all 45
VECTORS = json.loads((Path(__file__).parent / "data/slip39.json").read_text())
SECRET = bytes(range(16))
TWO_OF_THREE = [Group(2, 3)]


def parsed(phrases):
    """Read shares."""
    return [slip39.parse(phrase.encode()) for phrase in phrases]


def phrase(share):
    """Write a share."""
    return " ".join(slip39.words(share))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector[0][:30])
def test_the_official_vectors(vector):
    """With the passphrase TREZOR: the secret and its BIP32 root, or a refusal without a word."""
    _, phrases, secret, xprv = vector
    if not secret:
        with pytest.raises(BadInput) as caught:
            slip39.combine(parsed(phrases), b"TREZOR")
        told = f"{caught.value.what} {caught.value.expected} {caught.value.found}".split()
        assert not {word for word in phrases[0].split() if len(word) > 6} & set(told)
        return
    found = slip39.combine(parsed(phrases), b"TREZOR")
    assert found.hex() == secret
    root = ExtendedPrivateKey.from_seed(found)
    master = base58.decode(xprv, what="xprv")
    assert (root.chain_code, root.secret) == (master[13:45], master[46:])
    for text in phrases:
        assert phrase(slip39.parse(text.encode())) == text


def test_the_word_list():
    """1,024 words, sorted, told apart by their first four letters (SLIP-39, "Wordlist")."""
    assert len(SHARE_WORDS) == 1024
    assert list(SHARE_WORDS) == sorted(SHARE_WORDS)
    assert len({word[:4] for word in SHARE_WORDS}) == 1024


@pytest.mark.parametrize(("size", "count"), [(16, 20), (32, 33), (64, 59)])
def test_the_reference_reads_ours(size, count):
    """Any two of three of ours, with a passphrase, in Trezor's own library."""
    secret = bytes(range(size))
    shares = slip39.split(secret, TWO_OF_THREE, 1, b"pass")
    for pair in combinations(shares, 2):
        phrases = [phrase(share) for share in pair]
        assert {len(text.split()) for text in phrases} == {count}
        assert shamir_mnemonic.combine_mnemonics(phrases, b"pass") == secret
        assert slip39.combine(parsed(phrases), b"pass") == secret
    assert shamir_mnemonic.combine_mnemonics([phrase(s) for s in shares[:2]], b"") != secret


@pytest.mark.parametrize("extendable", [True, False])
def test_ours_reads_the_reference(extendable):
    """Groups of theirs: 2 of 3 groups, of 1 of 1, 2 of 3 and 3 of 5."""
    made = shamir_mnemonic.generate_mnemonics(
        2, [(1, 1), (2, 3), (3, 5)], SECRET, b"pass", extendable=extendable, iteration_exponent=0
    )
    for chosen in (
        [*made[0], *made[1][:2]],
        [*made[1][1:], *made[2][2:]],
        [*made[2][:3], *made[0]],
        [text for group in made for text in group],
    ):
        assert slip39.combine(parsed(chosen), b"pass") == SECRET


@given(
    st.integers(8, 32).flatmap(lambda n: st.binary(min_size=2 * n, max_size=2 * n)),
    st.lists(
        st.sampled_from([Group(1, 1), Group(2, 2), Group(2, 4), Group(3, 5), Group(16, 16)]),
        min_size=1,
        max_size=4,
    ),
    st.data(),
)
@settings(max_examples=20, deadline=None)
def test_every_sharing_comes_back(secret, groups, data):
    """Any secret, any plan: from exactly as much as is needed, and never from less."""
    threshold = data.draw(st.integers(1, len(groups)))
    shares = slip39.split(secret, groups, threshold)
    chosen = data.draw(st.permutations(range(len(groups))))[:threshold]
    used = [
        share
        for number in chosen
        for share in data.draw(st.permutations([s for s in shares if s.group == number]))[
            : groups[number].threshold
        ]
    ]
    assert slip39.combine(used) == secret
    assert slip39.lacking(used) == ()
    with pytest.raises(BadInput, match="too few shares"):
        slip39.combine(used[:-1])


def test_a_sharing_is_new_every_time():
    """The same secret twice: other identifiers, and the shares do not mix."""
    one, two = (slip39.split(SECRET, TWO_OF_THREE, 1) for _ in range(2))
    if one[0].common.identifier != two[0].common.identifier:
        with pytest.raises(BadInput, match="different secrets"):
            slip39.combine([one[0], two[1]])
    forged = replace(two[1], common=one[0].common)
    with pytest.raises(BadInput, match="do not fit together"):
        slip39.combine([one[0], forged])


def test_fewer_shares_tell_nothing():
    """With k - 1 shares of two secrets, every byte of either is as likely: here, they differ."""
    values = {slip39.split(SECRET, TWO_OF_THREE, 1)[0].value for _ in range(16)}
    assert len(values) == 16


@pytest.mark.parametrize(
    ("groups", "threshold", "size"),
    [
        ([], 1, 16),
        ([Group(1, 1)], 2, 16),
        ([Group(1, 1)], 0, 16),
        ([Group(3, 2)], 1, 16),
        ([Group(0, 2)], 1, 16),
        ([Group(1, 2)], 1, 16),
        ([Group(2, 17)], 1, 16),
        ([Group(1, 1)] * 17, 1, 16),
        (TWO_OF_THREE, 1, 14),
        (TWO_OF_THREE, 1, 17),
        (TWO_OF_THREE, 1, 66),
    ],
)
def test_sharings_that_cannot_be(groups, threshold, size):
    """More than there are, none at all, 1 of several, odd or short secrets."""
    with pytest.raises(BadInput):
        slip39.split(bytes(size), groups, threshold)


@pytest.mark.parametrize("passphrase", [b"p\xc3\xa4ss", b"a\tb", b"\x7f"])
def test_a_share_passphrase_is_printable_ascii(passphrase):
    """The standard's own limit: other programs could not read it back."""
    with pytest.raises(BadInput, match="printable ASCII"):
        slip39.split(SECRET, TWO_OF_THREE, 1, passphrase)


def test_what_is_lacking_is_told_group_by_group():
    """An officer with some shares learns which to fetch."""
    shares = slip39.split(SECRET, [Group(2, 3), Group(3, 5), Group(1, 1)], 3)
    by = {(s.group + 1, s.member + 1): s for s in shares}
    assert slip39.lacking([]) == ("the first share",)
    assert slip39.lacking([by[1, 1]]) == ("1 of group 1", "2 more group(s)")
    assert slip39.lacking([by[1, 1], by[2, 5]]) == (
        "1 of group 1",
        "2 of group 2",
        "1 more group(s)",
    )
    assert slip39.lacking([by[1, 1], by[1, 3], by[2, 5]]) == ("2 of group 2", "1 more group(s)")
