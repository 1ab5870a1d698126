"""Addresses: BIP173, BIP350 and Base58 vectors, and what an officer types wrong."""

import itertools

import pytest
from embit import bech32 as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from signer.core import base58, bech32
from signer.core.address import address_of, script_of
from signer.core.errors import BadInput, Fault

# BIP350, "Test vectors for v0-v16 native segregated witness addresses".
VALID = {
    "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4": "0014751e76e8199196d454941c45d1b3a323f1433bd6",
    "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7": (
        "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262"
    ),
    "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y": (
        "5128751e76e8199196d454941c45d1b3a323f1433bd6751e76e8199196d454941c45d1b3a323f1433bd6"
    ),
    "BC1SW50QGDZ25J": "6002751e",
    "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs": "5210751e76e8199196d454941c45d1b3a323",
    "tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy": (
        "0020000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433"
    ),
    "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c": (
        "5120000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433"
    ),
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0": (
        "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
    ),
}

# BIP350 and BIP173, the invalid addresses; each reason as the BIP gives it.
INVALID = {
    "tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut": "human-readable part",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd": "bech32, not bech32m",
    "tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf": "bech32, not bech32m",
    "BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL": "bech32, not bech32m",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh": "bech32m, not bech32",
    "tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47": "bech32m, not bech32",
    "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4": "character in checksum",
    "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R": "witness version",
    "bc1pw5dgrnzv": "1 byte",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav": "41 bytes",
    "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P": "program length of version 0",
    "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq": "mixed case",
    "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf": "over 4 bits of padding",
    "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j": "non-zero padding",
    "bc1gmk9yu": "empty data",
    "tc1qw508d6qejxtdg4y5r3zarvary0c5xw7kg3g4ty": "human-readable part (BIP173)",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5": "checksum (BIP173)",
    "BC13W508D6QEJXTDG4Y5R3ZARVARY0C5XW7KN40WF2": "witness version (BIP173)",
    "bc1rw5uspcuh": "program length (BIP173)",
    "bc10w508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kw5rljs90": "75 bytes",
    "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sL5k7": "mixed case (BIP173)",
    "bc1zw508d6qejxtdg4y5r3zarvaryvqyzf3du": "padding of more than 4 bits (BIP173)",
    "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3pjxtptv": "padding bits (BIP173)",
}
# The witness programs of Bitcoin's future: valid bech32m, and anyone can spend them today.
FUTURE = ("bc1pw508", "BC1SW50", "bc1zw508")
P2WPKH = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
P2WSH = "bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3"

# Bitcoin Core, src/test/data/key_io_valid.json (addresses of both Base58 kinds), and BIP16's form.
BASE58 = [
    (
        "main",
        "1AGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW62i",
        "76a91465a16059864a2fdbc7c99a4723a8395bc6f188eb88ac",
    ),
    (
        "main",
        "3CMNFxN1oHBc4R1EpboAL5yzHGgE611Xou",
        "a91474f209f6ea907e2ea48f74fae05782ae8a66525787",
    ),
    (
        "test",
        "mo9ncXisMeAoXwqcV5EWuyncbmCcQN4rVs",
        "76a91453c0307d6851aa0ce7825ba883c6bd9ad242b48688ac",
    ),
    (
        "test",
        "2N2JD6wb56AfK4tfmM6PwdVmoYk2dCKf4Br",
        "a9146349a418fc4578d10a372b54b45c280cc8c4382f87",
    ),
]


@pytest.mark.parametrize(("address", "script"), VALID.items())
def test_segwit_addresses_of_bip350(address, script):
    """Each is read to its scriptPubKey and written back, future versions by the codec only."""
    network = "main" if address.lower().startswith("bc") else "test"
    hrp, version, program = bech32.decode(address)
    assert script == bytes((0x50 + version if version else 0, len(program))).hex() + program.hex()
    assert bech32.encode(hrp, version, program) == address.lower()
    if address.startswith(FUTURE):
        with pytest.raises(BadInput, match="unknown kind of address"):
            script_of(address, "BTC", network)
        assert address_of(bytes.fromhex(script), "BTC", network) is None
    else:
        assert script_of(address, "BTC", network).hex() == script
        assert address_of(bytes.fromhex(script), "BTC", network) == address.lower()


@pytest.mark.parametrize("address", INVALID, ids=INVALID.values())
def test_invalid_segwit_addresses_of_bip173_and_bip350(address):
    """Each is refused on every network, as the officer's problem."""
    for network in ("main", "test", "signet", "regtest"):
        with pytest.raises(BadInput) as caught:
            script_of(address, "BTC", network)
        assert caught.value.fault is Fault.OFFICER
        assert caught.value.hint


@pytest.mark.parametrize(("network", "address", "script"), BASE58)
def test_base58_addresses_of_bitcoin_core(network, address, script):
    """P2PKH and P2SH, on main and on the test networks."""
    assert script_of(address, "BTC", network).hex() == script
    assert address_of(bytes.fromhex(script), "BTC", network) == address


@pytest.mark.parametrize("network", ["signet", "regtest"])
def test_test_networks_share_base58_and_signet_shares_bech32(network):
    """An address of test is one of signet and, in Base58, one of regtest."""
    assert script_of(BASE58[2][1], "BTC", network).hex() == BASE58[2][2]
    assert script_of(list(VALID)[1], "BTC", "signet").hex() == list(VALID.values())[1]


@pytest.mark.parametrize(
    ("address", "network", "found"),
    [
        (P2WPKH, "regtest", "main"),
        (P2WPKH.upper(), "test", "main"),
        (list(VALID)[1], "main", "test or signet"),
        (list(VALID)[1], "regtest", "test or signet"),
        (BASE58[0][1], "regtest", "main"),
        (BASE58[3][1], "main", "test or signet or regtest"),
    ],
)
def test_an_address_of_another_network_says_of_which(address, network, found):
    """The officer is told which network the address belongs to."""
    with pytest.raises(BadInput, match="of another network") as caught:
        script_of(address, "BTC", network)
    assert (caught.value.expected, caught.value.found) == (network, found)


@pytest.mark.parametrize("address", [P2WPKH, P2WSH, list(VALID)[-1]])
def test_one_wrong_character_is_found(address):
    """Every single substitution; where it is, `signer/build/typed.py` tells."""
    for at in range(len("bc1"), len(address)):
        for wrong in "ql" if address[at] not in "ql" else "0x":
            with pytest.raises(BadInput, match="typo"):
                script_of(address[:at] + wrong + address[at + 1 :], "BTC", "main")


@pytest.mark.parametrize("letter", ["1", "b", "i", "o", "!", " "])
def test_characters_that_bech32_leaves_out_are_refused(letter):
    """1, b, i and o look like others."""
    for at in range(len("bc1"), len(P2WPKH)):
        with pytest.raises(BadInput, match="typo"):
            script_of(P2WPKH[:at] + letter + P2WPKH[at + 1 :], "BTC", "main")


@pytest.mark.parametrize("at", [1, 20, 41])
def test_mixed_case_is_named(at):
    """One upper-case letter is not a typo that a checksum explains (BIP173)."""
    at = next(i for i in itertools.count(at) if P2WPKH[i % 42].isalpha()) % 42
    with pytest.raises(BadInput, match="mixes upper and lower case"):
        script_of(P2WPKH[:at] + P2WPKH[at].upper() + P2WPKH[at + 1 :], "BTC", "main")


def test_upper_case_as_in_qr_codes_is_the_same_address():
    """Wholly upper case is allowed (BIP173) and gives the same script."""
    assert script_of(P2WSH.upper(), "BTC", "main") == script_of(P2WSH, "BTC", "main")


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "bc1", "bc1q", "1", "1" * 34, "l" * 34, "satoshi@example.com", "0x" + "00" * 20),
        *(
            P2WPKH + " ",
            " " + P2WPKH,
            P2WPKH + "\n",
            P2WPKH[:-1],
            P2WPKH + "q",
            "bitcoin:" + P2WPKH,
        ),
        *(
            P2WPKH.upper().replace("K", "\u212a"),
            "b\u0441" + P2WPKH[2:],
            "\x00",
            "bc1" + "q" * 100_000,
        ),
        *("1AGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW62j", "1" * 100_000, "\U0001d7d9" * 34),
        # a payment to a key hash of 19 and of 21 bytes
        *(base58.encode(bytes(20)), base58.encode(bytes(22))),
        # a Litecoin address, a private key (WIF), an extended key
        *("ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9", "LM2WMpR1Rp6j3Sa59cMXMs1SPzj9eXpGc1"),
        "L4rK1yDtCWekvXuE6oXD9jCYfFNV2cWRpVuPLBcCU2z8TrisoyY1",
        "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8",
    ],
)
def test_texts_that_are_no_address_are_refused_and_never_quoted(text):
    """Nothing that was typed appears in the error: it may be a private key in the wrong place."""
    with pytest.raises(BadInput) as caught:
        script_of(text, "BTC", "main")
    told = f"{caught.value.what} {caught.value.expected} {caught.value.found} {caught.value.hint}"
    assert len(told) < 300
    assert len(text) < 9 or text.strip() not in told


@pytest.mark.parametrize(
    "script",
    [
        *(b"", b"\x00", b"\x00\x14" + bytes(19), b"\x00\x14" + bytes(21), b"\x00\x20" + bytes(31)),
        *(b"\x51\x20" + bytes(33), b"\x51\x02\x4e\x73", b"\x52\x20" + bytes(32), b"\x6a\x04test"),
        *(b"\xa9\x14" + bytes(20) + b"\x88", b"\x76\xa9\x14" + bytes(20) + b"\x88\xad"),
        *(b"\x21" + bytes(33) + b"\xac", b"\x00\x14" + bytes(20) + b"\x51", bytes(10_000)),
    ],
)
def test_scripts_without_an_address_have_none(script):
    """Bare keys, OP_RETURN, pay-to-anchor, future versions and near misses have no address."""
    assert address_of(script, "BTC", "main") is None


@given(
    st.integers(0, 16), st.binary(min_size=2, max_size=40), st.sampled_from(["bc", "tb", "bcrt"])
)
@settings(max_examples=100, deadline=None)
def test_our_codec_agrees_with_the_reference_implementation(version, program, hrp):
    """BIP350's reference code (in embit) writes what we write, and reads it as we do."""
    if version == 0:
        program = (program * 16)[:32]
    address = bech32.encode(hrp, version, program)
    assert address == oracle.encode(hrp, version, list(program))
    assert bech32.decode(address) == (hrp, version, program)


@given(st.text(alphabet=bech32.CHARSET, min_size=1, max_size=60))
@settings(max_examples=200, deadline=None)
def test_our_codec_refuses_what_the_reference_refuses(letters):
    """Random texts: the same verdict as the reference."""
    version, program = oracle.decode("bc", "bc1" + letters)
    if version is None:
        with pytest.raises(BadInput):
            bech32.decode("bc1" + letters)
    else:
        assert bech32.decode("bc1" + letters) == ("bc", version, bytes(program))


@given(st.binary(max_size=60))
@settings(max_examples=100, deadline=None)
def test_base58_is_read_back(data):
    """Leading zeros included."""
    assert base58.decode(base58.encode(data), what="text") == data


def test_unknown_coins_and_networks_are_named():
    """The error lists what there is."""
    with pytest.raises(BadInput, match="unknown coin") as caught:
        script_of(P2WPKH, "DOGE", "main")
    assert caught.value.expected == "BTC, BCH, MONA"
    with pytest.raises(BadInput, match="unknown network") as caught:
        script_of(P2WPKH, "BTC", "mainnet")
    assert caught.value.expected == "main, test, signet, regtest"
