"""A few bytes that announce 2**64 of something: a signer must not make room for them.

Two locks: a count is compared with the bytes that are left before anything is made for it, and so
is every length. Each alone is enough, so each is tried with the other gone; and the honest number
in the same place is signed.
"""

import tracemalloc

import pytest
from defences import expect_unreadable, without
from wire_surgery import Field, closed, field, long_form, opened

from signer.core import wire
from signer.core.errors import BadInput
from signer.core.psbt import Psbt

COUNT = "count is larger than what follows"
CUT = "cut short"
HUGE = (0xFFFF_FFFF_FFFF_FFFF, 0x8000_0000, 1_000_000)
ROOM = 4 << 20
"""Bytes; the honest bundle itself takes a few thousand."""

OURS = b"\xfc\x0acoldquorum"


def counts():
    """Where a count stands: map, key, and the bytes of the value before it and of itself."""
    return {
        "inputs of the transaction": (0, b"\x00", 4),
        "outputs of the transaction": (0, b"\x00", 4 + 1 + 41),
        "earlier withdrawals": (0, OURS + b"\x01", 0),
        "policies": (0, OURS + b"\x02", 0),
        "inputs of a previous transaction": (1, b"\x00", 4),
        "outputs of a previous transaction": (1, b"\x00", 4 + 1 + 42),
    }


def announced(world, place, number):
    """An honest bundle whose count says another number."""
    at, key, offset = counts()[place]
    maps = opened(world.bundle())
    one = field(maps[at], key)
    one.value = one.value[:offset] + wire.compact_size(number) + one.value[offset + 1 :]
    return closed(maps)


def true_count(world, place):
    """What the count says in the honest bundle."""
    at, key, offset = counts()[place]
    return field(opened(world.bundle())[at], key).value[offset]


@pytest.mark.parametrize("place", counts())
@pytest.mark.parametrize("number", HUGE)
def test_an_oversized_count_is_unreadable_and_takes_no_room(world, place, number):
    """At once, in a few megabytes, by either lock alone."""
    raw = announced(world, place, number)
    tracemalloc.start()
    try:
        expect_unreadable(world, raw, COUNT)
        with without(COUNT, all_needed=False), pytest.raises(BadInput):
            world.examine(raw)
        with without(CUT, all_needed=False), pytest.raises(BadInput):
            world.examine(raw)
        assert tracemalloc.get_traced_memory()[1] < ROOM
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("place", counts())
def test_the_true_count_in_the_same_place_is_signed(world, place):
    """The control: the surgery itself does no harm."""
    assert world.examine(announced(world, place, true_count(world, place))).passed


@pytest.mark.parametrize("number", HUGE)
@pytest.mark.parametrize("what", ["key_length", "value_length"])
def test_an_oversized_length_is_unreadable(world, number, what):
    """The length of a key or a value, in the last field of the file."""
    maps = opened(world.bundle())
    maps[-1].append(Field(b"\xfd\xee\x03", b"note"))
    setattr(maps[-1][-1], what, lambda _: wire.compact_size(number))
    tracemalloc.start()
    try:
        expect_unreadable(world, closed(maps), CUT)
        assert tracemalloc.get_traced_memory()[1] < ROOM
    finally:
        tracemalloc.stop()


def test_an_oversized_witness_is_unreadable(world):
    """The stack of a finalised input, which is read before it is refused."""
    maps = opened(world.bundle())
    maps[1].append(Field(b"\x08", b"\xfe\xff\xff\xff\xff"))
    expect_unreadable(world, closed(maps), COUNT)
    maps[1][-1].value = b"\x01" + long_form(1 << 40)
    expect_unreadable(world, closed(maps), CUT)


def test_a_file_over_the_limit_is_not_read(world):
    """32 MiB; the size is compared first."""
    from signer.core.psbt import MAX_PSBT

    expect_unreadable(world, world.bundle() + bytes(MAX_PSBT), "too large")
    with pytest.raises(BadInput, match="too large"):
        Psbt.parse(world.bundle(), limit=100)


def test_an_oversized_document_is_unreadable(world):
    """A withdrawal of more than a mebibyte: before it is parsed, and before base64 is undone."""
    maps = opened(world.bundle())
    one = field(maps[0], OURS + b"\x00")
    one.value = b'{"payload":"' + b"A" * (1 << 20) + one.value[12:]
    problem = expect_unreadable(world, closed(maps), "withdrawal: too large")
    assert "at most 1048576" in problem.found


def test_nesting_is_bounded(world):
    """A document of ten thousand brackets neither crashes the parser nor takes its time."""
    maps = opened(world.bundle())
    one = field(maps[0], OURS + b"\x00")
    for depth, what in ((10_000, "nested too deeply"), (17, "nested too deeply")):
        one.value = b'{"payload":' + b"[" * depth + b"]" * depth + b"}"
        expect_unreadable(world, closed(maps), what)


def test_a_crowd_of_fields_is_unreadable(world):
    """A million empty fields make objects of a hundred times their size: they are counted."""
    maps = opened(world.bundle())
    maps[1] += [Field(b"\xfd\xee\x03" + wire.u32(at), b"") for at in range(100_000)]
    expect_unreadable(world, closed(maps), "too many fields")
