"""The offline kit as officers read it, in both programs."""

import platform
import sys
from typing import TYPE_CHECKING

from signer.cli import show
from signer.cli.review import indented

if TYPE_CHECKING:
    from signer.carry.kit import Kit

_SYSTEMS = {"linux": "linux", "darwin": "macos"}


def platform_here() -> str:
    """This machine, as kits name it."""
    return f"{_SYSTEMS.get(sys.platform, sys.platform)}-{platform.machine()}"


def python_here() -> str:
    """This Python, as kits name it."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def data(kit: "Kit") -> dict[str, object]:
    """A kit as plain JSON values."""
    from signer.carry.kit import INSTALLER, OFFICERS

    made = kit.manifest
    return {
        "release": made.release,
        "coldsign": made.coldsign,
        "platform": made.platform,
        "python": made.python,
        "extras": list(made.extras),
        "files": len(made.files),
        "bytes": sum(file.size for file in made.files),
        "manifest": made.id,
        "installer_sha256": made.sha256(INSTALLER),
        "officers_sha256": made.sha256(OFFICERS),
        "threshold": kit.officers.threshold,
        "officers": dict(kit.officers.keys),
        "signed_by": list(kit.tally.signed),
        "missing": kit.tally.missing,
    }


def text(kit: "Kit") -> str:
    """A kit, and what to compare in person."""
    from signer.carry.kit import INSTALLER, OFFICERS

    made = kit.manifest
    extras = f" with {', '.join(made.extras)}" if made.extras else ""
    lines = [f"offline kit, release {made.release}: coldsign {made.coldsign}{extras}"]
    lines += [f"  for {made.platform}, Python {made.python}", ""]
    lines.append(
        show.columns(
            (
                (
                    _called(file.path),
                    f"{show.number(file.size):>12}",
                    show.grouped(file.sha256[:16]),
                )
                for file in made.files
            ),
            indent=2,
        )
    )
    lines += ["", f"  {kit.officers.threshold} of these officers release it"]
    lines.append(
        show.columns(((n, show.grouped(k, 8)) for n, k in kit.officers.keys.items()), indent=2)
    )
    lines += [f"  {kit.tally.sentence}", "", "compare in person, and keep on paper"]
    for name in (INSTALLER, OFFICERS):
        lines += [f"  sha256 of {name}", *indented(made.sha256(name), 2)]
    lines += ["compare for this release", "  sha256 of manifest.json", *indented(made.id, 2)]
    return "\n".join(lines)


def _called(path: str) -> str:
    """A wheel by its package and version, which its file's name starts with; others by name."""
    folder, _, name = path.rpartition("/")
    return " ".join(name.split("-")[:2]) if folder else name
