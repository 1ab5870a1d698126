"""Debian's own kernel and QEMU, fetched through apt and kept in a build folder."""

import lzma
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

QEMU = "qemu-system-x86_64"
_PACKAGE = "linux-image-amd64"  # the generic one: the cloud kernel has no USB


class CannotRun(Exception):
    """The machine that this runs on lacks something: a failure, never a pass."""


@dataclass(frozen=True)
class Kernel:
    """An unpacked kernel.

    Attributes:
        version: as `uname -r` prints it.
        elf: the kernel itself, uncompressed.
        modules: the folder of its modules.
    """

    version: str
    elf: Path
    modules: Path


def qemu():
    """The path of QEMU, which is installed if it is missing and this is root."""
    if shutil.which(QEMU) is None:
        _run("apt-get", "update", "--quiet")
        _run("apt-get", "install", "--quiet", "--yes", "--no-install-recommends", "qemu-system-x86")
    found = shutil.which(QEMU)
    if found is None:
        raise CannotRun(f"no {QEMU} after its package was installed")
    return found


def kernel(build):
    """The newest kernel that apt offers, unpacked under `build`; a kept one is taken first."""
    if not list(build.glob("kernel/boot/vmlinuz-*")):
        _fetch_kernel(build)
    (image,) = build.glob("kernel/boot/vmlinuz-*")
    version = image.name.removeprefix("vmlinuz-")
    elf = build / f"vmlinux-{version}"
    if not elf.exists():
        _write(elf, uncompressed(image.read_bytes()))
    return Kernel(version, elf, build / "kernel/lib/modules" / version)


def uncompressed(image):
    """The ELF file inside a bzImage (Linux, Documentation/x86/boot: payload_offset, _length).

    QEMU starts it through its PVH note, which saves unpacking it under emulation.
    """
    setup = (image[0x1F1] or 4) + 1
    offset, length = struct.unpack_from("<II", image, 0x248)
    start = setup * 512 + offset
    payload = image[start : start + length]
    if not payload.startswith(b"\xfd7zXZ\0"):
        raise CannotRun(f"the kernel is not packed as xz: {payload[:6].hex()}")
    elf = lzma.LZMADecompressor().decompress(payload)
    if not elf.startswith(b"\x7fELF"):
        raise CannotRun("no ELF file in the kernel's image")
    return elf


def module(kernel, name):
    """A module and those that it depends on, in the order of loading, as (name, bytes).

    The package brings no modules.dep: what a module depends on stands in itself.
    """
    files = {_plain(path.name): path for path in kernel.modules.rglob("*.ko*")}
    order = {}

    def take(wanted):
        if wanted in order:
            return
        if wanted not in files:
            raise CannotRun(f"{kernel.version} has no module {wanted}")
        path = files[wanted]
        data = lzma.decompress(path.read_bytes()) if path.suffix == ".xz" else path.read_bytes()
        before = data.partition(b"\0depends=")[2].partition(b"\0")[0].decode()
        for other in filter(None, before.split(",")):
            take(other.replace("-", "_"))
        order[wanted] = data

    take(name)
    return tuple(order.items())


def _plain(name):
    return name.partition(".")[0].replace("-", "_")


def busybox(build):
    """Debian's static busybox: a shell for the appliance's own script."""
    path = build / "busybox/bin/busybox"
    if not path.exists():
        _unpack("busybox-static", build, "busybox")
    return path


def _fetch_kernel(build):
    for known in (True, False):
        if not known:
            _run("apt-get", "update", "--quiet")
        shown = _run("apt-cache", "depends", "--important", _PACKAGE)
        names = [line.split()[-1] for line in shown.splitlines() if "Depends: linux-image" in line]
        if names:
            break
    else:
        raise CannotRun(f"apt knows no {_PACKAGE}")
    _unpack(names[0], build, "kernel")


def _unpack(package, build, name):
    """Download a package, which is not installed, and unpack it under its name or not at all."""
    with TemporaryDirectory(dir=build) as folder:
        try:
            _run("apt-get", "download", "--quiet", package, cwd=folder)
        except CannotRun:  # the lists are older than what the archive holds
            _run("apt-get", "update", "--quiet")
            _run("apt-get", "download", "--quiet", package, cwd=folder)
        (file,) = Path(folder).glob("*.deb")
        _run("dpkg-deb", "-x", str(file), "unpacked", cwd=folder)
        (Path(folder) / "unpacked").rename(build / name)


def _write(path, data):
    part = path.with_suffix(".part")
    part.write_bytes(data)
    part.rename(path)


def _run(*command, cwd=None):
    try:
        done = subprocess.run(command, cwd=cwd, check=False, capture_output=True, text=True)
    except OSError as error:
        raise CannotRun(f"{command[0]}: {error.strerror}") from None
    if done.returncode:
        raise CannotRun(f"{' '.join(command)}: {done.stderr.strip()[-500:]}")
    return done.stdout
