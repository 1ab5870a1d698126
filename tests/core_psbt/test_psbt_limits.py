"""Hostile files: as many fields, outputs and bytes as fit, refused before they fill the machine."""

import resource
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from psbt_samples import outline, previous

from signer.build.psbt_write import build
from signer.core import psbt
from signer.core.errors import BadInput, Fault
from signer.core.names import Sats, Txid
from signer.core.psbt import MAX_PSBT, MAX_UNSIGNED, Entry, Psbt, PsbtInput, PsbtOutput
from signer.core.psbt_map import MAX_IN_ALL, MAX_IN_MAP
from signer.core.transaction import OutPoint, Transaction, TxIn, TxOut
from signer.core.wire import u32, var_bytes

ROOT = Path(__file__).resolve().parents[2]


def unknown(count):
    """So many fields of a type that is given to nobody (BIP174 "Registered Types")."""
    return tuple(Entry(b"\x60" + u32(number), b"") for number in range(count))


def paying(outputs):
    """An unsigned transaction with so many outputs of nothing."""
    spent = (TxIn(OutPoint(Txid("00" * 32), 0), b"", 0),)
    return Transaction(2, spent, (TxOut(Sats(0), b""),) * outputs, 0)


@pytest.mark.parametrize("place", ["input", "output"])
def test_a_map_holds_so_many_fields(place):
    """The last that is allowed, and one more, in an input and in an output."""
    for count, fits in ((MAX_IN_MAP, True), (MAX_IN_MAP + 1, False)):
        given = PsbtInput(others=unknown(count if place == "input" else 0))
        out = PsbtOutput(others=unknown(count if place == "output" else 0))
        raw = build(paying(1), [given], [out], {})
        if fits:
            assert Psbt.parse(raw).raw == raw
        else:
            with pytest.raises(BadInput, match=f"{place} 0: too many fields") as caught:
                Psbt.parse(raw)
            assert caught.value.expected == "at most 1,000 in a map, 200,000 in all"
            assert caught.value.fault is Fault.COORDINATOR


def test_global_fields_are_counted_too():
    """The global map has no other rule."""
    raw = build(paying(1), [PsbtInput()], [PsbtOutput()], dict.fromkeys(range(MAX_IN_MAP), b""))
    with pytest.raises(BadInput, match="global: too many fields"):
        Psbt.parse(raw)


def test_a_file_holds_so_many_fields(monkeypatch):
    """All maps together: what fits in each may be too much in all."""
    monkeypatch.setattr(psbt, "MAX_IN_ALL", 31 + 4)  # each map's closing byte is one
    for count, fits in ((10, True), (11, False)):
        outs = [PsbtOutput(others=unknown(10)), PsbtOutput(others=unknown(count))]
        raw = build(paying(2), [PsbtInput(others=unknown(10))], outs, {})
        if fits:
            assert Psbt.parse(raw).raw == raw
        else:
            with pytest.raises(BadInput, match="output 1: too many fields"):
                Psbt.parse(raw)


def test_the_limits_leave_room_for_a_day_of_work():
    """Five thousand coins of a 2-of-3, and a few of a 15-of-15, whose fields are the most."""
    fields = 3 + 3 + 4  # signatures, key origins; both forms of the coin, sighash type, script
    assert 5_000 * fields < MAX_IN_ALL
    assert MAX_IN_MAP > 15 + 15 + 5
    assert MAX_UNSIGNED > 5_000 * 41


def test_a_transaction_too_large_to_be_sent_is_refused_unread():
    """Its outputs are not looked at: these would be cut short."""
    tx = paying((MAX_UNSIGNED - 100) // 9)
    raw = build(tx, [PsbtInput()], [PsbtOutput()] * len(tx.outputs), {})
    assert Psbt.parse(raw).raw == raw
    field = b"\x01\x00" + var_bytes(b"\xff" * (MAX_UNSIGNED + 1))
    with pytest.raises(BadInput, match="global: the unsigned transaction is too large") as caught:
        Psbt.parse(b"psbt\xff" + field + b"\x00")
    just = b"\x01\x00" + var_bytes(b"\xff" * MAX_UNSIGNED)
    with pytest.raises(BadInput, match="unsigned transaction: count is larger"):
        Psbt.parse(b"psbt\xff" + just + b"\x00")
    assert (caught.value.expected, caught.value.found) == ("at most 400,000 bytes", "400,001 bytes")


def test_a_previous_transaction_may_be_as_large_as_a_block():
    """Somebody else made it; a miner may pay a thousand people in one."""
    paid = previous(0)
    large = Transaction(2, paid.inputs, paid.outputs * 10_000, 0)
    assert len(large.to_bytes()) > MAX_UNSIGNED
    tx = Transaction(2, (TxIn(OutPoint(large.txid, 19_999), b"", 0),), (paid.outputs[0],), 0)
    raw = build(tx, [PsbtInput(previous_tx=outline(large))], [PsbtOutput()], {})
    assert Psbt.parse(raw).inputs[0].previous_tx.output(-1) == paid.outputs[1]


HOSTILE = """
import sys
from dataclasses import replace
from signer.core.errors import BadInput
from signer.core.psbt import Psbt
try:
    Psbt.parse(sys.stdin.buffer.read())
except BadInput as problem:
    print(problem)
"""


@pytest.mark.parametrize("where", ["global", "input"])
def test_millions_of_tiny_fields_fill_no_memory(where):
    """32 MiB of fields of seven bytes are refused in a process that has 300 MiB in all."""
    head = b"psbt\xff\x01\x00" + var_bytes(paying(1).to_bytes())
    head += b"\x00" if where == "input" else b""
    fields = b"".join(b"\x05\x60" + u32(number) + b"\x00" for number in range(4_500_000))

    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (300 << 20, 300 << 20))

    done = subprocess.run(
        [sys.executable, "-c", HOSTILE],
        input=head + fields,
        cwd=ROOT,
        capture_output=True,
        check=False,
        timeout=60,
        preexec_fn=limit,
    )
    assert b"too many fields" in done.stdout, done.stderr


def test_a_file_may_be_as_large_as_the_limit():
    """And not a byte larger: 32 MiB, if nobody says another."""
    assert MAX_PSBT == 33_554_432
    raw = build(paying(1), [PsbtInput()], [PsbtOutput()], {})
    assert Psbt.parse(raw, limit=len(raw)).raw == raw
    with pytest.raises(BadInput, match="too large"):
        Psbt.parse(raw, limit=len(raw) - 1)


@pytest.mark.parametrize("at", range(5))
def test_another_magic_is_refused(at):
    """BIP174 gives five bytes; everything behind them is in order."""
    raw = bytearray(build(paying(1), [PsbtInput()], [PsbtOutput()], {}))
    raw[at] ^= 1
    with pytest.raises(BadInput, match="not a psbt"):
        Psbt.parse(bytes(raw))


@pytest.mark.parametrize("many", [2, 100])
@pytest.mark.parametrize("other", ["noise", "another transaction", "cut short"])
def test_a_shared_previous_transaction_is_believed_as_it_was_read(many, other):
    """The second coin of one payment brings other bytes for it: they are read, and refused."""
    paid = replace(previous(0), outputs=previous(0).outputs * many)
    true = outline(paid)
    raw = {
        "noise": bytes(len(true.raw)),
        "another transaction": previous(1).to_bytes(),
        "cut short": true.raw[:-1],
    }[other]
    spent = tuple(TxIn(OutPoint(paid.txid, at), b"", 0) for at in range(many))
    tx = Transaction(2, spent, (paid.outputs[0],), 0)
    honest = [PsbtInput(previous_tx=true)] * many
    assert Psbt.parse(build(tx, honest, [PsbtOutput()], {})).tx == tx
    said = [*honest[:-1], PsbtInput(previous_tx=true._replace(raw=raw))]
    with pytest.raises(BadInput, match=f"input {many - 1}: previous transaction"):
        Psbt.parse(build(tx, said, [PsbtOutput()], {}))
