"""What bytes are taken for."""

import base64
import json
from pathlib import Path

import pytest
from carry_samples import SHARED, noise, psbt
from hypothesis import given
from hypothesis import strategies as st

from signer.carry.payload import SUFFIXES, Kind, Payload, guess
from signer.core.errors import BadInput

TRANSACTION = bytes.fromhex(
    json.loads((SHARED / "recorded_psbts.json").read_text())["bitcoind"]["transactions"][2]
)


@pytest.mark.parametrize(
    ("data", "kind", "kept"),
    [
        (psbt(), Kind.PSBT, None),
        (base64.b64encode(psbt()) + b"\n", Kind.PSBT, psbt()),
        (TRANSACTION, Kind.TRANSACTION, None),
        (TRANSACTION.hex().encode() + b"\n", Kind.TRANSACTION, TRANSACTION),
        (TRANSACTION.hex().upper().encode(), Kind.TRANSACTION, TRANSACTION),
        (
            b"02000000 is how it starts, and this is no transaction at all, but a text" * 2,
            "text",
            None,
        ),
        (b'{"a": 1}', Kind.JSON, None),
        (b'{"a": 1', Kind.TEXT, None),
        (b"[" * 100_000, Kind.TEXT, None),
        (b'{"a":' * 100_000, Kind.TEXT, None),
        ("wsh(ж)".encode(), Kind.TEXT, None),
        (b"a\0b", Kind.BINARY, None),
        (b"\xff\xfe" + noise(50), Kind.BINARY, None),
        (b"", Kind.TEXT, None),
    ],
)
def test_guesses(data, kind, kept):
    """Files are told apart by content; texts of binary things become binary."""
    assert guess(data) == Payload(Kind(kind), data if kept is None else kept)


def test_a_broken_base64_psbt_is_not_taken_for_text():
    """Who wanted to carry a PSBT must not carry its ruins."""
    with pytest.raises(BadInput, match="base64"):
        guess(base64.b64encode(psbt())[:-1])


@pytest.mark.parametrize(
    ("kind", "data"),
    [(Kind.PSBT, b"text"), (Kind.JSON, b"\xff"), (Kind.TEXT, b"\0")],
)
def test_a_claimed_kind_is_looked_at(kind, data):
    """What evidently is not what the codes say is refused."""
    with pytest.raises(BadInput, match=f"the codes say {kind}"):
        Payload.of(kind, data)


def test_the_mark_is_both_ends_of_the_digest():
    """Officers compare 16 digits of SHA-256."""
    payload = Payload(Kind.TEXT, b"abc")
    assert payload.sha256.startswith("ba7816bf")
    assert payload.mark == "ba7816bf...f20015ad"


def test_every_kind_has_a_suffix():
    """Files of every kind get an ending."""
    assert set(SUFFIXES) == set(Kind)
    assert all(Path(f"x{suffix}").suffix == suffix for suffix in SUFFIXES.values())


@given(st.binary(max_size=200))
def test_any_bytes_are_something(data):
    """Nothing but a damaged base64 PSBT fails."""
    try:
        assert guess(data).kind in Kind
    except BadInput:
        assert data.strip().startswith(b"cHNidP")
