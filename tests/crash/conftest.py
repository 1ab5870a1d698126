"""One stage for all crash tests of a worker; the world of tests/attacks is theirs, too."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "tests" / "attacks"))


@dataclass(frozen=True)
class Ended:
    """How the program ended.

    Attributes:
        code: its exit code, or -9.
        calls: every call that changed a file, in order, as `kind:name`.
    """

    code: int
    calls: list[str]


class Stage:
    """A process that runs the program in children of its own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(
        self,
        argv: list[object],
        cwd: Path,
        at: int = 0,
        when: str = "before",
        *,
        links: bool = True,
    ) -> Ended:
        """Run `coldsign`, and kill it at the `at`-th call; at 0, let it end."""
        order = {"argv": [*map(str, argv)], "cwd": str(cwd), "at": at, "when": when, "links": links}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert answer["missed"] == [], "a call went by uncounted: the harness must learn it"
        return Ended(answer["code"], answer["calls"])


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """The stage, set up once."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COLD")}
    with subprocess.Popen(
        [sys.executable, HERE / "crash_stage.py"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**environment, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
    ) as process:
        yield Stage(process)
        process.stdin.close()
