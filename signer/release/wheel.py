"""Wheels that are the same bytes whenever and wherever they are written.

Source: the binary distribution format (packaging.python.org, "Binary distribution format").
Entries are stored, not compressed (compressors differ), in order, and dated at the ZIP epoch.
"""

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Final

_DATE: Final = (1980, 1, 1, 0, 0, 0)  # the first that a ZIP file can tell
_MODE: Final = 0o100644 << 16  # a plain file, where a ZIP entry keeps Unix modes
_ROOT: Final = Path(__file__).resolve().parents[2]

PARTS: Final = (
    *("policies", "hw"),
    *(
        "signer/core",
        "signer/keys",
        "signer/carry",
        "signer/sign",
        "signer/station",
        "signer/record",
        "signer/cli",
    ),
)
"""What coldsign consists of, beside `signer/__init__.py`. A folder that is new is not in the kit
until it is named here."""

_ONLINE: Final = ("signer/cli/online/", "signer/cli/coldquorum.py")
"""What lies in those parts and is the other program's."""


@dataclass(frozen=True, slots=True)
class Wheel:
    """A package.

    Attributes:
        name: of the file.
        data: the file.
    """

    name: str
    data: bytes = field(repr=False)


def coldsign_wheel(requirements: Iterable[str]) -> Wheel:
    """The wheel of coldsign alone: no online code, no program `coldquorum`.

    Args:
        requirements: what it needs (PEP 508).
    """
    about = metadata.metadata("coldquorum")
    version = about["Version"]
    info = f"coldsign-{version}.dist-info"
    lines = ["Metadata-Version: 2.1", "Name: coldsign", f"Version: {version}"]
    lines += ["Summary: The signer of Coldquorum, for machines without a network."]
    lines += [f"Requires-Python: {about['Requires-Python']}"]
    lines += [f"Requires-Dist: {requirement}" for requirement in sorted(requirements)]
    entries = _offline_files() | {
        f"{info}/METADATA": "".join(f"{line}\n" for line in lines).encode(),
        f"{info}/WHEEL": _wheel("py3-none-any"),
        f"{info}/entry_points.txt": b"[console_scripts]\ncoldsign = signer.cli.coldsign:main\n",
    }
    return Wheel(f"coldsign-{version}-py3-none-any.whl", _written(entries, f"{info}/RECORD"))


def repacked(wheel: Wheel) -> Wheel:
    """A wheel that was built here, written our way: builders differ in dates and compression."""
    with zipfile.ZipFile(io.BytesIO(wheel.data)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    record = next(name for name in entries if name.endswith(".dist-info/RECORD"))
    del entries[record]
    entries[record.replace("/RECORD", "/WHEEL")] = _wheel("py3-none-any")
    return Wheel(wheel.name, _written(entries, record))


def _offline_files() -> dict[str, bytes]:
    places = [_ROOT / "signer/__init__.py"]
    places += [place for part in PARTS for place in (_ROOT / part).rglob("*") if place.is_file()]
    paths = {place.relative_to(_ROOT).as_posix(): place for place in places}
    return {
        path: place.read_bytes()
        for path, place in paths.items()
        if "__pycache__" not in place.parts and not path.startswith(_ONLINE)
    }


def _wheel(tag: str) -> bytes:
    lines = ("Wheel-Version: 1.0", "Generator: coldquorum", "Root-Is-Purelib: true", f"Tag: {tag}")
    return "".join(f"{line}\n" for line in lines).encode()


def _written(entries: Mapping[str, bytes], record: str) -> bytes:
    rows = [
        f"{name},sha256={_digest(data)},{len(data)}\n" for name, data in sorted(entries.items())
    ]
    listed = {**entries, record: "".join((*rows, f"{record},,\n")).encode()}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in sorted(listed.items()):
            entry = zipfile.ZipInfo(name, _DATE)
            entry.external_attr, entry.create_system = _MODE, 3  # 3: Unix
            archive.writestr(entry, data)
    return out.getvalue()


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
