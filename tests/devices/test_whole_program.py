"""The whole program in a process of its own: hardened, without sockets, with a device on a bus."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hw import find


@pytest.mark.parametrize(
    "vendor", [driver.vendor for driver in find.DRIVERS if not driver.enforcing]
)
def test_the_hardened_program_signs_with_a_device(vendor, tmp_path):
    """The audit hook forbids sockets to the whole process, and every command works in it."""
    script = Path(__file__).with_name("whole_program.py")
    folders = (script.parents[1] / "attacks", script.parents[2])
    done = subprocess.run(
        [sys.executable, script, vendor, tmp_path],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, folders))},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr.decode()
    answers = json.loads(done.stdout)
    assert answers.pop("given_back") is True
    assert {name: one["code"] for name, one in answers.items()} == dict.fromkeys(answers, 0)
    assert answers["sign"]["answer"]["vouches"] == "station"
    assert Path(answers["sign"]["answer"]["file"]).exists()
