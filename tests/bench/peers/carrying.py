"""Codes for the camera: parts of a fountain code, and frames of a version-27 QR code."""

from signer.carry import bytewords, fountain, qr
from signer.carry.payload import Kind, Payload
from signer.carry.ur import message_of

LARGEST = 200
"""Bytes of a fragment at most; `js/worker.js` has the same."""


def version():
    """Ours, and what it draws with."""
    from importlib.metadata import version as of

    return f"this tree, and segno {of('segno')}"


def parts(case, *, ground):
    """Mixed parts of a PSBT, as text, by the functions that `ur.Series` calls."""
    message, count = message_of(Payload(Kind.PSBT, case.psbt), "crypto-psbt"), case.count

    def run():
        encoder = fountain.Encoder(message, LARGEST)
        found = []
        for number in range(encoder.count + 1, encoder.count + 1 + count):
            words = bytewords.encode(encoder.part(number).to_bytes())
            found.append(f"ur:crypto-psbt/{number}-{encoder.count}/{words}".upper())
        return found

    return run, lambda found: "\n".join(found).encode()


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


JOBS = {"parts": parts, "draw": ours, "segno": segno}
