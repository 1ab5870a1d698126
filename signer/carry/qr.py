"""QR codes: how much one holds, and its modules drawn.

Source: ISO/IEC 18004:2015, table 7 (capacity) and section 9.1 (quiet zone). Codes of a series are
made by `qr_encoder.py`, the few that hold other text by segno.
Error correction is level L: a screen has no scratches, and whatever the level, a code that was
read is read right. Text is in the alphanumeric mode, which BBQr and UR are made for.
"""

from dataclasses import dataclass
from functools import partial
from typing import Final

import segno

from signer.carry.qr_encoder import MASK, modules
from signer.core.errors import BadInput, Fault

QUIET: Final = 4
"""Light modules that a code needs around it."""
VERSIONS: Final = range(1, 41)
DEFAULT_VERSION: Final = 15
"""77 modules a side: what a cheap laptop's camera still reads at arm's length."""

# Characters in alphanumeric mode at level L, by version from 1.
_CAPACITY: Final = (
    *(25, 47, 77, 114, 154, 195, 224, 279, 335, 395, 468, 535, 619, 667, 758, 854, 938, 1046),
    *(1153, 1249, 1352, 1460, 1588, 1704, 1853, 1990, 2132, 2223, 2369, 2520, 2677, 2840, 3009),
    *(3183, 3351, 3537, 3729, 3927, 4087, 4296),
)

_bad = partial(BadInput, fault=Fault.OFFICER)


@dataclass(frozen=True, slots=True)
class Code:
    """A drawn code, without its quiet zone.

    Attributes:
        rows: its modules from top to bottom, a byte each, left to right: 1 dark, 0 light.
    """

    rows: tuple[bytes, ...]

    @property
    def size(self) -> int:
        """Modules a side."""
        return len(self.rows)

    def framed(self) -> list[bytes]:
        """The rows with the quiet zone around them."""
        side = bytes(QUIET)
        blank = [bytes(self.size + 2 * QUIET)] * QUIET
        return [*blank, *(side + row + side for row in self.rows), *blank]


def capacity(version: int) -> int:
    """How many characters a code of a version holds.

    Raises:
        BadInput: there is no such version.
    """
    if version not in VERSIONS:
        hint = "the density is a version of QR codes"
        raise _bad("no such density", expected="1 to 40", found=str(version), hint=hint)
    return _CAPACITY[version - 1]


def side(version: int) -> int:
    """Modules a side of a version, with the quiet zone."""
    return 17 + 4 * version + 2 * QUIET


def version_for(text: str) -> int:
    """The smallest version that holds a text.

    Raises:
        BadInput: none does.
    """
    for version in VERSIONS:
        if len(text) <= capacity(version):
            return version
    raise _bad("too long for one code", expected="4,296 characters", found=f"{len(text):,}")


def draw(text: str, version: int) -> Code:
    """Draw a code of a version.

    Raises:
        BadInput: the text does not fit, or has characters that are not alphanumeric.
    """
    try:
        return Code(modules(text, version))
    except ValueError as error:
        raise _bad("not a text for this code", found=str(error).lower()[:80]) from None


def draw_text(text: str) -> Code:
    """Draw any text for paper, as small as it gets: bytes, with level M against dirt and folds.

    Raises:
        BadInput: too long for one code (2,331 bytes).
    """
    try:
        made = segno.make_qr(text, error="m", mode="byte", encoding="utf-8", mask=MASK)
    except ValueError as error:
        raise _bad("not a text for one code", found=str(error).lower()[:80]) from None
    return Code(tuple(bytes(row) for row in made.matrix))


def largest_version(columns: int, lines: int) -> int:
    """The largest version that a terminal shows in half blocks, quiet zone and all.

    Raises:
        BadInput: not even the smallest fits.
    """
    fitting = [v for v in VERSIONS if side(v) <= columns and (side(v) + 1) // 2 <= lines]
    if not fitting:
        least = f"{side(1)} columns, {(side(1) + 1) // 2 + 1} lines"
        found, hint = f"{columns} columns, {lines + 1} lines", "or write a file: -o codes.gif"
        raise _bad("the terminal is too small", expected=least, found=found, hint=hint)
    return fitting[-1]


def half_blocks(code: Code) -> list[str]:
    """The code as lines of a terminal, two rows in each; light modules are the block."""
    rows = code.framed()
    if len(rows) % 2:
        rows.append(bytes(len(rows)))
    return [
        # 0 light, 1 dark above, 2 dark below
        "".join(map("█▄▀ ".__getitem__, map(int.__add__, top, bottom.translate(_DOUBLED))))
        for top, bottom in zip(rows[::2], rows[1::2], strict=True)
    ]


_DOUBLED: Final = bytes((0, 2)) + bytes(254)
