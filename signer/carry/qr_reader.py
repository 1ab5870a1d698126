"""Reads QR codes from pictures, films and cameras, through `qr_decoder.py` in its own process.

That process is not believed: what it tells is taken in parts of limited size, it is ended when it
is silent for too long, and when it crashes the codes that it told before are still there.
"""

import os
import select
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from signer.carry import qr_decoder
from signer.carry.series import MAX_CODE
from signer.core.errors import BadInput, Fault

MAX_FILE: Final = 1 << 30
"""Bytes of a picture or film; it is never in memory as a whole."""
SILENCE: Final = 20.0
"""Seconds that a frame may take. A large one takes a tenth of one."""
LONGEST: Final = 900.0
"""Seconds for one source, whatever it is."""

_PROGRAM: Final = Path(qr_decoder.__file__)
_PART: Final = 1 << 16
_LENGTH: Final = 4
_KEPT: Final = "the codes read before are kept"


class ReaderFailed(BadInput):
    """The decoder's process did not come to its end. What it told before stands."""


def read_file(path: Path) -> Iterator[bytes]:
    """What the codes in a picture or film say, frame by frame.

    Args:
        path: the file.

    Yields:
        What a code says, or nothing (empty bytes) when a frame is over.

    Raises:
        BadInput: missing, too large, or the libraries are not installed.
        ReaderFailed: not a picture, or the decoder crashed, was silent, or took too long.
    """
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_size > MAX_FILE:
                expected = f"at most {MAX_FILE:,} bytes"
                raise BadInput("too large a film", fault=Fault.OFFICER, expected=expected)
            yield from _read(["file"], str(path), file.fileno())
    except OSError as error:
        raise BadInput(
            f"a picture cannot be read: {path}",
            fault=Fault.OFFICER,
            found=(error.strerror or "").lower(),
            hint="check the path",
        ) from None


def read_camera(device: str) -> Iterator[bytes]:
    """What the codes before a camera say.

    Args:
        device: for instance `/dev/video0`.

    Yields:
        As `read_file`; no end of itself.

    Raises:
        BadInput: the libraries are not installed.
        ReaderFailed: no such camera, or as `read_file`.
    """
    return _read(["camera", device], device, subprocess.DEVNULL)


def _read(arguments: list[str], name: str, stdin: int) -> Iterator[bytes]:
    with subprocess.Popen(  # noqa: S603 -- our own program, by its path
        [sys.executable, "-I", str(_PROGRAM), *arguments],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
        bufsize=0,
    ) as process:
        try:
            with closing(_records(process, name)) as records:
                yield from records
            _judge(process.wait(timeout=SILENCE), name)
        except subprocess.TimeoutExpired:
            raise _failed(f"the decoder does not end: {name}", "silent") from None
        finally:
            process.kill()


def _records(process: "subprocess.Popen[bytes]", name: str) -> Generator[bytes, None, None]:
    pipe = process.stdout
    if pipe is None:
        raise TypeError("the decoder was started without a pipe")
    held = b""
    end = time.monotonic() + LONGEST
    while (left := end - time.monotonic()) > 0:
        if not select.select([pipe], [], [], min(SILENCE, left))[0]:
            break
        part = os.read(pipe.fileno(), _PART)
        if not part:
            return
        held += part
        at = 0
        while len(held) >= at + _LENGTH:
            length = int.from_bytes(held[at : at + _LENGTH], "big")
            if length > MAX_CODE:
                raise _failed(f"the decoder talks nonsense: {name}", f"{length:,} bytes")
            if len(held) < at + _LENGTH + length:
                break
            yield held[at + _LENGTH : at + _LENGTH + length]
            at += _LENGTH + length
        held = held[at:]
    raise _failed(f"the decoder took too long: {name}", "ended")


def _judge(code: int, name: str) -> None:
    if code == qr_decoder.DONE:
        return
    if code == qr_decoder.NO_LIBRARY:
        raise BadInput(
            "the libraries that read QR codes are not installed",
            fault=Fault.MACHINE,
            expected="zxing-cpp and av",
            hint="pip install 'coldquorum[camera]'",
        )
    if code == qr_decoder.UNREADABLE:
        what = f"not a picture, film or camera that can be read: {name}"
        raise _failed(what, "", Fault.OFFICER)
    if code == qr_decoder.NO_MEMORY:
        raise _failed(f"too large a picture: {name}", "out of memory")
    raise _failed(f"the decoder crashed: {name}", f"exit code {code}")


def _failed(what: str, found: str, fault: Fault = Fault.MACHINE) -> ReaderFailed:
    return ReaderFailed(what, fault=fault, found=found, hint=_KEPT)
