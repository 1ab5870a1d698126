"""codex32 (BIP93): all published vectors; the `codex32` package reads ours and writes theirs."""

import json
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from codex32 import Codex32String
from hypothesis import given, settings
from hypothesis import strategies as st

from signer.core import base58
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.errors import BadInput
from signer.keys import codex32

# BIP93, "Test Vectors"
VECTORS = json.loads((Path(__file__).parent / "data/bip93.json").read_text())
SAYS = {
    "checksum": ["checksum"],
    "kind of checksum": ["checksum", "length"],
    "length": ["length"],
    "index": ["threshold"],
    "threshold": ["threshold"],
    "prefix": ["MS1 at the start", "length"],
    "case": ["mixes"],
}
SEED = bytes.fromhex("ffeeddccbbaa99887766554433221100")


def parsed(strings):
    """Read strings."""
    return [codex32.parse(string.encode()) for string in strings]


@pytest.mark.parametrize("vector", VECTORS["secrets"], ids=lambda v: v["strings"][0][:9])
def test_the_published_secrets(vector):
    """Vectors 1 to 5, short and long, with every padding: the seed and its BIP32 root."""
    for string in vector["strings"]:
        share = codex32.parse(string.encode())
        found = codex32.combine([share])
        assert found.hex() == vector["seed"]
        assert codex32.text(share) == string.upper()
    root = ExtendedPrivateKey.from_seed(bytes.fromhex(vector["seed"]))
    master = base58.decode(vector["xprv"], what="xprv")
    assert (root.chain_code, root.secret) == (master[13:45], master[46:])


@pytest.mark.parametrize("vector", VECTORS["shares"], ids=lambda v: v["shares"][0][:9])
def test_the_published_shares(vector):
    """Vectors 2 and 3: any k of the shares, all of them, and never fewer."""
    shares = parsed(vector["shares"])
    for chosen in combinations(shares, vector["threshold"]):
        assert codex32.combine(chosen).hex() == vector["seed"]
        with pytest.raises(BadInput, match="too few"):
            codex32.combine(chosen[1:])
    assert codex32.combine(shares).hex() == vector["seed"]


@pytest.mark.parametrize(
    ("what", "string"), [(what, s) for what, bad in VECTORS["invalid"].items() for s in bad]
)
def test_the_published_wrong_strings(what, string):
    """Every one is refused, by the words for what is wrong with it, quoting nothing of it."""
    with pytest.raises(BadInput) as caught:
        codex32.parse(string.encode())
    told = f"{caught.value.what} {caught.value.expected} {caught.value.found}"
    assert any(word in told for word in SAYS[what]), told
    assert string[9:] not in told
    assert "xxx" not in told


@pytest.mark.parametrize(("size", "length"), [(16, 48), (32, 74), (46, 96), (47, 100), (64, 127)])
def test_the_other_package_reads_ours(size, length):
    """Any two of three of ours, at the ends of both checksums' lengths; the long one from 47 on."""
    seed = bytes(range(size))
    shares = codex32.split(seed, 2, 3)
    for pair in combinations(shares, 2):
        strings = [codex32.text(share) for share in pair]
        assert codex32.combine(parsed(strings)) == seed
        assert {len(string) for string in strings} == {length}
        if size % 4 == 0:  # the package takes no others
            theirs = [Codex32String.from_string("ms", string.lower()) for string in strings]
            assert Codex32String.interpolate_at(theirs).data == seed
    (alone,) = codex32.split(seed, 0, 1)
    assert codex32.combine(parsed([codex32.text(alone)])) == seed


def test_ours_reads_the_other_package():
    """A share that they derive from two of ours is our third."""
    shares = codex32.split(SEED, 2, 3)
    theirs = [Codex32String.from_string("ms", codex32.text(s).lower()) for s in shares[:2]]
    third = Codex32String.interpolate_at(theirs, shares[2].index).s
    assert third.upper() == codex32.text(shares[2])
    assert codex32.parse(third.encode()) == shares[2]


@given(st.integers(16, 64).flatmap(lambda n: st.binary(min_size=n, max_size=n)), st.data())
@settings(max_examples=20, deadline=None)
def test_every_sharing_comes_back(seed, data):
    """Any seed, any k of n: from any k, and, with more than k, only if all fit."""
    threshold = data.draw(st.integers(2, 9))
    shares = codex32.split(seed, threshold, data.draw(st.integers(threshold, 31)))
    used = data.draw(st.permutations(shares))[:threshold]
    again = parsed([codex32.text(share).lower() for share in used])
    assert codex32.combine(again) == seed
    with pytest.raises(BadInput, match="too few"):
        codex32.combine(used[1:])


def test_one_share_too_many_finds_a_stranger_out():
    """Exactly k shares always give some seed; one more, and a forged one is noticed."""
    shares = codex32.split(SEED, 2, 3)
    forged = replace(shares[0], payload=bytes(26))
    assert codex32.combine([forged, shares[1]]) != SEED
    with pytest.raises(BadInput, match="do not fit together"):
        codex32.combine([forged, *shares[1:]])


@pytest.mark.parametrize(
    ("threshold", "count", "size"),
    [
        (1, 1, 16),
        (1, 2, 16),
        (3, 2, 16),
        (10, 12, 16),
        (2, 32, 16),
        (0, 2, 16),
        (2, 3, 15),
        (2, 3, 65),
    ],
)
def test_sharings_that_cannot_be(threshold, count, size):
    """One of several, more than there are, and seeds that are none."""
    with pytest.raises(BadInput, match="no such sharing"):
        codex32.split(bytes(size), threshold, count)


def test_multiplication_is_a_field():
    """GF(32): every element but zero has one inverse; BIP93's own table of inverses."""
    inverses = (
        *(0, 1, 20, 24, 10, 8, 12, 29, 5, 11, 4, 9, 6, 28, 26, 31),
        *(22, 18, 17, 23, 2, 25, 16, 19, 3, 21, 14, 30, 13, 7, 27, 15),
    )
    for a in range(1, 32):
        assert [b for b in range(32) if codex32.multiply(a, b) == 1] == [inverses[a]]
