"""Addresses of Bitcoin Cash and Monacoin: published ones, the old forms, and one coin's in another.

Test networks share much: what is the same there is written down here, as it is in docs/coins.md.
"""

import itertools
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signer.build.typed import parse_address, typed_address
from signer.core import base58, bech32, cashaddr
from signer.core.address import address_of, script_of
from signer.core.coins import COINS
from signer.core.errors import BadInput, Fault

VECTORS = Path(__file__).parents[1] / "vectors"
MONA = json.loads((VECTORS / "monacoin_addresses.json").read_text())
CASH = json.loads((VECTORS / "cashaddr.json").read_text())
HASH = bytes(range(1, 21))
P2PKH, P2SH = b"\x76\xa9\x14" + HASH + b"\x88\xac", b"\xa9\x14" + HASH + b"\x87"
P2SH32 = b"\xaa\x20" + bytes(range(32)) + b"\x87"
P2WPKH, P2WSH, P2TR = b"\0\x14" + HASH, b"\0\x20" + bytes(range(32)), b"\x51\x20" + bytes(32)
SCRIPTS = (P2PKH, P2SH, P2WPKH, P2WSH)
CHAINS = [(coin.name, network) for coin in COINS.values() for network in coin.networks]


@pytest.mark.parametrize("line", MONA["addresses"], ids=lambda line: line["address"][:12])
def test_published_addresses_of_monacoin(line):
    """Electrum-MONA's: main and test, of keys and scripts, Base58 and segwit."""
    script, network = bytes.fromhex(line["script"]), line["network"]
    assert script_of(line["address"], "MONA", network) == script
    assert address_of(script, "MONA", network) == line["address"]


@pytest.mark.parametrize(("network", "version", "now"), [("main", 5, 55), ("test", 196, 117)])
def test_old_script_addresses_of_monacoin_are_refused_and_explained(network, version, now):
    """They are Bitcoin's, to the letter: whoever pastes one may have the wrong coin in mind."""
    old = base58.encode(bytes((version,)) + HASH)
    assert script_of(old, "BTC", network) == P2SH
    for read in (script_of, parse_address, typed_address):
        with pytest.raises(BadInput, match="the old form of script addresses") as caught:
            read(old, "MONA", network)
        assert str(now) in caught.value.expected
        assert caught.value.fault is Fault.OFFICER
        assert old not in str(caught.value)
    assert address_of(P2SH, "MONA", network) == base58.encode(bytes((now,)) + HASH) != old


def test_the_published_old_form_of_monacoin_is_refused():
    """Electrum-MONA reads it still; here it is read by nothing, and never written."""
    (line,) = MONA["old_script_form"]
    with pytest.raises(BadInput, match="old form"):
        script_of(line["address"], "MONA", line["network"])
    again = address_of(bytes.fromhex(line["script"]), "MONA", line["network"])
    assert again not in (None, line["address"])


def test_regtest_of_monacoin_has_the_test_networks_bytes_and_its_own_prefix():
    """src/chainparams.cpp: 111 and 117 as testnet's, and `rmona`."""
    assert address_of(P2SH, "MONA", "regtest") == address_of(P2SH, "MONA", "test")
    assert address_of(P2WSH, "MONA", "regtest").startswith("rmona1q")
    with pytest.raises(BadInput, match="old form"):
        script_of(base58.encode(bytes((196,)) + HASH), "MONA", "regtest")


@pytest.mark.parametrize("network", COINS["MONA"].networks)
def test_monacoin_has_no_taproot(network):
    """Witness version 1 has no rules there: anybody could spend such an output."""
    hrp = COINS["MONA"].networks[network].hrp
    with pytest.raises(BadInput, match="unknown kind of address"):
        script_of(bech32.encode(hrp, 1, P2TR[2:]), "MONA", network)
    assert address_of(P2TR, "MONA", network) is None


def test_taproot_address_of_monacoin_reads_as_mona1p():
    """The text that is refused above is the one that a person would see."""
    assert bech32.encode("mona", 1, P2TR[2:]).startswith("mona1p")


@pytest.mark.parametrize("line", CASH["legacy"], ids=lambda line: line["base58"])
def test_legacy_addresses_of_bitcoin_cash_are_read_with_a_warning_and_never_written(line):
    """A person may paste one, and is told; a document may not hold one."""
    typed = typed_address(line["base58"], "BCH", "main")
    assert typed.address == line["cashaddr"]
    assert line["cashaddr"] in typed.warning
    assert "which BTC has, too" in typed.warning
    script = script_of(line["cashaddr"], "BCH", "main")
    assert address_of(script, "BCH", "main") == line["cashaddr"]
    with pytest.raises(BadInput):
        script_of(line["base58"], "BCH", "main")
    # To Bitcoin it is an address like any other: nobody can tell which coin was meant.
    assert script_of(line["base58"], "BTC", "main") == script
    assert typed_address(line["base58"], "BTC", "main").warning == ""


def test_forms_of_a_cashaddr_that_people_type():
    """Upper case from a code, and without the prefix; all are the one that documents hold."""
    usual = CASH["legacy"][0]["cashaddr"]
    bare = usual.partition(":")[2]
    for text in (usual, usual.upper(), bare, bare.upper()):
        assert typed_address(text, "BCH", "main").address == usual
        assert typed_address(text, "BCH", "main").warning == ""
    mixed = usual[:-1] + usual[-1].upper()
    assert mixed != usual
    for text in (mixed, usual[:-1], usual[:-1] + "q", usual.replace("bitcoincash", "bchtest")):
        with pytest.raises(BadInput):
            typed_address(text, "BCH", "main")


@pytest.mark.parametrize("line", CASH["token_aware"], ids=lambda line: line["cashaddr"][:24])
def test_token_aware_addresses_are_read_with_a_warning(line):
    """The same script; no token is ever sent, so documents hold the plain form."""
    prefix, text = line["cashaddr"].partition(":")[0], line["cashaddr"]
    network = next(n.name for n in COINS["BCH"].networks.values() if n.cashaddr == prefix)
    typed = typed_address(text, "BCH", network)
    assert typed.address != text
    assert cashaddr.decode(typed.address, prefix)[1] == line["kind"] & 1
    assert "none are sent" in typed.warning
    with pytest.raises(BadInput, match="unknown kind"):
        script_of(text, "BCH", network)


def test_script_hashes_of_32_bytes_are_bitcoin_cashs_alone():
    """P2SH32 has an address there, and none elsewhere."""
    (line,) = CASH["p2sh32"]
    prefix = line["cashaddr"].partition(":")[0]
    network = next(n.name for n in COINS["BCH"].networks.values() if n.cashaddr == prefix)
    script = script_of(line["cashaddr"], "BCH", network)
    assert script == b"\xaa\x20" + bytes.fromhex(line["hash"]) + b"\x87"
    assert address_of(P2SH32, "BTC", "main") is address_of(P2SH32, "MONA", "main") is None


@pytest.mark.parametrize(("theirs", "ours"), [*itertools.permutations(CHAINS, 2)])
def test_an_address_of_one_chain_on_another(theirs, ours):
    """Between main networks nothing is read but what is Bitcoin's, and that nowhere else.

    Test networks of BTC and MONA share the byte of key hashes, as those of one coin share more.
    """
    same = set()
    for script in SCRIPTS:
        address = address_of(script, *theirs)
        if address is None:
            continue
        try:
            assert script_of(address, *ours) == script
        except BadInput:
            continue
        same.add(script)
    coins, networks = {theirs[0], ours[0]}, {theirs[1], ours[1]}
    if "main" in networks or "BCH" in coins:
        assert not same
    elif coins == {"BTC", "MONA"}:
        assert same == {P2PKH}
    else:
        assert {P2PKH, P2SH} <= same


@given(st.sampled_from(CHAINS), st.binary(min_size=32, max_size=32), st.randoms())
@settings(max_examples=200, deadline=None)
def test_what_we_write_for_a_script_is_read_as_that_script(chain, digest, random):
    """So whoever has an address of ours from a script at hand need not decode it (step 7)."""
    texts = {}
    for head, tail, size in (
        *((b"\x76\xa9\x14", b"\x88\xac", 20), (b"\xa9\x14", b"\x87", 20)),
        *((b"\xaa\x20", b"\x87", 32), (b"\0\x14", b"", 20), (b"\0\x20", b"", 32)),
        *((b"\x51\x20", b"", 32), (bytes((random.randrange(256),)), b"", 32)),
    ):
        script = head + digest[:size] + tail
        if text := address_of(script, *chain):
            assert script_of(text, *chain) == script
            assert texts.setdefault(text, script) == script
    assert texts
