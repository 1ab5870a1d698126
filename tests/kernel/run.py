"""Our USB code on a real kernel: boots Debian's in QEMU and runs `inside/cases.py` there.

    python tests/kernel/run.py [CASE ...]

It needs Linux on x86-64, apt and dpkg-deb, and root if QEMU is not installed yet; no KVM, no USB,
no module of the host's kernel. What it fetches is kept in `build/kernel`. Exit code 0 if every case
passed, 1 if one failed or the machine stopped otherwise, 2 if it could not run.
"""

import subprocess
import sys
import time
from threading import Timer

import debian
import image

BUILD = image.ROOT / "build" / "kernel"
PATIENCE = 1_800
"""Seconds: a bound against hanging. It takes about one minute on two busy cores."""

PASSED = 33
"""What QEMU ends with after `inside/first.py` wrote its verdict; 0 after a panic."""
MARK = "every case passed on this kernel"


def main(cases):
    """Build, boot, judge."""
    began = time.monotonic()
    try:
        BUILD.mkdir(parents=True, exist_ok=True)
        qemu, kernel = debian.qemu(), debian.kernel(BUILD)
        archive = BUILD / "initramfs.cpio"
        archive.unlink(missing_ok=True)  # another machine may still be reading it
        archive.write_bytes(image.build(kernel, debian.busybox(BUILD)))
    except debian.CannotRun as problem:
        print(f"cannot run: {problem}", file=sys.stderr)
        return 2
    size = archive.stat().st_size >> 20
    print(f"kernel {kernel.version}, {size} MB, {time.monotonic() - began:.0f} s", flush=True)
    code, serial = boot(qemu, kernel, archive, cases)
    verdict = passed(code, serial)
    word = "passed" if verdict else "FAILED"
    print(f"{word}: qemu ended with {code}, {time.monotonic() - began:.0f} s in all")
    return 0 if verdict else 1


def boot(qemu, kernel, archive, cases):
    """Run the machine to its end; its serial line is shown and given back, with the exit code.

    `cases` are the names of those that are wanted; none means all.
    """
    # qemu64 and Nehalem panic in this kernel under emulation, and microvm hangs
    command = [qemu, "-accel", "tcg,thread=multi", "-M", "q35", "-cpu", "max", "-m", "512"]
    command += ["-smp", "2", "-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio"]
    command += ["-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"]
    command += ["-kernel", str(kernel.elf), "-initrd", str(archive)]
    # A slow emulation fails the kernel's check of its timer, which works all the same.
    options = "console=ttyS0 quiet panic=-1 cryptomgr.notests=1 random.trust_cpu=on no_timer_check"
    command += ["-append", f"{options} cases={','.join(cases)}"]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as machine:
        watch = Timer(PATIENCE, machine.kill)
        watch.start()
        lines = []
        for raw in machine.stdout:
            line = raw.decode("utf-8", "replace").rstrip()
            lines.append(line)
            print(f"  {line}", flush=True)
        code = machine.wait()
        watch.cancel()
    return code, lines


def passed(code, serial):
    """Whether the machine says so in both ways: its exit code, and a line of its own."""
    return code == PASSED and MARK in serial


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
