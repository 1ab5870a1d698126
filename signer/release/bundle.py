"""Making a kit: everything in memory first, then a new folder."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from importlib.resources import files
from pathlib import Path

from signer.carry import kit
from signer.carry.kit import KitFile, Manifest, Officers
from signer.core.errors import BadInput, Fault, Refusal, Refused
from signer.core.files import failed, refuse_existing, write_new
from signer.release.gather import Target, gather, requirements, versions
from signer.release.page import instructions
from signer.release.wheel import coldsign_wheel

_STEP = 1
"""A kit is read before anything else is."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A kit that is not on the disk yet.

    Attributes:
        manifest: what is in it.
        files: by path, the manifest not among them.
    """

    manifest: Manifest
    files: Mapping[str, bytes] = field(repr=False)


def make(
    *,
    release: int,
    target: Target,
    officers: Officers,
    extras: Sequence[str] = (),
    pins: Mapping[str, str] | None = None,
) -> Bundle:
    """Fetch the packages and make a kit, without signatures.

    Raises:
        BadInput: pip cannot give the packages; or a value that no kit has.
    """
    wanted = requirements(target, extras)
    wheels = [coldsign_wheel(wanted), *gather(target, wanted, pins)]
    content = {f"{kit.WHEELS}/{wheel.name}": wheel.data for wheel in wheels}
    content[kit.OFFICERS] = officers.to_bytes()
    content[kit.INSTALLER] = (files("signer.carry") / "kit_install.py").read_bytes()
    content[kit.PAGE] = instructions(release, target.platform, target.python)
    manifest = Manifest.make(
        release=release,
        coldsign=metadata.version("coldquorum"),
        platform=target.platform,
        python=target.python,
        extras=extras,
        files=[KitFile.of(path, data) for path, data in content.items()],
    )
    return Bundle(manifest, content)


def make_again(theirs: kit.Kit) -> Bundle:
    """Make somebody else's kit from our own code and packages of the same versions.

    Raises:
        BadInput: as `make`.
        Refused: what comes out is not what they made.
    """
    model = theirs.manifest
    folder = f"{kit.WHEELS}/"
    names = [f.path.removeprefix(folder) for f in model.files if f.path.startswith(folder)]
    ours = make(
        release=model.release,
        target=Target(model.platform, model.python),
        officers=theirs.officers,
        extras=model.extras,
        pins=versions(names),
    )
    if ours.manifest.id != model.id:
        differ = {file.path for file in set(ours.manifest.files) ^ set(model.files)}
        raise Refused(
            Refusal(
                _STEP,
                "kit.again",
                "the kit that comes out here is another one",
                Fault.COORDINATOR,
                expected=model.id,
                found=f"{ours.manifest.id}; not the same: {', '.join(sorted(differ))}",
                hint="do not sign: either the versions of coldquorum differ, or somebody's "
                "machine changed the kit",
            )
        )
    return ours


def write(bundle: Bundle, folder: Path) -> None:
    """Write a kit into a folder that is not there yet, wholly or not at all.

    Raises:
        BadInput: the name is taken, or the disk does not take it.
    """
    refuse_existing(folder)
    try:
        folder.mkdir()
        (folder / kit.WHEELS).mkdir()
        (folder / kit.SIGNATURES).mkdir()
    except OSError as error:
        raise failed("kit", folder, error) from None
    try:
        for path, data in bundle.files.items():
            write_new(folder / path, data)
        write_new(folder / kit.MANIFEST, bundle.manifest.payload)
        kit.read(folder)  # what cannot be read again is not a kit
    except BadInput:
        shutil.rmtree(folder, ignore_errors=True)
        raise
