"""Sessions: the way is told by the first code; nothing mixed ever comes out."""

import base64

import pytest
from carry_samples import binary, join, psbt
from hypothesis import given
from hypothesis import strategies as st

from signer.carry import bbqr, specter, ur
from signer.carry.payload import MAX_PAYLOAD, Kind, Payload
from signer.carry.series import MAX_CODE, Progress, Session, ranges
from signer.core.errors import BadInput

BASE64 = base64.b64encode(psbt()).decode()


def pieces(text, count):
    """Cut a text as Specter does."""
    size = -(-len(text) // count)
    return [f"p{n + 1}of{count} {text[n * size : (n + 1) * size]}" for n in range(count)]


@pytest.mark.parametrize(
    ("codes", "way"),
    [
        (bbqr.split(binary(400), 200), "bbqr"),
        (ur.Series(binary(400), 200).first(), "ur"),
        (ur.Series(binary(400), 200, "bytes").first()[::-1], "ur"),
        (pieces(base64.b64encode(b"x" * 300).decode(), 5), "specter"),
        (["hello"], "one code"),
    ],
)
def test_the_first_code_tells_the_way(codes, way):
    """Each way is recognised, counts, and finishes with its last code."""
    session = Session()
    assert session.progress == Progress("", 0, 1, (1,))
    for number, code in enumerate(codes, 1):
        progress = session.receive(code.encode())
        assert (progress.way, progress.have, progress.need) == (way, number, len(codes))
        assert len(progress.missing) == len(codes) - number
        assert session.receive(code.encode()) == progress
    assert progress.complete
    session.payload()


def test_the_missing_are_named():
    """Whoever holds the camera learns which codes are still to come."""
    codes = bbqr.split(binary(2000), 200)
    session = Session()
    for index in (0, 1, 4, 9):
        session.receive(codes[index].encode())
    missing = f"3-4, 6-9, 11-{len(codes)}"
    assert str(session.progress) == f"bbqr: 4 of {len(codes)}, missing {missing}"
    with pytest.raises(BadInput, match="not complete") as problem:
        session.payload()
    assert missing in problem.value.found


def test_specter_carries_a_psbt():
    """Pieces of a base64 PSBT, in any order, become the binary PSBT."""
    assert join(pieces(BASE64, 7)[::-1]) == Payload(Kind.PSBT, psbt())


def test_one_code_carries_what_it_is():
    """A PSBT or transaction as text becomes binary; other text stays."""
    assert join([BASE64]) == Payload(Kind.PSBT, psbt())
    assert join(['{"kind":"key"}']) == Payload(Kind.JSON, b'{"kind":"key"}')
    assert join(["p1of2"]) == Payload(Kind.TEXT, b"p1of2")
    session = Session()
    session.receive(psbt())
    assert session.payload() == Payload(Kind.PSBT, psbt())


WAYS = [
    "B$HP030161626364",
    ur.Series(binary(400), 200).code(1),
    "p1of3 abc",
    "hello",
]


@pytest.mark.parametrize("first", WAYS)
@pytest.mark.parametrize("second", WAYS)
def test_ways_do_not_mix(first, second):
    """A code of another way in the same session is refused."""
    session = Session()
    session.receive(first.encode())
    if first == second:
        assert session.receive(second.encode()).have == 1
        return
    with pytest.raises(BadInput, match="another series"):
        session.receive(second.encode())


def test_two_single_codes_do_not_mix():
    """One code is the whole; another one is somebody else's."""
    session = Session()
    session.receive(b"hello")
    with pytest.raises(BadInput, match="do not belong together"):
        session.receive(b"good bye")


def test_a_refused_code_changes_nothing():
    """What was received before stands, and the series can be finished."""
    codes = bbqr.split(binary(400), 200)
    session = Session()
    session.receive(codes[0].encode())
    before = session.progress
    for bad in (b"B$HP0300616", b"hello", b"", b"x" * (MAX_CODE + 1), b"B$2B0200AAAAAAAA"):
        with pytest.raises(BadInput):
            session.receive(bad)
    assert session.progress == before
    for code in codes[1:]:
        session.receive(code.encode())
    assert session.payload() == binary(400)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("p0of3 abc", "no such code"),
        ("p4of3 abc", "no such code"),
        ("p1of0 abc", "no such code"),
        ("p1of1000000000 abc", "not a code"),
        ("p1of999999999 abc", "too many"),
        ("p1of4097 abc", "too many"),
        ("p1of3 ", "not a code"),
    ],
)
def test_specter_pieces_have_limits(text, why):
    """Numbers out of range, too many pieces, and nothing inside."""
    with pytest.raises(BadInput, match=why):
        Session().receive(text.encode())


@pytest.mark.parametrize("other", ["p1of3 abd", "p2of4 abc"])
def test_specter_series_do_not_mix(other):
    """Another count, or another content under a known number, is another series."""
    joiner = specter.Joiner()
    joiner.receive("p1of3 abc")
    with pytest.raises(BadInput, match="another series"):
        joiner.receive(other)


def test_specter_series_have_a_size():
    """Together the pieces stay below the limit."""
    joiner = specter.Joiner()
    text = "x" * 7000
    fitting = MAX_PAYLOAD // len(text)
    for number in range(1, fitting + 1):
        joiner.receive(f"p{number}of4096 {text}")
    with pytest.raises(BadInput, match="too large a series"):
        joiner.receive(f"p{fitting + 1}of4096 {text}")


def test_nothing_at_all():
    """An empty session says so."""
    with pytest.raises(BadInput, match="no code was found"):
        Session().payload()


@given(st.lists(st.integers(1, 60), unique=True).map(sorted))
def test_ranges_name_the_same_numbers(numbers):
    """Numbers in ranges are the numbers."""
    found = []
    for run in filter(None, ranges(tuple(numbers), most=100).split(", ")):
        low, _, high = run.partition("-")
        found += range(int(low), int(high or low) + 1)
    assert found == numbers
    assert ranges((1, 3, 5), most=2) == "1, 3, ..."


@given(st.binary(max_size=100))
def test_any_bytes_are_taken_or_refused(data):
    """What a reader may see in a code is taken in or refused, never more."""
    session = Session()
    try:
        if session.receive(data).complete:
            session.payload()
    except BadInput:
        assert data is not None
