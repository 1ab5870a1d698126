"""One number, several ways to write it: a key that does not look like the same key.

A field type or a subtype in a longer form passes by a check for doubles, and a reader that is less
strict takes it for the field that it is.
"""

import pytest
from defences import expect_unreadable, stolen
from wire_surgery import Field, closed, field, long_form, opened

from signer.core import wire

LONG = "not in its shortest form"
OURS = b"\x0acoldquorum"


def rewritten(world, change):
    """An honest bundle with something written in a longer form."""
    maps = opened(world.bundle())
    change(maps)
    return closed(maps)


def long_key_length(maps):
    """The length of a key."""
    maps[1][0].key_length = long_form


def long_value_length(maps):
    """The length of a value."""
    field(maps[0], b"\xfc" + OURS).value_length = long_form


def long_type(maps):
    """The type of an added field: a second witness utxo beside the true one."""
    true = field(maps[1], b"\x01")
    maps[1].append(Field(b"\xfd\x01\x00", true.value))


def long_subtype(maps):
    """The subtype of an added field: a second withdrawal beside the true one."""
    true = field(maps[0], b"\xfc" + OURS + b"\x00")
    maps[0].append(Field(b"\xfc" + OURS + b"\xfd\x00\x00", true.value))


def long_identifier(maps):
    """The length of our own name in the key of an added field."""
    true = field(maps[0], b"\xfc" + OURS + b"\x00")
    maps[0].append(Field(b"\xfc\xfd\x0a\x00coldquorum\x00", true.value))


def long_input_count(maps):
    """The count of the transaction's inputs: another serialisation of the same transaction."""
    one = field(maps[0], b"\x00")
    one.value = one.value[:4] + b"\xfd\x01\x00" + one.value[5:]


def long_policy_count(maps):
    """The count of the policies."""
    one = field(maps[0], b"\xfc" + OURS + b"\x02")
    one.value = b"\xfe" + wire.u32(one.value[0]) + one.value[1:]


@pytest.mark.parametrize(
    "change",
    [
        long_key_length,
        long_value_length,
        long_type,
        long_subtype,
        long_identifier,
        long_input_count,
        long_policy_count,
    ],
)
def test_a_longer_form_is_unreadable(world, tmp_path, change):
    """Wherever it stands; nothing else is wrong with the file."""
    raw = rewritten(world, change)
    expect_unreadable(world, raw, LONG)
    also = {long_input_count: ["does not serialise to itself"], long_type: ["wrong size"]}
    stolen(world, raw, tmp_path, LONG, *also.get(change, ()))
