"""The table in docs/threat-model.md says what these tests show, all of it, and nothing else."""

import re
from pathlib import Path

import pytest

HERE = Path(__file__).parent
DOCUMENT = HERE.parents[1] / "docs" / "threat-model.md"
OTHERS = {"test_threat_model.py", "test_without.py", "test_known_limits.py"}
"""Files that are no attacks."""

ROWS = [
    [cell.strip() for cell in line.strip("|\n").split("|")]
    for line in DOCUMENT.read_text().splitlines()
    if re.match(r"\| \d", line)
]


def test_every_attack_is_in_the_table_once():
    """One row a file, one file a row."""
    listed = [row[2].strip("`") for row in ROWS]
    assert sorted(listed) == sorted({p.name for p in HERE.glob("test_*.py")} - OTHERS)
    assert "test_known_limits.py" in DOCUMENT.read_text()


@pytest.mark.parametrize("row", ROWS, ids=[row[2].strip("`") for row in ROWS])
def test_every_rule_in_the_table_is_in_its_test(row):
    """What a row names is what its file expects, at a step that the row names."""
    steps, _, file, rules = row
    source = (HERE / file.strip("`")).read_text()
    for rule in re.findall(r"`([^`]+)`", rules):
        parts = rule.split(".")
        named = rule in source or (len(parts) > 1 and f'f"{parts[0]}.' in source)
        assert named, f"{rule} is not in {file}"
    assert steps
    assert all(1 <= int(step) <= 11 for step in steps.split(", "))


def test_every_refusal_of_the_signer_has_an_attack():
    """Whatever rule `signer/sign` or the policy can refuse by is named somewhere in the tests.

    Each refusal of a rule is in the table of `tests/policies/rules/test_each_check_deleted.py`,
    which asks the rules' sources and deletes them one by one.
    """
    root = HERE.parents[1]
    sources = [*(root / "signer/sign").glob("*.py"), *(root / "policies").rglob("*.py")]
    code = "\n".join(path.read_text() for path in sources if "explain" not in path.name)
    paths = [*HERE.glob("*.py"), root / "tests/policies/rules/test_each_check_deleted.py"]
    tests = "\n".join(path.read_text() for path in paths)
    rules = set(re.findall(rf'"((?:{"|".join(KINDS)})\.[a-z_]+)"', code)) - NOT_REFUSALS
    assert len(rules) >= 30
    assert {rule for rule in rules if rule not in tests} == set()


KINDS = (
    *("vault", "inputs", "outputs", "bytes", "amounts", "approvals", "consolidation", "fees"),
    *("destinations", "internal", "schedule", "shape", "timing"),
)
"""What refusals' names begin with."""

NOT_REFUSALS = {"destinations.wallet", "destinations.address", "schedule.end"}
"""Keys of sentences that explain a rule, and of settings."""
