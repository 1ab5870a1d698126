"""Fuzz targets of the appliance's messages: any bytes from a host, or from an appliance."""

from hw.appliance.messages import (
    Address,
    Cancel,
    Failed,
    HelloIs,
    Line,
    Refused,
    Signed,
    StatusIs,
    Xpub,
)
from hw.appliance.wire import LIMITS, Garbled, Message, Stream

PAYLOADS = (Address, Cancel, Failed, HelloIs, Line, Refused, Signed, StatusIs, Xpub)


def fuzz_appliance_stream(data):
    """A stream, its first byte saying how it is cut: messages within limits, or one refusal."""
    size, stream = 1 + data[0] if data else 1, Stream()
    written = b""
    try:
        for at in range(1, len(data), size):
            for message in stream.feed(data[at : at + size]):
                assert len(message.payload) <= LIMITS[message.kind]
                written += message.to_bytes()
    except Garbled:
        assert stream.empty
        return
    # what was read is what came, byte for byte, and only an unfinished message is left
    assert data[1:].startswith(written)
    left = data[1 + len(written) :]
    assert stream.empty == (not left)


def fuzz_appliance_payload(data):
    """A payload of each kind, the first byte choosing: what is read is written the same."""
    if not data:
        return
    kind = PAYLOADS[data[0] % len(PAYLOADS)]
    try:
        payload = kind.parse(data[1:])
    except Garbled:
        return
    assert payload.to_bytes() == data[1:]


def fuzz_appliance_message(data):
    """One message with a payload of any bytes comes back."""
    for kind in LIMITS:
        (message,) = Stream().feed(Message(kind, 7, data[:4096]).to_bytes())
        assert message.payload == data[:4096]


TARGETS = {
    "appliance-stream": fuzz_appliance_stream,
    "appliance-payload": fuzz_appliance_payload,
    "appliance-message": fuzz_appliance_message,
}
