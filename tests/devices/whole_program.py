"""The real coldsign, hardened and self-tested, with a simulated device on a bus: one process.

Usage: whole_program.py VENDOR FOLDER. Prints one JSON object: the exit code and the answer of each
command. `test_whole_program.py` runs it.
"""

import contextlib
import io
import json
import sys
from pathlib import Path

from bus import Bus
from device_world import DeviceWorld
from simulators import SIMULATORS

from hw import usb
from signer.cli import coldsign, exits
from signer.station.kept import Kept


def main(vendor, folder):
    """Enrol, register, show an address, sign, and list."""
    world, bus = DeviceWorld(alice=vendor), Bus()
    usb.use_backend(bus, bus.clock, bus.pause)
    device = SIMULATORS[vendor](bus)
    device.root = world.officers["alice"].root
    device.set_network("regtest")
    device.know(Kept(folder / "home"))
    plugged = device.plugged()
    files = {
        "vault.json": world.vault_envelope.to_bytes(),
        "policy.json": world.policy_envelope.to_bytes(),
        "in.psbt": world.bundle(),
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    vault, policy, psbt = (str(folder / name) for name in files)
    answers = {}
    for name, *argv in (
        ("list", "device", "list"),
        ("enrol", "enrol", vault, "--policy", policy, "--officer-only", "--yes"),
        ("register", "device", "register", "treasury"),
        ("address", "device", "address", "treasury", "0"),
        ("sign", "sign", psbt, "--device", device.fingerprint, "--yes"),
    ):
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            code = exits.run(coldsign.app, [*argv, "--json", "--home", str(folder / "home")])
        answers[name] = {"code": code, "answer": json.loads(out.getvalue())}
    answers["given_back"] = plugged.given_back
    print(json.dumps(answers))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
