"""Devices behind a USB-to-UART chip, through pyserial: the system's own driver runs the chip."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from hw.errors import InUse, NotPermitted, TimedOut, Unplugged
from hw.pipe import Shape

_SLICE: Final = 0.5  # seconds: as in hw/usb.py
_WRITE_TIMEOUT: Final = 5.0  # seconds


@dataclass(frozen=True, slots=True)
class BridgePlace:
    """A serial port whose chip fits a line of the table.

    Attributes:
        shape: the line.
        product: its product id.
        place: the port, `/dev/ttyUSB0` or `COM3`.
    """

    shape: Shape
    product: int
    place: str


def attached(shapes: Iterable[Shape]) -> list[BridgePlace]:
    """Serial ports that fit; none if pyserial is not installed."""
    wanted = tuple(shapes)
    try:
        from serial.tools import list_ports  # noqa: PLC0415 -- an extra
    except ImportError:
        return []
    return [
        BridgePlace(shape, port.pid, port.device)
        for port in sorted(list_ports.comports(), key=lambda port: str(port.device))
        for shape in wanted
        if port.vid is not None and shape.fits(port.vid, port.pid)
    ]


def open_pipe(at: BridgePlace) -> "BridgePipe":
    """Open the port.

    Raises:
        NotPermitted: the user is not in the port's group.
        InUse: another program holds it.
        Unplugged: it is gone.
    """
    import serial  # noqa: PLC0415 -- an extra; `attached` found the port with it

    try:
        port = serial.Serial(
            at.place, at.shape.baud, timeout=_SLICE, write_timeout=_WRITE_TIMEOUT, exclusive=True
        )
    except PermissionError:
        raise _forbidden(at) from None
    except serial.SerialException as error:
        text = str(error).lower()
        if "permission" in text or "access is denied" in text:
            raise _forbidden(at) from None
        if "lock" in text or "busy" in text:
            raise InUse(f"{at.place} is held by another program", found=text) from None
        raise Unplugged(f"{at.place} cannot be opened", found=text) from None
    return BridgePipe(at, port)


def _forbidden(at: BridgePlace) -> NotPermitted:
    return NotPermitted(
        f"the system does not let you open {at.place}",
        hint="add yourself to the port's group (dialout or uucp), or install the rules that "
        "`coldsign device udev` prints",
    )


class BridgePipe:
    """An open port. `hw/pipe.py` says what its methods do."""

    def __init__(self, at: BridgePlace, port: Any) -> None:
        self.shape, self.product, self.place = at.shape, at.product, at.place
        self._name = f"the {at.shape.model} at {at.place}"
        self._port = port

    def write(self, data: bytes) -> None:
        """Send bytes."""
        import serial  # noqa: PLC0415 -- as above

        try:
            self._port.write(data)
            self._port.flush()
        except serial.SerialTimeoutException:
            raise TimedOut(f"{self._name} does not take what is sent") from None
        except OSError as error:
            raise self._gone(error) from None

    def read(self, timeout: float) -> bytes:
        """Wait for bytes."""
        for _ in range(max(round(timeout / _SLICE), 1)):
            try:
                data = self._port.read(max(self._port.in_waiting, 1))
            except OSError as error:
                raise self._gone(error) from None
            if data:
                return bytes(data)
        raise TimedOut(f"{self._name} did not answer", hint="look at its screen, and try again")

    def drain(self) -> None:
        """Throw away what has come."""
        try:
            self._port.reset_input_buffer()
        except OSError as error:
            raise self._gone(error) from None

    def close(self) -> None:
        """Close the port."""
        with suppress(OSError):
            self._port.close()

    def _gone(self, error: OSError) -> Unplugged:
        return Unplugged(
            f"{self._name} went away", found=str(error).lower(), hint="plug it in again"
        )
