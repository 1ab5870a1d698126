"""The installer's own Ed25519 verification: RFC 8032's vectors, and agreement with OpenSSL's."""

import json
import random
import subprocess
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from kit_making import INSTALLER

# RFC 8032 section 7.1, TEST 1 to TEST 3: public key, message, signature.
VECTORS = (
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
)
_RUN = """
import json, runpy, sys
verifies = runpy.run_path(sys.argv[1])["verifies"]
cases = json.load(sys.stdin)
print(json.dumps([verifies(*map(bytes.fromhex, case)) for case in cases]))
"""


def verify(cases):
    """Run the installer's function over many cases, in the isolated process that it wants."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", _RUN, INSTALLER],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    return json.loads(done.stdout)


def openssl(key, message, signature):
    """Verify with the library that the programs use."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(
            bytes.fromhex(signature), bytes.fromhex(message)
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def test_the_vectors_of_the_rfc():
    """Each verifies; with one bit of key, message or signature changed, none does."""
    assert verify(VECTORS) == [True] * len(VECTORS)
    key, message, signature = VECTORS[2]
    flipped = [(key, message, f"{int(signature, 16) ^ 1 << bit:0128x}") for bit in (0, 5, 300, 511)]
    flipped += [
        (key, f"{int(message, 16) ^ 1:04x}", signature),
        (VECTORS[0][0], message, signature),
    ]
    assert verify(flipped) == [False] * len(flipped)


def test_it_agrees_with_openssl():
    """On true signatures, on changed ones, on lengths, and on points that are none."""
    luck = random.Random(8032)
    cases = []
    for _ in range(8):
        private = Ed25519PrivateKey.from_private_bytes(luck.randbytes(32))
        message = luck.randbytes(luck.randrange(200))
        key = private.public_key().public_bytes_raw().hex()
        signature = private.sign(message)
        cases.append((key, message.hex(), signature.hex()))
        changed = bytearray(signature)
        changed[luck.randrange(64)] ^= 1 << luck.randrange(8)
        cases.append((key, message.hex(), changed.hex()))
        cases.append((luck.randbytes(32).hex(), message.hex(), signature.hex()))
    key, message, signature = VECTORS[1]
    cases += [(key, message, signature[:-2]), (key, message, signature + "00"), (key, message, "")]
    cases += [("ff" * 32, message, signature), (key, message, "ff" * 32 + signature[64:])]
    expected = [openssl(*case) for case in cases]
    assert verify(cases) == expected
    assert expected.count(True) == 8
