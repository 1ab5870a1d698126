"""The table of drivers, and the devices on this machine that they know.

A new vendor is a file in `hw/drivers/` and a line in `DRIVERS`.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

from hw import bridge, hidapi, usb
from hw.device import Driver, HardwareSigner, Surroundings
from hw.drivers import appliance, bitbox02, coldcard, jade, ledger, trezor
from hw.errors import DeviceError, NotFound
from hw.pipe import Pipe, Shape, Transport

DRIVERS: Final[tuple[Driver, ...]] = (
    appliance.DRIVER,
    coldcard.DRIVER,
    ledger.DRIVER,
    bitbox02.DRIVER,
    trezor.DRIVER,
    jade.DRIVER,
)
"""Every vendor that this program speaks to."""


@dataclass(frozen=True, slots=True)
class Attached:
    """A device that is plugged in, closed.

    Attributes:
        driver: that speaks to it.
        shape: the line of its table that it fits.
        place: where it is plugged in, for people; two of one model differ here.
        pipe: opens the way to it.
    """

    driver: Driver
    shape: Shape
    place: str
    pipe: Callable[[], Pipe]

    def open(self, surroundings: Surroundings) -> HardwareSigner:
        """Open it, as far as it goes without a person.

        Raises:
            DeviceError: it is not permitted, held by another program, or does not answer as its
                model should. It is closed again then.
        """
        pipe = self.pipe()
        try:
            return self.driver.open(pipe, surroundings)
        except BaseException:
            pipe.close()
            raise


@dataclass(frozen=True, slots=True)
class Opened:
    """A device that is open.

    Attributes:
        attached: where it is, and its driver.
        signer: the driver's.
    """

    attached: Attached
    signer: HardwareSigner


def attached() -> list[Attached]:
    """Every device here that a driver knows, by vendor and place.

    Raises:
        NotInstalled: a library is missing, without which nothing can be listed.
    """
    return [found for driver in DRIVERS for found in _of(driver)]


def find(fingerprint: str, surroundings: Surroundings) -> Opened:
    """Open the device with this master fingerprint, and no other.

    It is the device's own word: the station compares its keys with the enrolled vault's.

    Raises:
        NotFound: no device here has it; the error says what the others are.
    """
    others = []
    for place in attached():
        name = f"{place.shape.model} at {place.place}"
        try:
            signer = place.open(surroundings)
        except DeviceError as error:
            others.append(f"{name}: {error.what}")
            continue
        try:
            found = signer.fingerprint()
        except DeviceError as error:
            signer.close()
            others.append(f"{name}: {error.what}")
            continue
        except BaseException:
            signer.close()
            raise
        if found == fingerprint:
            return Opened(place, signer)
        signer.close()
        others.append(f"{name}: {found}")
    raise NotFound(
        "no such device is plugged in",
        expected=fingerprint,
        found="; ".join(others) or "no device that this program knows",
        hint="plug it in and unlock it; `coldsign device list` shows what is there",
    )


def _of(driver: Driver) -> Iterator[Attached]:
    through_usb: list[Shape] = []
    through_hidapi: list[Shape] = []
    through_bridge: list[Shape] = []
    for shape in driver.shapes:
        if shape.transport is Transport.BRIDGE:
            through_bridge.append(shape)
        elif shape.transport is Transport.HID and sys.platform != "linux" and not usb.given():
            through_hidapi.append(shape)
        else:
            through_usb.append(shape)
    if through_usb:
        for at in usb.attached(through_usb):
            yield Attached(driver, at.shape, at.place, partial(usb.open_pipe, at))
    if through_hidapi:
        for path in hidapi.attached(through_hidapi):
            yield Attached(driver, path.shape, path.place, partial(hidapi.open_pipe, path))
    # A bridge's ids are those of a chip that many things have: without pyserial, there are none.
    if through_bridge and not usb.given():
        for port in bridge.attached(through_bridge):
            yield Attached(driver, port.shape, port.place, partial(bridge.open_pipe, port))
