"""The program itself: `coldsign sign` in a new process, all eleven steps, on one core or on all.

What it does beside the library's work is measured apart, in the same rounds: its start, opening the
key (Argon2id: slow on purpose), and the second engine's signatures.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.home import PASSPHRASE, enrolled, environment
from bench.workload import World
from signer.cli.offline.cores import spread
from signer.keys import unlock
from signer.sign.facts import read
from signer.sign.softkey import SoftKey, second_engine


def version():
    """Whose."""
    return "this tree"


def sign(case, *, ground):
    """The program; gives the signed PSBT."""
    place = Path(tempfile.mkdtemp(dir=case.folder))
    home = enrolled(place / "home")
    secret = place / "passphrase"
    secret.write_bytes(PASSPHRASE)
    secret.chmod(0o600)
    command = [sys.executable, "-P", "-m", "signer.cli.coldsign", "sign"]
    command += [str(Path(case.folder) / "psbt"), "-o", str(place / "signed"), "--yes", "--json"]
    command += ["--passphrase-file", str(secret)]

    def run():
        done = subprocess.run(command, env=environment(home), capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(f"exit code {done.returncode}: {done.stdout.decode()[:300]}")
        return done.stdout

    def tell(said):
        raw = Path(json.loads(said)["file"]).read_bytes()
        shutil.rmtree(place)
        return raw

    return run, tell


def opened(case, *, ground):
    """The key's file, opened: Argon2id."""
    home = enrolled(Path(tempfile.mkdtemp(dir=case.folder)))
    name = World().names[0]
    return (
        lambda: unlock.root(home, name, bytearray(PASSPHRASE)),
        lambda root: root.fingerprint.encode(),
    )


def _engine_jobs(case):
    world = World()
    facts = read(case.psbt, {world.vault.id: world.vault})
    key = SoftKey.of(world.root(world.names[0]), world.vault)
    return [
        (
            c.digest,
            key.branches[c.branch].derive(c.index).secret,
            c.key_of(key.fingerprint),
        )
        for c in facts.inputs
    ]


def engine(case, *, ground):
    """The second engine's signatures alone, one after the other."""
    jobs = _engine_jobs(case)
    return lambda: [second_engine(*job) for job in jobs], b"".join


def spread_engine(case, *, ground):
    """The same on all cores, as the program does it."""
    jobs = _engine_jobs(case)
    return lambda: spread(
        lambda numbers: [second_engine(*jobs[n]) for n in numbers], len(jobs)
    ), b"".join


JOBS = {"sign": sign, "opened": opened, "engine": engine, "spread": spread_engine}
