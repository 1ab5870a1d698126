"""What the process gives up before it touches a secret: core dumps, swap, sockets.

Python copies values as it likes, so wiping is best effort; these are the walls around that.
"""

import ctypes
import resource
import sys
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from signer.core.errors import Fault, Problem

_PR_SET_DUMPABLE: Final = 4  # linux/prctl.h: no core dump, no ptrace, /proc/self/mem closed
_MCL_CURRENT_FUTURE_ONFAULT: Final = 1 | 2 | 4  # asm-generic/mman.h: lock a page when it is used
_CAP_IPC_LOCK: Final = 1 << 14  # linux/capability.h
_ENOUGH_LOCK: Final = 4 << 30
"""Bytes. Under a smaller limit, locking all future memory would make Argon2's own 64 MiB, or a
large transaction, fail at random; then nothing is locked, and `Hardening` says so."""


class SocketForbidden(Problem):
    """Something tried to use the network. This program never does: a bug, or an attack."""


class Hardening(NamedTuple):
    """What could be done on this machine.

    Attributes:
        core_dumps_off: a crash writes no memory to disk.
        memory_locked: secrets are not swapped to disk.
    """

    core_dumps_off: bool
    memory_locked: bool


def harden() -> Hardening:
    """Close all that can be closed, for the rest of the process. Calling it again is harmless."""
    forbid_sockets()
    return Hardening(core_dumps_off=_no_core_dumps(), memory_locked=_lock_memory())


@cache  # hooks cannot be removed, and a second one only costs time
def forbid_sockets() -> None:
    """Install an audit hook (PEP 578) that raises `SocketForbidden` on every socket event."""
    sys.addaudithook(_refuse_socket)


def wipe(*secrets: bytearray) -> None:
    """Overwrite secrets with zeros: best effort, since the interpreter may have made copies."""
    for secret in secrets:
        secret[:] = bytes(len(secret))


def _refuse_socket(event: str, _: tuple[object, ...]) -> None:
    if event.startswith("socket."):
        raise SocketForbidden(
            "something tried to open a socket",
            fault=Fault.MACHINE,
            found=event,
            hint="this program never needs the network: do not use this installation",
        )


def _no_core_dumps() -> bool:
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        # A handler given in core_pattern is run despite the limit; an undumpable process is not.
        return sys.platform != "linux" or bool(
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0
        )
    except (OSError, ValueError, AttributeError):
        return False


def _lock_memory() -> bool:
    try:
        _, hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)
        if 0 <= hard < _ENOUGH_LOCK and not _may_lock_without_limit():
            return False
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (hard, hard))
        return bool(ctypes.CDLL(None).mlockall(_MCL_CURRENT_FUTURE_ONFAULT) == 0)
    except (OSError, ValueError, AttributeError):
        return False


def _may_lock_without_limit() -> bool:
    for line in Path("/proc/self/status").read_text("ascii", "replace").splitlines():
        if line.startswith("CapEff:"):
            return bool(int(line.split()[1], 16) & _CAP_IPC_LOCK)
    return False
