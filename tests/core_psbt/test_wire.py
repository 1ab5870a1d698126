"""Integers, compact sizes and bounds of the wire format."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signer.core import wire
from signer.core.errors import BadInput
from signer.core.wire import Reader

# Bitcoin developer reference, "CompactSize Unsigned Integers": the edges of each form.
EDGES = [
    (0, "00"),
    (252, "fc"),
    (253, "fdfd00"),
    (0xFFFF, "fdffff"),
    (0x1_0000, "fe00000100"),
    (0xFFFF_FFFF, "feffffffff"),
    (0x1_0000_0000, "ff0000000001000000"),
    (0xFFFF_FFFF_FFFF_FFFF, "ffffffffffffffffff"),
]


@pytest.mark.parametrize(("value", "form"), EDGES)
def test_compact_size_edges(value, form):
    """Each form is used from its least value on, and read back."""
    assert wire.compact_size(value).hex() == form
    reader = Reader(bytes.fromhex(form), "sample")
    assert reader.compact_size() == value
    assert not reader.left


@pytest.mark.parametrize("form", ["fd0000", "fdfc00", "feffff0000", "ffffffffff00000000"])
def test_longer_compact_size_than_needed_is_refused(form):
    """One number has one form: else two serialisations would have one meaning."""
    with pytest.raises(BadInput, match="shortest"):
        Reader(bytes.fromhex(form), "sample").compact_size()


@given(st.integers(0, 2**64 - 1))
def test_compact_size_round_trip(value):
    """Every number survives."""
    assert Reader(wire.compact_size(value), "sample").compact_size() == value


def test_count_is_checked_against_what_follows():
    """Four billion items in three bytes are refused before anything is made for them."""
    with pytest.raises(BadInput, match="count is larger") as caught:
        Reader(bytes.fromhex("feffffffff") + b"abc", "sample").count(1)
    assert (caught.value.expected, caught.value.found) == ("at most 3", "4294967295")


def test_length_is_checked_against_what_follows():
    """An exabyte is not allocated."""
    with pytest.raises(BadInput, match="cut short"):
        Reader(bytes.fromhex("ffffffffffffffff7f") + b"abc", "sample").var_bytes()


def test_a_part_never_reads_past_its_end():
    """A reader of a field cannot see the field that follows."""
    reader = Reader(b"abcdef", "sample", 1, 3)
    assert reader.peek(9) == b"bc"
    with pytest.raises(BadInput, match=r"sample: cut short \(byte 1\)"):
        reader.take(3)
    assert reader.rest() == b"bc"
    reader.finish()


def test_trailing_bytes_are_refused():
    """`finish` says how many are too many, and where."""
    reader = Reader(b"abcdef", "sample")
    reader.take(4)
    with pytest.raises(BadInput, match=r"sample: trailing bytes \(byte 4\)") as caught:
        reader.finish()
    assert caught.value.found == "2 bytes too many"
