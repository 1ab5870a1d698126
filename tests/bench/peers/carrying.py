"""Codes for the camera: parts of a fountain code, and frames of a version-27 QR code."""

from signer.carry import bytewords, fountain, qr
from signer.carry.payload import Kind, Payload
from signer.carry.ur import Joiner, message_of

TYPE = "crypto-psbt"
LARGEST = 200
"""Bytes of a fragment at most; `js/worker.js` has the same."""


def version():
    """Ours, and what it draws with."""
    from importlib.metadata import version as of

    return f"this tree, and segno {of('segno')}"


def _encoder(case):
    return fountain.Encoder(message_of(Payload(Kind.PSBT, case.psbt), TYPE), LARGEST)


def _texts_of(encoder, numbers):
    for part in encoder.parts(numbers):
        words = bytewords.encode(part.to_bytes())
        yield f"ur:{TYPE}/{part.sequence}-{encoder.count}/{words}".upper()


def parts(case, *, ground):
    """Mixed parts of a PSBT, as text, by the functions that `ur.Series` calls."""

    def run():
        encoder = _encoder(case)
        first = encoder.count + 1
        return list(_texts_of(encoder, range(first, first + case.count)))

    return run, lambda found: "\n".join(found).encode()


def joined(case, *, ground):
    """A PSBT from the plain parts but every third, and then from mixed ones, until it is whole."""
    encoder = _encoder(case)
    plain = [number for number in range(1, encoder.count + 1) if number % 3]
    mixed = range(encoder.count + 1, encoder.count + 1 + case.count)
    texts = list(_texts_of(encoder, (*plain, *mixed)))

    def run():
        joiner = Joiner()
        for text in texts:
            joiner.receive(text)
            if joiner.worth == joiner.count:
                break
        return joiner.payload()

    return run, lambda payload: payload.data


def _texts(case):
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    size = qr.capacity(27)
    return [
        "".join(alphabet[(at * at + number * 7) % 36] for at in range(size))
        for number in range(case.count)
    ]


def ours(case, *, ground):
    """Our drawing, frame by frame."""
    texts = _texts(case)
    return lambda: [qr.draw(text, 27) for text in texts], lambda found: b"%d" % len(found)


def segno(case, *, ground):
    """The library's own choice of a mask."""
    import segno as library

    texts = _texts(case)
    return (
        lambda: [library.make_qr(text, version=27, error="l", boost_error=False) for text in texts],
        lambda found: b"%d" % len(found),
    )


JOBS = {"parts": parts, "joined": joined, "draw": ours, "segno": segno}
