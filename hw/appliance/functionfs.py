"""The endpoints as files: those of Linux's FunctionFS, or any two streams.

Source: Linux, Documentation/usb/functionfs.rst and drivers/usb/gadget/function/f_fs.c.
"""

import errno
import os
import struct
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Final

from hw.appliance import descriptors
from hw.appliance.serving import Over

_PART: Final = 16_384
"""Bytes of one transfer: a multiple of every packet, and small enough for the kernel's memory."""

_EVENT: Final = struct.Struct("<BBHHHB3x")
"""struct usb_functionfs_event: a setup packet, and what happened."""
_SETUP: Final = 4
_TO_HOST: Final = 0x80


class Endpoints:
    """Two files: a link for `Server`.

    Args:
        into: where the host writes to us: FunctionFS's OUT endpoint.
        out: where it reads from us: the IN endpoint.
    """

    def __init__(self, into: Path, out: Path) -> None:
        self._into = os.open(into, os.O_RDONLY)
        self._out = os.open(out, os.O_WRONLY)

    def read(self) -> bytes:
        """Wait for bytes."""
        try:
            data = os.read(self._into, _PART)
        except OSError as error:
            if error.errno == errno.ESHUTDOWN:  # unplugged, or the host chose no configuration
                return b""
            raise Over from error
        if not data:
            raise Over
        return data

    def write(self, data: bytes) -> None:
        """Send bytes; waits until the host takes them."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._out, rest[:_PART]) :]


def begin(control: Path) -> None:
    """Tell FunctionFS what we are, through its ep0, and answer what it asks from then on.

    The other endpoints' files appear when this returns; the gadget can be bound then.
    """
    end = os.open(control, os.O_RDWR)
    os.write(end, descriptors.descriptors())
    os.write(end, descriptors.strings())
    Thread(target=_answer, args=(end,), daemon=True).start()


def _answer(end: int) -> None:
    """Stall every request to our interface: we know none, and one unanswered would hang."""
    with suppress(OSError):
        while data := os.read(end, _EVENT.size):
            kind, *_rest, event = _EVENT.unpack(data)
            if event != _SETUP:
                continue
            # A transfer in the wrong direction is the way to stall; it raises EL2HLT.
            with suppress(OSError):
                if kind & _TO_HOST:
                    os.read(end, 0)
                else:
                    os.write(end, b"")
