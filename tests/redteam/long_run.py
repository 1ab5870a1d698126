"""Rewrite "A long run" of docs/redteam.md: `python tests/redteam/long_run.py REPORT.json COMMAND`.

The report is what `coldquorum redteam --json` printed, the command how it was asked.
"""

import json
import platform
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parents[2] / "docs" / "redteam.md"
HEADING = "## A long run\n"


def grouped(number: int) -> str:
    """Digits in groups of three; a dot for none."""
    return f"{number:,}".replace(",", " ") if number else "."


def section(report: dict[str, Any], command: str) -> str:
    """The text under the heading."""
    attacks, honest = report["generated"], report["honest"]
    classes = attacks["classes"]
    columns = list(next(iter(classes.values())))
    sums = {step: sum(row[step] for row in classes.values()) for step in columns}
    held = "nothing that had to be refused was accepted, and nothing crashed"
    stricter = ", ".join(f"`{rule}` {count}" for rule, count in report["stricter"].items())
    rules = defaultdict(list)
    for one in attacks["rules"]:
        rules[one["step"]].append(f"`{one['rule']}` {grouped(one['refused'])}")
    names = {"-1": "crashed", "0": "harmless"}
    kinds = f"{grouped(attacks['attacks'])} generated attacks and {len(report['named'])} named ones"
    lines = [
        f"`{command}`, {report['oracle']}, CPython {platform.python_version()}:",
        f"**{kinds}: {held if report['held'] else 'VIOLATIONS, see the reproducers'}.**",
        f"{grouped(honest['accepted'])} of {grouped(honest['asked'])} honest bundles accepted.",
        f"Refused without a reason in the policy, stated again: {stricter or 'none'}.",
        f"{attacks['milliseconds']} ms of CPU an attack, at most {attacks['slowest_seconds']} s.",
        "",
        f"| class | {' | '.join(names.get(step, step) for step in columns)} |",
        "|---" * (len(columns) + 1) + "|",
    ]
    for kind, row in [*classes.items(), ("all", sums)]:
        lines.append(f"| {kind} | {' | '.join(grouped(row[step]) for step in columns)} |")
    lines += ["", "Steps: 1 parse, 2 vault, 3 inputs, 4 outputs, 5 policy, 6 chain and approvals,"]
    lines += ["7 as approved, 8 rules. By what refused first:", ""]
    lines += [f"- step {step}: {', '.join(found)}" for step, found in rules.items()]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Replace the section, which is the page's last."""
    report = json.loads(Path(sys.argv[1]).read_text())
    before, heading, old = PAGE.read_text().partition(HEADING)
    if not heading or re.search(r"^## ", old, re.MULTILINE):
        raise SystemExit("docs/redteam.md does not end with the long run")
    PAGE.write_text(before + heading + section(report, sys.argv[2]))


if __name__ == "__main__":
    main()
