"""Both sides of the appliance in one process: a cable in memory between a bus and a `Server`."""

import os
import threading
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Queue
from types import SimpleNamespace

from bus import Bus

from hw import find, usb
from hw.appliance.messages import Address, HelloIs, Line, Signature, Signed, Xpub
from hw.appliance.serving import Attention, Over, Server
from hw.device import Surroundings
from hw.drivers import appliance

VAULT = "ab" * 32
FINGERPRINT = "0badcafe"
SIGNED = Signed((Signature(0, bytes(33), bytes(71)),))


class WaitingBus(Bus):
    """A bus in real time, whose far sides are told how long they may be waited for."""

    def _read(self, device, intf, buff, timeout):
        device.far.patience = timeout / 1000
        return super()._read(device, intf, buff, timeout)


class Cable:
    """The far side of a bus and the link of a `Server` at once."""

    def __init__(self):
        self._changed = threading.Condition()
        self._to_device = Queue()
        self._to_host = deque()
        self._taken = False
        self.patience = 0.0

    # the host's side

    def wrote(self, data):
        """Hand on what the host wrote."""
        self._to_device.put(bytes(data))

    def reads(self, size):
        """Give what the device wrote, at most so much; None after the host's patience."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._to_host, self.patience):
                return None
            data = self._to_host.popleft()
            if len(data) > size:
                self._to_host.appendleft(data[size:])
            return data[:size]

    def settle(self):
        """Wait until the device has taken in whatever was written."""
        self._to_device.join()

    def unplug(self):
        """The host goes away; what it did not read is lost."""
        with self._changed:
            self._to_host.clear()
        self._to_device.put(b"")

    def end(self):
        """There will be no host any more."""
        self._to_device.put(None)

    # the device's side

    def read(self):
        """Wait for the host."""
        if self._taken:
            self._to_device.task_done()
        self._taken = True
        data = self._to_device.get()
        if data is None:
            raise Over
        return data

    def write(self, data):
        """Give the host something."""
        with self._changed:
            self._to_host.append(bytes(data))
            self._changed.notify_all()


@dataclass
class ScriptedSigner:
    """A signer that signs when the test lets it, or never; and keeps account."""

    asked: threading.Event = field(default_factory=threading.Event)
    answer: threading.Event = field(default_factory=threading.Event)
    psbts: list[bytes] = field(default_factory=list)
    cancelled: int = 0
    raises: Exception | None = None

    def hello(self):
        """Say who it is."""
        return HelloIs("coldquorum 0.1.0", FINGERPRINT, (VAULT,))

    def xpub(self, asked: Xpub):
        """Give a text that tells what was asked."""
        return Line(f"key at {asked.path}")

    def address(self, asked: Address, attention: Attention):
        """Give a text that tells what was asked."""
        return Line(f"{asked.vault[:4]} {asked.branch}/{asked.index}")

    def sign(self, psbt, attention: Attention):
        """Wait as an officer makes one wait, and sign unless it is cancelled."""
        if self.raises:
            raise self.raises
        try:
            with attention.asking():
                self.asked.set()
                while not self.answer.wait(0.005):
                    attention.check()
        except Exception:
            self.cancelled += 1
            raise
        self.psbts.append(psbt)
        return SIGNED


@contextmanager
def serving(signer, cable=None, **options):
    """A `Server` on a cable, in a thread of its own; it ends with the block."""
    cable = cable or Cable()
    server = Server(cable, signer, **options)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield cable
    finally:
        cable.end()
        thread.join(10)
        assert not thread.is_alive(), "the server does not end"


@contextmanager
def bus():
    """A waiting bus for this process."""
    made = WaitingBus()
    usb.use_backend(made)
    try:
        yield made
    finally:
        usb.use_backend(None)


class Told:
    """The person at the host: what the driver said to them."""

    def __init__(self):
        self.lines = []

    def tell(self, text):
        """Note it."""
        self.lines.append(text)


def surroundings():
    """What the driver is given."""
    return Surroundings(Told(), SimpleNamespace(get=lambda _: b"", put=None), os.urandom)


def opened():
    """The driver of the only appliance on the bus, through the table of drivers."""
    (found,) = [at for at in find.attached() if at.driver is appliance.DRIVER]
    return found.open(surroundings())


def shape():
    """How the appliance looks on the bus."""
    return appliance.DRIVER.shapes[0]
