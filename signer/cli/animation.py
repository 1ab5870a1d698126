"""A film of QR codes on a terminal, until the person has seen enough.

Rules of the film: it has the whole screen and gives it back as it was; the line below the code says
what is shown and what to compare; Ctrl-C is the way to end it, not an error.
"""

import shutil
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from signer.carry import qr

_OPEN: Final = "\x1b[?1049h\x1b[?25l\x1b[2J"  # the other screen, no cursor, clear (xterm)
_CLOSE: Final = "\x1b[?25h\x1b[?1049l"
_TOP: Final = "\x1b[H"
_REST: Final = "\x1b[K"  # clear the rest of the line
# White on black whatever the theme: readers want dark modules on a light ground.
_PAPER: Final = "\x1b[38;5;231;48;5;16m"
_PLAIN: Final = "\x1b[0m"

_OTHERS: Final = 1
"""Lines of the terminal that the code does not get."""


def fitting(density: int) -> int:
    """The version of codes for this terminal: `density`, or the largest that fits.

    Raises:
        BadInput: the terminal is too small for any.
    """
    columns, lines = shutil.get_terminal_size()
    return min(density, qr.largest_version(columns, lines - _OTHERS))


def play(codes: Iterable[tuple[str, str]], version: int, rate: float) -> None:
    """Show codes one after the other.

    Args:
        codes: each with what stands below it; endless, or as many as shall be seen.
        version: of all of them.
        rate: codes a second.
    """
    width = shutil.get_terminal_size().columns
    out = sys.stdout
    out.write(_OPEN)
    try:
        due = time.monotonic()
        for text, caption in codes:
            lines = qr.half_blocks(qr.draw(text, version))
            frame = "".join(f"{_PAPER}{line}{_PLAIN}{_REST}\n" for line in lines)
            time.sleep(max(0.0, due - time.monotonic()))
            out.write(f"{_TOP}{frame}{caption[: width - 1]}{_REST}")
            out.flush()
            due = max(due + 1 / rate, time.monotonic())
        time.sleep(max(0.0, due - time.monotonic()))
    except KeyboardInterrupt:
        pass
    finally:
        with suppress(BrokenPipeError):
            out.write(_CLOSE)
            out.flush()


def still(codes: Iterable[tuple[str, str]], version: int) -> str:
    """All codes below each other, as text: for a scroll-back or a pipe."""
    pages = (
        "\n".join((*qr.half_blocks(qr.draw(text, version)), caption)) for text, caption in codes
    )
    return "\n\n".join(pages)
