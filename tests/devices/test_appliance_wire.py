"""The appliance's messages: round trips, limits that are known before anything is kept, garbage."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.appliance import messages, wire
from hw.appliance.messages import (
    Address,
    Cancel,
    Failed,
    HelloIs,
    Line,
    Reason,
    Refused,
    Signature,
    Signed,
    State,
    StatusIs,
    Xpub,
)
from hw.appliance.wire import LIMITS, Fault, Garbled, Kind, Message, Stream

ID = "ab" * 32
PAYLOADS = [
    HelloIs("coldquorum 0.1.0", "0badcafe", (ID, "cd" * 32)),
    Xpub((48 | 1 << 31, 0, 2**32 - 1)),
    Address(ID, 1, 2**31 - 1),
    Line("bcrt1q"),
    Cancel(7),
    StatusIs(State.ASKING, 9),
    Signed((Signature(0, b"\2" * 33, b"\3" * 71), Signature(3, b"\2" * 33, b""))),
    Refused(ID, (Reason(7, "transaction.payments", "no", "coordinator", "a", "b", "c"),)),
    Failed(Fault.BUSY, "one at a time"),
]


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda p: type(p).__name__)
def test_payloads_come_back_and_nothing_may_be_cut_or_follow(payload):
    """Each payload is read as it was written; every other length of it is refused."""
    raw, parse = payload.to_bytes(), type(payload).parse
    assert parse(raw) == payload
    for wrong in (*(raw[:end] for end in range(len(raw))), raw + b"\0"):
        with pytest.raises(Garbled) as caught:
            parse(wrong)
        assert caught.value.fault is Fault.MALFORMED


@given(
    st.lists(st.tuples(st.sampled_from(Kind), st.integers(0, 2**32 - 1), st.binary(max_size=200))),
    st.lists(st.integers(1, 90), min_size=1),
)
def test_messages_come_whole_however_they_are_cut(given_messages, cuts):
    """A stream of messages, cut anywhere, gives the same messages, and nothing is left."""
    sent = [Message(*one) for one in given_messages]
    raw, stream, found, at, turn = b"".join(m.to_bytes() for m in sent), Stream(), [], 0, 0
    while at < len(raw):
        size = cuts[turn % len(cuts)]
        found += stream.feed(raw[at : at + size])
        at, turn = at + size, turn + 1
    assert found == sent
    assert stream.empty


@pytest.mark.parametrize("size", [0, 51, 52, 53, 500, 4096 - 12])
def test_a_message_never_ends_with_a_full_packet(size):
    """Its size is no multiple of 64, so the host's read ends without an empty packet."""
    raw = Message(Kind.SIGN, 1, bytes(size)).to_bytes()
    assert len(raw) % 64
    assert list(Stream().feed(raw)) == [Message(Kind.SIGN, 1, bytes(size))]


@pytest.mark.parametrize("kind", Kind)
def test_a_length_over_the_limit_is_refused_by_the_header_alone(kind):
    """Not one byte of the payload has to come; a length at the limit is waited for."""
    head = b"CQ" + bytes((1, kind)) + (5).to_bytes(4, "big")
    stream = Stream()
    with pytest.raises(Garbled) as caught:
        list(stream.feed(head + (LIMITS[kind] + 1).to_bytes(4, "big")))
    assert (caught.value.fault, caught.value.id) == (Fault.SIZE, 5)
    assert stream.empty
    assert list(stream.feed(head + LIMITS[kind].to_bytes(4, "big"))) == []
    with pytest.raises(Garbled):
        Message(kind, 1, bytes(LIMITS[kind] + 1)).to_bytes()


@pytest.mark.parametrize(
    ("raw", "fault", "number"),
    [
        (b"XQ" + bytes(10), Fault.MALFORMED, 0),
        (b"CQ\2\1" + bytes(3) + b"\4" + bytes(4), Fault.VERSION, 4),
        (b"CQ\1\x7f" + bytes(3) + b"\4" + bytes(4), Fault.KIND, 4),
        (
            b"CQ\1\1" + bytes(3) + b"\4" + bytes(2) + b"\0\x34" + bytes(52) + b"\1",
            Fault.MALFORMED,
            4,
        ),
    ],
    ids=["no magic", "version", "kind", "pad"],
)
def test_what_is_no_message_is_told_by_its_fault(raw, fault, number):
    """The fault, and the id as far as the header could be read; what was held is forgotten."""
    stream = Stream()
    with pytest.raises(Garbled) as caught:
        list(stream.feed(raw))
    assert (caught.value.fault, caught.value.id) == (fault, number)
    assert stream.empty


@pytest.mark.parametrize(
    ("parse", "raw"),
    [
        (Xpub.parse, b"\xff\xff"),
        (HelloIs.parse, bytes(2) + bytes(4) + b"\xff\xff"),
        (Signed.parse, b"\xff\xff"),
        (Signed.parse, b"\0\1" + bytes(2) + bytes(33) + b"\xff" + bytes(255)),
        (Signed.parse, b"\0\2" + 2 * (bytes(2) + bytes(33) + b"\0")),
        (Refused.parse, bytes(32) + b"\0\0"),
        (Failed.parse, b"\0" + bytes(2)),
        (StatusIs.parse, b"\x09" + bytes(4)),
        (Line.parse, b"\0\1\xff"),
        (Line.parse, b"\x09\0" + bytes(0x900)),
    ],
)
def test_counts_codes_and_texts_are_checked(parse, raw):
    """Counts over their limits, unknown codes, two signatures of one input, text that is none."""
    with pytest.raises(Garbled):
        parse(raw)


def test_the_longest_refusal_fits():
    """As many reasons as a message takes, each text as long as it may be, are sent whole."""
    texts = ["\u20ac" * 2000] * 6
    reasons = tuple(Reason(8, *texts) for _ in range(100))
    raw = Message(Kind.REFUSED, 1, Refused(ID, reasons).to_bytes()).to_bytes()
    (message,) = Stream().feed(raw)
    found = Refused.parse(message.payload).reasons
    assert len(found) == 64
    assert found[0].rule == "\u20ac" * (2048 // 3)


def test_the_longest_hello_fits():
    """More vaults than a message takes are left out."""
    hello = HelloIs("coldquorum 0.1.0", "0badcafe", (ID,) * 200)
    raw = Message(Kind.HELLO_IS, 1, hello.to_bytes()).to_bytes()
    (message,) = Stream().feed(raw)
    assert HelloIs.parse(message.payload).vaults == (ID,) * 100


def test_no_message_of_a_host_asks_for_a_secret():
    """The requests are these six. Whoever adds one thinks about what it gives away."""
    asked = {kind.name for kind in Kind if kind < 0x80}
    assert asked == {"HELLO", "XPUB", "ADDRESS", "SIGN", "CANCEL", "STATUS"}
    assert wire.VERSION == 1
    assert {name for name in vars(messages) if "secret" in name.lower()} == set()
