"""Randomness for new keys: the system's, and dice for whoever does not want to trust it alone.

Mixing is `system XOR SHA-256("coldquorum dice 1:" + rolls)`, cut to size. The XOR of two
independent values is as hard to guess as the harder of the two: good dice save a bad generator,
and a good generator saves dice that are loaded, too few, or seen by a camera. The system's part is
drawn before the dice are typed, so a crooked generator cannot cancel them out.
"""

import hashlib
import os
from functools import partial
from typing import Final

from signer.core.errors import BadInput, Fault

MIN_ROLLS: Final = {16: 50, 32: 99}
"""Rolls of a fair die for 128 and 256 bits: log2(6) = 2.585 bits each (99 rolls: 255.9)."""

_FACES: Final = b"123456"
_MIN_FACES: Final = 5
"""Fair dice show four faces or fewer in 50 rolls once in 40 million times."""
_LONGEST_PATTERN: Final = 12
_bad = partial(BadInput, fault=Fault.OFFICER)


def system(size: int) -> bytearray:
    """Random bytes from the kernel (getrandom: it waits until its pool is seeded)."""
    return bytearray(os.urandom(size))


def mix(drawn: bytearray, rolls: bytes | bytearray) -> bytearray:
    """Mix dice into what the system gave.

    Args:
        drawn: 16 or 32 bytes from `system`.
        rolls: ASCII digits 1 to 6 in the order of the rolls; blanks do not matter.

    Raises:
        BadInput: too few rolls, other characters, or rolls that no fair die gives.
    """
    rolls = bytes(rolls).translate(None, delete=b" \t\r\n")
    wanted = MIN_ROLLS[len(drawn)]
    if rolls.translate(None, delete=_FACES):
        raise _bad("dice rolls are the digits 1 to 6", found="another character")
    if len(rolls) < wanted:
        raise _bad("too few dice rolls", expected=f"at least {wanted}", found=str(len(rolls)))
    if len(set(rolls)) < _MIN_FACES or any(
        rolls[period:] == rolls[:-period] for period in range(1, _LONGEST_PATTERN + 1)
    ):
        raise _bad("these rolls are not random", hint="roll real dice and type what they show")
    dice = hashlib.sha256(b"coldquorum dice 1:" + rolls).digest()
    return bytearray(a ^ b for a, b in zip(drawn, dice, strict=False))  # 16 bytes: the first half
