"""What a driver talks through, and the shapes by which a device is known on the bus."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Transport(StrEnum):
    """How bytes travel."""

    HID = "hid"
    """Interrupt reports of a fixed size; through hidapi where the system keeps libusb off HID."""
    INTERRUPT = "interrupt"
    """The same reports on a vendor-class interface: libusb everywhere."""
    BULK = "bulk"
    """A byte stream over two bulk endpoints of a vendor-class interface."""
    CDC = "cdc"
    """A byte stream over CDC-ACM: a serial port that is truly USB."""
    BRIDGE = "bridge"
    """A byte stream through a USB-to-UART chip, which the system's own driver runs (pyserial)."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a model looks on the bus: one line of a driver's literal table.

    Attributes:
        model: for people, for instance "Coldcard Mk4".
        vendor: USB vendor id.
        product: USB product id, under the mask.
        transport: how bytes travel.
        interface: the interface's number, or None for the first that has `interface_class`.
        interface_class: USB class code of the interface that is talked to.
        product_mask: which bits of the product id count.
        report: bytes of a report; 0 for a stream.
        baud: line speed for CDC and bridges.
    """

    model: str
    vendor: int
    product: int
    transport: Transport
    interface: int | None = None
    interface_class: int = 3
    product_mask: int = 0xFFFF
    report: int = 64
    baud: int = 115_200

    def fits(self, vendor: int, product: int) -> bool:
        """Whether a device with these ids has this shape."""
        return vendor == self.vendor and product & self.product_mask == self.product


class Pipe(Protocol):
    """An open way to one device. Every method raises the errors of `hw/errors.py`, only those."""

    @property
    def shape(self) -> Shape:
        """The line of the table that it was opened for."""
        ...

    @property
    def product(self) -> int:
        """The whole USB product id."""
        ...

    @property
    def place(self) -> str:
        """Where it is plugged in, for people: `bus 1 port 2.3`."""
        ...

    def write(self, data: bytes) -> None:
        """Send one report of exactly `shape.report` bytes, or any bytes of a stream.

        Raises:
            Unplugged: the device went away.
            TimedOut: it does not take them.
            Garbage: its endpoint stalled, also after it was cleared once.
        """
        ...

    def read(self, timeout: float) -> bytes:
        """Wait for one report, or for at least one byte of a stream.

        A report comes as the device sent it: it may be too short or too long; never empty. Ctrl-C
        is heard at least every half a second while this waits.

        Args:
            timeout: seconds.

        Raises:
            TimedOut: nothing came.
            Unplugged: the device went away.
            Garbage: more came than a report, or the endpoint stalled twice.
        """
        ...

    def drain(self) -> None:
        """Throw away what the device still had to say to somebody else.

        Raises:
            Unplugged: the device went away.
        """
        ...

    def close(self) -> None:
        """Release the device and give it back to the kernel. Never raises; twice is harmless."""
        ...
