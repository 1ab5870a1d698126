"""When the harness says yes. What it boots has its own command: `python tests/kernel/run.py`."""

import pytest
from run import MARK, passed


@pytest.mark.parametrize(
    ("code", "serial", "verdict"),
    [
        (33, [MARK], True),
        (33, ["booted", MARK, "the end"], True),
        (33, ["booted"], False),
        (33, [f"no line of its own: {MARK}"], False),
        (0, [MARK], False),
        (0, ["Kernel panic - not syncing: Out of memory"], False),
        (65, [MARK], False),
        (1, [], False),
        (-9, [MARK], False),
    ],
)
def test_only_the_exit_code_and_the_mark_together_are_a_pass(code, serial, verdict):
    """A panic ends QEMU with 0, a failed case with 65, a kill with less; none of them passes."""
    assert passed(code, serial) is verdict
