"""Bitcoin Cash's Schnorr signatures: published vectors, libauth's own, and what must not pass."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signer.core import schnorr, secp
from signer.core.hashes import sha256

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "bch_schnorr.json").read_text())
SECRET, DIGEST = sha256(b"an officer's key"), sha256(b"a withdrawal")
KEY = secp.public_key(SECRET)
SIGNATURE = schnorr.sign(DIGEST, SECRET)
words = st.binary(min_size=32, max_size=32).filter(secp.is_valid_secret)


@pytest.mark.parametrize("line", VECTORS["verify"], ids=lambda line: line["number"])
def test_the_published_vectors(line):
    """The five that hold, and each way in which one may not: 6 to 13."""
    digest, signature, key = (bytes.fromhex(line[n]) for n in ("digest", "signature", "key"))
    assert schnorr.verify(digest, signature, key) is line["valid"], line["why"]


@pytest.mark.parametrize(
    "line", VECTORS["sign"] + VECTORS["libauth"], ids=lambda line: line["secret"][:8]
)
def test_signatures_are_those_that_other_wallets_make(line):
    """The nonce is the specification's: Bitcoin ABC's and libauth's signatures, bit for bit."""
    secret, digest = bytes.fromhex(line["secret"]), bytes.fromhex(line["digest"])
    assert schnorr.sign(digest, secret).hex() == line["signature"]


@given(secret=words, digest=st.binary(min_size=32, max_size=32), bit=st.integers(0, 511))
@settings(max_examples=40, deadline=None)
def test_a_signature_holds_and_no_other_does(secret, digest, bit):
    """One flipped bit of the signature, of the digest or of the key, and it does not hold."""
    key, signature = secp.public_key(secret), schnorr.sign(digest, secret)
    assert schnorr.verify(digest, signature, key)
    flip = bytearray(signature)
    flip[bit // 8] ^= 1 << bit % 8
    assert not schnorr.verify(digest, bytes(flip), key)
    assert not schnorr.verify(sha256(digest), signature, key)
    assert not schnorr.verify(digest, signature, bytes((key[0] ^ 1,)) + key[1:])


@pytest.mark.parametrize(
    ("digest", "signature", "key"),
    [
        (DIGEST[:-1], SIGNATURE, KEY),
        (DIGEST + b"\0", SIGNATURE, KEY),
        (b"", SIGNATURE, KEY),
        (DIGEST, SIGNATURE[:-1], KEY),
        (DIGEST, SIGNATURE + b"\x41", KEY),
        (DIGEST, b"", KEY),
        (DIGEST, bytes(64), KEY),
        (DIGEST, (2**256 - 2**32 - 977).to_bytes(32, "big") + SIGNATURE[32:], KEY),
        (DIGEST, SIGNATURE, KEY[1:]),
        (DIGEST, SIGNATURE, b"\x05" + KEY[1:]),
        (DIGEST, SIGNATURE, b"\x02" + b"\xff" * 32),
        (DIGEST, SIGNATURE, b""),
        (DIGEST, secp.sign_ecdsa(DIGEST, SECRET)[:64], KEY),
    ],
)
def test_what_is_no_signature_is_false(digest, signature, key):
    """Wrong sizes, no key, zeros, the field's order as r, an ECDSA signature: no exception."""
    assert schnorr.verify(digest, signature, key) is False


def test_the_nonce_is_not_that_of_ecdsa():
    """The same r under both equations would give the secret away to anybody."""
    ecdsa = secp.sign_ecdsa(DIGEST, SECRET)
    length = ecdsa[3]
    assert ecdsa[4 : 4 + length].rjust(32, b"\0")[-32:] != SIGNATURE[:32]


def test_it_is_not_the_scheme_of_bip340():
    """The challenge covers the key's parity: with the other one, nothing holds."""
    other = bytes((KEY[0] ^ 1,)) + KEY[1:]
    assert schnorr.verify(DIGEST, SIGNATURE, KEY)
    assert not schnorr.verify(DIGEST, SIGNATURE, other)


@pytest.mark.parametrize(
    ("digest", "secret"),
    [
        (DIGEST, bytes(32)),
        (DIGEST, secp.ORDER.to_bytes(32, "big")),
        (DIGEST, SECRET[1:]),
        (DIGEST[1:], SECRET),
        (DIGEST + b"\0", SECRET),
    ],
)
def test_no_signature_from_what_is_no_secret_or_no_digest(digest, secret):
    """Zero, the order, and other lengths."""
    with pytest.raises(ValueError, match="not a"):
        schnorr.sign(digest, secret)


@pytest.mark.parametrize("challenge", [b"", bytes(32), b"\xff" * 32, b"\x01" * 31])
def test_a_challenge_that_is_none_gets_no_answer(challenge):
    """A challenge of zero would be answered with the bare nonce, which gives the secret away."""
    with pytest.raises(ValueError, match="not a challenge"):
        schnorr.sign_linear(DIGEST, SECRET, lambda _: challenge)


@pytest.mark.parametrize("factor", [bytes(32), b"\xff" * 32, b"\1" * 31])
def test_a_sum_of_what_is_no_number_is_none(factor):
    """Zero, a number over the order, and another length."""
    assert schnorr.multiply_add(KEY, factor, b"\1" * 32) is None


@pytest.mark.parametrize("term", [b"\xff" * 32, b"\1" * 31])
def test_a_term_that_is_no_number_is_none(term):
    """A number over the order, and another length."""
    assert schnorr.multiply_add(KEY, b"\1" * 32, term) is None


def test_a_sum_at_infinity_is_none():
    """-(n - 1) * G and (n - 1) * G."""
    last = (secp.ORDER - 1).to_bytes(32, "big")
    one = bytes(31) + b"\1"
    assert schnorr.multiply_add(secp.public_key(one), last, one) is None
    assert schnorr.multiply_add(secp.public_key(one), one, one) == secp.public_key(
        bytes(31) + b"\2"
    )
