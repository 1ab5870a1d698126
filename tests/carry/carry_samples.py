"""What the tests of carrying share: vectors, payloads, and codes made into pixels."""

import base64
import json
from functools import cache
from hashlib import sha256
from pathlib import Path

from signer.carry.payload import Kind, Payload
from signer.carry.series import Session

VECTORS = Path(__file__).parent / "vectors"
SHARED = Path(__file__).parents[1] / "vectors"


@cache
def vectors(name):
    """Read a file of vectors."""
    return json.loads((VECTORS / name).read_text())


def noise(length, name="noise"):
    """Bytes as good as random, the same every time."""
    blocks = (sha256(f"{name} {n}".encode()).digest() for n in range(-(-length // 32)))
    return b"".join(blocks)[:length]


def psbt():
    """A PSBT that a node wrote, binary."""
    recorded = json.loads((SHARED / "recorded_psbts.json").read_text())
    return base64.b64decode(recorded["bitcoind"]["psbts"][0])


def binary(length):
    """A payload that does not compress and is no text."""
    return Payload(Kind.BINARY, b"\xff\0" + noise(length - 2))


def join(codes):
    """Give codes to a session until it needs no more, and return what they carry."""
    session = Session()
    for code in codes:
        if session.receive(code.encode()).complete:
            break
    return session.payload()


def image(rows):
    """Rows of pixels (1 dark) as a greyscale picture for a reader."""
    data = b"".join(rows).translate(bytes((255, 0)) + bytes(254))
    return memoryview(data).cast("B", (len(rows), len(rows[0])))


def seen(picture):
    """What zxing-cpp reads in a picture."""
    import zxingcpp

    codes = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)
    return [bytes(code.bytes) for code in codes]
