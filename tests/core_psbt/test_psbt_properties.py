"""What holds for every PSBT and for every byte string."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psbt_samples import RECORDED_PSBTS, VALID, psbt_parts, vault_psbt

from signer.build.psbt_write import build
from signer.core.errors import BadInput
from signer.core.psbt import Psbt, proprietary
from signer.core.transaction import Transaction

SEEDS = [*VALID, *RECORDED_PSBTS, vault_psbt(2)]


@given(psbt_parts())
def test_parse_gives_back_what_was_built(parts):
    """Parts, bytes, and parts again: nothing is lost and nothing has two forms."""
    tx, inputs, outputs, own, xpubs = parts
    raw = build(*parts)
    psbt = Psbt.parse(raw)
    assert (psbt.tx, psbt.inputs, psbt.outputs, psbt.xpubs) == (tx, inputs, outputs, xpubs)
    assert proprietary(psbt) == own
    assert build(psbt.tx, psbt.inputs, psbt.outputs, own, psbt.xpubs) == raw


@given(psbt_parts())
def test_transaction_of_a_psbt_serialises_to_itself(parts):
    """The unsigned transaction is the one that was built, to the byte."""
    psbt = Psbt.parse(build(*parts))
    raw = psbt.tx.to_bytes()
    assert raw in psbt.raw
    assert raw == parts[0].to_bytes(witness=False)


def check_only_bad_input(raw):
    """Parse, and let nothing but BadInput of one line pass unseen."""
    try:
        psbt = Psbt.parse(raw)
        proprietary(psbt)
    except BadInput as problem:
        said = str(problem)
    else:
        assert psbt.raw == raw
        return
    assert said.startswith("psbt")
    assert said.isprintable()


@given(st.sampled_from(SEEDS), st.data())
def test_truncated(raw, data):
    """Cut anywhere, it is refused."""
    with pytest.raises(BadInput):
        Psbt.parse(raw[: data.draw(st.integers(0, len(raw) - 1))])


@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_bytes_changed(raw, changes):
    """Any bytes may be changed: a PSBT or BadInput, never another error."""
    broken = bytearray(raw)
    for at, value in changes:
        broken[at % len(broken)] = value
    check_only_bad_input(bytes(broken))


@given(st.sampled_from(SEEDS), st.integers(0, 10_000), st.integers(0, 40), st.binary(max_size=40))
def test_pieces_replaced(raw, at, length, new):
    """Pieces may go, come, or grow."""
    at %= len(raw)
    check_only_bad_input(raw[:at] + new + raw[at + length :])


@given(st.binary(max_size=300))
def test_noise_behind_the_magic(data):
    """Nothing but BadInput comes out of noise."""
    check_only_bad_input(b"psbt\xff" + data)


def steps(raw):
    """How many calls of our functions it takes to parse."""
    count = 0

    def step(frame, event, _arg):
        nonlocal count
        count += event == "call" and frame.f_globals["__name__"].startswith("signer.")

    sys.setprofile(step)
    try:
        Psbt.parse(raw)
    finally:
        sys.setprofile(None)
    return count


def test_parsing_takes_linear_time():
    """Ten coins more cost the same, whether they come after ten or after thirty."""
    ten, twenty, thirty, forty = (steps(vault_psbt(coins)) for coins in (10, 20, 30, 40))
    assert 0 < twenty - ten == forty - thirty


def test_a_shared_previous_transaction_is_read_once():
    """Many coins of one payment do not multiply its size in memory."""
    psbt = Psbt.parse(vault_psbt(1))
    paid = psbt.inputs[0].previous_tx
    spent = psbt.tx.inputs[0]
    other = type(spent)(type(spent.outpoint)(spent.outpoint.txid, 0), b"", spent.sequence)
    tx = Transaction(2, (spent, other), psbt.tx.outputs, 0)
    both = Psbt.parse(build(tx, psbt.inputs * 2, psbt.outputs, {}))
    assert both.inputs[0].previous_tx == paid
    assert both.inputs[0].previous_tx is both.inputs[1].previous_tx
