"""How much memory a process has held at most, in bytes.

`getrusage` does not tell: a process begins with the most of the one that started it, since the two
share its memory until the new program is in place. Linux tells it of each program in `/proc`.
"""

import resource
from pathlib import Path


def held(process="self"):
    """Of one process: a number, or "self"; 0 if it has ended."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0
    kilobytes = status.partition("VmHWM:")[2].split()  # one that ends just now has no such line
    return 1024 * int(kilobytes[0]) if kilobytes else 0


def held_with_children():
    """Of this process or of a child that it waited for, whichever is larger.

    A child is never smaller here than this process was when it was forked.
    """
    return max(held(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
