"""`coldsign` at a rehearsal's station: its bus is the rehearsal's, all else is the real program.

python -m signer.ceremony.bus.station coldcard=FOLDER appliance=FOLDER -- ARGUMENTS
"""

import sys
from pathlib import Path

from hw import find, usb
from hw.pipe import Shape
from signer.ceremony.bus.cable import Bus, plug
from signer.cli import coldsign, exits


def main(argv: list[str]) -> int:
    """Plug the cables in, and run the program."""
    at = argv.index("--")
    cables = []
    for port, told in enumerate(argv[:at], 1):
        vendor, _, folder = told.partition("=")
        cables.append(plug(_shape(vendor), Path(folder), port))
    usb.use_backend(Bus(*cables))
    return exits.run(coldsign.app, argv[at + 1 :])


def _shape(vendor: str) -> Shape:
    return next(driver.shapes[0] for driver in find.DRIVERS if driver.vendor == vendor)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
