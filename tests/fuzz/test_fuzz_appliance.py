"""The short run of the appliance's fuzz targets: each kept input, and thousands of changed ones."""

import pytest
from appliance_targets import TARGETS
from mutation import inputs
from test_fuzz_carry import kept

RUNS = 2000


@pytest.mark.parametrize("name", TARGETS)
def test_kept_and_changed_inputs(name):
    """No bytes of a host, or of an appliance, are taken for another message than they are."""
    seeds = kept(name)
    assert seeds, "a target without seeds"
    count = 0
    for data in (*seeds, *inputs(seeds, RUNS, seed=2026)):
        TARGETS[name](data)
        count += 1
    assert count == RUNS + len(seeds)


def test_the_fuzzer_notices(monkeypatch):
    """A reader that passes over the byte after a message is found by the short run."""
    monkeypatch.setattr("hw.appliance.wire.any", lambda _: False, raising=False)
    seeds = kept("appliance-stream")
    with pytest.raises(AssertionError):
        list(map(TARGETS["appliance-stream"], inputs(seeds, RUNS, seed=2026)))
