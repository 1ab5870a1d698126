"""The offline kit: what is in its folder, and which releasing officers signed for that.

    manifest.json          what was signed: every other file with its size and SHA-256
    officers.json          who releases, and how many of them have to sign
    install.py             `kit_install.py`, which verifies all of this again by itself
    READ-ME-FIRST.txt      the instructions
    wheels/*.whl           the packages
    signatures/NAME.json   an officer's signature: a DSSE envelope around manifest.json's bytes.
                           Which key signed, its content says; the name is for people.

Every file but the manifest and the signatures stands in the manifest, and no other may lie there.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final

from policies import quorum, strict_json
from policies.envelope import MAX_DOCUMENT, Envelope, document_id
from policies.quorum import Role, Tally, officer_key
from policies.strict_json import Fields, Word
from signer.core.errors import BadInput, Fault
from signer.core.files import read_limited
from signer.core.names import DocumentId, KeyId

KIND: Final = "kit"
MANIFEST: Final = "manifest.json"
OFFICERS: Final = "officers.json"
INSTALLER: Final = "install.py"
PAGE: Final = "READ-ME-FIRST.txt"
WHEELS: Final = "wheels"
SIGNATURES: Final = "signatures"

MAX_FILE: Final = 256 << 20
"""Bytes. The largest wheel, FFmpeg's of the camera, takes 36 MB."""

MAX_FILES: Final = 200
"""A kit has about 25."""

_PATH: Word = (
    re.compile(r"(wheels/)?[A-Za-z0-9][A-Za-z0-9._+-]{0,150}"),
    "a plain file name, in wheels/ or in no folder",
)
_SIGNATURE: Final = re.compile(r"signatures/[a-z0-9._-]{1,60}\.json")
_EXTRA: Word = (re.compile(r"[a-z][a-z0-9-]{0,31}"), "the name of an extra")
_PYTHON: Word = (re.compile(r"3\.[1-9][0-9]"), "a Python like 3.12")
_PLATFORM: Word = (re.compile(r"(linux|macos)-[a-z0-9_]{1,16}"), "a platform like linux-x86_64")
_VERSION: Word = (re.compile(r"[0-9][A-Za-z0-9.+]{0,31}"), "a version")
_bad = partial(BadInput, fault=Fault.COORDINATOR)


@dataclass(frozen=True, slots=True)
class KitFile:
    """One file of a kit.

    Attributes:
        path: below the kit's folder, with slashes.
        size: bytes.
        sha256: 64 hex digits.
    """

    path: str
    size: int
    sha256: str

    @classmethod
    def of(cls, path: str, data: bytes) -> "KitFile":
        """Describe a file."""
        return cls(path, len(data), sha256(data).hexdigest())


@dataclass(frozen=True, slots=True)
class Officers:
    """Who releases kits. Signers compare this document in person.

    Attributes:
        threshold: how many of them have to sign.
        keys: each officer's Ed25519 key.
    """

    threshold: int
    keys: Mapping[str, KeyId]

    @classmethod
    def parse(cls, data: bytes) -> "Officers":
        """Read officers.json.

        Raises:
            BadInput: malformed, a key twice, or a threshold that cannot be reached.
        """
        what = "releasing officers"
        fields = Fields(
            strict_json.load(data, limit=MAX_DOCUMENT, what=what),
            what,
            required=("kind", "version", "threshold", "officers"),
        )
        fields.exactly("kind", "releasers")
        fields.exactly("version", 1)
        table = fields.named("officers")
        keys = {name: officer_key(table, name) for name in table.raw}
        if not keys or len(set(keys.values())) != len(keys):
            fields.bad("officers", "one key for each officer, none of them twice", len(keys))
        return cls(fields.integer("threshold", least=1, most=len(keys)), keys)

    def to_bytes(self) -> bytes:
        """Write officers.json, the same bytes for the same officers."""
        table = {"kind": "releasers", "version": 1, "threshold": self.threshold}
        return strict_json.dump({**table, "officers": dict(self.keys)}) + b"\n"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the officers sign.

    Attributes:
        payload: manifest.json, as received.
        release: 1, 2, 3, ...; an installation never goes back.
        coldsign: the version of the program.
        platform: for instance "linux-x86_64".
        python: for instance "3.12".
        extras: what was added, for instance "camera".
        files: all others, by path.
    """

    payload: bytes = field(repr=False)
    release: int
    coldsign: str
    platform: str
    python: str
    extras: tuple[str, ...]
    files: tuple[KitFile, ...]

    @classmethod
    def parse(cls, payload: bytes) -> "Manifest":
        """Read manifest.json.

        Raises:
            BadInput: malformed, or a path that is none of a kit's.
        """
        fields = Fields(
            strict_json.load(payload, limit=MAX_DOCUMENT, what=MANIFEST),
            "manifest",
            required=(
                *("kind", "version", "release", "coldsign", "platform", "python", "extras"),
                "files",
            ),
        )
        fields.exactly("kind", KIND)
        fields.exactly("version", 1)
        listed = fields.tables("files", required=("path", "size", "sha256"))
        files = tuple(
            KitFile(_word(f, "path", _PATH), f.integer("size", most=MAX_FILE), f.digest("sha256"))
            for f in listed[:MAX_FILES]
        )
        paths = [file.path for file in files]
        if len(listed) > MAX_FILES or paths != sorted(set(paths)):
            fields.bad("files", f"at most {MAX_FILES} files, in order, none twice", len(listed))
        if missing := {OFFICERS, INSTALLER, PAGE}.difference(paths):
            fields.bad("files", f"a kit's files, {min(missing)} among them", len(listed))
        return cls(
            payload,
            fields.integer("release", least=1, most=10**9),
            _word(fields, "coldsign", _VERSION),
            _word(fields, "platform", _PLATFORM),
            _word(fields, "python", _PYTHON),
            fields.words("extras", _EXTRA) if fields.raw["extras"] else (),
            files,
        )

    @classmethod
    def make(
        cls,
        *,
        release: int,
        coldsign: str,
        platform: str,
        python: str,
        extras: Sequence[str],
        files: Sequence[KitFile],
    ) -> "Manifest":
        """Make a manifest: the same bytes for the same files.

        Raises:
            BadInput: a value that `parse` would refuse.
        """
        table = {"kind": KIND, "version": 1, "release": release, "coldsign": coldsign}
        table |= {"platform": platform, "python": python, "extras": sorted(extras)}
        ordered = sorted(files, key=lambda file: file.path)
        table |= {"files": [asdict(file) for file in ordered]}
        return cls.parse(strict_json.dump(table) + b"\n")

    @property
    def id(self) -> DocumentId:
        """SHA-256 of manifest.json: what the officers compare."""
        return document_id(self.payload)

    def sha256(self, path: str) -> str:
        """The SHA-256 of one of its files."""
        return next(file.sha256 for file in self.files if file.path == path)


@dataclass(frozen=True, slots=True)
class Kit:
    """A kit whose files are those of its manifest. Only `read` makes one.

    Attributes:
        manifest: what is in it.
        officers: who releases, as the kit itself says: compare it in person.
        tally: which of them signed.
        installer: install.py.
    """

    manifest: Manifest
    officers: Officers
    tally: Tally
    installer: bytes = field(repr=False)


def read(folder: Path) -> Kit:
    """Read a kit's folder, and compare every file with the manifest.

    Raises:
        BadInput: a file is missing, changed, a link, or not listed; a signature that cannot be
            read, or is of another kit.
    """
    payload = read_limited(folder / MANIFEST, limit=MAX_DOCUMENT, what=MANIFEST)
    manifest = Manifest.parse(payload)
    kept: dict[str, bytes] = {}
    for file in manifest.files:
        data = _content(folder, file)
        if file.path in (OFFICERS, INSTALLER):
            kept[file.path] = data
    officers = Officers.parse(kept[OFFICERS])
    _refuse_strangers(folder, {MANIFEST, *(file.path for file in manifest.files)})
    valid: set[KeyId] = set()
    for place in sorted((folder / SIGNATURES).glob("*"))[:MAX_FILES]:
        valid |= _signature(place, manifest).valid_keys(officers.keys.values())
    role = Role("releasing officers", tuple(officers.keys), officers.threshold)
    tally = quorum.tally(role, officers.keys, frozenset(valid))
    return Kit(manifest, officers, tally, kept[INSTALLER])


def _content(folder: Path, file: KitFile) -> bytes:
    place = folder / file.path
    if place.is_symlink():
        raise _bad("the kit holds a link", found=file.path, hint="copy the kit again")
    data = read_limited(place, limit=MAX_FILE, what=file.path)
    if KitFile.of(file.path, data) != file:
        raise _bad(
            f"{file.path} is not the file that the manifest lists",
            expected=f"{file.size} bytes, sha256 {file.sha256}",
            found=f"{len(data)} bytes, sha256 {sha256(data).hexdigest()}",
            hint="do not use this kit; make it again, and find out who changed it",
        )
    return data


def _refuse_strangers(folder: Path, known: set[str]) -> None:
    for place in sorted(folder.rglob("*")):
        path = place.relative_to(folder).as_posix()
        known_folder = path in (WHEELS, SIGNATURES) and place.is_dir()
        if not (path in known or known_folder or _SIGNATURE.fullmatch(path)):
            raise _bad(
                "the kit holds a file that its manifest does not list",
                found=strict_json.shown(path),
                hint="do not use this kit; make it again, and find out who put it there",
            )


def _signature(place: Path, manifest: Manifest) -> Envelope:
    data = read_limited(place, limit=MAX_DOCUMENT, what="signature")
    envelope = Envelope.parse(data, kind=KIND)
    if envelope.payload != manifest.payload:
        raise _bad(
            "the signature is for another kit",
            expected=manifest.id,
            found=envelope.id,
            hint=f"remove {place.name} from the folder {SIGNATURES}, and let the officer sign anew",
        )
    return envelope


def _word(fields: Fields, key: str, word: Word) -> str:
    found = fields.raw[key]
    if not isinstance(found, str) or not word[0].fullmatch(found):
        fields.bad(key, word[1], found)
    return found
