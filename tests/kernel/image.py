"""The machine's only disk: an initramfs with this Python, our package, and what that imports."""

import re
import subprocess
import sys
import sysconfig
from compileall import compile_dir
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import cache_from_source
from pathlib import Path
from tempfile import TemporaryDirectory

from cpio import Archive
from debian import CannotRun, module

ROOT = Path(__file__).resolve().parents[2]
DEVICES = ROOT / "tests/devices"
SIMULATORS = ("around", "bus", "coldcard_device", "device_world", "simulated")
INSIDE = Path(__file__).parent / "inside"
PRODUCT = ("signer", "hw", "policies")
MODULES = ("vhci_hcd", "usbhid", "hid_generic", "cdc_acm", "dummy_hcd", "usb_f_fs", "libcomposite")
SITE = "/site"
"""Where the libraries and our package lie inside; `/tests` holds the tests' own files."""

_STDLIB_SKIPPED = re.compile(
    r"(^|/)(site-packages|dist-packages|test|tests|idlelib|tkinter|ensurepip|lib2to3|turtledemo"
    r"|pydoc_data|venv|config-[^/]*)(/|$)|(^|/)(_tkinter|_test|_xxtest|_curses|_?g?dbm|nis)"
)

_EXTRA = re.compile(r"extra\s*==")


def build(kernel, busybox):
    """The archive's bytes."""
    archive = Archive()
    for folder in ("/proc", "/sys", "/dev", "/tmp", "/run"):
        archive.folder(folder)
    archive.device("/dev/console", 5, 1)
    archive.copy(busybox, "/bin/busybox")
    for applet in ("mkdir", "mount", "umount", "ln", "rm", "rmdir", "sleep"):
        archive.file(
            f"/bin/{applet}",
            f'#!/bin/busybox sh\nexec busybox {applet} "$@"\n'.encode(),
            mode=0o755,
        )
    libraries = set()
    _python(archive, libraries)
    for name in _closure("coldquorum", "libusb-package"):
        _distribution(archive, name, libraries)
    _ours(archive)
    for library in sorted(libraries):
        archive.copy(library, library)
    loaded = {}
    for name in MODULES:
        loaded |= dict(module(kernel, name))
    for place, (name, data) in enumerate(loaded.items()):
        archive.file(f"/modules/{place:02}-{name}.ko", data)
    start = f"#!{_executable()} -I\nimport sys\nsys.path[:0] = ['/tests', '{SITE}']\nimport first\n"
    archive.file("/init", start.encode(), mode=0o755)
    return archive.to_bytes()


def _ours(archive):
    """The product, the tests' own files, and the homes of the station and of the appliance."""
    _compile()
    for top in PRODUCT:
        for path in (ROOT / top).rglob("*"):
            if path.is_file() and _own(path):
                archive.copy(path, f"{SITE}/{path.relative_to(ROOT)}")
    simulators = [DEVICES / f"{name}.py" for name in SIMULATORS]
    for path in (*INSIDE.glob("*.py"), *simulators, ROOT / "tests/attacks/world.py"):
        archive.copy(path, f"/tests/{path.name}")
        compiled = Path(cache_from_source(str(path)))
        archive.copy(compiled, f"/tests/__pycache__/{compiled.name}")
    archive.copy(ROOT / "docs/appliance/gadget.sh", "/docs/gadget.sh")
    with TemporaryDirectory() as folder:
        _homes(Path(folder))
        for path in Path(folder).rglob("*"):
            if path.is_file():
                name = path.relative_to(folder)
                archive.file(f"/homes/{name}", path.read_bytes(), mode=path.stat().st_mode & 0o777)


def _compile():
    """Compile whatever of ours is not compiled yet: in there it would take minutes."""
    for folder in (*(ROOT / top for top in PRODUCT), INSIDE, DEVICES, ROOT / "tests/attacks"):
        compile_dir(folder, quiet=2)


def _own(path):
    """Whether a file is of use to this interpreter: what another one compiled is not."""
    return path.suffix != ".pyc" or path.name.endswith(f"{sys.implementation.cache_tag}.pyc")


def _homes(folder):
    """A station that is enrolled and has no key, and bob's appliance. Argon2 is fast out here."""
    sys.path[:0] = [str(DEVICES), str(ROOT / "tests/attacks")]
    from device_world import DeviceWorld
    from world import PASSPHRASE

    from signer.sign.state import State

    world = DeviceWorld(alice="coldcard")
    world.keystore(folder / "bob", "bob")
    world.state(folder / "bob", "bob")
    (folder / "station").mkdir()
    State(folder / "station").enrol(world.vault_envelope, [world.policy_envelope])
    (folder / "passphrase").write_bytes(PASSPHRASE)
    (folder / "passphrase").chmod(0o600)


def _executable():
    """The interpreter itself: a virtual environment's is a link to it."""
    return str(Path(sys.executable).resolve())


def _python(archive, libraries):
    """The interpreter and its standard library, where it expects them."""
    archive.copy(_executable(), _executable())
    libraries |= _needs(_executable())
    paths = sysconfig.get_paths()
    # a virtual environment has no standard library of its own
    for folder in {Path(paths["stdlib"]), Path(paths["platstdlib"])}:
        base = Path(str(folder).replace(sys.prefix, sys.base_prefix, 1))
        for path in base.rglob("*"):
            name = path.relative_to(base).as_posix()
            if path.is_file() and not _STDLIB_SKIPPED.search(name) and _own(path):
                archive.copy(path, path)
                if path.suffix == ".so":
                    libraries |= _needs(path)


def _closure(*names):
    """What a distribution needs, and what those need; extras apart."""
    wanted, found = list(names), []
    while wanted:
        name = re.sub(r"[-_.]+", "-", wanted.pop()).lower()
        if name in found:
            continue
        try:
            requires = distribution(name).requires or []
        except PackageNotFoundError:  # of another platform or Python
            if name in names:
                raise CannotRun(f"{name} is not installed: pip install -e '.[test]'") from None
            continue
        found.append(name)
        wanted += [re.match(r"[\w.-]+", line)[0] for line in requires if not _EXTRA.search(line)]
    return found


def _distribution(archive, name, libraries):
    """The files of an installed distribution."""
    for file in distribution(name).files or ():
        path = Path(file.locate())
        if ".." in file.parts or not path.is_file() or not _own(path):
            continue
        archive.copy(path, f"{SITE}/{file}")
        if ".so" in path.suffixes:
            libraries |= _needs(path)


def _needs(binary):
    """The shared libraries that a binary loads, as absolute paths; the loader among them."""
    shown = subprocess.run(["ldd", binary], check=False, capture_output=True, text=True).stdout
    if "not found" in shown:
        raise CannotRun(f"a library of {binary} is missing: {shown}")
    return {word for word in shown.split() if word.startswith("/") and ".so" in word}
