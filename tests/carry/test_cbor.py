"""The deterministic CBOR of URs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signer.carry import cbor
from signer.carry.cbor import Fields, Tagged
from signer.core.errors import BadInput

# RFC 8949 appendix A, those of kinds that are read here; maps with unsorted keys left out.
EXAMPLES = [
    ("00", 0),
    ("0a", 10),
    ("17", 23),
    ("1818", 24),
    ("1903e8", 1000),
    ("1a000f4240", 1000000),
    ("1b000000e8d4a51000", 1000000000000),
    ("1bffffffffffffffff", 18446744073709551615),
    ("f4", False),
    ("f5", True),
    ("c11a514b67b0", Tagged(1, 1363896240)),
    ("d818456449455446", Tagged(24, bytes.fromhex("6449455446"))),
    ("40", b""),
    ("4401020304", b"\1\2\3\4"),
    ("60", ""),
    ("62225c", '"\\'),
    ("63e6b0b4", "\u6c34"),
    ("80", ()),
    ("8301820203820405", (1, (2, 3), (4, 5))),
    ("98190102030405060708090a0b0c0d0e0f101112131415161718181819", tuple(range(1, 26))),
    ("a0", {}),
    ("a201020304", {1: 2, 3: 4}),
    ("a26161016162820203", {"a": 1, "b": (2, 3)}),
]

VALUES = st.recursive(
    st.integers(0, 2**64 - 1) | st.binary(max_size=40) | st.text(max_size=20) | st.booleans(),
    lambda inner: (
        st.lists(inner, max_size=5).map(tuple)
        | st.dictionaries(st.integers(0, 2**32), inner, max_size=5)
        | st.builds(Tagged, st.integers(0, 2**20), inner)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(("text", "value"), EXAMPLES)
def test_the_standards_examples_read_and_write(text, value):
    """RFC 8949's examples decode to what they stand for, and encode back to the same bytes."""
    found = cbor.decode(bytes.fromhex(text))
    assert found == value
    assert type(found) is type(value)
    assert cbor.encode(value).hex() == text


@given(VALUES)
def test_a_value_comes_back(value):
    """Whatever is written reads back the same."""
    assert cbor.decode(cbor.encode(value)) == value


@given(st.binary(max_size=60))
def test_every_reading_is_the_only_encoding(data):
    """Bytes either are refused, or are exactly what the value is written as."""
    try:
        value = cbor.decode(data)
    except BadInput:
        return
    assert cbor.encode(value) == data


@pytest.mark.parametrize(
    "text",
    [
        *("1800", "1817", "190018", "1a00000018", "1b0000000000000018"),  # not the shortest
        *("5800", "9800", "b800", "d800f4"),
        *("5f4100ff", "7f6161ff", "9f00ff", "bf0000ff"),  # of indefinite length
        *("1c", "1d", "1e", "1f", "ff"),  # reserved, break
        *("20", "3903e7"),  # negative
        *("f6", "f7", "f818", "f93c00", "fa47c35000", "fb3ff199999999999a"),  # null, floats
        *("a203000100", "a201000100"),  # keys out of order, twice
        *("a14100f5", "a1800000", "a1f40000", "a1c10000"),  # keys of other kinds
        *("61ff", "62c328"),  # not UTF-8
        *("", "41", "4201", "81", "a1", "a101", "c1", "19ff"),  # cut short
        *("0000", "8000"),  # trailing
        *("9bffffffffffffffff", "5bffffffffffffffff", "bb7fffffffffffffff"),  # beyond what is there
        "81" * 17 + "00",
        "c1" * 2000 + "00",
    ],
)
def test_all_else_is_refused(text):
    """What is not deterministic CBOR of a kind used here is refused, and says where."""
    with pytest.raises(BadInput, match="byte"):
        cbor.decode(bytes.fromhex(text))


def test_nesting_has_a_limit_that_can_be_reached():
    """As deep as allowed is read."""
    data = bytes.fromhex("81" * cbor.MAX_DEPTH + "00")
    assert cbor.encode(cbor.decode(data)) == data


def test_fields_are_read_strictly():
    """A field of another kind, a missing one, and one that nobody asked for are refused."""
    fields = Fields({1: 7, 2: True, 3: b"ab", 4: (1,), 5: "x", 6: Tagged(9, 1)}, "thing")
    with pytest.raises(BadInput, match="thing: unknown fields"):
        fields.finish()
    assert fields.unsigned(1, 7) == 7
    assert fields.flag(2) is True
    assert fields.fixed(3, 2) == b"ab"
    assert fields.array(4, 1) == (1,)
    assert fields.text(5, 1) == "x"
    assert fields.tagged(6, 9) == 1
    fields.finish()
    assert (fields.flag(2), fields.text(5, 1), fields.tagged(6, 9)) == (False, "", None)
    assert fields.array(4, 3, least=0) == ()


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ({1: 8}, lambda f: f.unsigned(1, 7)),
        ({1: True}, lambda f: f.unsigned(1, 7)),
        ({}, lambda f: f.unsigned(1, 7)),
        ({1: 1}, lambda f: f.flag(1)),
        ({1: b"abc"}, lambda f: f.fixed(1, 2)),
        ({1: ()}, lambda f: f.array(1, 5)),
        ({1: (1, 2)}, lambda f: f.array(1, 1)),
        ({1: "xx"}, lambda f: f.text(1, 1)),
        ({1: Tagged(8, 1)}, lambda f: f.tagged(1, 9)),
        ({1: 1}, lambda f: f.tagged(1, 9)),
    ],
)
def test_a_wrong_field_is_refused(value, read):
    """Each kind of field refuses what is not of its kind or size."""
    with pytest.raises(BadInput, match="field 1"):
        read(Fields(value, "thing"))


def test_only_a_map_has_fields():
    """Anything but a map is refused."""
    with pytest.raises(BadInput, match="not a map"):
        Fields(3, "thing")
