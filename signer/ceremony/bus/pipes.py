"""A cable of a rehearsal: a folder with two named pipes."""

import os
from pathlib import Path
from typing import Final

TO_DEVICE: Final = "to-device"
TO_HOST: Final = "to-host"


def lay(folder: Path) -> None:
    """Make a cable: a new folder with its two pipes."""
    folder.mkdir(mode=0o700)
    for name in (TO_DEVICE, TO_HOST):
        os.mkfifo(folder / name, 0o600)
