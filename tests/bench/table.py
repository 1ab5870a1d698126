"""Results as tables, for the terminal and for `docs/bench.md`."""

from statistics import median

from bench.job import OURS
from bench.refusals import TAKEN


def table(said):
    """Markdown: a table a job."""
    parts = [_job(name, job) for name, job in said["jobs"].items()]
    if said.get("malformed"):
        parts.append(refusals(said["malformed"]))
    return "\n\n".join(parts)


def _job(name, job):
    lines = [f"**{job['says']}** (`{name}`)", ""]
    lines += ["| | CPU, ms | of ours | wall, ms | memory, MB |", "|---|--:|--:|--:|--:|"]
    for label, found in sorted(job["found"].items(), key=lambda item: item[1]["cpu"]):
        ratio = found["ratio"].get("cpu")
        times = "" if ratio is None or label == OURS else f"{ratio:.2f}"
        shown = f"**{label}**" if label == OURS else label
        cells = (shown, _ms(found["cpu"]), times, _ms(found["wall"]), f"{found['peak'] / 1e6:.0f}")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _ms(seconds):
    return f"{seconds * 1000:,.1f}" if seconds < 0.1 else f"{seconds * 1000:,.0f}"


def refusals(found):
    """Markdown: what nobody may take, and who takes it."""
    names = list(next(iter(found.values())))
    lines = [f"| | {' | '.join(names)} |", f"|---|{':-:|' * len(names)}"]
    for what, answers in found.items():
        cells = ("**takes it**" if answers[n] == TAKEN else "refuses" for n in names)
        lines.append(f"| {what} | {' | '.join(cells)} |")
    return "\n".join(lines)


def goals(said):
    """Markdown: what issue 7 wants, and what was measured."""
    lines = ["| job | goal | measured | |", "|---|---|--:|---|"]
    for job in said["jobs"].values():
        for goal in job["goals"]:
            figure = _figure(said, job, goal)
            if figure is None:
                continue
            unit = {"peak": "MB", "cpu": "ms", "wall": "ms"}[goal["measure"]]
            scale = (1 if goal["against"] else 1e-6 if unit == "MB" else 1000) or 1
            after = "" if goal["against"] else f" {unit}"
            reached = "reached" if figure <= goal["most"] else "not yet"
            cells = (
                job["says"],
                f"{_whose(goal)} at most {goal['most'] * scale:.3g}{after or 'x'}{_against(goal)}",
                f"{figure * scale:.3g}{after or 'x'}",
                reached,
            )
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _whose(goal):
    less = f" (less {', '.join(goal['less'])})" if goal["less"] else ""
    return f"{goal['ours']}{less}, {goal['measure']}"


def _against(goal):
    where = f" of {goal['job']}" if goal["job"] else ""
    return f" {goal['against']}{where}" if goal["against"] else ""


def _figure(said, job, goal):
    """The median of what the goal is about, or None if somebody was not there."""
    measure, found = goal["measure"], job["found"]
    wanted = [goal["ours"], *goal["less"]]
    other = said["jobs"].get(goal["job"]) if goal["job"] else job
    if other is None or any(label not in found for label in wanted):
        return None
    ours = [
        first - sum(rest)
        for first, *rest in zip(*(found[one]["rounds"][measure] for one in wanted), strict=True)
    ]
    if not goal["against"]:
        return max(ours) if measure == "peak" else median(ours)
    if goal["against"] not in other["found"]:
        return None
    theirs = other["found"][goal["against"]]["rounds"][measure]
    if goal["job"]:
        return median(ours) / median(theirs)
    return median(a / b for a, b in zip(ours, theirs, strict=True))
