"""Pixels in, what the codes say out: a program of its own, started by `qr_reader.py`.

Image and film decoders are large C libraries, and what they read comes from others. So they run
here, alone: under limits of memory and time, with no file or socket to open once the source is
open, without the environment and without the modules of the program that started it. Nothing of
`signer` is imported. What goes wrong here ends this process, and nothing else.

Arguments: `file` (the picture or film is standard input) or `camera DEVICE`. On standard output,
for every frame: each code's bytes with their length in front (4 bytes, big-endian), then a length
of zero.
"""

import io
import resource
import sys
from collections.abc import Iterator
from typing import Any, Final

DONE, NO_LIBRARY, UNREADABLE, NO_MEMORY = 0, 10, 11, 12
"""How this process ends."""

_MEMORY: Final = 1 << 30
"""Bytes of address space. The libraries take a third of it, a film of 4K frames another."""
_SECONDS: Final = 900
"""Of processor time: a film of a quarter of an hour, at the speed of a slow machine."""
_MAX_PIXELS: Final = 50_000_000
"""More than any camera's picture; a picture of a bomb is refused from its header."""

_FORMATS: Final = (
    "png_pipe,jpeg_pipe,bmp_pipe,webp_pipe,tiff_pipe,pgm_pipe,ppm_pipe,gif,apng,"
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mjpeg"
)
"""Containers of pictures and films. Playlists, which would open other files, are not among them."""

_BLANK: Final = b"P5 8 8 255\n" + bytes(64)
"""A grey square, as a PGM."""
_CAMERAS: Final = {"linux": "v4l2", "darwin": "avfoundation"}


def main(arguments: list[str]) -> int:
    """Read the source to its end.

    Returns:
        One of the four codes above.
    """
    _limit(resource.RLIMIT_AS, _MEMORY)
    _limit(resource.RLIMIT_CPU, _SECONDS)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    try:
        import av  # noqa: PLC0415 -- under the limits, and only where it is installed
        import zxingcpp  # noqa: PLC0415 -- as above
    except ImportError:
        return NO_LIBRARY
    try:
        for frame in _open(av, arguments).decode(video=0):
            for data in _codes(zxingcpp, frame):
                sys.stdout.buffer.write(len(data).to_bytes(4, "big") + data)
            sys.stdout.buffer.write(bytes(4))
            sys.stdout.buffer.flush()
    except MemoryError:
        return NO_MEMORY
    except (av.FFmpegError, IndexError, OSError, ValueError):
        return UNREADABLE
    return DONE


def _open(av: Any, arguments: list[str]) -> Any:
    """The source, open; after that this process can open nothing, and connect to nobody."""
    if arguments[0] == "camera":
        source = av.open(arguments[1], format=_CAMERAS.get(sys.platform), mode="r")
        _limit(resource.RLIMIT_NOFILE, 0)
        return source
    # The library loads parts of itself when it first needs them: let it, before it no longer can.
    for frame in av.open(io.BytesIO(_BLANK), format="pgm_pipe").decode(video=0):
        _grey(frame)
    _limit(resource.RLIMIT_NOFILE, 0)
    options = {
        "format_whitelist": _FORMATS,
        "protocol_whitelist": "",
        "max_pixels": str(_MAX_PIXELS),
    }
    source = av.open(sys.stdin.buffer, mode="r", options=options)
    source.streams.video[0].thread_count = 1
    return source


def _codes(zxingcpp: Any, frame: Any) -> Iterator[bytes]:
    formats = zxingcpp.BarcodeFormat.QRCode
    return (bytes(code.bytes) for code in zxingcpp.read_barcodes(_grey(frame), formats=formats))


def _grey(frame: Any) -> memoryview:
    """The brightness of a frame, a byte a pixel, without the padding of its rows."""
    plane = frame.reformat(format="gray").planes[0]
    data, stride = memoryview(bytes(plane)), plane.line_size
    rows: Iterator[memoryview] = (
        data[at : at + frame.width] for at in range(0, stride * frame.height, stride)
    )
    return memoryview(b"".join(rows)).cast("B", (frame.height, frame.width))


def _limit(what: int, value: int) -> None:
    try:
        resource.setrlimit(what, (value, value))
    except (OSError, ValueError):
        return  # not every system has every limit


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
