"""libsecp256k1 as we use it: RFC 6979, low s, strict DER, and tweaks."""

import secrets

import pytest
from btclib_secp256k1 import ffi, lib
from btclib_secp256k1.context import ctx
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from signer.core import secp
from signer.core.errors import BadInput
from signer.core.hashes import sha256

# bitcointalk.org, topic 285142: the vectors that all implementations share (RFC 6979 itself has
# none for this curve). The digest is the SHA-256 of the message; s is the low one.
RFC6979 = [
    (
        "01".zfill(64),
        "Satoshi Nakamoto",
        "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8",
        "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5",
    ),
    (
        "01".zfill(64),
        "All those moments will be lost in time, like tears in rain. Time to die...",
        "8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b",
        "547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21",
    ),
    (
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140",
        "Satoshi Nakamoto",
        "fd567d121db66e382991534ada77a6bd3106f0a1098c231e47993447cd6af2d0",
        "6b39cd0eb1bc8603e159ef5c20a5c8ad685a45b06ce9bebed3f153d10d93bed5",
    ),
    (
        "f8b8af8ce3c7cca5e300d33939540c10d45ce001b8f252bfbc57ba0342904181",
        "Alan Turing",
        "7063ae83e7f62bbb171798131b4a0564b956930092b33b07b395615d9ec7e15c",
        "58dfcc1e00a35e1572f366ffe34ba0fc47db1e7189759b9fb233c5b05ab388ea",
    ),
    (
        "e91671c46231f833a6406ccbea0e3e392c76c167bac1cb013f6f1013980455c2",
        (
            "There is a computer disease that anybody who works with computers knows about. It's "
            "a very serious disease and it interferes completely with the work. The trouble with "
            "computers is that you 'play' with them!"
        ),
        "b552edd27580141f3b2a5463048cb7cd3e047b97c9f98076c32dbdf85a68718b",
        "279fa72dd19bfae05577e06c7c0c1900c371fcd5893f7e1d56a37d30174671f6",
    ),
]
DIGEST = sha256(b"a withdrawal")
SECRET = sha256(b"an officer's key")
KEY = secp.public_key(SECRET)
GENERATOR = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
words = st.binary(min_size=32, max_size=32).filter(secp.is_valid_secret)


@pytest.mark.parametrize(("secret", "message", "r", "s"), RFC6979)
def test_signatures_are_those_of_rfc_6979(secret, message, r, s):
    """The nonce is RFC 6979's and s is the lower of the two, without grinding."""
    der = secp.sign_ecdsa(sha256(message.encode()), bytes.fromhex(secret))
    assert decode_dss_signature(der) == (int(r, 16), int(s, 16))
    assert secp.verify_ecdsa(sha256(message.encode()), der, secp.public_key(bytes.fromhex(secret)))


@given(secret=words, digest=st.binary(min_size=32, max_size=32))
@settings(max_examples=60, deadline=None)
def test_every_signature_is_low_and_verifies(secret, digest):
    """The s is at most half the order, the encoding at most 71 bytes, and the signature holds."""
    der = secp.sign_ecdsa(digest, secret)
    _, s = decode_dss_signature(der)
    assert s <= secp.ORDER // 2
    assert len(der) <= 71
    assert secp.verify_ecdsa(digest, der, secp.public_key(secret))


def test_a_high_s_is_not_accepted():
    """The other signature that the equation allows is malleability, not a signature (BIP146)."""
    r, s = decode_dss_signature(secp.sign_ecdsa(DIGEST, SECRET))
    high = encode_dss_signature(r, secp.ORDER - s)
    assert not secp.verify_ecdsa(DIGEST, high, KEY)
    assert secp.verify_ecdsa(DIGEST, encode_dss_signature(r, s), KEY)


def spoiled():
    """List encodings that BIP66 forbids, and values that no signature has."""
    good = secp.sign_ecdsa(DIGEST, SECRET)
    r, s = decode_dss_signature(good)
    size = good[3]
    return {
        "empty": b"",
        "trailing byte": good + b"\x00",
        "cut short": good[:-1],
        "wrong total length": good[:1] + bytes((good[1] + 1,)) + good[2:],
        "long form of a length": b"\x30\x81" + good[1:],
        "padded r": b"\x30"
        + bytes((good[1] + 1,))
        + b"\x02"
        + bytes((size + 1,))
        + b"\x00"
        + good[4:],
        "negative r": encode_dss_signature(r, s).replace(good[4 : 4 + size], good[5 : 4 + size], 1)
        if good[4] == 0
        else b"\x30\x06\x02\x01\x81\x02\x01\x01",
        "r is zero": encode_dss_signature(0, s),
        "s is zero": encode_dss_signature(r, 0),
        "r over the order": encode_dss_signature(r + secp.ORDER, s),
        "s over the order": encode_dss_signature(r, s + secp.ORDER),
        "huge": b"\x30\x84" + b"\xff" * 5000,
        "another's r": encode_dss_signature(r + 1, s),
    }


@pytest.mark.parametrize("name", spoiled())
def test_malformed_signatures_are_false_and_not_an_exception(name):
    """Nothing but strict DER of numbers in range is ever a signature."""
    assert secp.verify_ecdsa(DIGEST, spoiled()[name], KEY) is False


def test_every_flipped_bit_of_a_signature_is_noticed():
    """No bit of the encoding is free."""
    good = secp.sign_ecdsa(DIGEST, SECRET)
    for at in range(len(good) * 8):
        bad = bytearray(good)
        bad[at // 8] ^= 1 << at % 8
        assert not secp.verify_ecdsa(DIGEST, bytes(bad), KEY)


def test_verification_takes_compressed_keys_and_whole_digests_only():
    """65-byte, hybrid, off-curve and short keys, and short digests, verify nothing."""
    der = secp.sign_ecdsa(DIGEST, SECRET)
    point = ffi.new("secp256k1_pubkey *")
    assert lib.secp256k1_ec_pubkey_parse(ctx, point, KEY, 33)
    long, size = ffi.new("unsigned char[65]"), ffi.new("size_t *", 65)
    lib.secp256k1_ec_pubkey_serialize(ctx, long, size, point, 2)
    uncompressed = bytes(ffi.buffer(long))
    hybrid = bytes((6 + (uncompressed[-1] & 1),)) + uncompressed[1:]
    for key in (uncompressed, hybrid, b"", KEY[:-1], KEY + b"\x00", b"\x02" + b"\xff" * 32):
        assert not secp.is_valid_public(key)
        assert not secp.verify_ecdsa(DIGEST, der, key)
        with pytest.raises(ValueError, match="public key"):
            secp.Point(key)
    assert secp.is_valid_public(KEY)
    assert not secp.verify_ecdsa(DIGEST[:-1], der, KEY)


def test_secrets_are_one_to_the_order_less_one():
    """Zero, the order, and other lengths are not secrets; the errors quote nothing."""
    order = secp.ORDER.to_bytes(32, "big")
    assert secp.public_key((1).to_bytes(32, "big")) == GENERATOR
    for bad in (bytes(32), order, b"\xff" * 32, b"", SECRET[:-1], SECRET + b"\x00"):
        assert not secp.is_valid_secret(bad)
        assert secp.tweak_add_secret(bad, DIGEST) is None
        for call in (lambda b=bad: secp.public_key(b), lambda b=bad: secp.sign_ecdsa(DIGEST, b)):
            with pytest.raises(ValueError, match="secret key") as caught:
                call()
            assert not bad or bad.hex() not in str(caught.value)
    with pytest.raises(ValueError, match="digest"):
        secp.sign_ecdsa(DIGEST[:-1], SECRET)


@given(secret=words, tweak=words)
@settings(max_examples=60, deadline=None)
def test_our_fast_tweak_is_the_library_s_own(secret, tweak):
    """Generator multiplication plus addition equals ec_pubkey_tweak_add and the secret's way."""
    key = secp.public_key(secret)
    point = ffi.new("secp256k1_pubkey *")
    lib.secp256k1_ec_pubkey_parse(ctx, point, key, 33)
    assert lib.secp256k1_ec_pubkey_tweak_add(ctx, point, tweak)
    out = ffi.new("unsigned char[33]")
    lib.secp256k1_ec_pubkey_serialize(ctx, out, ffi.new("size_t *", 33), point, 0x102)
    child = secp.tweak_add_secret(secret, tweak)
    (fast,) = secp.add_tweaks([secp.Point(key)], [tweak])
    assert fast == bytes(ffi.buffer(out)) == secp.public_key(child)


def test_tweaks_without_a_key_are_refused():
    """A tweak over the order, and a sum at infinity or zero, give no key (BIP32)."""
    minus = (secp.ORDER - int.from_bytes(SECRET, "big")).to_bytes(32, "big")
    for tweak in (secp.ORDER.to_bytes(32, "big"), b"\xff" * 32, minus, b"", DIGEST[:-1]):
        # What goes before it does not stand in for the key that is not there.
        with pytest.raises(BadInput, match="no key has this index"):
            secp.add_tweaks([secp.Point(KEY)] * 3, [DIGEST, tweak, DIGEST])
        assert secp.tweak_add_secret(SECRET, tweak) is None


def test_one_point_gives_right_answers_again_and_again():
    """Adding to a kept point leaves it as it was."""
    point, tweaks = secp.Point(KEY), [secrets.token_bytes(32) for _ in range(5)]
    first = secp.add_tweaks([point] * 5, tweaks)
    assert secp.add_tweaks([point] * 5, tweaks) == first
    assert [secp.add_tweaks([secp.Point(KEY)], [tweak])[0] for tweak in tweaks] == first


def test_the_version_names_the_library():
    """The self-test prints which libsecp256k1 signs."""
    name, number = secp.version().split()
    assert name == "btclib-secp256k1"
    assert number.startswith("0.8.")
