"""What carries a BitBox02's messages: reports, protocol buffers, signatures, cut transactions."""

import pytest
from around import around
from bitbox02_device import Bitbox02Device
from replay import case

from hw import curve, usb
from hw.drivers import bitbox02
from hw.errors import Garbage, Rejected, Unsupported
from hw.framing import bitbox02 as framing
from hw.framing import protobuf
from hw.transaction import PreviousTransaction
from signer.chain.whole import parse_transaction

CHANNEL = b"\x10\x00\x00\x01"


@pytest.mark.parametrize(
    ("reports", "error"),
    [
        ([CHANNEL + b"\xc1"], Garbage),
        ([(CHANNEL + b"\xc1\x00\x01").ljust(70, b"\0")], Garbage),
        ([(b"\x10\x00\x00\x02\xc1\x00\x01").ljust(64, b"\0")], Garbage),
        ([(CHANNEL + b"\x83\x00\x01").ljust(64, b"\0")], Garbage),
        ([(CHANNEL + b"\xc1\x00\x00").ljust(64, b"\0")], Garbage),
        ([(CHANNEL + b"\xc1\xff\xff").ljust(64, b"\0")], Garbage),
        ([(CHANNEL + b"\xbf\x00\x01\x06").ljust(64, b"\0")], Rejected),
        (
            [
                (CHANNEL + b"\xc1\x00\x60").ljust(64, b"\0"),
                (CHANNEL + b"\x01").ljust(64, b"\0"),
            ],
            Garbage,
        ),
    ],
    ids=["short", "long", "channel", "command", "empty", "endless", "error", "out of order"],
)
def test_reports_that_are_not_cut_as_they_should_be(reports, error):
    """Each is told, before anything is allocated for it."""
    left = iter(reports)
    with pytest.raises(error):
        framing.join(lambda: next(left), CHANNEL)


def test_a_message_survives_its_reports():
    """At every length around a report's; the longest that U2F-HID allows, and no longer."""
    for size in (1, 56, 57, 58, 115, 116, 117, 7609):
        message = bytes(range(1, 256))[:1] * size
        reports = iter(framing.cut(message, CHANNEL))
        assert framing.join(lambda reports=reports: next(reports), CHANNEL) == message
    with pytest.raises(Unsupported):
        framing.cut(bytes(7610), CHANNEL)


@pytest.mark.parametrize(
    "answer",
    [b"\x01i", b"\x0799.25.1\0\0\0", b"\x07v9.25.1\0\0", b"\x07v9.25.1\0\7\0\0"],
)
def test_an_answer_that_does_not_say_what_it_is(bus, answer):
    """Neither version nor flags are guessed."""
    device = Bitbox02Device(bus)
    device._arbitrate = lambda *_: answer
    device.plugged()
    (at,) = usb.attached(bitbox02.DRIVER.shapes)
    with pytest.raises(Garbage):
        bitbox02.start(usb.open_pipe(at), around(bus))


def test_protocol_buffers():
    """The examples of protobuf.dev ("Encoding"); zeros and empties are left out."""
    assert protobuf.number(1, 150).hex() == "089601"
    assert protobuf.data(2, b"testing").hex() == "120774657374696e67"
    assert protobuf.message(3, protobuf.number(1, 150)).hex() == "1a03089601"
    assert protobuf.numbers(6, (3, 270, 86942)).hex() == "3206038e029ea705"
    assert protobuf.number(1, 0) == protobuf.data(1, b"") == protobuf.numbers(1, ()) == b""
    assert protobuf.number(3, 0, always=True).hex() == "1800"
    said = protobuf.Message.parse(bytes.fromhex("0896011207746573742121211d0000000021") + bytes(8))
    assert (said.number(1), said.text(2), said.number(9), said.has(9)) == (150, "test!!!", 0, False)
    assert said.message(9) == protobuf.Message()


@pytest.mark.parametrize("raw", ["08", "12", "1205aa", "0b", "0c", "0f", "00", "02", "1d0000",
                                 "08" + "ff" * 10 + "01", "08" + "ff" * 9 + "02"])  # fmt: skip
def test_what_is_no_protocol_buffer(raw):
    """Cut short, of no wire type, of no number, or a number of more than 64 bits."""
    with pytest.raises(Garbage):
        protobuf.Message.parse(bytes.fromhex(raw))


def test_a_signature_in_der():
    """Numbers with a high bit, or zeros before them, have one form only (BIP66)."""
    high, low = b"\x80" + bytes(31), bytes(31) + b"\x01"
    assert curve.der_of(high + low).hex() == "3026022100" + high.hex() + "020101"
    assert curve.der_of(low + bytes(32)).hex() == "3006020101020100"
    assert not curve.is_nonce(b"\x04" + bytes(64), b"")
    assert curve.tweaked_point(b"\x02" * 33, bytes(32)) is not None
    assert curve.tweaked_point(b"\x07" * 33, bytes(32)) is None


def test_a_previous_transaction_is_cut_as_the_core_reads_it():
    """With and without witness; cut short, or with a byte too many, it is none."""
    raw = bytes.fromhex(case("bitbox02")["final_tx_with_cosigner_alpha"])
    tx = parse_transaction(raw)
    for data in (raw, tx.to_bytes(witness=False)):
        cut = PreviousTransaction.parse(data)
        assert (cut.version, cut.locktime) == (tx.version, tx.lock_time)
        spent = [
            (one.txid[::-1].hex(), one.vout, one.script_sig, one.sequence) for one in cut.inputs
        ]
        assert spent == [
            (one.outpoint.txid, one.outpoint.vout, one.script_sig, one.sequence)
            for one in tx.inputs
        ]
        assert [(out.amount, out.script_pubkey) for out in cut.outputs] == [
            (out.amount, out.script) for out in tx.outputs
        ]
        for wrong in (data[:-1], data + b"\0", data[:20], b""):
            with pytest.raises(Unsupported):
                PreviousTransaction.parse(wrong)
