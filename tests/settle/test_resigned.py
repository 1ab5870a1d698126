"""What differs in signatures alone is read as the parser reads it; the parser has all else."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_vault import NAMES, world

from signer.core.errors import BadInput
from signer.core.psbt import MAX_PSBT, Psbt
from signer.core.wire import var_bytes
from signer.settle.resigned import Bare


@cache
def files():
    """One built file, and the same signed by each of three."""
    small = world(amounts=(400_000, 300_000))
    raw = small.draft(600_000).raw
    return raw, *(small.sign(raw, name) for name in NAMES[:3])


def both(known, raw):
    """Read by comparison and by parsing: equal, places of maps' ends included."""
    found, parsed = Bare(Psbt.parse(known)).resigned(raw), Psbt.parse(raw)
    assert found == parsed
    assert found.ends == parsed.ends
    return found


@pytest.mark.parametrize("base", range(4))
@pytest.mark.parametrize("other", range(4))
def test_other_signatures_are_found_as_the_parser_finds_them(base, other):
    """With or without signatures in either: the same PSBT as if it were parsed."""
    found = both(files()[base], files()[other])
    assert len(found.inputs[1].partial_sigs) == (other > 0)


def test_signatures_of_two_in_one_file_are_found():
    """A file that has gone round: the second officer signed what the first had signed."""
    small = world(amounts=(400_000, 300_000))
    twice = small.sign(files()[1], NAMES[1])
    assert len(both(files()[2], twice).inputs[0].partial_sigs) == 2
    assert len(both(twice, files()[0]).inputs[0].partial_sigs) == 0


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_changed_byte_never_passes_as_another_thing(data):
    """Any byte changed, put in or taken out: what is still taken, the parser takes for the same."""
    known, raw = Psbt.parse(files()[1]), bytearray(files()[2])
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at : at + data.draw(st.integers(0, 1))] = data.draw(st.binary(max_size=2))
    found = Bare(known).resigned(bytes(raw))
    if found is not None:
        assert found == Psbt.parse(bytes(raw))
        assert (found.tx, found.others) == (known.tx, known.others)


def test_signatures_in_another_place_are_left_to_the_parser():
    """Another program may sort its fields; and a field that is not a signature is no signature."""
    raw, signed = files()[:2]
    unsigned, (own,) = Psbt.parse(raw), Psbt.parse(signed).inputs[0].partial_sigs
    field = b"\x22\x02" + own.pubkey + bytes((len(own.signature),)) + own.signature
    first = raw.index(var_bytes(unsigned.inputs[0].previous_tx.raw)) - 2
    moved = raw[:first] + field + raw[first:]
    assert Psbt.parse(moved).inputs[0].partial_sigs == (own,)
    assert Bare(unsigned).resigned(moved) is None
    assert Bare(Psbt.parse(moved)).resigned(raw) is None
    end = unsigned.ends[0]
    assert Bare(unsigned).resigned(raw[:end] + b"\x02\xf0\x00\x00" + raw[end:]) is None


def test_more_signatures_than_a_script_has_keys_are_left_to_the_parser():
    """It counts fields before it keeps them: no file fills the memory with signatures."""
    known = Psbt.parse(files()[0])
    field = b"\x22\x02\x02%b\x09" + bytes(9)
    for count in (15, 16):
        many = b"".join(field % number.to_bytes(32, "big") for number in range(count))
        raw = known.raw[: known.ends[0]] + many + known.raw[known.ends[0] :]
        assert (Bare(known).resigned(raw) is None) == (count > 15)
        assert len(Psbt.parse(raw).inputs[0].partial_sigs) == count


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw, end: raw[:end],
        lambda raw, end: raw[:end] + b"\x01\x02\x00" + raw[end:],
        lambda raw, end: raw[:end] + b"\x01\x00\x00" + raw[end:],
        lambda raw, end: raw + b"\x00",
        lambda raw, end: raw + bytes(MAX_PSBT),
    ],
    ids=["cut short", "no key", "twice", "trailing", "too large"],
)
def test_what_the_parser_refuses_is_not_taken(spoil):
    """No error of its own: the parser has the words for it."""
    known = Psbt.parse(files()[0])
    raw = spoil(known.raw, known.ends[0])
    assert Bare(known).resigned(raw) is None
    with pytest.raises(BadInput):
        Psbt.parse(raw)
