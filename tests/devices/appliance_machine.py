"""The real `coldsign serve` at a terminal, its endpoints two pipes, on a bus in memory."""

import atexit
import os
import select
import shutil
import sys
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from appliance_device import WaitingBus, opened, shape

from hw import usb
from hw.task import Chain, Cosigner, SigningTask, VaultFacts

for folder in ("attacks", "cli_offline"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / folder))

from coldsign_terminal import Terminal, coldsign  # noqa: E402 -- found only now
from world import PASSPHRASE, World  # noqa: E402 -- as above

__all__ = ["Machine", "Pipes", "World", "coldsign"]


@cache
def enrolled(name):
    """A home in which an officer is enrolled: slow to make, so that it is copied."""
    home = Path(mkdtemp()) / "home"
    atexit.register(shutil.rmtree, home.parent)
    world = World()
    world.keystore(home, name)
    world.state(home, name)
    return home


class Pipes:
    """The far side of a bus: two pipes with names, one for each direction."""

    def __init__(self, folder):
        self.into, self.out = folder / "ep1", folder / "ep2"
        for path in (self.into, self.out):
            os.mkfifo(path)
        self._from = os.open(self.into, os.O_RDWR)
        self._to = os.open(self.out, os.O_RDWR)
        self.patience = 0.0

    def wrote(self, data):
        """Hand on what the host wrote."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self._to, rest) :]

    def reads(self, size):
        """Give what is there within the host's patience."""
        ready = select.select([self._from], [], [], self.patience)[0]
        return os.read(self._from, size) if ready else None

    def close(self):
        """Close both."""
        os.close(self._from)
        os.close(self._to)


class Machine:
    """Alice's appliance: a home in which she is enrolled, and the program that serves from it."""

    def __init__(self, folder, *, name="alice"):
        self.world, self.name = World(), name
        self.home = shutil.copytree(enrolled(name), folder / "home")
        self.secret = folder / "passphrase"
        self.secret.write_bytes(PASSPHRASE)
        self.secret.chmod(0o600)
        self.pipes = Pipes(folder)

    @property
    def fingerprint(self):
        """Of the key that it signs with."""
        return self.world.officers[self.name].root.fingerprint

    @contextmanager
    def serving(self, *options, secret=True):
        """The program at a terminal, and the driver of the host."""
        arguments = ["serve", "--ep-in", self.pipes.into, "--ep-out", self.pipes.out]
        arguments += ["--home", self.home, *options]
        if secret:
            arguments += ["--passphrase-file", self.secret]
        bus = WaitingBus()
        bus.plug(self.pipes, shape())
        usb.use_backend(bus)
        try:
            with Terminal(*arguments) as screen:
                screen.expect(f"serving {self.name} {self.fingerprint} over USB")
                driver = opened()
                try:
                    yield screen, driver
                finally:
                    driver.close()
        finally:
            usb.use_backend(None)
            self.pipes.close()

    @property
    def facts(self):
        """The vault, as a station would tell it to a driver."""
        vault = self.world.vault
        version = vault.form.network.xpub
        return VaultFacts(
            vault.id,
            vault.name,
            Chain(vault.coin, vault.network),
            vault.script_type,
            vault.threshold,
            tuple(
                Cosigner(k.origin.fingerprint, k.origin.path, k.xpub.to_text(version))
                for k in vault.keys
            ),
            vault.descriptor,
        )

    def task(self, raw):
        """A file to sign, as a station would hand it to a driver."""
        return SigningTask(b"", 2, 0, (), (), self.facts, self.fingerprint, bundle=raw)

    def events(self):
        """What the journal says of signatures."""
        lines = (self.home / "journal.jsonl").read_text().splitlines()
        return [line for line in lines if '"event":"sign"' in line]
