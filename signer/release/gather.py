"""The packages that coldsign needs on another machine, fetched by pip.

What pip brings is whatever the registry gives today: the manifest holds its hashes, and officers
on several machines make the same kit before they sign (docs/offline-kit.md).
"""

import email.parser
import io
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_wheel_filename

from signer.core.errors import BadInput, Fault
from signer.release.wheel import Wheel, repacked

NEEDED: Final = ("btclib-secp256k1", "cryptography", "embit", "pyusb", "segno", "typer")
"""What coldsign imports; their versions are the project's own. A new dependency of the online
program does not come along by itself, and tests compare this with what the code imports."""

EXTRAS: Final = ("camera", "devices")
"""What may be added for coldsign. The others are for the chain, and for tests."""

_BUILT: Final = ("embit",)
"""Published without a wheel: pure Python, built here from its source."""

_PATIENCE: Final = 900  # seconds; a bound against hanging

_GLIBC: Final = range(17, 37)
"""From manylinux2014 (glibc 2.17) to Debian 12 (2.36). Older first: pip prefers those."""
_MACOS: Final = range(11, 16)


@dataclass(frozen=True, slots=True)
class Target:
    """The machine that a kit is for.

    Attributes:
        platform: for instance "linux-x86_64", as `platforms` lists them.
        python: for instance "3.12".
    """

    platform: str
    python: str

    @property
    def tags(self) -> tuple[str, ...]:
        """The platform as pip names it, the preferred one first.

        Raises:
            BadInput: an unknown platform, or a Python that coldsign does not run on.
        """
        wanted = str(metadata.metadata("coldquorum")["Requires-Python"])
        known = re.fullmatch(r"3\.[0-9]{1,2}", self.python)
        if not known or f"{self.python}.0" not in SpecifierSet(wanted):
            raise BadInput(
                "coldsign does not run on this Python",
                fault=Fault.OFFICER,
                expected=f"for instance 3.12; {wanted}",
                found=self.python,
            )
        found = platforms().get(self.platform)
        if found is None:
            raise BadInput(
                "no such platform",
                fault=Fault.OFFICER,
                expected=", ".join(platforms()),
                found=self.platform,
            )
        return found

    @property
    def environment(self) -> dict[str, str]:
        """The values of environment markers (PEP 508) there."""
        system, machine = self.platform.split("-", 1)
        linux = system == "linux"
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{self.python}.0",
            "os_name": "posix",
            "platform_machine": machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux" if linux else "Darwin",
            "platform_version": "",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "linux" if linux else "darwin",
        }


def platforms() -> Mapping[str, tuple[str, ...]]:
    """The platforms that a kit can be for, with pip's tags of each."""
    table = {}
    for machine in ("x86_64", "aarch64"):
        table[f"linux-{machine}"] = (
            f"manylinux2014_{machine}",
            *(f"manylinux_2_{minor}_{machine}" for minor in _GLIBC),
        )
    for machine in ("arm64", "x86_64"):
        versions = [f"{major}_0" for major in _MACOS]
        versions = [*(f"10_{minor}" for minor in range(9, 17)), *versions]
        kinds = (machine, "universal2")
        table[f"macos-{machine}"] = tuple(f"macosx_{v}_{k}" for v in versions for k in kinds)
    return table


def requirements(target: Target, extras: Sequence[str]) -> tuple[str, ...]:
    """What coldsign requires on a machine, as the project's own metadata says it.

    Raises:
        BadInput: an extra that is not for coldsign.
    """
    if strange := set(extras).difference(EXTRAS):
        raise BadInput(
            "no such extra for the offline machine",
            fault=Fault.OFFICER,
            expected=", ".join(EXTRAS),
            found=", ".join(sorted(strange)),
        )
    found = set()
    for one in map(Requirement, metadata.requires("coldquorum") or ()):
        if _applies(one, target, ""):
            wanted = canonicalize_name(one.name) in NEEDED
        else:
            wanted = any(_applies(one, target, extra) for extra in extras)
        if wanted:
            found.add(f"{one.name}{one.specifier}")
    return tuple(sorted(found))


def gather(
    target: Target, wanted: Iterable[str], pins: Mapping[str, str] | None = None
) -> tuple[Wheel, ...]:
    """Fetch the wheels of what is wanted, and of what that needs in turn.

    Args:
        target: for which machine.
        wanted: requirements (PEP 508).
        pins: versions by package, where they must be those of an earlier kit.

    Raises:
        BadInput: pip cannot give them, or a package needs on the target what it does not here.
    """
    tags = target.tags
    wanted = tuple(wanted)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        constraints = folder / "constraints"
        lines = (f"{name}=={version}\n" for name, version in (pins or {}).items())
        constraints.write_text("".join(lines), "utf-8")
        built = [line for line in wanted if Requirement(line).name in _BUILT]
        _pip("wheel", "--no-deps", "--wheel-dir", str(folder / "built"), *built)
        for wheel in (folder / "built").glob("*-py3-none-any.whl"):  # else pip finds it missing
            wheel.write_bytes(repacked(Wheel(wheel.name, wheel.read_bytes())).data)
        _pip(
            *("download", "--only-binary", ":all:", "--dest", str(folder / "all")),
            *("--find-links", str(folder / "built"), "--constraint", str(constraints)),
            *("--implementation", "cp", "--python-version", target.python),
            *(word for tag in tags for word in ("--platform", tag)),
            *wanted,
        )
        fetched = [Wheel(w.name, w.read_bytes()) for w in sorted((folder / "all").iterdir())]
    return _closed(fetched, target, wanted)


def versions(names: Iterable[str]) -> dict[str, str]:
    """The packages and versions that names of wheels tell; coldsign's own is left out."""
    found = {}
    for name in names:
        package, version, _, _ = parse_wheel_filename(name)
        found[str(package)] = str(version)
    found.pop("coldsign", None)
    return found


def _closed(fetched: list[Wheel], target: Target, wanted: Iterable[str]) -> tuple[Wheel, ...]:
    """Those wheels that are needed on the target: pip judges markers by this machine's Python."""
    known = {str(parse_wheel_filename(wheel.name)[0]): wheel for wheel in fetched}
    found: dict[str, Wheel] = {}
    queue = [Requirement(line) for line in wanted]
    while queue:
        one = queue.pop()
        name = str(canonicalize_name(one.name))
        if name in found:
            continue
        if name not in known:
            raise BadInput(
                f"{name} is needed on {target.platform} with Python {target.python}, not here",
                fault=Fault.MACHINE,
                hint=f"make the kit with Python {target.python}",
            )
        found[name] = known[name]
        queue += (need for need in _needs(known[name]) if _applies(need, target, ""))
    return tuple(found[name] for name in sorted(found))


def _needs(wheel: Wheel) -> Iterator[Requirement]:
    with zipfile.ZipFile(io.BytesIO(wheel.data)) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        about = email.parser.BytesParser().parsebytes(archive.read(name), headersonly=True)
    yield from map(Requirement, about.get_all("Requires-Dist") or ())


def _applies(one: Requirement, target: Target, extra: str) -> bool:
    """Whether a requirement holds on the target, if it was asked for an extra (or none)."""
    return one.marker is None or one.marker.evaluate({**target.environment, "extra": extra})


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", *arguments]
    command[4:4] = ["--quiet", "--no-input", "--disable-pip-version-check"]
    try:
        done = subprocess.run(  # noqa: S603 -- this Python's own pip
            command,
            # 1980: builders put it into what they write
            env={**os.environ, "SOURCE_DATE_EPOCH": "315532800"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_PATIENCE,
        )
    except subprocess.TimeoutExpired:
        raise _failed("it took too long") from None
    if done.returncode:
        said = [line for line in done.stderr.decode("utf-8", "replace").splitlines() if line]
        raise _failed(next((line for line in said if "ERROR" in line), "nothing"))


def _failed(said: str) -> BadInput:
    return BadInput(
        "pip cannot fetch the packages",
        fault=Fault.MACHINE,
        found=said,
        hint="check the network and the package registry, or choose another platform",
    )
