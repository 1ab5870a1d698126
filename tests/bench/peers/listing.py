"""The program that lists a vault's addresses for a spreadsheet: `coldquorum vault addresses --csv`.

Nothing of the product is imported here: this process has to stay smaller than what it measures.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.memory import held

ROOT = Path(__file__).resolve().parents[3]
VAULT = "bench"
LINES = 5_000
"""After so many, memory is looked at again."""


def version():
    """Whose."""
    return "this tree"


def _program(*arguments):
    return [sys.executable, "-P", "-m", "signer.cli.coldquorum", *map(str, arguments)]


def csv(case, *, ground):
    """All lines, read as they come; gives their SHA-256."""
    home = Path(tempfile.mkdtemp(dir=case.folder))
    seen = {key: value for key, value in os.environ.items() if not key.startswith("COLD")}
    seen |= {"COLDQUORUM_HOME": str(home), "PYTHONPATH": str(ROOT)}
    document = Path(case.folder) / "vault-document"
    subprocess.run(_program("vault", "import", document), env=seen, capture_output=True, check=True)
    command = _program("vault", "addresses", VAULT, "--csv", "--count", case.count)
    most = [0]

    def run():
        digest = hashlib.sha256()
        with subprocess.Popen(command, env=seen, stdout=subprocess.PIPE) as program:
            for at, line in enumerate(program.stdout):
                digest.update(line)
                if at % LINES == 0:
                    most[0] = max(most[0], _family(program.pid))
        if program.returncode:
            raise RuntimeError(f"exit code {program.returncode}")
        return digest

    return run, lambda digest: digest.hexdigest().encode(), lambda: most[0]


def _family(process):
    """Bytes: the most that a process and each of its children has held so far, together.

    They share pages, which are counted in each: this is more than they take.
    """
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return sum(map(held, (process, *children)))


JOBS = {"csv": csv}
