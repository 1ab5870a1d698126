"""PID 1 of the machine: mounts, modules, cases, verdict. If it ends, the kernel panics."""

import ctypes
import os
import sys
import time
import traceback
from pathlib import Path

PASSED, FAILED = 0x10, 0x20
"""Written to QEMU's isa-debug-exit, which ends with twice the value and one: 33, 65."""

MARK = "every case passed on this kernel"
"""Both are wanted outside: a panic restarts the machine, and QEMU's code for that is 0."""

_EXIT_PORT = 0xF4
_FINIT_MODULE = 313  # x86-64's table of system calls
_MOUNTS = {
    "/proc": "proc",
    "/sys": "sysfs",
    "/dev": "devtmpfs",
    "/dev/pts": "devpts",
    "/tmp": "tmpfs",
    "/run": "tmpfs",
}


def mount(kind, where):
    """Mount a file system that has no device."""
    Path(where).mkdir(parents=True, exist_ok=True)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(kind.encode(), where.encode(), kind.encode(), 0, None):
        raise OSError(ctypes.get_errno(), f"mount {kind}")


def load_modules():
    """Load every module in the order that its name gives."""
    libc = ctypes.CDLL(None, use_errno=True)
    for path in sorted(Path("/modules").iterdir()):
        with path.open("rb") as file:
            if libc.syscall(_FINIT_MODULE, file.fileno(), b"", 0):
                raise OSError(ctypes.get_errno(), f"module {path.name}")


def end(code):
    """End the virtual machine with an exit code."""
    sys.stdout.flush()
    with Path("/dev/port").open("r+b", buffering=0) as port:
        port.seek(_EXIT_PORT)
        port.write(bytes((code,)))
    while True:
        time.sleep(1)


def main():
    """Prepare, run, judge."""
    for where, kind in _MOUNTS.items():
        mount(kind, where)
    load_modules()
    mount("configfs", "/sys/kernel/config")
    os.environ |= {"HOME": "/tmp", "PATH": "/bin", "NO_COLOR": "1", "COLDQUORUM_DEBUG": "1"}
    print(f"booted, {time.monotonic():.1f} s", flush=True)
    import cases

    print(f"imported, {time.monotonic():.1f} s", flush=True)
    told = dict(word.partition("=")[::2] for word in Path("/proc/cmdline").read_text().split())
    wanted = [name for name in told.get("cases", "").split(",") if name]
    chosen = [case for case in cases.CASES if not wanted or case.__name__ in wanted]
    failed = 0
    for case in chosen:
        began = time.monotonic()
        try:
            case()
        except BaseException:  # noqa: BLE001 -- whatever it is, the machine has to end by itself
            failed += 1
            word = "FAILED"
            traceback.print_exc(file=sys.stdout)
        else:
            word = "passed"
        about = (case.__doc__ or "").partition("\n")[0]
        print(f"{word} {time.monotonic() - began:5.1f} s  {about}", flush=True)
    if failed or len(chosen) != len(wanted or cases.CASES):
        end(FAILED)
    print(MARK, flush=True)
    end(PASSED)


try:
    main()
except BaseException:  # noqa: BLE001 -- as above
    traceback.print_exc(file=sys.stdout)
    end(FAILED)
