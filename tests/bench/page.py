"""The results in `docs/bench.md` and the pictures beside it, written from the JSON."""

import json
from pathlib import Path

from bench.chart import AXES, MEASURES, chart
from bench.table import goals, refusals, table

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE, FOLDER = DOCS / "bench.md", DOCS / "bench"
START, END = "<!-- results: python tests/bench --doc -->", "<!-- end of results -->"


def write(results):
    """Put results into the page, and draw."""
    said = json.loads(results.read_text())
    text = PAGE.read_text()
    head, _, rest = text.partition(START)
    _, _, tail = rest.partition(END)
    PAGE.write_text(f"{head}{START}\n\n{_results(said)}\n\n{END}{tail}")
    for name in AXES:
        for measure in MEASURES:
            (FOLDER / f"{name}-{measure}.svg").write_text(chart(said, name, measure))


def _results(said):
    machine, versions = said["machine"], said["versions"]
    jobs = {name: job for name, job in said["jobs"].items() if not name.startswith("growth")}
    where = f"{machine['cpu']}, {machine['cores']} cores, {machine['system']}"
    parts = [
        f"{where}, Python {machine['python']}.",
        _trees(said["jobs"]),
        "\n".join(f"- {name}: {version}" for name, version in sorted(versions.items())),
        "### Goals",
        goals(said),
        "### Every job",
        table({"jobs": jobs}),
    ]
    if said.get("malformed"):
        parts += ["### What nobody may take", refusals(said["malformed"])]
    parts += ["### Growth"]
    parts += [
        f"![{title} against {axis}](bench/{name}-{measure}.svg)"
        for name, axis in AXES.items()
        for measure, (title, _) in MEASURES.items()
    ]
    return "\n\n".join(parts)


def _trees(jobs):
    """Which commit each job was measured of: one may take too long to do with the others."""
    found = {}
    for name, job in jobs.items():
        found.setdefault(job["tree"], []).append(name)
    most = max(found, key=lambda tree: len(found[tree]))
    others = [
        f"; {', '.join(f'`{name}`' for name in names)} of {tree}"
        for tree, names in found.items()
        if tree != most
    ]
    return f"Measured of commit {most}{''.join(others)}."
