"""Small kits: the real manifest, installer and signatures around a coldsign of a few lines."""

import io
import subprocess
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from policies.envelope import Envelope
from signer.carry import kit
from signer.carry.kit import KitFile, Manifest, Officers
from signer.cli.kits import platform_here, python_here
from signer.core.names import KeyId

INSTALLER = Path(kit.__file__).with_name("kit_install.py")
WHEEL = "wheels/coldsign-0.1.0-py3-none-any.whl"
PROGRAM = "import sys\nprint('fit' if sys.argv[-1] == 'selftest' else 'coldsign')\n"


def officer(name):
    """Make an officer's key, the same one each time."""
    return Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())


def public(name):
    """Give the public key in hex."""
    return KeyId(officer(name).public_key().public_bytes_raw().hex())


def officers(*names, threshold=2):
    """Make the releasing officers."""
    return Officers(threshold, {name: public(name) for name in names})


TRIO = officers("alice", "bob", "carol")


def wheel(program=PROGRAM):
    """Zip a program."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in (("signer/cli/coldsign.py", program), ("signer/__init__.py", "")):
            archive.writestr(name, text)
    return out.getvalue()


def make(folder, *, release=1, who=TRIO, signers=("alice", "bob"), program=PROGRAM, **changed):
    """Write a kit that is signed."""
    files = {
        WHEEL: wheel(program),
        "officers.json": who.to_bytes(),
        "install.py": changed.get("installer", INSTALLER.read_bytes()),
        "READ-ME-FIRST.txt": b"read me\n",
    }
    manifest = Manifest.make(
        release=release,
        coldsign="0.1.0",
        platform=changed.get("platform", platform_here()),
        python=changed.get("python", python_here()),
        extras=(),
        files=[KitFile.of(path, data) for path, data in files.items()],
    )
    for path, data in {**files, "manifest.json": manifest.payload}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    (folder / "signatures").mkdir()
    for name in signers:
        sign(folder, name)
    return folder


def sign(folder, name, key=None, payload=None, kind="kit"):
    """Put a signature under an officer's name."""
    payload = payload or (folder / "manifest.json").read_bytes()
    signed = Envelope.wrap(kind, payload).signed(officer(key or name))
    (folder / f"signatures/{name}.json").write_bytes(signed.to_bytes())


def install(folder, *options, isolated=True, prefix=()):
    """Run the kit's installer."""
    flags = ("-I",) if isolated else ()
    return subprocess.run(
        [*prefix, sys.executable, *flags, folder / "install.py", *map(str, options)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
