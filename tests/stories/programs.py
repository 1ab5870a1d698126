"""Run the real programs: each in a process of its own, with nobody to answer.

`forked` saves the interpreter's start, by a process that has imported both programs (`zygote.py`)
and forks for each run; what runs then is all that `main` does.
"""

import atexit
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 600  # seconds; a bound against hanging, not a measurement


@dataclass(frozen=True)
class Ended:
    """What a run left.

    Attributes:
        code: the exit code; negative if a signal ended it.
        out: stdout.
        err: stderr.
    """

    code: int
    out: str
    err: str

    @property
    def answer(self):
        """The one JSON object on stdout."""
        return json.loads(self.out)


def program(argv, *, cwd, home, prefix=(), stdout=subprocess.PIPE):
    """Run a program from the shell: `argv` starts with its name."""
    name, *arguments = map(str, argv)
    done = subprocess.run(
        [*prefix, sys.executable, "-P", "-m", f"signer.cli.{name}", *arguments],
        cwd=cwd,
        env={**_environment(), "COLDQUORUM_HOME": str(home), "COLDSIGN_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        check=False,
        timeout=PATIENCE,
    )
    return Ended(done.returncode, (done.stdout or b"").decode(), done.stderr.decode())


def forked(argv, *, cwd, home, scratch, environment=None):
    """Run a program in a fork; `scratch` is a folder for what it prints."""
    name, *arguments = map(str, argv)
    out, err = scratch / "stdout", scratch / "stderr"
    for stale in (out, err):
        stale.unlink(missing_ok=True)
    variables = {"COLDQUORUM_HOME": str(home), "COLDSIGN_HOME": str(home), **(environment or {})}
    job = {"name": name, "arguments": arguments, "cwd": str(cwd), "environment": variables}
    zygote = _zygote()
    zygote.stdin.write(json.dumps({**job, "out": str(out), "err": str(err)}) + "\n")
    zygote.stdin.flush()
    return Ended(int(zygote.stdout.readline()), out.read_text(), err.read_text())


@cache
def _zygote():
    """One for each process that runs tests; it ends when its stdin is closed."""
    zygote = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("zygote.py")],
        env=_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(zygote.communicate)
    return zygote


def _environment():
    kept = {key: value for key, value in os.environ.items() if not key.startswith("COLD")}
    return {**kept, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
