"""The short run of the fuzzers: every kept input, some thousand changed ones, some of atheris."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from carry_targets import TARGETS as CARRY
from keys_targets import TARGETS as KEYS
from mutation import inputs

HERE = Path(__file__).parent
CORPUS = HERE / "corpus"
RUNS = 3000
TARGETS = {**CARRY, **KEYS}


def kept(name):
    """List the kept inputs of a target."""
    return [path.read_bytes() for path in sorted((CORPUS / name).glob("*"))]


@pytest.mark.parametrize("name", TARGETS)
def test_kept_inputs(name):
    """Seeds, and whatever ever broke a promise, are taken or refused as they should be."""
    found = kept(name)
    assert found, "a target without seeds"
    for data in found:
        TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_changed_inputs(name):
    """Kept inputs, changed at random (the same way every time), break no promise."""
    count = 0
    for data in inputs(kept(name), RUNS, seed=2024):
        TARGETS[name](data)
        count += 1
    assert count == RUNS


def test_the_fuzzer_notices(monkeypatch):
    """A decoder that lets a wrong thing through is found by the short run."""
    from signer.carry import cbor

    monkeypatch.setattr(cbor._Reader, "argument", lambda self, n: n if n < 24 else self.take(1)[0])
    with pytest.raises(AssertionError):
        list(map(TARGETS["cbor"], inputs(kept("cbor"), RUNS, seed=2024)))


@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris is not installed")
def test_a_few_seconds_of_atheris():
    """The long run starts, and its first thousands of inputs find nothing."""
    done = subprocess.run(
        [sys.executable, HERE / "fuzz.py", "all", "--seconds", "4", "--runs", "20000"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert "Done" in done.stderr


def test_the_plain_fuzzer_runs():
    """Without atheris, the long run mutates."""
    done = subprocess.run(
        [sys.executable, HERE / "fuzz.py", "cbor", "--seconds", "1", "--plain"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "nothing found" in done.stdout
