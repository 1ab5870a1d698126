"""The kit's one page of instructions, and what officers compare in person."""

from typing import Final

_PAGE: Final = """\
COLDSIGN, RELEASE {release}
for {platform}, Python {python}

This page came with the kit, so it proves nothing. What proves it is your paper: two SHA-256 that
you took from another officer, in person. They stay the same from release to release unless the
installer or the officers change.

ON THE MACHINE THAT NEVER SEES A NETWORK
1. Copy the kit to the disk, and leave the stick alone from then on:

       cp -r /media/STICK/KIT /tmp/kit && cd /tmp/kit

2. Compare these two, every character, with your paper. Not with this page.

       sha256sum install.py officers.json          (macOS: shasum -a 256 ...)

3. Read install.py if you like: it is short, and all else follows from it.

4. Verify and install. -I matters: it keeps Python from running other files of the kit.

       python3 -I install.py --to ~/coldsign

   It prints the manifest's SHA-256. Compare it with the other officers who install this release.

5. From now on:

       ~/coldsign/coldsign --help

IF IT SAYS "refused"
Nothing was installed. Do not try to make it pass: a changed, missing or additional file, too few
signatures, or an older release than yours is what an attack looks like. Keep the stick, and tell
the other officers.

WHAT IT NEEDS
Python {python} with its standard library. No pip, no compiler, no network, no root.
To go back to an older release on purpose, remove the newer release's folder by hand.
"""


def instructions(release: int, platform: str, python: str) -> bytes:
    """READ-ME-FIRST.txt."""
    return _PAGE.format(release=release, platform=platform, python=python).encode()
