"""A PSBT with a key twice: one program reads the first value, another the last.

So the officer's screen, a device and the signer each see a transaction of their own.
"""

import pytest
from defences import expect_unreadable, stolen, without
from wire_surgery import Field, closed, field, opened

from signer.core.errors import Problem
from signer.core.names import Sats

TWICE = "comes twice"
GLOBAL, INPUT, OUTPUT = 0, 1, -1

OUR_DOCUMENT = b"\xfc\x0acoldquorum"

PLACES = {
    "unsigned transaction": (GLOBAL, b"\x00"),
    "withdrawal": (GLOBAL, OUR_DOCUMENT + b"\x00"),
    "earlier withdrawals": (GLOBAL, OUR_DOCUMENT + b"\x01"),
    "policies": (GLOBAL, OUR_DOCUMENT + b"\x02"),
    "previous transaction": (INPUT, b"\x00"),
    "witness utxo": (INPUT, b"\x01"),
    "sighash type": (INPUT, b"\x03"),
    "witness script": (INPUT, b"\x05"),
    "key origin": (INPUT, b"\x06"),
    "witness script of change": (OUTPUT, b"\x01"),
    "key origin of change": (OUTPUT, b"\x02"),
}


def doubled(world, place, value=None, *, before=False):
    """An honest bundle with one field twice, the other time with this value."""
    at, key = PLACES[place]
    maps = opened(world.bundle())
    true = field(maps[at], key)
    other = Field(true.key, true.value if value is None else value)
    maps[at].insert(0 if before else len(maps[at]), other)
    return closed(maps)


@pytest.mark.parametrize("place", PLACES)
def test_a_key_twice_is_unreadable(world, place):
    """In every map, whether the two values are the same or not."""
    for value in (None, b"\x00"):
        problem = expect_unreadable(world, doubled(world, place, value), TWICE)
        assert problem.found.startswith("key ")


@pytest.mark.parametrize("place", [place for place in PLACES if "origin" not in place])
def test_nothing_else_is_wrong_with_such_a_file(world, tmp_path, place):
    """Without the check it is signed. Key origins are left out: twice, they are not exact."""
    stolen(world, doubled(world, place), tmp_path, TWICE)


def lies(world):
    """A second value for some fields, which would change what a reader sees."""
    output = world.coins[0].output._replace(amount=Sats(700_000))
    request = world.withdrawal(payments=(world.payment(payee=66),))
    return {
        "witness utxo": output.to_bytes(),
        "withdrawal": world.approve(request, ()).to_bytes(),
        "policies": b"\x00",
        "sighash type": b"\x02\x00\x00\x00",
    }


@pytest.mark.parametrize("place", ["witness utxo", "withdrawal", "policies", "sighash type"])
def test_two_readers_would_see_two_files(world, place):
    """A lie before or after the truth: without the check, the order decides what is believed."""
    believed = []
    for before in (True, False):
        raw = doubled(world, place, lies(world)[place], before=before)
        expect_unreadable(world, raw, TWICE)
        with without(TWICE):
            try:
                world.examine(raw)
            except Problem:
                believed.append("the lie")
            else:
                believed.append("the truth")
    assert sorted(believed) == ["the lie", "the truth"]


def test_a_field_that_nobody_here_knows_counts_too(world, tmp_path):
    """An unknown field twice: somebody else's program may know it."""
    maps = opened(world.bundle())
    maps[INPUT] += [Field(b"\xfd\xee\x03", b"1"), Field(b"\xfd\xee\x03", b"2")]
    raw = closed(maps)
    expect_unreadable(world, raw, TWICE)
    stolen(world, raw, tmp_path, TWICE)


def test_surgery_leaves_no_scar(world):
    """The control: taken apart and put together again, the bytes are the same."""
    assert closed(opened(world.bundle())) == world.bundle()


def test_the_program_cannot_read_it(world, expect_program_cannot_read):
    """Exit code 4, and nothing is written."""
    expect_program_cannot_read(doubled(world, "witness utxo"), TWICE)
