"""The USB devices of the demo: a simulated Coldcard, and an appliance: the real `coldsign serve`.

Each is a process of its own at the end of a cable (`signer/ceremony/bus`); this file holds no key.
"""

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Final

from signer.ceremony.bus.pipes import TO_DEVICE, TO_HOST, lay
from signer.ceremony.stage import Differs, Machine, Stage
from signer.ceremony.terminal import TIMEOUT, environment

_SERVING: Final = r"serving [^\n]* over USB; Ctrl-C ends it\n$"


@dataclass(frozen=True, slots=True)
class Devices:
    """What is plugged in. Made by `plugged`.

    Attributes:
        coldcard: alice's, as a station's cable.
        appliance: the folder of the cable to bob's appliance.
    """

    coldcard: str
    appliance: Path

    @classmethod
    @contextmanager
    def plugged(cls, folder: Path) -> Iterator["Devices"]:
        """Lay both cables in a folder, and run the Coldcard until the end of the block."""
        coldcard, appliance = folder / "cable-coldcard", folder / "cable-appliance"
        for cable in (coldcard, appliance):
            lay(cable)
        device = [sys.executable, "-P", "-m", "signer.ceremony.bus.coldcard", str(coldcard)]
        running = subprocess.Popen(  # noqa: S603 -- our own program, no shell
            device, env=environment(folder), stdin=subprocess.DEVNULL
        )
        try:
            yield cls(f"coldcard={coldcard}", appliance)
        finally:
            running.kill()
            running.wait()

    def sign(self, stage: Stage, alice: Machine, bob: Machine, name: str) -> None:
        """Sign a withdrawal with both devices, at alice's station; bob reads his own screen.

        Raises:
            Differs: it does not come out so.
        """
        alice.does(
            "reviews it; her Coldcard signs",
            f"coldsign sign {name}.psbt -o {name}-alice.psbt --device {fingerprint(alice)}",
            makes=f"{name}-alice.psbt",
        )
        ready = Event()

        def serving(_: str) -> str:
            ready.set()
            return ""

        appliance = replace(bob, script=((_SERVING, serving), *bob.script))
        station = replace(alice, cables=(*alice.cables, f"appliance={self.appliance}"))
        ends = {"--ep-in": TO_HOST, "--ep-out": TO_DEVICE}
        options = " ".join(
            f"{option} {shlex.quote(str(self.appliance / pipe))}" for option, pipe in ends.items()
        )

        def at_the_appliance() -> None:
            appliance.does("reads it on his own screen, and signs", f"coldsign serve {options}")

        def at_the_station() -> None:
            try:
                if not ready.wait(TIMEOUT):
                    raise Differs("the appliance does not serve", expected="serving", found="")
                station.does(
                    "reviews it; bob's appliance signs",
                    f"coldsign sign {name}.psbt -o {name}-bob.psbt --device {fingerprint(bob)}",
                    makes=f"{name}-bob.psbt",
                )
            finally:
                os.close(held)

        # As long as somebody holds the cable's end, the appliance waits for a host.
        held = os.open(self.appliance / TO_DEVICE, os.O_RDWR)
        other = os.open(self.appliance / TO_HOST, os.O_RDWR)
        try:
            stage.at_once(at_the_station, at_the_appliance)
        finally:
            os.close(other)


def fingerprint(officer: Machine) -> str:
    """Of the officer's key, as the public record says."""
    record = json.loads((officer.folder / f"{officer.name}.key.json").read_text())
    return str(record["fingerprint"])
