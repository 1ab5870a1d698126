"""What the tests of devices share; the world of tests/attacks and the desk of tests/sign, too."""

import sys
from pathlib import Path

import pytest
from bus import Bus

from hw import usb

for folder in ("attacks", "sign"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / folder))


@pytest.fixture
def bus():
    """A bus in memory, given to the process instead of libusb's."""
    bus = Bus()
    usb.use_backend(bus, bus.clock, bus.pause)
    yield bus
    usb.use_backend(None)
