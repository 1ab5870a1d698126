"""BBQr."""

import random
import zlib

import pytest
from carry_samples import binary, join, noise, psbt
from hypothesis import example, given, settings
from hypothesis import strategies as st

from signer.carry import bbqr, qr
from signer.carry.payload import MAX_PAYLOAD, Kind, Payload
from signer.core.errors import BadInput


@settings(max_examples=80, deadline=None)
@given(
    st.binary(min_size=1, max_size=2500),
    st.sampled_from((*bbqr.ENCODINGS, None)),
    st.integers(20, 1000),
    st.randoms(),
)
@example(b"cHNidP", "H", 20, random.Random(1))  # as a PSBT in base64 begins
def test_any_order_with_repetitions(data, encoding, characters, luck):
    """Whatever goes in comes out, in any order, however often each code is seen."""
    payload = Payload(Kind.BINARY, data)
    codes = list(bbqr.split(payload, characters, encoding))
    assert max(map(len, codes)) <= characters
    codes += luck.choices(codes, k=5)
    luck.shuffle(codes)
    assert join(codes) == payload


@pytest.mark.parametrize("version", range(1, 41))
def test_every_version(version):
    """A file fits the codes of every version, all but the last equally long."""
    payload = binary(min(1500, bbqr.MAX_PARTS * 8))
    codes = bbqr.split(payload, qr.capacity(version))
    assert max(map(len, codes)) <= qr.capacity(version)
    assert len({len(code) for code in codes[:-1]}) <= 1
    assert join(codes) == payload


@pytest.mark.parametrize(
    ("encoding", "payload"),
    [("H", 1062), ("2", 1325)],
)
def test_capacity_is_what_the_standard_says(encoding, payload):
    """A version 27 code holds 1,062 bytes in hex (BBQr.md, "Size Estimates"), more in Base32."""
    assert len(bbqr.split(binary(payload), qr.capacity(27), encoding)) == 1
    assert len(bbqr.split(binary(payload + 1), qr.capacity(27), encoding)) == 2


def test_the_kinds_have_their_letters():
    """Each kind is sent under its file type; CBOR of any kind as CBOR."""
    letters = {kind: bbqr.split(Payload(kind, psbt()), 4000)[0][3] for kind in Kind}
    assert letters == {
        Kind.PSBT: "P",
        Kind.TRANSACTION: "T",
        Kind.JSON: "J",
        Kind.TEXT: "U",
        Kind.CBOR: "C",
        Kind.BINARY: "B",
        Kind.ACCOUNT: "C",
        Kind.OUTPUT: "C",
    }


def test_compression_only_where_it_helps():
    """A PSBT is compressed; what does not become shorter is not."""
    assert bbqr.split(Payload(Kind.PSBT, psbt()), 4000)[0][2] == "Z"
    assert bbqr.split(binary(500), 4000)[0][2] == "2"


def test_what_does_not_fit_is_refused():
    """More codes than two digits count, no room for data, and nothing at all."""
    for payload, characters in (
        (binary(10000), 16),
        (binary(100), 8),
        (Payload(Kind.TEXT, b""), 9),
    ):
        with pytest.raises(BadInput, match="does not fit"):
            bbqr.split(payload, characters)


def test_the_longest_series():
    """1,295 codes are written and read."""
    payload = binary(bbqr.MAX_PARTS * 5)
    codes = list(bbqr.split(payload, 16, "2"))
    assert (len(codes), codes[-1][4:8]) == (1295, "ZZZY")
    random.Random(1).shuffle(codes)
    assert join(codes) == payload


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not a BBQr code"),
        ("B$HP0100", "not a BBQr code"),
        ("A$HP010000", "not a BBQr code"),
        ("B$XP010000", "unknown encoding"),
        ("B$hP010000", "unknown encoding"),
        ("B$H?010000", "not read here"),
        ("B$HX010000", "not read here"),
        ("B$HR010000", "not read here"),
        ("B$HP0a0000", "base-36"),
        ("B$HP 10000", "base-36"),
        ("B$HP+10000", "base-36"),
        ("B$HP000000", "no such code"),
        ("B$HP010100", "no such code"),
        ("B$HPZZZZ00", "no such code"),
        ("B$HP0100ab", "broken data"),
        ("B$HP01000", "broken data"),
        ("B$HP0100GG", "broken data"),
        ("B$2P0100A", "broken data"),
        ("B$2P0100AB", "broken data"),
        ("B$2P0100A1", "broken data"),
        ("B$2P0100AA======", "broken data"),
        ("B$2P0100AA=", "broken data"),
        ("B$2P0200AA", "whole group"),
        ("B$2P0100\u0416\u0416", "broken data"),
    ],
)
def test_what_is_no_code_is_refused(text, why):
    """Header and data are read strictly: one way to write each code."""
    with pytest.raises(BadInput, match=why):
        bbqr.Part.parse(text)


@pytest.mark.parametrize(
    "other",
    [
        "B$2P0301MFRGGZDF",  # another encoding
        "B$HT030161626364",  # another type
        "B$HP040161626364",  # another count
        "B$HP030161626365",  # another content of code 2
        "B$HP03006162",  # another size
        "B$HP03006162636465",  # another size
        "B$HP03026162636465",  # a last code longer than the others
    ],
)
def test_series_do_not_mix(other):
    """A code that cannot belong to the same series is refused."""
    joiner = bbqr.Joiner()
    joiner.receive("B$HP030161626364")
    with pytest.raises(BadInput, match="another series"):
        joiner.receive(other)


def test_a_long_last_code_is_noticed_whenever_it_comes():
    """The last code came first, and is longer than the next."""
    joiner = bbqr.Joiner()
    joiner.receive("B$HP03026162636465")
    with pytest.raises(BadInput, match="another series"):
        joiner.receive("B$HP03006162")


def deflated(data):
    """Compress as the standard says."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -10)
    return packer.compress(data) + packer.flush()


def code_of(packed):
    """Write one compressed code."""
    return bbqr.split(Payload(Kind.BINARY, packed), 10**7, "2")[0].replace("B$2B", "B$ZB")


def test_a_bomb_does_not_go_off():
    """Zeros that would be a thousand times as many are refused before they are made."""
    with pytest.raises(BadInput, match="too much"):
        join([code_of(deflated(bytes(300_000)))[:4000]])


@pytest.mark.parametrize(
    ("packed", "why"),
    [
        (deflated(noise(200))[:-5], "cut short"),
        (deflated(noise(200)) + b"\0", "goes on behind"),
        (deflated(b"abc" * 50) * 2, "goes on behind"),
        (b"\xff" * 40, "does not decompress"),
        (zlib.compress(noise(100)), "does not decompress|cut short|goes on"),
    ],
)
def test_broken_compression_is_refused(packed, why):
    """Cut, continued, or with a header."""
    with pytest.raises(BadInput, match=why):
        join([code_of(packed)])


def test_limits_come_before_the_data():
    """The first whole code tells how large the series would be."""
    size = MAX_PAYLOAD // (bbqr.MAX_PARTS - 1) + 1
    joiner = bbqr.Joiner()
    with pytest.raises(BadInput, match="too large a series"):
        joiner.receive("B$HBZZ00" + "00" * size)
