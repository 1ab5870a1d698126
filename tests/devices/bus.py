"""A USB bus in memory, behind pyusb's own backend interface; pyusb itself is not patched.

Devices are plugged into it with `Bus.plug`. Each has a far side: what answers on the other end of
the endpoints. Faults are put between the two. The kernel's driver, claims, and open handles are
kept account of, so that a test can ask whether everything was given back.
"""

import errno
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from types import SimpleNamespace
from typing import Protocol

from usb.backend import IBackend
from usb.core import USBError, USBTimeoutError

from hw.pipe import Shape, Transport

INTERRUPT, BULK = 3, 2
CONTROL, DATA = 2, 10  # class codes of a serial port's two interfaces


class Far(Protocol):
    """The device's side of its endpoints."""

    def wrote(self, data: bytes) -> None:
        """The host wrote a report, or bytes of a stream."""

    def reads(self, size: int) -> bytes | None:
        """The host reads: one report, or up to `size` bytes of a stream; None: nothing yet."""


class FarSide:
    """A far side that answers each thing written with reports, or bytes of a stream."""

    def __init__(self):
        self.waiting: deque[bytes] = deque()

    def answer(self, data: bytes) -> Iterable[bytes]:
        """Say what comes back for what was written: the reports, in order."""
        return ()

    def wrote(self, data: bytes) -> None:
        """Take what the host wrote."""
        self.waiting.extend(self.answer(data))

    def reads(self, size: int) -> bytes | None:
        """Give the next report."""
        return self.waiting.popleft() if self.waiting else None


class Kind(StrEnum):
    """What can go wrong on the bus."""

    UNPLUG = "unplugged, the kernel says ENODEV"
    UNPLUG_EIO = "unplugged, the kernel says EIO"
    STALL = "stalled once"
    STALLED = "stalled for ever"
    GARBAGE = "a report of noise"
    ZEROS = "a report of zeros"
    SHORT = "a report cut to three bytes"
    EMPTY = "an empty packet before a report"
    LONG = "a report of 70 bytes"
    OVERFLOW = "the kernel says EOVERFLOW"
    SILENT = "silent for ever"
    BUSY = "held by another program"
    FORBIDDEN = "not permitted"


@dataclass
class Fault:
    """One thing that goes wrong.

    Attributes:
        kind: what.
        at: number of the transfer, from 0; reads and writes are counted together, reads only when
            there is something to read. Of GARBAGE and the like, the next read at or after it.
    """

    kind: Kind
    at: int = 0
    done: bool = field(default=False, init=False)


@dataclass
class Interface:
    """One interface of a device: number, class, endpoints (address, attributes)."""

    number: int
    kind: int
    endpoints: tuple[tuple[int, int], ...] = ()


@dataclass
class Plugged:
    """A device on the bus, and what the host did to it."""

    far: Far
    vendor: int
    product: int
    interfaces: tuple[Interface, ...]
    port: int
    kernel: set[int]
    faults: list[Fault] = field(default_factory=list)
    transfers: int = 0
    gone: bool = False
    claimed: set[int] = field(default_factory=set)
    opened: int = 0
    stalled: bool = False
    halts_cleared: int = 0
    controls: list[tuple[int, ...]] = field(default_factory=list)
    kernel_at_start: frozenset[int] = frozenset()
    configured: bool = True

    def __post_init__(self):
        self.kernel_at_start = frozenset(self.kernel)

    @property
    def given_back(self) -> bool:
        """Whether nothing is claimed, no handle is open, and the kernel has its drivers again."""
        kernel = self.gone or self.kernel == self.kernel_at_start
        return not self.claimed and not self.opened and kernel


class Bus(IBackend):
    """The bus. `clock` is its own time: it passes when somebody waits for a report in vain."""

    def __init__(self):
        super().__init__()
        self.devices: list[Plugged] = []
        self.now = 0.0
        self.interrupt_at: float | None = None
        """When the person in front presses Ctrl-C, if somebody is waiting then."""

    def clock(self) -> float:
        """Give the bus's time, in seconds."""
        return self.now

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds
        if self.interrupt_at is not None and self.now >= self.interrupt_at:
            self.interrupt_at = None
            raise KeyboardInterrupt

    def plug(
        self,
        far: Far,
        shape: Shape,
        *,
        interfaces: Iterable[Interface] = (),
        product: int | None = None,
        kernel: bool = True,
        faults: Iterable[Fault] = (),
    ) -> Plugged:
        """Plug a device in: its own interfaces, or the one that its shape needs."""
        device = Plugged(
            far,
            shape.vendor,
            shape.product if product is None else product,
            tuple(interfaces) or interfaces_of(shape),
            len(self.devices) + 1,
            set(),
            list(faults),
        )
        if kernel:
            device.kernel = {i.number for i in device.interfaces if i.kind in (2, 3, 8, 10)}
            device.kernel_at_start = frozenset(device.kernel)
        self.devices.append(device)
        return device

    # pyusb asks for descriptors as objects with every field of USB 2.0, chapter 9.

    def enumerate_devices(self):
        """List what is plugged in."""
        return [device for device in self.devices if not device.gone]

    def get_parent(self, dev):
        """Devices here hang on no hub."""

    def get_device_descriptor(self, dev):
        """Describe the device."""
        return SimpleNamespace(
            bLength=18, bDescriptorType=1, bcdUSB=0x200, bDeviceClass=0, bDeviceSubClass=0,
            bDeviceProtocol=0, bMaxPacketSize0=64, idVendor=dev.vendor, idProduct=dev.product,
            bcdDevice=0x100, iManufacturer=0, iProduct=0, iSerialNumber=0, bNumConfigurations=1,
            address=dev.port + 1, bus=1, port_number=dev.port, port_numbers=(dev.port,), speed=2,
        )  # fmt: skip

    def get_configuration_descriptor(self, dev, config):
        """Describe its only configuration."""
        if config:
            raise IndexError(config)
        return SimpleNamespace(
            bLength=9, bDescriptorType=2, wTotalLength=0, bNumInterfaces=len(dev.interfaces),
            bConfigurationValue=1, iConfiguration=0, bmAttributes=0x80, bMaxPower=50,
            extra_descriptors=[],
        )  # fmt: skip

    def get_interface_descriptor(self, dev, intf, alt, config):
        """Describe an interface."""
        if alt or intf >= len(dev.interfaces):
            raise IndexError(intf)
        one = dev.interfaces[intf]
        return SimpleNamespace(
            bLength=9, bDescriptorType=4, bInterfaceNumber=one.number, bAlternateSetting=0,
            bNumEndpoints=len(one.endpoints), bInterfaceClass=one.kind, bInterfaceSubClass=0,
            bInterfaceProtocol=0, iInterface=0, extra_descriptors=[],
        )  # fmt: skip

    def get_endpoint_descriptor(self, dev, ep, intf, alt, config):
        """Describe an endpoint."""
        address, attributes = dev.interfaces[intf].endpoints[ep]
        return SimpleNamespace(
            bLength=7, bDescriptorType=5, bEndpointAddress=address, bmAttributes=attributes,
            wMaxPacketSize=64, bInterval=1, bRefresh=0, bSynchAddress=0, extra_descriptors=[],
        )  # fmt: skip

    # what a host does

    def open_device(self, dev):
        """Open it, if it is there and permitted."""
        self._here(dev)
        if self._fault(dev, Kind.FORBIDDEN):
            raise USBError("Access denied (insufficient permissions)", -3, errno.EACCES)
        dev.opened += 1
        return dev

    def close_device(self, dev_handle):
        """Close it."""
        dev_handle.opened -= 1

    def set_configuration(self, dev_handle, config_value):
        """Configure it."""
        self._here(dev_handle)
        dev_handle.configured = True

    def get_configuration(self, dev_handle):
        """Say which configuration is active."""
        self._here(dev_handle)
        return int(dev_handle.configured)

    def set_interface_altsetting(self, dev_handle, intf, altsetting):
        """Set the only setting."""
        self._here(dev_handle)

    def claim_interface(self, dev_handle, intf):
        """Claim an interface, unless the kernel or another program has it."""
        self._here(dev_handle)
        if intf in dev_handle.kernel or self._fault(dev_handle, Kind.BUSY):
            raise USBError("Resource busy", -6, errno.EBUSY)
        dev_handle.claimed.add(intf)

    def release_interface(self, dev_handle, intf):
        """Release it."""
        dev_handle.claimed.discard(intf)
        self._here(dev_handle)

    def is_kernel_driver_active(self, dev_handle, intf):
        """Say whether the kernel's driver is bound."""
        self._here(dev_handle)
        return intf in dev_handle.kernel

    def detach_kernel_driver(self, dev_handle, intf):
        """Unbind the kernel's driver: of a serial port, from both of its interfaces."""
        self._here(dev_handle)
        if intf not in dev_handle.kernel:
            raise USBError("Entity not found", -5, errno.ENOENT)
        dev_handle.kernel -= self._bound_with(dev_handle, intf)

    def attach_kernel_driver(self, dev_handle, intf):
        """Bind it again: that of a serial port by its control interface, and then to both."""
        self._here(dev_handle)
        together = self._bound_with(dev_handle, intf)
        if together & dev_handle.claimed:
            raise USBError("Resource busy", -6, errno.EBUSY)
        if next(i.kind for i in dev_handle.interfaces if i.number == intf) != DATA:
            dev_handle.kernel |= together

    def _bound_with(self, device, intf):
        serial = {i.number for i in device.interfaces if i.kind in (CONTROL, DATA)}
        return serial if intf in serial else {intf}

    def bulk_write(self, dev_handle, ep, intf, data, timeout):
        """Write to a stream."""
        return self._write(dev_handle, intf, bytes(data))

    def intr_write(self, dev_handle, ep, intf, data, timeout):
        """Write a report."""
        return self._write(dev_handle, intf, bytes(data))

    def bulk_read(self, dev_handle, ep, intf, buff, timeout):
        """Read from a stream."""
        return self._read(dev_handle, intf, buff, timeout)

    def intr_read(self, dev_handle, ep, intf, buff, timeout):
        """Read a report."""
        return self._read(dev_handle, intf, buff, timeout)

    def ctrl_transfer(self, dev_handle, *setup):
        """Note a request."""
        kind, request, value, index, data, _timeout = setup
        self._here(dev_handle)
        if index not in dev_handle.claimed:
            raise USBError("Resource busy", -6, errno.EBUSY)
        dev_handle.controls.append((kind, request, value, index, *bytes(data)))
        return len(data)

    def clear_halt(self, dev_handle, ep):
        """Clear a stall."""
        self._here(dev_handle)
        dev_handle.halts_cleared += 1

    def reset_device(self, dev_handle):
        """Nothing here resets."""

    # faults

    def _here(self, device):
        if device.gone:
            raise USBError("No such device (it may have been disconnected)", -4, errno.ENODEV)

    def _fault(self, device, *kinds):
        """Find a fault of these kinds whose time has come, and which has not happened yet."""
        for fault in device.faults:
            if fault.kind in kinds and not fault.done and device.transfers >= fault.at:
                return fault
        return None

    def _transfer(self, device, intf):
        self._here(device)
        if intf not in device.claimed:
            raise USBError("Resource busy", -6, errno.EBUSY)
        if fault := self._fault(device, Kind.UNPLUG, Kind.UNPLUG_EIO):
            device.gone = True
            code = errno.ENODEV if fault.kind is Kind.UNPLUG else errno.EIO
            raise USBError("gone", -4, code)
        if fault := self._fault(device, Kind.STALL, Kind.STALLED):
            fault.done = fault.kind is Kind.STALL
            raise USBError("Pipe error", -9, errno.EPIPE)

    def _write(self, device, intf, data):
        self._transfer(device, intf)
        device.transfers += 1
        if not self._fault(device, Kind.SILENT):
            device.far.wrote(data)
        return len(data)

    def _read(self, device, intf, buff, timeout):
        self._transfer(device, intf)
        room = len(buff)
        silent = self._fault(device, Kind.SILENT)
        empty = self._fault(device, Kind.EMPTY)
        if empty:
            empty.done = True
            return 0
        data = None if silent else device.far.reads(room)
        if data is None:
            self.pause(timeout / 1000)
            raise USBTimeoutError("Operation timed out", -7, errno.ETIMEDOUT)
        data = self._spoiled(device, data)
        device.transfers += 1
        if len(data) > room:
            raise USBError("Overflow", -8, errno.EOVERFLOW)
        buff[: len(data)] = type(buff)("B", data)
        return len(data)

    def _spoiled(self, device, data):
        kinds = (Kind.GARBAGE, Kind.ZEROS, Kind.SHORT, Kind.LONG, Kind.OVERFLOW)
        fault = self._fault(device, *kinds)
        if fault is None:
            return data
        fault.done = True
        noise = bytes((byte * 37 + 0x5B) % 256 for byte in range(len(data)))
        return {
            Kind.GARBAGE: noise,
            Kind.ZEROS: bytes(len(data)),
            Kind.SHORT: data[:3],
            Kind.LONG: data + noise[:6],
            Kind.OVERFLOW: bytes(100_000),
        }[fault.kind]


def interfaces_of(shape: Shape) -> tuple[Interface, ...]:
    """The interfaces that a shape needs at least."""
    number = shape.interface or 0
    if shape.transport is Transport.CDC:
        return (
            Interface(0, 2, ((0x83, INTERRUPT),)),
            Interface(number or 1, shape.interface_class, ((0x81, BULK), (0x02, BULK))),
        )
    kind = BULK if shape.transport is Transport.BULK else INTERRUPT
    before = tuple(Interface(n, 0xFE) for n in range(number))
    return (*before, Interface(number, shape.interface_class, ((0x81, kind), (0x02, kind))))
