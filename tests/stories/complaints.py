"""What every complaint of our programs has to look like."""

import json

LONGEST = 160
"""Characters of the first line: two lines of a terminal, with a path in it."""


def check_complaint(ended, *, code, mentions="", first="error:"):
    """One clear line of what is wrong, who has to act, a hint; no traceback, nothing on stdout.

    Args:
        ended: what the program left.
        code: the exit code that it should have.
        mentions: what the complaint has to name somewhere, for instance the file.
        first: how the first line begins.
    """
    told = ended.err
    assert ended.code == code, told
    assert ended.out == "", ended.out
    lines = told.splitlines()
    starts = [at for at, line in enumerate(lines) if line.startswith(("error:", "refused:"))]
    assert len(starts) == 1, told
    lines = lines[starts[0] :]  # a review may have been shown before
    assert lines[0].startswith(first), told
    assert len(lines[0]) <= LONGEST + len(mentions), lines[0]
    assert any(line.startswith("  at fault: ") for line in lines), told
    assert any(line.startswith("  hint: ") for line in lines), told
    assert mentions in told, told
    for mark in ("Traceback", "bug in", "  File ", "Error:", "Exception", "errno", "object at 0x"):
        assert mark not in told, told


def check_json_complaint(ended, *, code):
    """With `--json`, the same as one object on stdout."""
    assert ended.code == code, ended.err
    error = json.loads(ended.out)["error"]
    assert error["exit_code"] == code
    assert error["what"]
    assert error["hint"]
    return error
