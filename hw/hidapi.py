"""HID devices through hidapi, on the systems that keep libusb off HID: macOS and Windows."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from hw.errors import InUse, NotInstalled, TimedOut, Unplugged
from hw.pipe import Shape

_SLICE: Final = 0.5  # seconds: as in hw/usb.py
_DRAIN_MOST: Final = 1024  # reports: as in hw/usb.py
_NO_REPORT_NUMBER: Final = b"\x00"  # hidapi's first byte, for devices that number no reports


@dataclass(frozen=True, slots=True)
class HidPlace:
    """A HID interface that fits a line of the table.

    Attributes:
        shape: the line.
        product: its product id.
        place: for people: the end of the system's path for it.
        path: the system's own.
    """

    shape: Shape
    product: int
    place: str
    path: bytes


def attached(shapes: Iterable[Shape]) -> list[HidPlace]:
    """HID interfaces that fit.

    Raises:
        NotInstalled: there is no hidapi.
    """
    wanted = tuple(shapes)
    return [
        HidPlace(shape, one["product_id"], one["path"].decode(errors="replace")[-24:], one["path"])
        for one in sorted(_hid().enumerate(), key=lambda one: bytes(one["path"]))
        for shape in wanted
        if shape.fits(one["vendor_id"], one["product_id"])
        # -1: the system does not tell, of a device with one interface
        and (shape.interface is None or one["interface_number"] in (-1, shape.interface))
    ]


def open_pipe(at: HidPlace) -> "HidPipe":
    """Open the interface.

    Raises:
        InUse: another program holds it, or it is gone: hidapi does not tell them apart.
    """
    device = _hid().device()
    try:
        device.open_path(at.path)
    except OSError:
        raise InUse(
            f"the {at.shape.model} cannot be opened", hint="close the vendor's own program"
        ) from None
    return HidPipe(at, device)


class HidPipe:
    """An open interface. `hw/pipe.py` says what its methods do."""

    def __init__(self, at: HidPlace, device: Any) -> None:
        self.shape, self.product, self.place = at.shape, at.product, at.place
        self._name = f"the {at.shape.model}"
        self._device = device

    def write(self, data: bytes) -> None:
        """Send one report."""
        try:
            sent = self._device.write(_NO_REPORT_NUMBER + data)
        except (OSError, ValueError) as error:
            raise self._gone(error) from None
        if sent < 0:
            raise self._gone(None)

    def read(self, timeout: float) -> bytes:
        """Wait for one report."""
        for _ in range(max(round(timeout / _SLICE), 1)):
            data = self._report(_SLICE)
            if data:
                return data
        raise TimedOut(f"{self._name} did not answer", hint="look at its screen, and try again")

    def _report(self, timeout: float) -> bytes:
        try:
            return bytes(self._device.read(self.shape.report, int(timeout * 1000)))
        except (OSError, ValueError) as error:
            raise self._gone(error) from None

    def drain(self) -> None:
        """Throw away what has come."""
        for _ in range(_DRAIN_MOST):
            if not self._report(0.01):
                return

    def close(self) -> None:
        """Close it."""
        with suppress(OSError, ValueError):
            self._device.close()

    def _gone(self, error: Exception | None) -> Unplugged:
        found = str(error or "").lower()
        return Unplugged(f"{self._name} went away", found=found, hint="plug it in again")


def _hid() -> Any:
    try:
        import hid  # noqa: PLC0415 -- an extra
    except ImportError:
        raise NotInstalled(
            "hidapi is not installed", hint="`pip install 'coldquorum[devices]'`"
        ) from None
    return hid
