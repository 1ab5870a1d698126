"""Fields that this program gives no meaning: lies there change nothing, and are handed on as is.

Global xpubs are the worst of them: some devices register a wallet from them. Ours derives from
the enrolled descriptor alone.
"""

import pytest
from defences import expect_unreadable, finished, signed
from wire_surgery import Field, closed, field, opened

from signer.core.bip32 import format_path
from signer.core.psbt import Derivation, Psbt

OURS = b"\xfc\x0acoldquorum"


def with_field(world, at, *fields):
    """An honest bundle with more in one map."""
    maps = opened(world.bundle())
    maps[at] += fields
    return closed(maps)


def lying_xpub(world, thief):
    """The thief's extended key under alice's origin."""
    ours, theirs = world.vault.keys[0], thief.vault.keys[0]
    xpub = theirs.xpub
    raw = bytes.fromhex("043587cf") + bytes((xpub.depth,)) + xpub.parent
    raw += xpub.number.to_bytes(4, "big") + xpub.chain_code + xpub.key
    steps = b"".join(step.to_bytes(4, "little") for step in ours.origin.path)
    return Field(b"\x01" + raw, bytes.fromhex(ours.origin.fingerprint) + steps)


def lies(world, thief):
    """Fields by name: their map and themselves."""
    return {
        "a global xpub of the thief's": (0, lying_xpub(world, thief)),
        "another program's withdrawal": (0, Field(b"\xfc\x0acoldquorun\x00", b"{}")),
        "our name in other letters": (0, Field(b"\xfc\x0aColdquorum\x00", b"{}")),
        "a subtype of tomorrow": (0, Field(OURS + b"\x7f", b"{}")),
        "our field in an input's map": (1, Field(OURS + b"\x00", b"{}")),
        "our field in an output's map": (-1, Field(OURS + b"\x00", b"{}")),
        "a taproot internal key": (1, Field(b"\x17", b"\x02" * 32)),
        "a taproot tree of an output": (-1, Field(b"\x05", b"\x02" * 32)),
        "a preimage": (1, Field(b"\x0b" + b"\x02" * 32, b"secret")),
        "a proof of reserves": (1, Field(b"\x09", b"send everything to the thief")),
        "a type of tomorrow": (1, Field(b"\xfd\xee\x03", b"?")),
    }


NAMES = (
    "a global xpub of the thief's",
    "another program's withdrawal",
    "our name in other letters",
    "a subtype of tomorrow",
    "our field in an input's map",
    "our field in an output's map",
    "a taproot internal key",
    "a taproot tree of an output",
    "a preimage",
    "a proof of reserves",
    "a type of tomorrow",
)


@pytest.mark.parametrize("name", NAMES)
def test_what_has_no_meaning_changes_nothing(world, thief, tmp_path, name):
    """The same facts and the same signatures as without; the field is still there afterwards."""
    at, lie = lies(world, thief)[name]
    raw = with_field(world, at, lie)
    honest, known = world.examine(world.bundle()).facts, world.examine(raw).facts
    assert (known.inputs, known.outputs, known.fee) == (honest.inputs, honest.outputs, honest.fee)
    assert known.documents == honest.documents
    done = signed(world, raw, tmp_path)
    psbt = Psbt.parse(done)
    finished(world, psbt.tx, [said.partial_sigs for said in psbt.inputs])
    assert field(opened(done)[at], lie.key).value == lie.value


def test_the_lying_xpub_is_read_as_one(world, thief):
    """The control: it is a global xpub in good form, so that a device may believe it."""
    raw = with_field(world, 0, lying_xpub(world, thief))
    (found,) = Psbt.parse(raw).xpubs
    assert isinstance(found, Derivation)
    assert format_path(found.path) == format_path(world.vault.keys[0].origin.path)
    assert found.pubkey[-33:] == thief.vault.keys[0].xpub.key


@pytest.mark.parametrize("subtype", [b"\x00", b"\x01", b"\x02"])
def test_our_own_field_with_key_data_is_unreadable(world, subtype):
    """A second withdrawal under a key that is only almost the first one's."""
    true = field(opened(world.bundle())[0], OURS + subtype)
    raw = with_field(world, 0, Field(true.key + b"\x01", true.value))
    expect_unreadable(world, raw, "trailing bytes")


@pytest.mark.parametrize("subtype", [b"\x00", b"\x01", b"\x02"])
def test_our_own_field_left_out_is_unreadable(world, subtype):
    """A tool that strips the fields only makes enforcing signers refuse."""
    maps = opened(world.bundle())
    maps[0].remove(field(maps[0], OURS + subtype))
    problem = expect_unreadable(world, closed(maps), "the psbt does not hold its")
    assert "coldquorum build" in problem.hint
