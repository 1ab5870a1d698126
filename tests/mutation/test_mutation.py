"""The mutation runner itself, a short campaign with it, and the list of survivors."""

import re
import subprocess
import sys
from pathlib import Path

from mutants import mutants, names
from mutate import explained

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

SOURCE = '''
"""Docstring."""
LIMIT = 5
Word = tuple[str, int]
if TYPE_CHECKING:
    import more

def check(a, b, *, least=1):
    """Say whether 3 is more than 2."""
    if a >= b and not b:
        raise ValueError(f"{a + b} of 3", expected=4)
    return any(one is None for one in a if one)
'''


def test_every_kind_of_fault_is_made_once():
    """Comparisons, operators, conditions, numbers, statements; no text, no docstring, no type."""
    assert names(SOURCE) == {
        "LIMIT: 5 -> 6",
        "LIMIT: 5 -> 4",
        "check: 1 -> 2",
        "check: 1 -> 0",
        "check: if a >= b and (not b) -> True",
        "check: if a >= b and (not b) -> False",
        "check: a >= b and (not b) -> a >= b or not b",
        "check: a >= b and (not b) -> not b",
        "check: a >= b and (not b) -> a >= b",
        "check: a >= b -> a > b",
        "check: a >= b -> a < b",
        "check: a >= b and (not b) -> a >= b and b",
        "check: raise ValueError(f'{a + b} of 3', expected=4) -> (nothing)",
        "check: any((one is None for one in a if one)) -> all((one is None for one in a if one))",
        "check: one is None -> one is not None",
        "check: if one (of a loop) -> (always)",
    }


def outcome(code):
    """Give the constant of the source, and what its function says."""
    space = {"TYPE_CHECKING": False}
    exec(code, space)
    try:
        return space["LIMIT"], space["check"]([], [1])
    except TypeError:
        return space["LIMIT"], "raises"


def test_each_mutant_is_the_source_with_one_fault():
    """What is compiled behaves as its name says, and the next one is without that fault."""
    found = {mutant.name: outcome(mutant.code) for mutant in mutants(SOURCE, "source.py")}
    every = "any((one is None for one in a if one)) -> all((one is None for one in a if one))"
    changed = {name: ended for name, ended in found.items() if ended != (5, False)}
    assert changed == {
        "LIMIT: 5 -> 6": (6, False),
        "LIMIT: 5 -> 4": (4, False),
        "check: if a >= b and (not b) -> True": (5, "raises"),
        f"check: {every}": (5, True),
    }
    early = {mutant.name for mutant in mutants(SOURCE, "source.py") if mutant.at_import}
    assert early == {name for name in found if name.startswith("LIMIT") or "1 ->" in name}


def mutate(*arguments):
    """Run the program; give what it ended with, and what it printed."""
    command = [sys.executable, HERE / "mutate.py", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_no_fault_in_the_tally_of_votes_goes_unnoticed():
    """A short campaign: each mutant of who counts, and of the verdict, is killed or explained."""
    code, printed = mutate(
        "policies/quorum.py",
        "policies/decide.py",
        *("--tests", "tests/policies/test_quorum.py", "tests/policies/test_decide.py"),
    )
    assert code == 0, printed
    score = re.search(r"\| all \| (\d+) \| (\d+) \| (\d+) \| 0 \| (\d+) \|", printed)
    assert score, printed
    assert int(score[2]) > 100, "few mutants were tried"


def test_a_fault_that_no_test_notices_is_told():
    """With a test that looks elsewhere, survivors have to come to light: the alarm can ring."""
    code, printed = mutate("policies/change.py", "--tests", "tests/policies/test_envelope.py")
    assert code == 1
    assert "policies/change.py: unreached: loosens: " in printed


def test_a_fault_in_a_constant_that_no_test_notices_is_told():
    """By import, too, what survives is not taken for killed."""
    module, tests = "policies/errors.py", "tests/policies/test_errors.py"
    code, printed = mutate(module, "--imports", "--only", "LONGEST: 1200", "--tests", tests)
    assert code == 0, printed
    assert "| all | 2 | 0 | 2 | 0 | 0 |" in printed, printed


def test_survivors_that_are_explained_exist():
    """When code changes, what was said about a fault in it has to be said anew."""
    for path, known in explained().items():
        assert known - names((ROOT / path).read_text()) == set(), path


def test_nothing_stands_in_the_list_that_is_not_read():
    """Each entry has a file, a name in backticks and a reason."""
    lines = (HERE / "survivors.md").read_text().splitlines()
    for line in lines:
        if line.startswith(("-", "##")):
            assert re.fullmatch(
                r"## `(policies|signer/sign|signer/core)/.+\.py`|- `.+ -> .+`: .{10,}", line
            )
