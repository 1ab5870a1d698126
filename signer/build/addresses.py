"""Many addresses of a vault at once, in order, on all cores, in constant memory.

Only the vault's public document goes to the worker processes: this side holds no secret. Each
worker makes every n-th part and waits while nobody reads it: its pipe holds about one part. A
worker ends by itself when the program is gone, for then its pipe breaks.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle
from multiprocessing import Pipe, Process
from typing import TYPE_CHECKING, Final

from signer.core.address import address_of
from signer.core.errors import BadInput, Fault
from signer.core.vault import Vault

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

_PART: Final = 500
"""Addresses at a time: about half of what a pipe holds (64 KiB, pipe(7)), a tenth of a second."""

ALONE: Final = 1_000
"""Up to so many are made here. Measured: to start and end two workers takes 45 ms of CPU, which is
what 150 addresses take, so that both cores are faster from some 300 on; the rest is for machines
that start processes more slowly."""


def addresses(vault: Vault, branch: int, indices: range) -> Iterator[list[str]]:
    """The addresses at these indices of a branch, in order, some at a time.

    Raises:
        BadInput: no such branch or index; a worker has ended too early.
    """
    cores = _cores() if len(indices) > ALONE else 1
    if cores == 1:
        for part in _parts(indices, 0, 1):
            yield _made(vault, branch, part)
        return
    workers: list[Process] = []
    pipes: list[Connection[bytes, bytes]] = []
    try:
        for first in range(cores):
            reader, writer = Pipe(duplex=False)
            pipes.append(reader)
            work = _Work(vault.payload, branch, indices, first, cores)
            worker = Process(target=_run, args=(work, writer, pipes), daemon=True)
            worker.start()
            workers.append(worker)
            writer.close()  # the worker's own is the only one left: its end is the pipe's
        for at, _ in zip(cycle(range(cores)), _parts(indices, 0, 1), strict=False):
            try:
                yield pipes[at].recv_bytes().decode("ascii").split()
            except (EOFError, OSError):  # at the end of a part, or within
                raise _ended(workers[at]) from None
    finally:
        for worker in workers:
            worker.terminate()  # the reader may have gone away in the middle of it
            worker.join()


def _made(vault: Vault, branch: int, indices: range) -> list[str]:
    scripts = vault.script_pubkeys([(branch, index) for index in indices])
    return [str(address_of(script, vault.coin, vault.network)) for script in scripts]


def _ended(worker: Process) -> BadInput:
    """What became of a worker whose pipe is at its end, though not its work."""
    worker.join()
    code = worker.exitcode or 0
    return BadInput(
        "a process that makes addresses ended before its work did",
        fault=Fault.MACHINE,
        found=f"signal {-code}" if code < 0 else f"exit code {code}",
        hint="the list is not whole: run the same command again; perhaps memory runs short",
    )


def _cores() -> int:
    """How many this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _parts(indices: range, first: int, step: int) -> Iterator[range]:
    """The indices a part at a time: from the part `first` on, each `step`-th."""
    for at in range(first * _PART, len(indices), step * _PART):
        yield indices[at : at + _PART]


@dataclass(frozen=True, slots=True)
class _Work:
    """What one worker makes: of all parts the one `first`, and each `step`-th from there."""

    payload: bytes
    branch: int
    indices: range
    first: int
    step: int


def _run(
    work: _Work, pipe: "Connection[bytes, bytes]", readers: "list[Connection[bytes, bytes]]"
) -> None:
    """Be a worker. A person's Ctrl-C is for the program to tell."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for reader in readers:
        reader.close()  # copies of the program's own: while one is open, a pipe does not break
    vault = Vault.parse(work.payload)
    with suppress(BrokenPipeError):
        for part in _parts(work.indices, work.first, work.step):
            made = _made(vault, work.branch, part)
            pipe.send_bytes("\n".join(made).encode("ascii"))
