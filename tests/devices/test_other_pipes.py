"""The same interface through pyserial, through hidapi, and where no libusb is."""

import os
import pty
import sys
from types import SimpleNamespace

import pytest

from hw import bridge, find, hidapi, usb
from hw.device import Driver
from hw.errors import InUse, NotInstalled, NotPermitted, TimedOut, Unplugged
from hw.pipe import Shape, Transport

UART = Shape("Testline", 0x10C4, 0xEA60, Transport.BRIDGE, report=0)
HID = Shape("Testkey", 0x1234, 0x0001, Transport.HID, interface=0)


@pytest.fixture
def line():
    """A pseudo-terminal: its far end, and a pipe to it through pyserial."""
    far, near = pty.openpty()
    pipe = bridge.open_pipe(bridge.BridgePlace(UART, 0xEA60, os.ttyname(near)))
    os.close(near)
    yield far, pipe
    pipe.close()


def test_a_bridge_carries_bytes_both_ways(line):
    """What is written arrives, what is sent is read, what is left over is drained."""
    far, pipe = line
    pipe.write(b"\x00\xff\n\rhello")
    assert os.read(far, 100) == b"\x00\xff\n\rhello"
    os.write(far, b"\x11\x13answer")
    said = b""
    while len(said) < len(b"\x11\x13answer"):
        said += pipe.read(5)  # a stream: as many bytes as there are
    assert said == b"\x11\x13answer"
    os.write(far, b"old")
    pipe.drain()
    with pytest.raises(TimedOut):
        pipe.read(0.1)
    os.close(far)


def test_a_bridge_that_is_unplugged(line):
    """A port that goes away in the middle is an unplug, and is closed without an error."""
    far, pipe = line
    os.close(far)
    with pytest.raises(Unplugged):
        pipe.read(1)
    pipe.close()


def test_a_bridge_that_is_not_there_or_held(line, tmp_path):
    """No such port is an unplug; a port that somebody else holds is in use."""
    far, pipe = line
    with pytest.raises(Unplugged):
        bridge.open_pipe(bridge.BridgePlace(UART, 0xEA60, str(tmp_path / "ttyUSB9")))
    with pytest.raises(InUse):
        bridge.open_pipe(bridge.BridgePlace(UART, 0xEA60, pipe._port.port))
    os.close(far)


def test_bridges_are_found_by_the_ids_of_their_chip(monkeypatch):
    """Ports of other chips, and ports without ids, are left alone."""
    from serial.tools import list_ports

    ports = [
        SimpleNamespace(device="/dev/ttyUSB1", vid=0x10C4, pid=0xEA60),
        SimpleNamespace(device="/dev/ttyUSB0", vid=0x0403, pid=0x6010),
        SimpleNamespace(device="/dev/ttyS0", vid=None, pid=None),
    ]
    monkeypatch.setattr(list_ports, "comports", lambda: ports)
    assert [port.place for port in bridge.attached([UART])] == ["/dev/ttyUSB1"]


class FakeHid:
    """The module `hid`, with one device that echoes."""

    def __init__(self):
        self.opened, self.closed, self.fails = [], 0, False
        self.waiting = []

    def enumerate(self):
        """Two interfaces of one device, and a stranger."""
        return [
            {"path": b"p1", "vendor_id": 0x1234, "product_id": 1, "interface_number": 1},
            {"path": b"p0", "vendor_id": 0x1234, "product_id": 1, "interface_number": 0},
            {"path": b"p2", "vendor_id": 0x4321, "product_id": 1, "interface_number": 0},
        ]

    def device(self):
        """The device is the module."""
        return self

    def open_path(self, path):
        """Open, or fail as hidapi does."""
        if self.fails:
            raise OSError("open failed")
        self.opened.append(path)

    def write(self, data):
        """A report, after its number."""
        if self.fails:
            return -1
        assert data[0] == 0
        self.waiting.append(data[1:])
        return len(data)

    def read(self, size, timeout):
        """The next report, or nothing."""
        if self.fails:
            raise OSError("read error")
        return list(self.waiting.pop(0)[:size]) if self.waiting else []

    def close(self):
        """Close."""
        self.closed += 1


@pytest.fixture
def hid(monkeypatch):
    """A system that keeps libusb off HID."""
    fake = FakeHid()
    monkeypatch.setitem(sys.modules, "hid", fake)
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(find, "DRIVERS", (Driver("test", (HID,), (), lambda pipe, _: pipe),))
    return fake


def test_hid_goes_through_hidapi_elsewhere(hid):
    """On macOS, the interface of the table is opened through hidapi, and behaves as a pipe."""
    (place,) = find.attached()
    pipe = place.pipe()
    assert hid.opened == [b"p0"]
    pipe.write(bytes(range(64)))
    assert pipe.read(1) == bytes(range(64))
    pipe.write(bytes(64))
    pipe.drain()
    with pytest.raises(TimedOut):
        pipe.read(0.1)
    pipe.close()
    assert hid.closed == 1


def test_hidapi_errors_are_ours(hid):
    """An unplug while writing or reading, and an interface that cannot be opened."""
    (place,) = find.attached()
    pipe = place.pipe()
    hid.fails = True
    with pytest.raises(Unplugged):
        pipe.write(bytes(64))
    with pytest.raises(Unplugged):
        pipe.read(1)
    with pytest.raises(InUse):
        place.pipe()


def test_libraries_that_are_missing_are_told(monkeypatch):
    """No hidapi, no libusb: the error says what to install; without pyserial, no bridges."""
    for name in ("hid", "libusb_package", "serial.tools"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(usb.libusb1, "get_backend", lambda: None)
    for missing in (lambda: hidapi.attached([HID]), lambda: usb.attached([HID])):
        with pytest.raises(NotInstalled) as told:
            missing()
        assert "coldquorum[devices]" in told.value.hint
    assert bridge.attached([UART]) == []


def test_the_real_libusb_can_be_asked():
    """Without a backend of ours, libusb lists this machine's bus: nothing of ours is there."""
    assert usb.attached([Shape("Nobody's", 0xFFFF, 0xFFFE, Transport.HID)]) == []


def test_a_port_that_may_not_be_opened(monkeypatch):
    """The hint names the group and the rules."""
    import serial

    def forbidden(*_, **__):
        raise serial.SerialException(13, "could not open port: Permission denied")

    monkeypatch.setattr(serial, "Serial", forbidden)
    with pytest.raises(NotPermitted) as told:
        bridge.open_pipe(bridge.BridgePlace(UART, 0xEA60, "/dev/ttyUSB0"))
    assert "dialout" in told.value.hint
