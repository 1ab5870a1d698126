"""Payments of the usual form are read by one match: what it says is what `Outline.read` says."""

from dataclasses import replace
from unittest.mock import patch

import bdkpython
import pytest
from hypothesis import given, settings
from psbt_samples import KEYS, P2WSH, SIGNATURE, changed, previous

from signer.core.errors import BadInput
from signer.core.names import Sats, Txid
from signer.core.transaction import (
    MAX_AMOUNT,
    Outline,
    OutPoint,
    Transaction,
    TxIn,
    TxOut,
    _usual,
)
from signer.core.wire import Reader


@pytest.fixture(autouse=True)
def made_anew():
    """The pattern is made by what is tested, not by what was tested before."""
    _usual.cache_clear()


def outcome(read, raw):
    """What is read of bytes in the middle of others, and where the reader is left; or the error."""
    reader = Reader(b"before" + raw + b"after", "transaction", 6, 6 + len(raw))
    try:
        return read(reader)
    except BadInput as problem:
        return problem.what, problem.expected, problem.found


def matched(raw):
    """Whether the match sufficed. Both ways are compared."""
    with patch.object(Outline, "read", wraps=Outline.read) as asked:
        found = outcome(Outline.usual, raw)
    assert found == outcome(Outline.read, raw)
    return not asked.called


ONE, TWO = SIGNATURE, SIGNATURE + b"\0"
SCRIPT_2_OF_3 = b"\x52" + b"".join(b"\x21" + key for key in KEYS[:3]) + b"\x53\xae"


def spent(script_sig=b"", *witness):
    """An input."""
    return TxIn(OutPoint(Txid("11" * 32), 7), script_sig, 0xFFFF_FFFD, witness)


PAID = [
    TxOut(Sats(amount), script)
    for amount, script in (
        (0, P2WSH),
        (546, b"\x00\x14" + bytes(20)),
        (2**32, b"\x51\x20" + bytes(32)),
        (7 * 2**48 - 1, b"\x76\xa9\x14" + bytes(20) + b"\x88\xac"),
        (1, b"\xa9\x14" + bytes(20) + b"\x87"),
        (1, b"\xaa\x20" + bytes(32) + b"\x87"),
    )
]
USUAL = {
    "P2WPKH": ([spent(b"", ONE, KEYS[0])], PAID[:2]),
    "P2WPKH, change first": ([spent(b"", TWO[:71], KEYS[0])], PAID[1::-1]),
    "P2SH-P2WPKH": ([spent(b"\x16\x00\x14" + bytes(20), ONE, KEYS[0])], PAID[:1]),
    "P2SH-P2WSH": ([spent(b"\x22" + P2WSH, b"", ONE, ONE, SCRIPT_2_OF_3)], PAID),
    "P2PKH": ([spent(b"\x48" + ONE + b"\x21" + KEYS[0])], PAID[:2]),
    "taproot": ([spent(b"", bytes(64))], PAID[:3]),
    "three coins": ([spent(b"", ONE, KEYS[at]) for at in range(3)], PAID[:2]),
    "two coins before segwit": ([spent(b"\x48" + ONE + b"\x21" + KEYS[0])] * 2, PAID[:2]),
    "a payout": ([spent(b"", ONE, KEYS[0])], PAID * 42),
    "a large payout": ([spent(b"", ONE, KEYS[0])], PAID * 100),
}
UNUSUAL = {
    "four coins": ([spent(b"", ONE, KEYS[0])] * 4, PAID[:2]),
    "a payout to 4,001": ([spent(b"", ONE, KEYS[0])], [PAID[0]] * 4_001),
    "only one of two has witnesses": ([spent(b"", ONE, KEYS[0]), spent()], PAID[:2]),
    "a large amount": ([spent(b"", ONE, KEYS[0])], [TxOut(Sats(7 * 2**48), P2WSH)]),
    "a script of its own": ([spent(b"", ONE, KEYS[0])], [TxOut(Sats(1), b"\x51")]),
    "a long script": ([spent(b"", ONE, KEYS[0])], [TxOut(Sats(1), bytes(300))]),
    "a long script sig": ([spent(bytes(253))], PAID[:1]),
    "a coinbase": ([TxIn(OutPoint(Txid("00" * 32), 2**32 - 1), b"\x03abc", 0)], PAID[:1]),
    "no outputs": ([spent(b"", ONE, KEYS[0])], []),
}


def raw_of(form, lock_time=0):
    """The bytes of a form."""
    inputs, outputs = form
    return Transaction(2, tuple(inputs), tuple(outputs), lock_time).to_bytes()


@pytest.mark.parametrize("name", USUAL)
@pytest.mark.parametrize("lock_time", [0, 1, 0x0101_0001, 0xFFFF_FFFF])
def test_the_usual_is_read_at_one_match(name, lock_time):
    """With the id that rust-bitcoin gives it, and its outputs."""
    raw = raw_of(USUAL[name], lock_time)
    assert matched(raw)
    found, theirs = Outline.usual(Reader(raw, "transaction")), bdkpython.Transaction(raw)
    assert found.txid == str(theirs.compute_txid())
    assert [found.output(at) for at in range(len(found.outputs))] == list(USUAL[name][1])


LENGTHS = {
    "script sig": {0, 23, 35, 105, 106, 107, 108},
    "script": {22, 23, 25, 34, 35},
    "witness": {0, 33, 64, 65, 70, 71, 72, 73, 105, 139, 173},
}


@pytest.mark.parametrize("what", LENGTHS)
def test_the_lengths_that_are_usual(what):
    """Those, and no others."""
    found = set()
    for length in range(200):
        part = bytes(length)
        coin = spent(part) if what == "script sig" else spent(b"", part)
        paid = TxOut(Sats(1), part if what == "script" else P2WSH)
        if matched(raw_of(([coin if what != "script" else spent()], [paid]))):
            found.add(length)
    assert found == LENGTHS[what]


def test_the_counts_that_are_usual():
    """Of inputs, of outputs, and of what an input's witness holds."""
    coin, paid = spent(b"", ONE), PAID[0]
    for one in (coin, spent()):
        assert [n for n in range(1, 6) if matched(raw_of(([one] * n, [paid])))] == [1, 2, 3]
    witness = [n for n in range(1, 9) if matched(raw_of(([spent(b"", *[ONE] * n)], [paid])))]
    assert witness == [1, 2, 3, 4, 5]
    some = (1, 2, 252, 253, 254, 255, 256, 257, 509, 512, 4_000, 4_001)
    assert [n for n in some if matched(raw_of(([coin], [paid] * n)))] == [*some[:-1]]


def test_a_count_in_a_longer_form_is_refused():
    """Two outputs, counted in three bytes: Core refuses it, too."""
    raw = raw_of(USUAL["P2WPKH"])
    at = raw.index(b"\x02" + PAID[0].to_bytes())
    longer = raw[:at] + b"\xfd\x02\x00" + raw[at + 1 :]
    assert not matched(longer)
    assert "shortest form" in outcome(Outline.usual, longer)[0]


@pytest.mark.parametrize("name", UNUSUAL)
def test_the_rest_is_read_piece_by_piece(name):
    """And to the same."""
    assert not matched(raw_of(UNUSUAL[name]))


@pytest.mark.parametrize("name", USUAL)
def test_what_is_wrong_with_the_usual_is_told(name):
    """Cut anywhere, a byte too many, counts that are others."""
    raw = raw_of(USUAL[name])
    for end in range(len(raw)) if len(raw) < 1_000 else range(0, len(raw), 97):
        assert not matched(raw[:end])
    assert not matched(raw + b"\0")
    for at in range(4, min(len(raw), 200)):
        for by in (-1, 1):
            matched(raw[:at] + bytes(((raw[at] + by) % 256,)) + raw[at + 1 :])


def test_an_amount_over_the_supply_is_refused():
    """The pattern asks for no supply: what it takes is under any."""
    assert MAX_AMOUNT > 7 * 2**48
    paid = replace(previous(0), outputs=(TxOut(Sats(MAX_AMOUNT + 1), P2WSH),))
    assert "over the supply" in outcome(Outline.usual, paid.to_bytes())[0]


@settings(max_examples=400, deadline=None)
@given(changed([raw_of(form) for form in USUAL.values()]))
def test_whatever_is_changed_both_ways_agree(raw):
    """Bytes replaced, taken out and put in."""
    matched(raw)
