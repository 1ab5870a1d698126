"""USB through pyusb: which devices are there, and an open pipe to one interface of one of them.

The only file that imports pyusb. Sources: USB 2.0 (chapter 9), CDC PSTN 1.2 (section 6.3), libusb's
error codes as pyusb maps them to errno.
"""

import errno
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import usb.core
import usb.util
from usb.backend import IBackend, libusb1
from usb.core import USBError, USBTimeoutError

from hw import udev
from hw.errors import DeviceError, Garbage, InUse, NotInstalled, NotPermitted, TimedOut, Unplugged
from hw.pipe import Shape, Transport

__all__ = [
    "IBackend",
    "USBError",
    "USBTimeoutError",
    "UsbPipe",
    "UsbPlace",
    "attached",
    "given",
    "open_pipe",
    "pause",
    "use_backend",
]

_SLICE: Final = 0.5
"""Seconds of one transfer: Python hears Ctrl-C only between two calls into libusb."""

_WRITE_TIMEOUT: Final = 5.0
"""Seconds. A device that is busy for longer does not take commands any more."""

_STREAM_READ: Final = 4096
"""Bytes asked for in one bulk read: a multiple of every packet size, or the host overruns."""

_CDC_CONTROL: Final = 2
"""Class code of the CDC interface that takes the requests (CDC 1.2, table 12)."""

_SET_LINE_CODING, _SET_CONTROL_LINE_STATE = 0x20, 0x22  # CDC PSTN 1.2, table 13
_DTR_AND_RTS: Final = 3  # CDC PSTN 1.2, table 18
_TO_CLASS_INTERFACE: Final = 0x21  # bmRequestType: host to device, class, interface
_INTERRUPT, _BULK = 3, 2  # bmAttributes, bits 0 and 1
_DRAIN: Final = 0.01  # seconds: what a device has ready comes at once
_DRAIN_MOST: Final = 1024  # reads: no device floods for ever

_GONE: Final = (errno.ENODEV, errno.EIO, errno.ENOENT)
"""An unplug during a transfer is ENODEV or EIO; of a device that is gone before, ENOENT, too."""


@dataclass(slots=True)
class _World:
    backend: IBackend | None = None
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep


_world = _World()


def given() -> bool:
    """Whether the devices of this process come from a backend that somebody gave."""
    return _world.backend is not None


def pause(seconds: float) -> None:
    """Wait, in the time that the bus has."""
    _world.pause(seconds)


def use_backend(
    backend: IBackend | None,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Have every device of this process come from `backend`; None: libusb again.

    Args:
        backend: pyusb's own interface, for instance of an emulator.
        clock: seconds that passed; a simulator may have its own time.
        pause: waits so many of them.
    """
    _world.backend, _world.clock, _world.pause = backend, clock, pause


@dataclass(frozen=True, slots=True)
class UsbPlace:
    """A device on the bus, closed.

    Attributes:
        shape: the line that it fits.
        product: its whole product id.
        place: `bus 1 port 2.3`; two of one model differ here.
        device: pyusb's.
    """

    shape: Shape
    product: int
    place: str
    device: Any


def attached(shapes: Iterable[Shape]) -> list[UsbPlace]:
    """Devices on the bus that fit a line of the table, in the order of their places.

    Raises:
        NotInstalled: there is no libusb.
    """
    wanted = list(shapes)
    found = []
    with _told("the bus"):
        devices = list(usb.core.find(find_all=True, backend=_backend()) or ())
    for device in devices:
        with suppress(usb.core.USBError):  # it left while we looked
            shape = next((s for s in wanted if _fits(device, s)), None)
            if shape is not None:
                found.append(UsbPlace(shape, device.idProduct, _place(device), device))
    return sorted(found, key=lambda at: at.place)


def open_pipe(at: UsbPlace) -> "UsbPipe":
    """Take a device's interface from the kernel, and claim it.

    Raises:
        NotPermitted: the system forbids it; the hint is the udev rule.
        InUse: another program holds it.
        Unplugged: it is gone.
    """
    pipe = UsbPipe(at)
    try:
        pipe._open()  # noqa: SLF001 -- its other half
    except BaseException:
        pipe.close()
        raise
    return pipe


class UsbPipe:
    """One claimed interface. Made by `open_pipe`; `hw/pipe.py` says what its methods do."""

    def __init__(self, at: UsbPlace) -> None:
        self.shape = at.shape
        self.product = at.product
        self.place = at.place
        self._name = f"the {at.shape.model} at {at.place}"
        self._device: Any = at.device
        self._taken: list[int] = []
        self._out: Any = None
        self._in: Any = None

    def _open(self) -> None:
        with _told(self._name, self.shape):
            try:
                self._device.get_active_configuration()
            except usb.core.USBError as error:
                if error.errno is not None:  # without errno: not configured yet
                    raise
                self._device.set_configuration()
            interface = _interface(self._device, self.shape)
            if interface is None:
                raise Garbage(f"{self._name} has no such interface as its model")
            numbers = [interface.bInterfaceNumber]
            if self.shape.transport is Transport.CDC:
                # pyusb claims the interface that a request names, so the kernel must leave both.
                numbers += [
                    i.bInterfaceNumber
                    for i in self._device.get_active_configuration()
                    if i.bInterfaceClass == _CDC_CONTROL
                ][:1]
            self._take(numbers)
            self._in, self._out = _endpoints(interface, self.shape)
            if self.shape.transport is Transport.CDC:
                self._line(numbers[-1])

    def _take(self, numbers: list[int]) -> None:
        """Claim interfaces; of those, the kernel's are noted before the first is taken from it.

        A serial port's driver leaves both of its interfaces when one is taken.
        """
        with suppress(RuntimeError):  # a system whose kernel drivers cannot be detached
            self._taken = [n for n in numbers if self._device.is_kernel_driver_active(n)]
            for number in self._taken:
                if self._device.is_kernel_driver_active(number):
                    self._device.detach_kernel_driver(number)
        for number in numbers:
            usb.util.claim_interface(self._device, number)

    def _line(self, number: int) -> None:
        coding = self.shape.baud.to_bytes(4, "little") + bytes((0, 0, 8))  # 1 stop, no parity, 8
        self._device.ctrl_transfer(_TO_CLASS_INTERFACE, _SET_LINE_CODING, 0, number, coding)
        self._device.ctrl_transfer(
            _TO_CLASS_INTERFACE, _SET_CONTROL_LINE_STATE, _DTR_AND_RTS, number
        )

    def write(self, data: bytes) -> None:
        """Send one report, or bytes of a stream."""
        sent = 0
        while sent < len(data):
            part = data[sent:]
            with _told(self._name, self.shape):
                write = partial(self._out.write, part, int(_WRITE_TIMEOUT * 1000))
                count = self._unstalled(self._out, write)
            if count <= 0 or (self.shape.report and count != len(data)):
                raise Garbage(f"{self._name} took half of a message", found=f"{count} bytes")
            sent += count

    def read(self, timeout: float) -> bytes:
        """Wait for one report, or for bytes of a stream."""
        deadline = _world.clock() + timeout
        while True:
            left = deadline - _world.clock()
            with _told(self._name, self.shape):
                try:
                    data = self._unstalled(self._in, partial(self._once, min(left, _SLICE)))
                except usb.core.USBTimeoutError:
                    if left > _SLICE:
                        continue
                    raise
            if data:
                return bytes(data)
            # The kernel's own HID gadget sends an empty packet after a full report.
            if left <= 0:
                raise TimedOut(f"{self._name} sends nothing but empty packets")

    def _once(self, timeout: float) -> Any:
        size = self.shape.report or _STREAM_READ
        return self._in.read(size, max(int(timeout * 1000), 1))

    def _unstalled(self, endpoint: Any, transfer: Callable[[], Any]) -> Any:
        """Do a transfer; if the endpoint is stalled, clear it and do it once more."""
        try:
            return transfer()
        except usb.core.USBError as error:
            if error.errno != errno.EPIPE:
                raise
        with suppress(RuntimeError):  # a system that cannot: then it is still stalled
            endpoint.clear_halt()
        return transfer()

    def drain(self) -> None:
        """Throw away what is still on its way."""
        for _ in range(_DRAIN_MOST):
            with _told(self._name, self.shape):
                try:
                    self._unstalled(self._in, partial(self._once, _DRAIN))
                except usb.core.USBTimeoutError:
                    return

    def close(self) -> None:
        """Release the interfaces, and give back to the kernel what was taken from it."""
        device, self._device = self._device, None
        if device is None:
            return
        taken, self._taken = self._taken, []
        with suppress(usb.core.USBError, RuntimeError):
            for number in taken:
                with suppress(usb.core.USBError):
                    usb.util.release_interface(device, number)
            # Last to first: a serial port's driver comes back by its control interface, to both.
            for number in reversed(taken):
                with suppress(usb.core.USBError):
                    device.attach_kernel_driver(number)
        with suppress(usb.core.USBError):
            usb.util.dispose_resources(device)


class _told:  # noqa: N801 -- reads as a phrase: with _told(...)
    """Tell pyusb's errors as ours."""

    def __init__(self, name: str, shape: Shape | None = None) -> None:
        self._name, self._shape = name, shape

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, usb.core.USBError):
            raise self._error(error) from None

    def _error(self, error: Any) -> DeviceError:
        name, code = self._name, error.errno
        found = str(error.strerror or error).lower()
        if isinstance(error, usb.core.USBTimeoutError) or code == errno.ETIMEDOUT:
            return TimedOut(f"{name} did not answer", hint="look at its screen, and try again")
        if code in _GONE:
            return Unplugged(f"{name} went away", found=found, hint="plug it in and try again")
        if code in (errno.EACCES, errno.EPERM):
            rules = udev.rules([self._shape] if self._shape else []).strip().splitlines()
            return NotPermitted(
                f"the system does not let you open {name}",
                found=found,
                hint=f"put into {udev.FILE}, then plug it in again: {rules[-1]}",
            )
        if code == errno.EBUSY:
            return InUse(f"{name} is held by another program", hint="close the vendor's program")
        known = {errno.EPIPE: "its endpoint stalled twice", errno.EOVERFLOW: "more than a report"}
        return Garbage(f"{name} does not talk sense", found=known.get(code, found))


def _backend() -> IBackend:
    if _world.backend is not None:
        return _world.backend
    found = libusb1.get_backend()
    if found is None:
        with suppress(ImportError):
            import libusb_package  # noqa: PLC0415 -- only where the system has no libusb

            found = libusb_package.get_libusb1_backend()
    if found is None:
        raise NotInstalled(
            "libusb is not installed",
            hint="install the system's libusb-1.0, or `pip install 'coldquorum[devices]'`",
        )
    return found


def _place(device: Any) -> str:
    ports = ".".join(str(number) for number in device.port_numbers or ())
    return (
        f"bus {device.bus} port {ports}" if ports else f"bus {device.bus} address {device.address}"
    )


def _fits(device: Any, shape: Shape) -> bool:
    return shape.fits(device.idVendor, device.idProduct) and bool(_interface(device, shape))


def _interface(device: Any, shape: Shape) -> Any:
    """The interface that a shape means, from the descriptors alone, or None."""
    for configuration in device:
        for interface in configuration:
            if shape.interface not in (None, interface.bInterfaceNumber):
                continue
            if interface.bInterfaceClass == shape.interface_class and all(
                _endpoints(interface, shape)
            ):
                return interface
    return None


def _endpoints(interface: Any, shape: Shape) -> tuple[Any, Any]:
    """The first endpoint in and the first out, of the kind that the transport uses."""
    stream = shape.transport in (Transport.BULK, Transport.CDC)
    kind = _BULK if stream else _INTERRUPT
    ends = [end for end in interface if end.bmAttributes & 3 == kind]
    return (
        next((end for end in ends if end.bEndpointAddress & 0x80), None),
        next((end for end in ends if not end.bEndpointAddress & 0x80), None),
    )
