"""A USB device in Python, plugged into this kernel's virtual host controller (vhci_hcd).

The kernel speaks USB/IP (Linux, Documentation/usb/usbip_protocol.rst, after the import) on one end
of a socket pair; on the other end answers a thread of ours. Descriptors are written from an
interface table like that of `tests/devices/bus.py`, and the far side is the same `Far`.
"""

import errno
import select
import socket
import struct
import threading
from dataclasses import dataclass, field
from pathlib import Path

VHCI = Path("/sys/devices/platform/vhci_hcd.0")
FULL_SPEED = 2
CDC, HID, DATA = 2, 3, 10

_HEADER = struct.Struct(">IIIII28s")
_SUBMIT, _UNLINK, _DONE, _UNLINKED = 1, 2, 3, 4
_IN = 1
_TICK = 0.005  # seconds between two looks at a far side that may have something to say

# vendor page, one report of 64 bytes in each direction (HID 1.11, section 6.2.2)
_REPORTS = bytes.fromhex("0600ff0901a1010903150026ff0075089540810209049540910 2c0".replace(" ", ""))


@dataclass
class Waiting:
    """An IN transfer that the host is waiting for."""

    number: int
    end: int
    size: int


@dataclass
class Device:
    """One device.

    Attributes:
        vendor: id.
        product: id.
        interfaces: number, class, and endpoints as address and attributes.
        far: what answers behind the endpoints.
        controls: class requests that came: type, request, value, index.
    """

    vendor: int
    product: int
    interfaces: tuple
    far: object
    port: int = 0
    controls: list = field(default_factory=list)
    heard: threading.Event = field(default_factory=threading.Event)

    def plug(self):
        """Plug it in: the kernel enumerates it from now on."""
        self._ours, theirs = socket.socketpair()
        self._waiting = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        line = f"{self.port} {theirs.fileno()} {0x10000 + self.port} {FULL_SPEED}"
        (VHCI / "attach").write_text(line)
        theirs.close()
        return self

    def unplug(self):
        """Pull the cable, whatever is on it."""
        self._ours.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._ours.close()

    # the wire

    def _serve(self):
        try:
            while True:
                if self._waiting and not select.select([self._ours], [], [], _TICK)[0]:
                    self._give()
                    continue
                self._hear(self._take(48))
                self._give()
        except (EOFError, OSError):
            return

    def _take(self, size):
        data = b""
        while len(data) < size:
            part = self._ours.recv(size - len(data))
            if not part:
                raise EOFError
            data += part
        return data

    def _hear(self, head):
        command, number, _device, direction, end, rest = _HEADER.unpack(head)
        if command == _UNLINK:
            wanted = struct.unpack_from(">I", rest)[0]
            found = [one for one in self._waiting if one.number == wanted]
            self._waiting = [one for one in self._waiting if one.number != wanted]
            status = -errno.ECONNRESET if found else 0
            self._send(_UNLINKED, number, struct.pack(">i", status))
            return
        size = struct.unpack_from(">i", rest, 4)[0]
        data = b"" if direction == _IN else self._take(size)
        if end == 0:
            answer = self._control(rest[20:28], data)
            if answer is None:
                self._done(number, -errno.EPIPE, 0, b"")
            else:
                told = answer[:size]
                self._done(number, 0, len(told) if direction == _IN else size, told)
        elif direction == _IN:
            self._waiting.append(Waiting(number, end, size))
        else:
            self.far.wrote(data)
            self._done(number, 0, len(data), b"")
            self.heard.set()

    def _give(self):
        """Answer the transfers that wait on the talking endpoint; others wait for ever."""
        talking = self._talking()
        for one in [w for w in self._waiting if w.end == talking]:
            data = self.far.reads(one.size)
            if data is None:
                return
            self._waiting.remove(one)
            self._done(one.number, 0, len(data), data)

    def _talking(self):
        """The IN endpoint of the interface with two: a CDC's notifications say nothing."""
        return next(
            address & 0x0F
            for number, kind, ends in reversed(self.interfaces)
            for address, _ in ends
            if address & 0x80 and len(ends) == 2
        )

    def _done(self, number, status, size, data):
        self._send(_DONE, number, struct.pack(">iiiii", status, size, 0, 0, 0), data)

    def _send(self, command, number, body, data=b""):
        head = struct.pack(">IIIII", command, number, 0, 0, 0) + body.ljust(28, b"\0")
        self._ours.sendall(head + data)

    # endpoint 0 (USB 2.0, section 9.4; HID 1.11, section 7; CDC PSTN 1.2, section 6.3)

    def _control(self, setup, data):
        kind, request, value, index, _length = struct.unpack("<BBHHH", setup)
        if kind & 0x60:
            self.controls.append((kind, request, value, index, bytes(data)))
            return bytes(7) if kind & 0x80 else b""
        if request == 6:
            return self._descriptor(value >> 8, value & 0xFF)
        if request == 0:
            return b"\0\0"
        if request == 8:
            return b"\1"
        return b"" if request in (1, 3, 5, 9, 11) else None

    def _descriptor(self, kind, place):
        match kind:
            case 1:
                ids = struct.pack("<HHH", self.vendor, self.product, 0x100)
                return struct.pack("<BBHBBBB", 18, 1, 0x200, 0, 0, 0, 64) + ids + b"\1\2\0\1"
            case 2:
                return self._configuration()
            case 3:
                text = ("", "Testing", "A device in Python")[place] if place < 3 else ""
                body = text.encode("utf-16-le") if place else b"\x09\x04"
                return bytes((2 + len(body), 3)) + body
            case 0x22:
                return _REPORTS
        return None

    def _configuration(self):
        body = b"".join(map(self._interface, self.interfaces))
        head = (9, 2, 9 + len(body), len(self.interfaces), 1, 0, 0x80, 50)
        return struct.pack("<BBHBBBBB", *head) + body

    def _interface(self, interface):
        number, kind, ends = interface
        subclass = 2 if kind == CDC else 0  # ACM
        body = bytes((9, 4, number, 0, len(ends), kind, subclass, int(kind == CDC), 0))
        if kind == CDC:  # header, call management, ACM, union (CDC 1.2, section 5.2.3)
            body += bytes((5, 0x24, 0, 0x10, 1, 5, 0x24, 1, 0, number + 1, 4, 0x24, 2, 2))
            body += bytes((5, 0x24, 6, number, number + 1))
        if kind == HID:
            body += struct.pack("<BBHBBBH", 9, 0x21, 0x111, 0, 1, 0x22, len(_REPORTS))
        for address, attributes in ends:
            body += struct.pack("<BBBBHB", 7, 5, address, attributes, 64, 1)
        return body


def driver_of(vendor, product, interface):
    """The name of the kernel's driver bound to an interface of a device, or empty."""
    for device in Path("/sys/bus/usb/devices").iterdir():
        ids = [device / "idVendor", device / "idProduct"]
        if all(path.exists() for path in ids) and [int(p.read_text(), 16) for p in ids] == [
            vendor,
            product,
        ]:
            link = device.parent / device.name / f"{device.name}:1.{interface}" / "driver"
            return link.resolve().name if link.exists() else ""
    return ""
