"""The bus of a rehearsal, behind pyusb's own backend interface: every cable is two named pipes.

What the host writes to an endpoint goes into one pipe, what it reads comes from the other; the
device at their far ends is a process of its own. Drivers, framing and pyusb are the real ones.
"""

import errno
import os
import select
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from hw import usb
from hw.pipe import Shape, Transport
from signer.ceremony.bus.pipes import TO_DEVICE, TO_HOST

_BULK, _INTERRUPT = 2, 3  # bmAttributes (USB 2.0, table 9-13)
_IN, _OUT = 0x81, 0x02


@dataclass(slots=True)
class Cable:
    """A cable, plugged into this process's bus.

    Attributes:
        shape: how the device at its end looks.
        port: its number on the bus.
        writes: descriptor of the pipe to the device.
        reads: descriptor of the pipe from it.
        claimed: whether its interface is.
    """

    shape: Shape
    port: int
    writes: int
    reads: int
    claimed: bool = False


def plug(shape: Shape, folder: Path, port: int) -> Cable:
    """Plug in the cable that lies in a folder."""
    # Opened both ways, a pipe does not wait for its other end.
    writes, reads = (os.open(folder / name, os.O_RDWR) for name in (TO_DEVICE, TO_HOST))
    return Cable(shape, port, writes, reads)


class Bus(usb.IBackend):  # type: ignore[misc] # -- pyusb has no types
    """pyusb's interface to a bus with these cables; `usb.backend.IBackend` says what methods do."""

    def __init__(self, *cables: Cable) -> None:
        super().__init__()
        self._cables: Final = cables

    def enumerate_devices(self) -> tuple[Cable, ...]:
        """List the cables."""
        return self._cables

    def get_parent(self, dev: Cable) -> None:
        """Say that there is no hub."""

    def get_device_descriptor(self, dev: Cable) -> SimpleNamespace:
        """Describe the device (USB 2.0, table 9-8)."""
        return SimpleNamespace(
            bLength=18, bDescriptorType=1, bcdUSB=0x200, bDeviceClass=0, bDeviceSubClass=0,
            bDeviceProtocol=0, bMaxPacketSize0=64, idVendor=dev.shape.vendor,
            idProduct=dev.shape.product, bcdDevice=0x100, iManufacturer=0, iProduct=0,
            iSerialNumber=0, bNumConfigurations=1, address=dev.port, bus=1, port_number=dev.port,
            port_numbers=(dev.port,), speed=3,
        )  # fmt: skip

    def get_configuration_descriptor(self, dev: Cable, config: int) -> SimpleNamespace:  # noqa: ARG002 -- pyusb's signature
        """Describe its only configuration (table 9-10)."""
        _only(config)
        return SimpleNamespace(
            bLength=9, bDescriptorType=2, wTotalLength=32, bNumInterfaces=1,
            bConfigurationValue=1, iConfiguration=0, bmAttributes=0x80, bMaxPower=50,
            extra_descriptors=[],
        )  # fmt: skip

    def get_interface_descriptor(
        self, dev: Cable, intf: int, alt: int, config: int
    ) -> SimpleNamespace:
        """Describe its only interface (table 9-12)."""
        _only(intf, alt, config)
        return SimpleNamespace(
            bLength=9, bDescriptorType=4, bInterfaceNumber=dev.shape.interface or 0,
            bAlternateSetting=0, bNumEndpoints=2, bInterfaceClass=dev.shape.interface_class,
            bInterfaceSubClass=0, bInterfaceProtocol=0, iInterface=0, extra_descriptors=[],
        )  # fmt: skip

    def get_endpoint_descriptor(
        self, dev: Cable, ep: int, intf: int, alt: int, config: int
    ) -> SimpleNamespace:
        """Describe one of its two endpoints (table 9-13)."""
        _only(intf, alt, config)
        kind = _BULK if dev.shape.transport is Transport.BULK else _INTERRUPT
        return SimpleNamespace(
            bLength=7, bDescriptorType=5, bEndpointAddress=(_IN, _OUT)[ep], bmAttributes=kind,
            wMaxPacketSize=64, bInterval=1, bRefresh=0, bSynchAddress=0, extra_descriptors=[],
        )  # fmt: skip

    def open_device(self, dev: Cable) -> Cable:
        """Open it."""
        return dev

    def close_device(self, dev_handle: Cable) -> None:
        """Close it."""

    def set_configuration(self, dev_handle: Cable, config_value: int) -> None:
        """Choose its only configuration."""

    def get_configuration(self, dev_handle: Cable) -> int:  # noqa: ARG002 -- pyusb's signature
        """Say which it is."""
        return 1

    def is_kernel_driver_active(self, dev_handle: Cable, intf: int) -> bool:  # noqa: ARG002 -- as above
        """Say that no kernel has it."""
        return False

    def claim_interface(self, dev_handle: Cable, intf: int) -> None:  # noqa: ARG002 -- as above
        """Claim it, once."""
        if dev_handle.claimed:
            raise usb.USBError("Resource busy", -6, errno.EBUSY)
        dev_handle.claimed = True

    def release_interface(self, dev_handle: Cable, intf: int) -> None:  # noqa: ARG002 -- as above
        """Release it."""
        dev_handle.claimed = False

    def clear_halt(self, dev_handle: Cable, ep: int) -> None:
        """Clear a stall, which does not happen here."""

    def bulk_write(self, dev_handle: Cable, ep: int, intf: int, data: Any, timeout: int) -> int:  # noqa: ARG002 -- as above
        """Write to the device."""
        rest = memoryview(bytes(data))
        while rest:
            rest = rest[os.write(dev_handle.writes, rest) :]
        return len(data)

    def bulk_read(self, dev_handle: Cable, ep: int, intf: int, buff: Any, timeout: int) -> int:  # noqa: ARG002 -- as above
        """Read what the device wrote, in its time."""
        if not select.select([dev_handle.reads], [], [], timeout / 1000)[0]:
            raise usb.USBTimeoutError("Operation timed out", -7, errno.ETIMEDOUT)
        data = os.read(dev_handle.reads, len(buff))
        buff[: len(data)] = type(buff)("B", data)
        return len(data)

    intr_write, intr_read = bulk_write, bulk_read


def _only(*numbers: int) -> None:
    """There is one of each: pyusb counts until this."""
    if any(numbers):
        raise IndexError(numbers)
