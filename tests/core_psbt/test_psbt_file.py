"""PSBTs in files: binary, base64, and what people give instead."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psbt_samples import vault_psbt

from signer.carry import file
from signer.carry.file import decode, read_psbt, write_psbt
from signer.core.errors import BadInput, Fault

RAW = vault_psbt(2)
TEXT = base64.b64encode(RAW)


@pytest.mark.parametrize(
    "data",
    [
        RAW,
        TEXT,
        TEXT + b"\n",
        b"  \n" + TEXT,
        base64.encodebytes(RAW),
        TEXT.replace(b"A", b"A\r\n"),
    ],
    ids=["binary", "base64", "line end", "blanks", "wrapped", "crlf"],
)
def test_both_encodings_are_told_apart(tmp_path, data):
    """What wallets write, with or without line ends."""
    path = tmp_path / "a.psbt"
    path.write_bytes(data)
    assert read_psbt(path) == RAW


@pytest.mark.parametrize(
    ("data", "what", "say"),
    [
        (RAW.hex().encode(), "hexadecimal", "xxd"),
        (RAW.hex().upper().encode() + b"\n", "hexadecimal", "xxd"),
        (b'{"payload":""}', "something else", "a json document"),
        (b"0200000001" + b"00" * 50, "something else", "a raw transaction"),
        (b"\x02\x00\x00\x00\x01" + bytes(50), "something else", "a raw transaction"),
        (bytes(range(200, 256)), "something else", "bytes that start with c8c9"),
        (b"   \n", "something else", "bytes that start with"),
        (TEXT[:-1], "broken base64", "copy the whole text"),
        (TEXT[:50] + b"!" + TEXT[50:], "broken base64", "copy the whole text"),
        (TEXT[:40] + "é".encode() + TEXT[40:], "broken base64", "copy the whole text"),
        (TEXT + TEXT, "broken base64", "copy the whole text"),
    ],
)
def test_what_is_no_psbt_is_named(data, what, say):
    """The error guesses what it is, and the hint says what to do."""
    with pytest.raises(BadInput, match=what) as caught:
        decode(data)
    assert say in caught.value.found + caught.value.hint
    assert caught.value.fault is Fault.OFFICER


@given(st.binary(max_size=60), st.sampled_from([b"", TEXT[:6], TEXT[:30], b"70736274ff"]))
def test_anything_is_decoded_or_bad_input(data, start):
    """Nothing but BadInput comes out of noise."""
    try:
        found = decode(start + data)
    except BadInput:
        return
    assert found.startswith(b"psbt")


def test_missing_file_folder_and_empty_file(tmp_path):
    """The usual slips have one clear line each."""
    empty = tmp_path / "empty.psbt"
    empty.touch()
    for path, what in (
        (tmp_path / "none.psbt", "no such file"),
        (tmp_path, "folder|directory"),
        (empty, "empty"),
    ):
        with pytest.raises(BadInput, match=what):
            read_psbt(path)


def test_huge_file_is_refused_unread(tmp_path, monkeypatch):
    """A sparse gigabyte costs nothing."""
    path = tmp_path / "huge.psbt"
    with path.open("wb") as sparse:
        sparse.truncate(1 << 30)
    with pytest.raises(BadInput, match="too large"):
        read_psbt(path)
    monkeypatch.setattr(file, "_MAX_FILE", 100)
    path.write_bytes(RAW)
    with pytest.raises(BadInput, match="too large"):
        read_psbt(path)


def test_written_file_is_binary_and_never_overwritten(tmp_path):
    """An existing file stays as it is."""
    path = tmp_path / "out.psbt"
    write_psbt(path, RAW)
    assert path.read_bytes() == RAW
    with pytest.raises(BadInput, match="exists"):
        write_psbt(path, b"other")
    assert path.read_bytes() == RAW
    assert list(tmp_path.iterdir()) == [path]
