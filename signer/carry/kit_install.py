"""install.py of the offline kit: verifies the kit, then installs coldsign from it.

    python3 -I install.py --to FOLDER      verify and install
    python3 -I install.py                  verify only

It trusts two files, this one and officers.json. Compare the SHA-256 of both, in person, with what
the other officers have on paper: `sha256sum install.py officers.json`. All else follows from them.

It needs a Python with its standard library, and neither network nor pip.
"""

# ruff: noqa: T201 -- it prints by itself: it stands alone
import sys

if not sys.flags.isolated:  # else a json.py that lies beside this file would be run
    sys.exit("refused: run it as  python3 -I install.py")

import argparse
import base64
import hashlib
import io
import json
import platform
import re
import shlex
import shutil
import subprocess
import tempfile
import venv
import zipfile
from pathlib import Path
from typing import Any, NoReturn

KIT = Path(__file__).resolve().parent
LIMIT = 256 << 20  # bytes of a file
FOLDERS = ("wheels", "signatures")
TYPE = b"application/vnd.coldquorum.kit+json"

# Ed25519 (RFC 8032, section 5.1): the field, the order of the base point, the curve's constant.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int, int, int]  # X, Y, Z, T: x = X/Z, y = Y/Z, x*y = T/Z


def point(data: bytes) -> Point | None:
    """Decode a point (section 5.1.3), or None."""
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    if y >= P or x * x % P != square or (x == 0 and sign):
        return None
    x = x if x & 1 == sign else P - x
    return x, y, 1, x * y % P


def add(p: Point, q: Point) -> Point:
    """Add two points (section 5.1.4)."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]), (p[1] + p[0]) * (q[1] + q[0])
    c, d = 2 * p[3] * q[3] * D, 2 * p[2] * q[2]
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar: int, p: Point) -> Point:
    """Multiply a point."""
    total = (0, 1, 1, 0)
    for bit in f"{scalar:b}":
        total = add(total, total)
        total = add(total, p) if bit == "1" else total
    return total


def verifies(key: bytes, message: bytes, signature: bytes) -> bool:
    """Verify a signature (section 5.1.7)."""
    a, r, s = point(key), point(signature[:32]), int.from_bytes(signature[32:], "little")
    base = point(bytes.fromhex("58" + "66" * 31))
    if a is None or r is None or base is None or len(signature) != 64 or s >= L:  # noqa: PLR2004 -- as there
        return False
    hashed = hashlib.sha512(signature[:32] + key + message).digest()
    left, right = times(s, base), add(r, times(int.from_bytes(hashed, "little") % L, a))
    return all((left[at] * right[2] - right[at] * left[2]) % P == 0 for at in (0, 1))


def refuse(why: str) -> NoReturn:
    """End with a reason."""
    sys.exit(f"refused: {why}\nnothing was installed")


def content(path: str) -> bytes:
    """Read a file of the kit: once, so that what is verified is what is installed."""
    place = KIT / path
    if place.is_symlink() or not place.is_file() or place.stat().st_size > LIMIT:
        refuse(f"{path} is missing, too large, or no file")
    return place.read_bytes()


def table(data: bytes) -> Any:
    """Read JSON; a key that comes twice is an error."""

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            refuse("a key comes twice in a document")
        return dict(pairs)

    return json.loads(data, object_pairs_hook=unique)


def signed_by(officers: Any, payload: bytes) -> list[str]:
    """Name the officers who signed the manifest. One key is one voice, whatever file it is in."""
    message = b"DSSEv1 %d %b %d %b" % (len(TYPE), TYPE, len(payload), payload)
    voices = {key: name for name, key in officers["officers"].items()}
    signed = set()
    for place in KIT.glob("signatures/*.json"):
        envelope = table(content(f"signatures/{place.name}"))
        same = base64.b64decode(envelope["payload"]) == payload
        for one in envelope["signatures"] if same else []:
            key, signature = one["keyid"], base64.b64decode(one["sig"])
            if key in voices and verifies(bytes.fromhex(key), message, signature):
                signed.add(voices[key])
    return sorted(signed)


def check_quorum(data: bytes, payload: bytes) -> str:
    """Refuse a manifest that too few of these officers signed; say who did."""
    officers = table(data)
    signed, needed = signed_by(officers, payload), officers["threshold"]
    if type(needed) is not int or needed < 1 or len(signed) < needed:
        refuse(f"signed by {', '.join(signed) or 'nobody'}; {needed} officers have to")
    return ", ".join(signed)


def verified() -> tuple[Any, dict[str, bytes]]:
    """Give the manifest and every file in it, or refuse. The signatures come first."""
    payload, officers = content("manifest.json"), content("officers.json")
    signed = check_quorum(officers, payload)
    manifest = table(payload)
    files = {file["path"]: content(file["path"]) for file in manifest["files"]}
    for file in manifest["files"]:
        if hashlib.sha256(files[file["path"]]).hexdigest() != file["sha256"]:
            refuse(f"{file['path']} was changed")
    if files.get("officers.json") != officers:
        refuse("officers.json was changed")
    known = {*files, "manifest.json", *FOLDERS}
    for place in KIT.rglob("*"):
        path = place.relative_to(KIT).as_posix()
        signature = re.fullmatch(r"signatures/[a-z0-9._-]+\.json", path)
        if not (path in known or signature) or place.is_dir() != (path in FOLDERS):
            refuse(f"{path!a} is not in the manifest")
    print(f"verified   release {manifest['release']}, coldsign {manifest['coldsign']}")
    print(f"signed by  {signed}")
    print(f"manifest   {hashlib.sha256(payload).hexdigest()}")
    return manifest, {**files, "manifest.json": payload}


def install(manifest: Any, files: dict[str, bytes], folder: Path) -> None:
    """Install beside what is there, and never back to an older release."""
    system = {"linux": "linux", "darwin": "macos"}.get(sys.platform, sys.platform)
    version = "{}.{}".format(*sys.version_info)
    here = f"{system}-{platform.machine()}, Python {version}"
    if here != f"{manifest['platform']}, Python {manifest['python']}":
        refuse(f"the kit is for {manifest['platform']}, Python {manifest['python']}, not {here}")
    found = [place.name.removeprefix("release-") for place in folder.glob("release-*")]
    newest = max((int(number) for number in found if number.isdigit()), default=0)
    if manifest["release"] <= newest:
        refuse(f"{folder} has release {newest} already; this is release {manifest['release']}")
    pinned = folder / "officers.json"
    if pinned.exists() and pinned.read_bytes() != files["officers.json"]:
        print("the officers have changed: those before them must have signed, too")
        check_quorum(pinned.read_bytes(), files["manifest.json"])
    home = folder / f"release-{manifest['release']}"
    try:
        venv.EnvBuilder(symlinks=True, with_pip=False).create(home)
        for path in sorted(files):
            if path.startswith("wheels/"):
                with zipfile.ZipFile(io.BytesIO(files[path])) as wheel:
                    wheel.extractall(home / f"lib/python{version}/site-packages")
        program = [str(home / "bin/python"), "-I", "-m", "signer.cli.coldsign"]
        with tempfile.TemporaryDirectory() as scratch:
            subprocess.run([*program, "--home", scratch, "selftest"], check=True)  # noqa: S603 -- what was verified
        (home / "manifest.json").write_bytes(files["manifest.json"])
        (home / "officers.json").write_bytes(files["officers.json"])
        (home / "officers.json").replace(pinned)
        (home / "coldsign").write_text(f'#!/bin/sh\nexec {shlex.join(program)} "$@"\n', "utf-8")
        (home / "coldsign").chmod(0o755)
        (home / "coldsign").replace(folder / "coldsign")
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    print(f"installed  {folder / 'coldsign'}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Verify the offline kit, and install coldsign.")
    parser.add_argument("--to", metavar="FOLDER", type=Path, help="install here")
    chosen = parser.parse_args()
    try:
        everything = verified()
        if chosen.to:
            install(*everything, chosen.to.expanduser().resolve())
    except (LookupError, OSError, RecursionError, TypeError, ValueError, AttributeError) as error:
        refuse(f"{type(error).__name__}: {error}")
    except subprocess.CalledProcessError:
        refuse("the self-test failed")
