"""Bytes too many: at the end of the file, of a value, or of a document.

What one reader skips, another reads; and a file that may end in anything can carry anything.
"""

import pytest
from defences import expect_unreadable, stolen
from wire_surgery import closed, field, opened

TRAILING = "trailing bytes"

PLACES = {
    "unsigned transaction": (0, b"\x00"),
    "earlier withdrawals": (0, b"\xfc\x0acoldquorum\x01"),
    "policies": (0, b"\xfc\x0acoldquorum\x02"),
    "previous transaction": (1, b"\x00"),
    "witness utxo": (1, b"\x01"),
    "sighash type": (1, b"\x03"),
}


@pytest.mark.parametrize("tail", [b"\x00", b"\xff", b"psbt\xff", b"\n"])
def test_bytes_after_the_end_are_unreadable(world, tmp_path, tail):
    """One is too many; and it is all that is wrong."""
    raw = world.bundle() + tail
    problem = expect_unreadable(world, raw, TRAILING)
    assert problem.found == f"{len(tail)} bytes too many"
    stolen(world, raw, tmp_path, TRAILING)


def test_a_second_psbt_after_the_first_is_unreadable(world, tmp_path):
    """A reader that looks for the last magic would find another transaction."""
    raw = world.bundle() + world.bundle(fee=50_000)
    expect_unreadable(world, raw, TRAILING)
    stolen(world, raw, tmp_path, TRAILING)


@pytest.mark.parametrize("place", PLACES)
def test_bytes_after_a_value_are_unreadable(world, tmp_path, place):
    """Each value is read to its last byte."""
    at, key = PLACES[place]
    maps = opened(world.bundle())
    field(maps[at], key).value += b"\x00"
    raw = closed(maps)
    expect_unreadable(world, raw, TRAILING)
    also = ["does not serialise to itself"] if place == "unsigned transaction" else []
    stolen(world, raw, tmp_path, TRAILING, *also)


def test_bytes_after_a_key_are_unreadable(world, tmp_path):
    """A field whose type takes no key data, with some: it would pass by the check for doubles."""
    maps = opened(world.bundle())
    field(maps[1], b"\x01").key += b"\x00"
    raw = closed(maps)
    expect_unreadable(world, raw, "witness utxo: key: wrong size")
    stolen(world, raw, tmp_path, "witness utxo: key: wrong size")


def test_bytes_after_a_documents_field_are_unreadable(world):
    """The withdrawal's own field with key data: a second one beside the true one."""
    maps = opened(world.bundle())
    true = field(maps[0], b"\xfc\x0acoldquorum\x00")
    maps[0].append(type(true)(true.key + b"\x00", true.value))
    expect_unreadable(world, closed(maps), TRAILING)


def test_a_document_ends_where_its_json_ends(world):
    """Anything behind the object's last brace."""
    maps = opened(world.bundle())
    field(maps[0], b"\xfc\x0acoldquorum\x00").value += b"{}"
    problem = expect_unreadable(world, closed(maps), "withdrawal: not JSON")
    assert "Extra data" in problem.found
