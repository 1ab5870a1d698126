"""Fuzz targets of the decoders of codes: each takes any bytes, and may only refuse them.

A target raises nothing but BadInput, which it swallows; what it reads must be as the decoder
promises, or it fails with an AssertionError. `TARGETS` is what the runner knows.
"""

from zlib import crc32

from bsms_targets import fuzz_bsms
from wallet_targets import WALLET_TARGETS

from signer.carry import bbqr, bip138, bytewords, cbor, crypto_account, crypto_output, fountain, ur
from signer.carry.payload import MAX_PAYLOAD, Kind, Payload, guess
from signer.carry.series import Session
from signer.core.errors import BadInput

MOST_CODES = 64


def fuzz_bytewords(data):
    """Words in every style: what is read is written the same."""
    text = data.decode("latin-1")
    for style in bytewords.Style:
        try:
            read = bytewords.decode(text, style)
        except BadInput:
            continue
        assert bytewords.encode(read, style) == text.lower()


def fuzz_cbor(data):
    """CBOR: what is read has this one encoding."""
    try:
        value = cbor.decode(data)
    except BadInput:
        return
    assert cbor.encode(value) == data


def fuzz_fountain(data):
    """Parts of one message after the other, each behind its length: never a wrong message."""
    decoder = None
    at = 0
    for _ in range(MOST_CODES):
        if at >= len(data):
            break
        size = data[at]
        try:
            part = fountain.Part.parse(data[at + 1 : at + 1 + size])
            assert part.to_bytes() == data[at + 1 : at + 1 + size]
            decoder = decoder or fountain.Decoder(part)
            decoder.receive(part)
            assert decoder.worth <= decoder.count <= fountain.MAX_FRAGMENTS
            if decoder.complete:
                message = decoder.message()
                assert len(message) == part.length <= fountain.MAX_MESSAGE
                assert crc32(message) == part.checksum
        except BadInput:
            pass
        at += 1 + size


def fuzz_session(data):
    """Codes, a line each, of any way: what comes out is whole, and of a size."""
    session = Session()
    for code in data.split(b"\n")[:MOST_CODES]:
        before = session.progress
        try:
            after = session.receive(code)
        except BadInput:
            assert session.progress == before
            continue
        assert after.have >= before.have
        assert len(after.missing) <= after.need <= 4096
        if after.complete:
            try:
                payload = session.payload()
            except BadInput:
                continue
            assert len(payload.data) <= MAX_PAYLOAD


def fuzz_ur(data):
    """A UR's type and CBOR, with words that fit: the payload of any type."""
    names = sorted(ur.TYPES)
    name = names[data[0] % len(names)] if data else "bytes"
    body = bytewords.encode(data[1:])
    fuzz_session(f"ur:{name}/{body}\n".encode() + f"ur:{name}/1-2/{body}".encode())


def fuzz_deflate(data):
    """The compressed content of a BBQr series."""
    if not data:
        return
    code = bbqr.split(Payload(Kind.BINARY, data), 10**6, "2")[0].replace("B$2", "B$Z", 1)
    joiner = bbqr.Joiner()
    joiner.receive(code)
    try:
        payload = joiner.payload()
    except BadInput:
        return
    assert len(payload.data) <= min(MAX_PAYLOAD, 64 * len(data))


def fuzz_output(data):
    """A descriptor: text that has one `#` and its checksum."""
    try:
        text = crypto_output.descriptor_text(data)
    except BadInput:
        return
    assert text.isascii()
    assert text.count("#") == 1


def fuzz_account(data):
    """Account keys: each of the account's master."""
    try:
        account = crypto_account.parse(data)
    except BadInput:
        return
    assert account.keys
    assert {e.key.origin.fingerprint for e in account.keys} == {account.fingerprint}


def fuzz_guess(data):
    """Any file: of some kind, and never larger."""
    try:
        payload = guess(data)
    except BadInput:
        return
    assert len(payload.data) <= len(data)


def fuzz_backup(data):
    """An encrypted backup, still closed: what is read is written again, sorted and each once."""
    try:
        closed = bip138.Container.parse(data)
    except BadInput:
        return
    again = bip138.Container.parse(closed.to_bytes())
    assert again.slots == tuple(sorted(set(closed.slots)))
    assert again.paths == tuple(sorted(set(closed.paths)))
    assert (again.nonce, again.ciphertext) == (closed.nonce, closed.ciphertext)


def fuzz_contents(data):
    """What a backup decrypts to: contents that are written as they were read, then padding."""
    try:
        contents = list(bip138.read_contents(data))
    except BadInput:
        return
    assert contents
    assert data.startswith(b"".join(content.to_bytes() for content in contents))


TARGETS = {
    "backup": fuzz_backup,
    "contents": fuzz_contents,
    "bytewords": fuzz_bytewords,
    "cbor": fuzz_cbor,
    "fountain": fuzz_fountain,
    "session": fuzz_session,
    "ur": fuzz_ur,
    "deflate": fuzz_deflate,
    "output": fuzz_output,
    "account": fuzz_account,
    "guess": fuzz_guess,
    "bsms": fuzz_bsms,
    **WALLET_TARGETS,
}
