"""The second engine's signatures are made on all cores.

Each child is a fork of this process, in which the key is open already: the child has the secret as
it has all else, in memory that it shares until one writes. So no secret crosses a pipe or touches a
disk. A child tells nothing but signatures, through a pipe, and ends.

Cores are not equally fast, nor free to the same degree: each process takes the next share of the
work when it has done one, so that all end together.
"""

import os
import threading
from collections.abc import Iterator
from typing import Final

from signer.core.spread import Work
from signer.core.wire import Reader, var_bytes

# Measured on two busy cores, ms of CPU: 64 signatures take 141 on one, and 74 and 79 on two; 16
# take 35, and 23 and 25. A fork and its end cost about 5.
LEAST: Final = 64

SHARES: Final = 64
"""Not more than `LEAST`, so that none is empty. One of 1,000 signatures' is 16 of them: no core
waits longer than these take."""


def spread(work: Work, count: int) -> list[bytes]:
    """As `signer/core/spread.py` says."""
    # A fork takes over one thread only, and with it whatever lock another one holds.
    alone = threading.active_count() == 1 and hasattr(os, "sched_getaffinity")
    cores = len(os.sched_getaffinity(0)) if alone and count >= LEAST else 1
    if cores == 1:
        return work(range(count))
    shares = [range(first, count, SHARES) for first in range(SHARES)]
    tickets, give = os.pipe()
    os.write(give, bytes(range(SHARES)))
    os.close(give)  # before the forks: a pipe has an end when nobody can write to it
    children = [_child(work, shares, tickets) for _ in range(1, cores)]
    done = [b""] * count
    for ticket in _taken(tickets):
        done[ticket::SHARES] = work(shares[ticket])
    os.close(tickets)
    for process, answers in children:
        with open(answers, "rb") as file:  # noqa: PTH123 -- a pipe has no path
            reader = Reader(file.read(), "another core")
        whole = os.waitpid(process, 0)[1] == 0
        while whole and reader.left:
            ticket = reader.u8()
            done[ticket::SHARES] = [reader.var_bytes() for _ in shares[ticket]]
    return done


def _taken(tickets: int) -> Iterator[int]:
    """The shares that this process gets: a byte is read by one process only."""
    while ticket := os.read(tickets, 1):
        yield ticket[0]


def _child(work: Work, shares: list[range], tickets: int) -> tuple[int, int]:
    """Its process, and the end of the pipe from which its answers are read."""
    answers, tell = os.pipe()
    if process := os.fork():
        os.close(tell)
        return process, answers
    failed = 1
    try:
        # Told at the end: a pipe that is full would hold this up until the parent reads.
        made = [
            bytes((ticket,)) + b"".join(map(var_bytes, work(shares[ticket])))
            for ticket in _taken(tickets)
        ]
        with open(tell, "wb") as file:  # noqa: PTH123 -- as above
            file.writelines(made)
        failed = 0
    finally:
        os._exit(failed)  # nothing of the parent's is closed, flushed or told twice
