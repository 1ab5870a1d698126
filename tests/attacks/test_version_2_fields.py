"""Fields of PSBT version 2 in a file of version 0: a second transaction beside the first.

A tool that knows both versions may take an input's coin, or an output's amount and script, from
the fields, and the rest from the transaction. embit does, and signs that.
"""

import io

import pytest
from defences import expect_unreadable, stolen
from embit import psbt as embit_psbt
from wire_surgery import Field, closed, opened

from signer.core import wire

NO_PLACE = "has no place in version 0"
PAYMENT, COIN = -2, 1


def with_fields(world, at, *fields):
    """An honest bundle with more fields in one map."""
    maps = opened(world.bundle())
    maps[at] += fields
    return closed(maps)


def redirected(world):
    """The payment's own map says another amount and another script."""
    amount = Field(b"\x03", wire.u64(900_000))
    script = Field(b"\x04", world.foreign_script())
    return with_fields(world, PAYMENT, amount, script)


def test_another_tool_would_see_another_transaction(world):
    """What embit takes for the payment: 900,000 sat to the thief, where 300,000 were approved."""
    other = embit_psbt.PSBT.read_from(io.BytesIO(redirected(world))).tx
    assert other.vout[0].value == 900_000
    assert other.vout[0].script_pubkey.data == world.foreign_script()


def test_such_a_file_is_unreadable(world, tmp_path):
    """Step 1; without the check we would sign the transaction itself, not what the fields say."""
    raw = redirected(world)
    problem = expect_unreadable(world, raw, NO_PLACE)
    assert "version 0" in problem.hint
    tx = stolen(world, raw, tmp_path, NO_PLACE)
    assert tx.outputs[0].amount == 300_000


@pytest.mark.parametrize(
    ("at", "kinds"),
    [(0, range(0x02, 0x07)), (COIN, range(0x0E, 0x13)), (PAYMENT, range(0x03, 0x05))],
    ids=["global", "input", "output"],
)
def test_every_field_of_version_2_is_unreadable(world, at, kinds):
    """BIP370's whole table: nothing of it is passed over in silence."""
    for kind in kinds:
        expect_unreadable(world, with_fields(world, at, Field(bytes((kind,)), bytes(4))), NO_PLACE)


@pytest.mark.parametrize("version", [1, 2, 0xFFFF_FFFF])
def test_another_version_is_unreadable(world, tmp_path, version):
    """The number alone: version 2 has no unsigned transaction, and 1 does not exist."""
    raw = with_fields(world, 0, Field(b"\xfb", wire.u32(version)))
    expect_unreadable(world, raw, "unknown psbt version")
    stolen(world, raw, tmp_path, "unknown psbt version")


def test_version_0_may_be_said(world, tmp_path):
    """The control."""
    raw = with_fields(world, 0, Field(b"\xfb", wire.u32(0)))
    assert stolen(world, raw, tmp_path).outputs[0].amount == 300_000
