"""The short run of the drivers' fuzzers: every kept input, and some hundred changed ones."""

from pathlib import Path

import pytest
from device_targets import TARGETS
from device_targets import accept as device_targets_accept
from mutation import inputs

CORPUS = Path(__file__).parent / "corpus"
RUNS = 400


def kept(name):
    """List the kept inputs of a target."""
    return [path.read_bytes() for path in sorted((CORPUS / name).glob("*"))]


@pytest.mark.parametrize("name", TARGETS)
def test_kept_answers(name):
    """Recorded answers, and whatever ever broke a promise, end in an error of ours or in none."""
    found = kept(name)
    assert found, "a target without seeds"
    for data in found:
        TARGETS[name](data)


@pytest.mark.parametrize("name", TARGETS)
def test_changed_answers(name):
    """Recorded answers, changed at random (the same way every time), break no promise."""
    count = 0
    for data in inputs(kept(name), RUNS, seed=2024):
        TARGETS[name](data)
        count += 1
    assert count == RUNS


def test_the_fuzzer_reaches_the_signature():
    """A kept input leads through every step: fuzzing begins behind the first question."""
    from device_targets import answers, asked

    signs = {
        "bitbox02": b"\x6a\x48\x1a\x46\x08\x02\x18\x01\x22\x40",
        "coldcard": b"biny" + asked()[2].psbt[:40],
        "ledger": b"\x10\x00\x21",
    }
    for name, beginning in signs.items():
        assert any(part.startswith(beginning) for data in kept(name) for part in answers(data))


@pytest.mark.parametrize("name", ["jade", "jade_stream", "trezor", "trezor_packets"])
def test_a_kept_input_is_signed(name, monkeypatch):
    """Without a cipher in the way, a kept input leads to a signature that the station takes."""
    taken = []

    def accept(*asked):
        taken.append(found := device_targets_accept(*asked))
        return found

    monkeypatch.setattr("device_targets.accept", accept)
    for data in kept(name):
        TARGETS[name](data)
    assert taken
