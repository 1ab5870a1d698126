"""What the tests of devices share."""

import pytest
from bus import Bus

from hw import usb


@pytest.fixture
def bus():
    """A bus in memory, given to the process instead of libusb's."""
    bus = Bus()
    usb.use_backend(bus, bus.clock, bus.pause)
    yield bus
    usb.use_backend(None)
