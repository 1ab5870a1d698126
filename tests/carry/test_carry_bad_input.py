"""Named bad inputs of the decoders of codes: each refused, quickly, with little memory."""

import time
import tracemalloc
import zlib
from zlib import crc32

import pytest
from carry_samples import binary, noise

from signer.carry import bbqr, bytewords, cbor, ur
from signer.carry.payload import Kind, Payload
from signer.carry.series import Session
from signer.core.errors import BadInput

MEGABYTES = 16
SECONDS = 20  # of processor time: what is bounded ends long before


def deflated(data):
    """Compress as BBQr does."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -10)
    return packer.compress(data) + packer.flush()


def packed(data, characters=7000):
    """Make BBQr codes that say that the data is compressed."""
    codes = bbqr.split(Payload(Kind.BINARY, data), characters, "2")
    return [code.replace("B$2", "B$Z", 1) for code in codes]


def ur_part(sequence, count, length, checksum, data, outside=None, body=None):  # noqa: PLR0917 -- a part's own fields
    """Write a part of a UR with any numbers."""
    body = body or cbor.encode((sequence, count, length, checksum, data))
    return f"ur:bytes/{outside or f'{sequence}-{count}'}/{bytewords.encode(body)}"


DATA = noise(100)
GOOD = [ur_part(n + 1, 2, 100, crc32(DATA), DATA[50 * n : 50 * n + 50]) for n in (0, 1)]
WHOLE = ur.Series(binary(60), 4000, "bytes").code(1)


def whole(text):
    """Write a whole UR around CBOR given in hex."""
    return f"ur:bytes/{bytewords.encode(bytes.fromhex(text))}"


# name -> the codes, and what the refusal says
TABLE = {
    "zip bomb: 40 MB of zeros in 40 kB": (packed(deflated(bytes(40_000_000))), "too much"),
    "zip bomb in one code": (packed(deflated(bytes(3_000_000))[:4000]), "too much"),
    "zip bomb of text": (packed(deflated(b'{"a":1}' * 600_000)), "too much"),
    "zip bomb that never ends": (packed(deflated(bytes(400))[:-2]), "cut short"),
    "compressed nothing": (packed(b"\x03\x00" + b"\0"), "goes on behind"),
    "10^9 parts, ur": ([ur_part(1, 10**9, 4_000_000, 1, b"x" * 50)], "too many fragments"),
    "10^9 parts, ur, nothing inside": ([ur_part(1, 10**9, 1, 1, b"")], "too many fragments"),
    "10^9 parts, outside only": ([ur_part(1, 2, 100, 1, bytes(50), "1-1000000000")], "disagrees"),
    "10^9 parts, specter": (["p1of1000000000 abc"], "not a code of the form"),
    "10^8 parts, specter": (["p1of100000000 abc"], "too many codes"),
    "most parts, bbqr": (["B$HBZZ00" + "00" * 3400], "too large a series"),
    "part number 10^30": ([GOOD[0].replace("1-2", f"1{'0' * 30}-2")], "not a ur code"),
    "part index 0, ur": ([ur_part(0, 2, 100, 1, bytes(50))], "out of range"),
    "part index 0, specter": (["p0of3 abc"], "no such code"),
    "part index of the count, bbqr": (["B$HP0303AA"], "no such code"),
    "no parts, ur": ([ur_part(1, 0, 100, 1, bytes(50))], "too many fragments"),
    "no parts, bbqr": (["B$HP0000AA"], "no such code"),
    "a message of 4 GB": ([ur_part(1, 4096, 2**32 - 1, 1, bytes(2000))], "too large a message"),
    "a message of nothing": ([ur_part(1, 1, 0, 0, b"")], "too large a message"),
    "mixed checksums": ([GOOD[0], ur_part(2, 2, 100, 1, DATA[50:])], "another series"),
    "wrong checksum throughout": (
        [ur_part(n + 1, 2, 100, 1, DATA[50 * n : 50 * n + 50]) for n in (0, 1)],
        "checksum of the whole",
    ),
    "a changed letter": ([GOOD[0][:-1] + ("a" if GOOD[0][-1] != "a" else "e")], "word|checksum"),
    "mixed lengths": ([GOOD[0], ur_part(2, 2, 99, crc32(DATA), DATA[50:])], "another series"),
    "mixed ways": ([GOOD[0], "B$HP0200AA"], "another series"),
    "whole and parts": ([GOOD[0], WHOLE], "another series"),
    "one part, two contents": (
        [GOOD[0], ur_part(1, 2, 100, crc32(DATA), DATA[50:])],
        "contradicts",
    ),
    "non-canonical cbor: long length": ([whole("5800")], "shortest form"),
    "non-canonical cbor: long count": (
        [ur_part(1, 2, 0, 0, b"", body=bytes.fromhex("9805" + "0102186405"))],
        "shortest form",
    ),
    "non-canonical cbor: long number": (
        [ur_part(1, 2, 0, 0, b"", body=bytes.fromhex("85" + "1801" + "02186405" + "4100"))],
        "shortest form",
    ),
    "non-canonical cbor: open string": ([whole("5f4161ff")], "indefinite"),
    "non-canonical cbor: open array": (
        [ur_part(1, 2, 0, 0, b"", body=bytes.fromhex("9f0102186405" + "4100ff"))],
        "indefinite",
    ),
    "cbor: trailing bytes": ([whole("416100")], "trailing bytes"),
    "cbor: a string of 2^64 bytes": ([whole("5bffffffffffffffff")], "cut short"),
    "cbor: an array of 2^64 items": ([whole("9bffffffffffffffff")], "larger than what follows"),
    "cbor: nested 1,000 deep": ([whole("81" * 1000 + "00")], "nested too deep"),
    "truncated words": ([GOOD[0][:-7]], "word|checksum"),
    "an odd number of letters": ([GOOD[0] + "a"], "word .* is none"),
    "no words": (["ur:bytes/1-2/"], "not a ur code"),
    "lower case bbqr": (["b$hp0100aa"], None),
    "half a byte": (["B$HP0100A"], "broken data"),
    "base32 with padding": (["B$2P0100AA======"], "broken data"),
    "base32 with stray bits": (["B$2P0100AB"], "broken data"),
    "not a psbt at all": (["B$HP0100AABB"], "carry something else"),
    "a psbt in broken base64": (["cHNidP8BAHECAAAAA!"], "broken base64"),
    "a seed": (["ur:crypto-seed/oyadgdmdeefejoaonnatcycefxjnbw"], "holds a key"),
    "nothing": ([""], "not a QR code's content"),
    "too much": (["x" * 7090], "not a QR code's content"),
}


@pytest.mark.parametrize("name", TABLE)
def test_named_bad_inputs(name):
    """Each is refused with its reason, or (one) taken for the text that it is."""
    codes, why = TABLE[name]
    tracemalloc.start()
    started = time.process_time()
    session = Session()

    def take():
        for code in codes:
            session.receive(code.encode())
        return session.payload()

    try:
        if why is None:
            assert take().kind is Kind.TEXT
        else:
            with pytest.raises(BadInput, match=why):
                take()
        assert tracemalloc.get_traced_memory()[1] < MEGABYTES << 20
    finally:
        tracemalloc.stop()
    assert time.process_time() - started < SECONDS
