"""Amounts as officers read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signer.build.typed import parse_amount
from signer.core.amounts import format_amount

SUPPLY = 21_000_000 * 10**8


@pytest.mark.parametrize(
    ("sats", "text"),
    [
        (0, "0.000 000 00 BTC"),
        (1, "0.000 000 01 BTC"),
        (150_000_000, "1.500 000 00 BTC"),
        (123_456_789_012, "1 234.567 890 12 BTC"),
        (SUPPLY, "21 000 000.000 000 00 BTC"),
        (-2_500, "-0.000 025 00 BTC"),
    ],
)
def test_amounts_are_shown_with_every_digit_in_groups(sats, text):
    """Groups of three from the point, all eight decimals, the unit."""
    assert format_amount(sats, "BTC") == text


@given(st.integers(0, SUPPLY))
def test_what_is_shown_is_the_amount(sats):
    """Without its blanks, the shown amount reads back as itself."""
    assert parse_amount(format_amount(sats, "BTC").replace(" ", ""), "BTC") == sats
