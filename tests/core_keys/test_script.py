"""Scripts and hashes: BIP67 and BIP383 vectors, limits, pushes."""

import pytest

from signer.core.address import address_of
from signer.core.hashes import hash160, sha256, sha256d
from signer.core.script import MAX_KEYS, multisig, p2sh, p2wsh, push

# BIP67, "Test vectors": the list as received, the script, the P2SH address on main.
BIP67 = [
    (
        (
            "02ff12471208c14bd580709cb2358d98975247d8765f92bc25eab3b2763ed605f8 "
            "02fe6f0a5a297eb38c391581c4413e084773ea23954d93f7753db7dc0adc188b2f"
        ),
        (
            "522102fe6f0a5a297eb38c391581c4413e084773ea23954d93f7753db7dc0adc188b2f2102ff12471208c14bd5"
            "80709cb2358d98975247d8765f92bc25eab3b2763ed605f852ae"
        ),
        "39bgKC7RFbpoCRbtD5KEdkYKtNyhpsNa3Z",
    ),
    (
        (
            "02632b12f4ac5b1d1b72b2a3b508c19172de44f6f46bcee50ba33f3f9291e47ed0 "
            "027735a29bae7780a9755fae7a1c4374c656ac6a69ea9f3697fda61bb99a4f3e77 "
            "02e2cc6bd5f45edd43bebe7cb9b675f0ce9ed3efe613b177588290ad188d11b404"
        ),
        (
            "522102632b12f4ac5b1d1b72b2a3b508c19172de44f6f46bcee50ba33f3f9291e47ed021027735a29bae7780a9"
            "755fae7a1c4374c656ac6a69ea9f3697fda61bb99a4f3e772102e2cc6bd5f45edd43bebe7cb9b675f0ce9ed3ef"
            "e613b177588290ad188d11b40453ae"
        ),
        "3CKHTjBKxCARLzwABMu9yD85kvtm7WnMfH",
    ),
    (
        (
            "030000000000000000000000000000000000004141414141414141414141414141 "
            "020000000000000000000000000000000000004141414141414141414141414141 "
            "020000000000000000000000000000000000004141414141414141414141414140 "
            "030000000000000000000000000000000000004141414141414141414141414140"
        ),
        (
            "52210200000000000000000000000000000000000041414141414141414141414141402102000000000000000000"
            "00000000000000000041414141414141414141414141412103000000000000000000000000000000000000414141"
            "41414141414141414141402103000000000000000000000000000000000000414141414141414141414141414154"
            "ae"
        ),
        "32V85igBri9zcfBRVupVvwK18NFtS37FuD",
    ),
    (
        (
            "022df8750480ad5b26950b25c7ba79d3e37d75f640f8e5d9bcd5b150a0f85014da "
            "03e3818b65bcc73a7d64064106a859cc1a5a728c4345ff0b641209fba0d90de6e9 "
            "021f2f6e1e50cb6a953935c3601284925decd3fd21bc445712576873fb8c6ebc18"
        ),
        (
            "5221021f2f6e1e50cb6a953935c3601284925decd3fd21bc445712576873fb8c6ebc1821022df8750480ad5b26"
            "950b25c7ba79d3e37d75f640f8e5d9bcd5b150a0f85014da2103e3818b65bcc73a7d64064106a859cc1a5a728c"
            "4345ff0b641209fba0d90de6e953ae"
        ),
        "3Q4sF6tv9wsdqu2NtARzNCpQgwifm2rAba",
    ),
]
KEYS = [bytes((2,)) + bytes((n,)) * 32 for n in range(1, 17)]


@pytest.mark.parametrize(("keys", "script", "address"), BIP67)
def test_sorted_multisig_of_bip67(keys, script, address):
    """Keys are sorted by their bytes; script and P2SH address are the standard's."""
    found = multisig(2, sorted(bytes.fromhex(key) for key in keys.split()))
    assert found.hex() == script
    assert address_of(p2sh(found), "BTC", "main") == address


@pytest.mark.parametrize("m", [1, 15])
def test_fifteen_keys_fit_every_limit(m):
    """513 bytes: below P2SH's 520 (BIP16) and below P2WSH's policy limit of 3,600."""
    script = multisig(m, KEYS[:15])
    assert len(script) == 3 + 15 * 34 == 513
    assert script[0] == 0x50 + m
    assert script[-2:] == b"\x5f\xae"


@pytest.mark.parametrize(
    ("m", "keys"),
    [
        (0, KEYS[:2]),
        (3, KEYS[:2]),
        (-1, KEYS[:2]),
        (1, []),
        (0, []),
        (2, KEYS[: MAX_KEYS + 1]),
        (1, [b"\x04" + bytes(64)]),
        (1, [KEYS[0][:-1]]),
        (1, [KEYS[0], b""]),
    ],
)
def test_what_is_no_multisig(m, keys):
    """M = 0, m > n, no keys, 16 keys, and keys that are not compressed."""
    with pytest.raises(ValueError, match="multisig"):
        multisig(m, keys)


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, "00"),
        (1, "01"),
        (75, "4b"),
        (76, "4c4c"),
        (255, "4cff"),
        (256, "4d0001"),
        (520, "4d0802"),
    ],
)
def test_pushes_are_minimal(size, head):
    """The shortest opcode that holds the length (BIP62, rule 3)."""
    assert push(b"\xab" * size) == bytes.fromhex(head) + b"\xab" * size


@pytest.mark.parametrize(
    ("data", "opcode"), [("01", "51"), ("10", "60"), ("81", "4f"), ("11", "0111")]
)
def test_small_numbers_are_pushed_by_their_opcodes(data, opcode):
    """1 to 16 and -1 have opcodes of their own; 17 has none, nor has zero as a byte."""
    assert push(bytes.fromhex(data)).hex() == opcode
    assert push(b"\x00").hex() == "0100"


def test_no_push_is_longer_than_scripts_allow():
    """Consensus takes 520 bytes (Core, `MAX_SCRIPT_ELEMENT_SIZE`)."""
    with pytest.raises(ValueError, match="too long"):
        push(bytes(521))


def test_script_hashes():
    """BIP173's P2WSH example (a key and CHECKSIG) and BIP16's form."""
    key = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
    script = b"\x21" + key + b"\xac"
    p2wsh_address = "bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3"
    assert address_of(p2wsh(script), "BTC", "main") == p2wsh_address
    assert p2sh(script) == b"\xa9\x14" + hash160(script) + b"\x87"


def test_hashes_of_known_texts():
    """FIPS 180-4's "abc"; the double hash of an empty text; HASH160 of the generator (BIP173)."""
    abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    empty = "5df6e0e2761359d30a8275058e299fcc0381534545f55cf43e41983f5d4c9456"
    key = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
    assert sha256(b"abc").hex() == abc
    assert sha256d(b"").hex() == empty
    assert hash160(key).hex() == "751e76e8199196d454941c45d1b3a323f1433bd6"


def test_hash160_without_openssl_s_ripemd(monkeypatch):
    """Where OpenSSL hides RIPEMD-160, the answer is the same."""
    expected = [hash160(bytes(size)) for size in (0, 1, 33, 64, 1000)]

    def absent(*_args):
        raise ValueError("unsupported hash type")

    monkeypatch.setattr("hashlib.new", absent)
    assert [hash160(bytes(size)) for size in (0, 1, 33, 64, 1000)] == expected
