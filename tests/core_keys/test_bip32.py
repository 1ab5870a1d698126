"""BIP32: its five test vectors, paths, origins, and what is refused."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signer.core import base58, secp
from signer.core.bip32 import (
    HARDENED,
    Children,
    ExtendedPublicKey,
    Origin,
    format_path,
    parse_path,
    public_children,
)
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.coins import network
from signer.core.errors import BadInput
from signer.core.hashes import hash160

XPUB = network("BTC", "main").xpub
TPUB = network("BTC", "regtest").xpub
XPRV = bytes.fromhex("0488ade4")

# BIP32, "Test Vectors": 1 to 4 are valid, 5 is a list of what is not.
VECTORS = json.loads((Path(__file__).parent / "bip32.json").read_text())
CASES = [
    (vector["seed"], chain["path"], chain["xpub"], chain["xprv"])
    for vector in VECTORS["valid"]
    for chain in vector["chains"]
]
INVALID = VECTORS["invalid"]
SEED = bytes(range(32))


def xprv_text(key):
    """Write an extended private key, which the product never does (BIP32, "Serialization")."""
    place = bytes((key.depth,)) + key.parent + key.number.to_bytes(4, "big")
    return base58.encode(XPRV + place + key.chain_code + b"\x00" + key.secret)


@pytest.mark.parametrize(("seed", "path", "xpub", "xprv"), CASES)
def test_bip32_vectors_1_to_4(seed, path, xpub, xprv):
    """Seed and path give the extended keys of the standard, leading zeros included."""
    key = ExtendedPrivateKey.from_seed(bytes.fromhex(seed)).derive_path(parse_path(path))
    assert key.public().to_text(XPUB) == xpub
    assert xprv_text(key) == xprv
    parsed = ExtendedPublicKey.parse(xpub, XPUB)
    assert parsed == key.public()
    assert parsed.fingerprint == key.fingerprint == hash160(parsed.key)[:4].hex()


@pytest.mark.parametrize("why", INVALID)
def test_bip32_vector_5(why):
    """Every invalid extended key is refused, a private one always: no file of ours holds one."""
    with pytest.raises(BadInput) as caught:
        ExtendedPublicKey.parse(INVALID[why], XPUB)
    assert INVALID[why] not in f"{caught.value.what} {caught.value.found}"


def test_public_derivation_equals_private_derivation():
    """N(CKDpriv(k, i)) is CKDpub(N(k), i) (BIP32), also by way of the cached `Children`."""
    parent = ExtendedPrivateKey.from_seed(SEED).derive_path(parse_path("48h/1h/0h/2h"))
    children = Children(parent.public())
    for index in (0, 1, 19, 2**31 - 1):
        child = parent.derive(index).public()
        assert parent.public().derive(index) == child
        (key,) = public_children([([children], index)])
        assert (key, children.hash(index)[32:]) == (child.key, child.chain_code)


@pytest.mark.parametrize("index", [HARDENED, 2 * HARDENED, -1])
def test_indices_that_a_public_key_does_not_have(index):
    """Hardened children need the private key; others do not exist."""
    with pytest.raises(BadInput, match="no such child"):
        ExtendedPrivateKey.from_seed(SEED).public().derive(index)


@pytest.mark.parametrize("index", [2 * HARDENED, -1])
def test_indices_that_no_key_has(index):
    """An index is 32 bits."""
    with pytest.raises(BadInput, match="no such child"):
        ExtendedPrivateKey.from_seed(SEED).derive(index)


def test_no_key_is_deeper_than_the_format_can_say():
    """At depth 255 there are no children (the depth is one byte)."""
    key = ExtendedPrivateKey.from_seed(SEED).derive_path((0,) * 255)
    assert ExtendedPublicKey.parse(key.public().to_text(TPUB), TPUB).depth == 255
    for deepest in (key, key.public()):
        with pytest.raises(BadInput) as caught:
            deepest.derive(0)
        assert caught.value.found == "index 0 at depth 255"


@pytest.mark.parametrize("size", [0, 15, 65, 1000])
def test_seeds_of_other_lengths_are_refused(size):
    """A seed is 128 to 512 bits (BIP32, "Master key generation")."""
    with pytest.raises(BadInput, match="seed"):
        ExtendedPrivateKey.from_seed(bytes(size))


def test_the_unlikely_invalid_child_is_an_error(monkeypatch):
    """Where the curve says that there is no such key, a person is told and nothing is skipped."""
    parent = ExtendedPrivateKey.from_seed(SEED)
    monkeypatch.setattr(secp, "tweak_add_secret", lambda _secret, _tweak: None)
    monkeypatch.setattr(Children, "hash", lambda *_: b"\xff" * 64)
    for key in (parent, parent.public()):
        with pytest.raises(BadInput, match="no key has this index"):
            key.derive(7)


def test_a_private_key_never_shows_itself():
    """Neither its secret nor its chain code is in repr or str, in any spelling."""
    key = ExtendedPrivateKey.from_seed(SEED)
    for text in (repr(key), str(key), f"{key}", repr([key])):
        for secret in (key.secret, key.chain_code):
            assert secret.hex() not in text
            assert repr(secret) not in text
            assert str(int.from_bytes(secret, "big")) not in text


@pytest.mark.parametrize("net", ["test", "signet", "regtest"])
def test_keys_of_another_network_are_refused(net):
    """An xpub is no tpub, and the error says which version was found."""
    xpub = CASES[0][2]
    with pytest.raises(BadInput, match="another network") as caught:
        ExtendedPublicKey.parse(xpub, network("BTC", net).xpub)
    assert caught.value.expected == "version 043587cf"
    assert caught.value.found == "version 0488b21e"


def test_slip_132_versions_are_refused_with_a_hint():
    """Zpub and Vpub say a script type where the descriptor says it: they must be converted."""
    key = ExtendedPrivateKey.from_seed(SEED).public()
    with pytest.raises(BadInput) as caught:
        ExtendedPublicKey.parse(key.to_text(bytes.fromhex("02aa7ed3")), XPUB)
    assert "xpub or tpub form" in caught.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "xpub",
        "0",
        "xpub" * 1000,
        "1" * 112,
        CASES[0][2] + "1",
        CASES[0][2][:-1],
        "xpüb",
        "\x00",
    ],
)
def test_texts_that_are_no_extended_key(text):
    """Empty, cut, lengthened, huge and foreign texts are one kind of error."""
    with pytest.raises(BadInput):
        ExtendedPublicKey.parse(text, XPUB)


@given(st.binary(min_size=0, max_size=90))
@settings(max_examples=150, deadline=None)
def test_any_bytes_in_base58_are_refused_or_read_back(data):
    """Whatever Base58Check holds, the parser answers or refuses; it never fails otherwise."""
    text = base58.encode(XPUB + data)
    try:
        found = ExtendedPublicKey.parse(text, XPUB).to_text(XPUB)
    except BadInput:
        found = text
    assert found == text


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", ()),
        ("m", ()),
        ("m/0", (0,)),
        ("48h/1h/0h/2h", tuple(HARDENED + n for n in (48, 1, 0, 2))),
        ("m/48'/1'/0'/2'", tuple(HARDENED + n for n in (48, 1, 0, 2))),
        ("0/2147483647h/1", (0, 2 * HARDENED - 1, 1)),
    ],
)
def test_paths_are_read_in_both_spellings(text, path):
    """Hardened is h or an apostrophe; we write h."""
    assert parse_path(text) == path
    assert parse_path(format_path(path)) == path


@pytest.mark.parametrize(
    "text",
    [
        *("/", "m/", "mm", "m48h", "48H", "48hh", "-1", "+1", " 1", "1 ", "1//2", "1/", "/1"),
        *("01", "0x1", "1_0", "\u0661", "2147483648", "2147483648h", "99999999999", "*", "<0;1>"),
        *("1/m", "h", "'", "1\n"),
    ],
)
def test_texts_that_are_no_path(text):
    """One way to write a number, no blanks, nothing over 31 bits."""
    with pytest.raises(BadInput, match="not a path"):
        parse_path(text)


def test_origins_are_read_and_written():
    """`[fingerprint/path]` with eight lower-case hex digits, as descriptors write it."""
    text = "[d34db33f/48h/0h/0h/2h]"
    assert str(Origin.parse(text)) == text
    assert str(Origin.parse("[d34db33f/48'/0'/0'/2']")) == text
    assert str(Origin.parse("[00000000]")) == "[00000000]"


# BIP380, "Test Vectors": the invalid origins; then our own.
@pytest.mark.parametrize(
    "text",
    [
        *("[deadbeef/0h/0h/0h/*]", "[deadbeef/0h/0h/0h/]", "[deadbef/0h/0h/0h]"),
        *("[deadbeeef/0h/0h/0h]", "[deadbeef/0f/0f/0f]", "[deadbeef/-0/-0/-0]"),
        *("[aaaaaaaa][aaaaaaaa]", "aaaaaaaa]", "[gaaaaaaa]", "[deadbeef/2147483648]"),
        *("", "[]", "[DEADBEEF/0h]", "[deadbeef/0h", "[deadbeef/<0;1>]", "[deadbeef]\n"),
    ],
)
def test_texts_that_are_no_origin(text):
    """Everything that BIP380 calls invalid, and spellings that we do not take."""
    with pytest.raises(BadInput):
        Origin.parse(text)
