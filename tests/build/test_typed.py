"""What officers type: amounts of which nothing is guessed, and typos in addresses, located."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signer.build.typed import parse_address, parse_amount
from signer.core import base58, bech32
from signer.core.errors import BadInput, Fault

SUPPLY = 21_000_000 * 10**8

# BIP173 and BIP350, the examples for main.
P2WPKH = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
P2WSH = "bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3"
P2TR = "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"


@pytest.mark.parametrize(
    ("text", "sats"),
    [
        ("0", 0),
        ("1", 1),
        ("150000", 150_000),
        ("150000sat", 150_000),
        ("150000 sat", 150_000),
        ("0.1BTC", 10_000_000),
        ("0.1 BTC", 10_000_000),
        ("0.1btc", 10_000_000),
        ("1BTC", 100_000_000),
        ("0.00000001BTC", 1),
        ("20999999.9769BTC", 2_099_999_997_690_000),
        ("21000000BTC", SUPPLY),
        (str(SUPPLY), SUPPLY),
    ],
)
def test_amounts_that_mean_one_thing(text, sats):
    """Whole satoshi, or coins with their unit."""
    assert parse_amount(text, "BTC") == sats


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("0.1", "a decimal without the unit BTC"),
        ("1.0", "a decimal without the unit BTC"),
        ("0.5sat", "a decimal without the unit BTC"),
        ("0.123456789BTC", "too many decimals"),
        ("0.100000000BTC", "too many decimals"),
        ("21000000.00000001BTC", "more than the supply of BTC"),
        (str(SUPPLY + 1), "more than the supply of BTC"),
        ("9" * 40, "more than the supply of BTC"),
        ("1mBTC", "unknown unit"),
        ("1bits", "unknown unit"),
        ("1BCH", "unknown unit"),
        ("1JPY", "unknown unit"),
        *((text, "not an amount") for text in ("1e8", "1E8", "1e8BTC", "-1", "+1", "-0.1BTC", "")),
        *((text, "not an amount") for text in ("1_000", "1,000", "0,1BTC", "1.BTC", ".1BTC", "1.")),
        *((text, "not an amount") for text in ("0x10", "BTC", "sat", "BTC1", " 1", "1 ", "1\n")),
        *((text, "not an amount") for text in ("1  BTC", "1\tBTC", "1 000", "1.000.000", "NaN")),
        *((text, "not an amount") for text in ("inf", "\u0661", "1\u2009BTC", "\u00b9", "9" * 41)),
        ("1" * 1_000_000, "not an amount"),
    ],
)
def test_amounts_that_are_refused(text, what):
    """Each says what is wrong, what is expected, and how to write it, in one short line."""
    with pytest.raises(BadInput) as caught:
        parse_amount(text, "BTC")
    assert caught.value.what == what
    assert caught.value.fault is Fault.OFFICER
    assert "sat" in caught.value.expected
    assert "0.0015BTC" in caught.value.hint
    assert len(caught.value.found) < 100
    assert caught.value.found.isprintable()


@pytest.mark.parametrize("address", [P2WPKH, P2WSH, P2TR])
def test_one_wrong_character_is_located(address):
    """Every single substitution is found, and its position is told, not its correction."""
    for at in range(len("bc1"), len(address)):
        for wrong in "ql" if address[at] not in "ql" else "0x":
            typo = address[:at] + wrong + address[at + 1 :]
            with pytest.raises(BadInput, match="typo") as caught:
                parse_address(typo, "BTC", "main")
            assert caught.value.found == f"character {at + 1}"


@given(
    st.lists(st.integers(3, len(P2WSH) - 1), min_size=2, max_size=2, unique=True),
    st.lists(st.integers(1, 31), min_size=2, max_size=2),
)
@settings(max_examples=100, deadline=None)
def test_two_wrong_characters_are_located(places, shifts):
    """Any two substitutions behind the version are found, both of them."""
    letters = list(P2WSH)
    for at, shift in zip(places, shifts, strict=True):
        letters[at] = bech32.CHARSET[bech32.CHARSET.index(letters[at]) ^ shift]
    with pytest.raises(BadInput, match="typo") as caught:
        parse_address("".join(letters), "BTC", "main")
    told = [place + 1 for place in sorted(places)]
    # With the version changed too, another pair may explain the error as well: then none is told.
    assert caught.value.found == f"character {told[0]} and {told[1]}" or 3 in places


def test_more_wrong_characters_are_not_guessed_at():
    """Three substitutions are beyond the code's power to locate: nothing wrong is claimed."""
    spoiled = P2WSH[:10] + "qqqqq" + P2WSH[15:]
    with pytest.raises(BadInput, match="typo") as caught:
        parse_address(spoiled, "BTC", "main")
    assert caught.value.found == "more than two wrong characters"


@pytest.mark.parametrize("letter", ["1", "b", "i", "o", "!", " "])
def test_characters_that_bech32_leaves_out_are_pointed_at(letter):
    """1, b, i and o look like others; the first one's position is told."""
    with pytest.raises(BadInput, match="typo") as caught:
        parse_address(P2WPKH[:20] + letter + P2WPKH[21:], "BTC", "main")
    assert caught.value.found == f"{letter!a} as character 21, which cannot be"


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("1AGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW6Oi", "'O' as character 33, which cannot be"),
        ("1AGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW62j", ""),
        ("bc1", "cut short: 3 characters"),
        (P2WPKH[:-1], "more than two wrong characters"),
        ("bc1" + "q" * 100_000, "100,003 characters"),
        # BIP350, the invalid addresses: version 0 with the other constant.
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh", "the checksum of another witness version"),
        # the version typed wrong, and with it the constant of the checksum
        ("bc1p" + P2WSH[4:], "character 4"),
    ],
)
def test_what_else_is_wrong_with_an_address(address, found):
    """As much as can be told for certain, and nothing beyond."""
    with pytest.raises(BadInput) as caught:
        parse_address(address, "BTC", "main")
    assert caught.value.found == found
    assert caught.value.fault is Fault.OFFICER


@pytest.mark.parametrize("address", ["bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs", "BC1SW50QGDZ25J"])
def test_a_good_checksum_is_no_typo(address):
    """An address of a kind that is not paid to is refused for that alone."""
    with pytest.raises(BadInput) as caught:
        parse_address(address, "BTC", "main")
    assert "character" not in caught.value.found


@pytest.mark.parametrize("address", [P2WPKH, P2WSH, P2TR, "1AGNa15ZQXAZUgFiqJ2i7Z2DPU2J6hW62i"])
def test_addresses_come_back_as_documents_hold_them(address):
    """Wholly upper case (a QR code) comes back in lower case; Base58 is as it was."""
    assert parse_address(address, "BTC", "main") == address
    if address.startswith("bc1"):
        assert parse_address(address.upper(), "BTC", "main") == address


@given(st.text(max_size=120) | st.binary(max_size=60).map(base58.encode))
def test_any_text_is_an_address_or_bad_input_that_does_not_quote_it(text):
    """It may be a private key in the wrong place: one character at most is told."""
    for typed in (text, "bc1" + text):
        try:
            parse_address(typed, "BTC", "main")
        except BadInput as problem:
            told = f"{problem.what} {problem.expected} {problem.found} {problem.hint}"
            assert len(text.strip()) < 9 or text.strip() not in told
