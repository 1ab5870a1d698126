"""Scripts are derived, and the second engine's signatures made, on all cores.

Each child is a fork of this process. Where it signs, the key is open already: the child has the
secret as it has all else, in memory that it shares until one writes. So no secret crosses a pipe or
touches a disk. A child tells nothing but public keys or signatures, through a pipe, and ends.
"""

import os
import threading
from collections.abc import Sequence
from typing import Final

from signer.core.spread import Work
from signer.core.wire import Reader, var_bytes

# Measured on two busy cores, ms of CPU: 64 signatures take 141 on one, and 74 and 79 on two; 16
# take 35, and 23 and 25. A fork and its end cost about 5.
LEAST: Final = 64


def spread(work: Work, count: int) -> list[bytes]:
    """As `signer/core/spread.py` says."""
    # A fork takes over one thread only, and with it whatever lock another one holds.
    alone = threading.active_count() == 1 and hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if alone and count >= LEAST else 1
    children = [_child(work, range(part, count, cores)) for part in range(1, cores)]
    done = [b""] * count
    done[::cores] = work(range(0, count, cores))
    for part, (process, answers) in enumerate(children, 1):
        with open(answers, "rb") as file:  # noqa: PTH123 -- a pipe has no path
            reader = Reader(file.read(), "another core")
        for at in range(part, count, cores) if os.waitpid(process, 0)[1] == 0 else ():
            done[at] = reader.var_bytes()
    return done


def _child(work: Work, numbers: Sequence[int]) -> tuple[int, int]:
    """Its process, and the end of the pipe from which its answers are read."""
    answers, tell = os.pipe()
    if process := os.fork():
        os.close(tell)
        return process, answers
    failed = 1
    try:
        with open(tell, "wb") as file:  # noqa: PTH123 -- as above
            file.writelines(map(var_bytes, work(numbers)))
        failed = 0
    finally:
        os._exit(failed)  # nothing of the parent's is closed, flushed or told twice
