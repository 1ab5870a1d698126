"""CashAddr: the specification's vectors, every typo, and what a node would not take."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signer.core import base58, cashaddr
from signer.core.bch import behind, pairs
from signer.core.errors import BadInput, Fault

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "cashaddr.json").read_text())
GOOD = "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"
LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
KNOWN = {(kind, size) for kind in (0, 2) for size in (20,)} | {
    (kind, size) for kind in (1, 3) for size in (20, 32)
}


def signed(prefix, payload):
    """Any five-bit values with a right checksum, known to the standard or not."""
    state = cashaddr.remainder(pairs(behind(cashaddr.start(prefix), [*payload, *bytes(8)]))) ^ 1
    values = [*payload, *(state >> shift & 31 for shift in range(35, -1, -5))]
    return f"{prefix}:{''.join(LETTERS[value] for value in values)}"


@pytest.mark.parametrize("line", VECTORS["legacy"], ids=lambda line: line["base58"])
def test_a_legacy_address_and_its_cashaddr_hold_the_same_hash(line):
    """The specification's table of translations, read and written."""
    version, digest = (data := base58.decode(line["base58"], what="an address"))[0], data[1:]
    kind = {0: cashaddr.P2PKH, 5: cashaddr.P2SH}[version]
    assert cashaddr.decode(line["cashaddr"], "bitcoincash") == ("bitcoincash", kind, digest)
    assert cashaddr.encode("bitcoincash", kind, digest) == line["cashaddr"]


@pytest.mark.parametrize("line", VECTORS["sizes"], ids=lambda line: line["cashaddr"][:24])
def test_every_size_is_written_and_only_the_known_ones_are_read(line):
    """Eight sizes have an encoding; nodes know 20 bytes of a key, 20 or 32 of a script."""
    prefix, digest = line["cashaddr"].split(":")[0], bytes.fromhex(line["hash"])
    assert cashaddr.encode(prefix, line["kind"], digest) == line["cashaddr"]
    if (line["kind"], len(digest)) in KNOWN:
        assert cashaddr.decode(line["cashaddr"], "x") == (prefix, line["kind"], digest)
    else:
        with pytest.raises(BadInput, match="no such kind of address"):
            cashaddr.decode(line["cashaddr"], "x")


@pytest.mark.parametrize(
    "line",
    VECTORS["libauth"] + VECTORS["token_aware"] + VECTORS["p2sh32"],
    ids=lambda line: line["cashaddr"][:20],
)
def test_addresses_are_those_of_libauth_and_bitcoin_cash_node(line):
    """Every kind on every network, token-aware ones and script hashes of 32 bytes among them."""
    prefix, digest = line["cashaddr"].split(":")[0], bytes.fromhex(line["hash"])
    kind = line.get("kind", cashaddr.P2SH)
    assert cashaddr.encode(prefix, kind, digest) == line["cashaddr"]
    assert cashaddr.decode(line["cashaddr"], "x") == (prefix, kind, digest)


@pytest.mark.parametrize("address", VECTORS["checksum_only"] + VECTORS["undefined"])
def test_a_right_checksum_alone_is_no_address(address):
    """The specification's texts whose checksum holds and whose payload means nothing."""
    prefix, letters = address.split(":")
    values = [LETTERS.index(letter) for letter in letters]
    assert cashaddr.remainder(pairs(behind(cashaddr.start(prefix), values))) == 1
    with pytest.raises(BadInput):
        cashaddr.decode(address, prefix)


@given(st.sampled_from(sorted(KNOWN)), st.binary(min_size=32, max_size=32), st.sampled_from("abz"))
@settings(max_examples=40, deadline=None)
def test_what_is_written_is_read(known, digest, prefix):
    """Also without the prefix, in upper case, and of the token-aware kinds."""
    kind, size = known
    text = cashaddr.encode(prefix, kind, digest[:size])
    for form in (text, text.upper(), text.partition(":")[2], text.partition(":")[2].upper()):
        assert cashaddr.decode(form, prefix) == (prefix, kind, digest[:size])


def test_every_wrong_character_is_found():
    """Each of the 31 other letters at each place, each letter missing, doubled or swapped."""
    body = GOOD.partition(":")[2]
    wrong = {body[:at] + x + body[at + 1 :] for at in range(len(body)) for x in LETTERS + "bio1"}
    wrong |= {body[:at] + body[at + 1 :] for at in range(len(body))}
    wrong |= {body[:at] + letter + body[at:] for at, letter in enumerate(body)}
    wrong |= {body[:at] + body[at + 1] + body[at] + body[at + 2 :] for at in range(len(body) - 1)}
    for text in wrong - {body}:
        with pytest.raises(BadInput):
            cashaddr.decode(text, "bitcoincash")


@pytest.mark.parametrize(
    "address",
    [
        "",
        ":",
        "bitcoincash:",
        GOOD[11:],
        "bitcoincash:" + GOOD,
        GOOD.replace("bitcoincash", "BITCOINCASH"),
        GOOD[:-1] + GOOD[-1].upper(),
        GOOD.replace("bitcoincash", "bchtest"),
        GOOD.replace(":", ""),
        GOOD + " ",
        " " + GOOD,
        GOOD.upper().replace("K", "\u212a"),
        "b\u00eftcoincash:" + GOOD[12:],
        GOOD + "q" * 10_000,
        "q" * 10_000 + ":" + GOOD[12:],
    ],
)
def test_what_is_not_an_address_is_refused(address):
    """Empty, doubled, mixed, of another network, padded, not ASCII (the Kelvin sign), endless."""
    with pytest.raises(BadInput) as caught:
        cashaddr.decode(address, "bitcoincash")
    assert caught.value.fault is Fault.OFFICER
    assert GOOD[20:40] not in str(caught.value)


def test_another_networks_address_without_its_prefix_does_not_pass():
    """The prefix is under the checksum, so leaving it away hides nothing."""
    text = cashaddr.encode("bchtest", cashaddr.P2SH, bytes(20)).partition(":")[2]
    with pytest.raises(BadInput, match="typo"):
        cashaddr.decode(text, "bitcoincash")


def test_padding_has_to_be_zero_and_as_long_as_needed():
    """Two spare bits behind 21 bytes: each other value, one symbol more, and one less."""
    payload = [LETTERS.index(letter) for letter in GOOD.partition(":")[2][:-8]]
    assert signed("bitcoincash", payload) == GOOD
    spoiled = [[*payload[:-1], payload[-1] | extra] for extra in (1, 2, 3)]
    for values in (*spoiled, [*payload, 0], payload[:-1]):
        with pytest.raises(BadInput):
            cashaddr.decode(signed("bitcoincash", values), "bitcoincash")


def test_the_reserved_bit_and_a_wrong_size_are_refused():
    """The first byte's top bit is reserved, its low bits have to name the hash's own size."""
    digest = bytes(range(20))
    for first in (0x80, 0x01, 0x0B, 0x20, 0x78):
        number = int.from_bytes(bytes((first,)) + digest, "big") << 2
        values = [number >> shift & 31 for shift in range(165, -1, -5)]
        with pytest.raises(BadInput):
            cashaddr.decode(signed("bitcoincash", values), "bitcoincash")
