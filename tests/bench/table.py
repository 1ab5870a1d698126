"""Results as tables, for the terminal and for `docs/bench.md`."""

from statistics import median

from bench.job import OURS
from bench.refusals import TAKEN
from bench.rows import ROWS


def table(said):
    """Markdown: a table a job."""
    parts = [_job(name, job) for name, job in said["jobs"].items()]
    if said.get("malformed"):
        parts.append(refusals(said["malformed"]))
    return "\n\n".join(parts)


def _job(name, job):
    lines = [f"**{job['says']}** (`{name}`)", ""]
    lines += ["| | CPU, ms | of ours | each round | wall, ms | memory, MB |"]
    lines += ["|---|--:|--:|---|--:|--:|"]
    for label, found in sorted(job["found"].items(), key=lambda item: item[1]["cpu"]):
        told = label != OURS and "cpu" in found["ratio"]
        times = f"{found['ratio']['cpu']:.2f}" if told else ""
        each = " ".join(f"{ratio:.2f}" for ratio in found["ratios"]["cpu"]) if told else ""
        shown = f"**{label}**" if label == OURS else label
        held = f"{found['peak'] / 1e6:.0f}" if found["peak"] else ""
        cells = (shown, _ms(found["cpu"]), times, each, _ms(found["wall"]), held)
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
    """Markdown: what issue 7 wants, row by row, and what was measured."""
    lines = ["| | goal | measured | |", "|---|---|--:|---|"]
    for row in ROWS:
        what = row.says
        for goal in row.goals:
            cells = (what, _wanted(goal), *_measured(said, goal))
            lines.append(f"| {' | '.join(cells)} |")
            what = ""  # once
        if row.note:
            lines.append(f"| | {row.note} | | |")
    return "\n".join(lines)


_UNITS = {"peak": (1e-6, " MB"), "cpu": (1000, " ms"), "wall": (1000, " ms")}


def _scale(goal):
    return (1, "x") if goal.against else _UNITS[goal.measure]


def _wanted(goal):
    scale, unit = _scale(goal)
    less = f" (less {', '.join(goal.less)})" if goal.less else ""
    where = f" of `{goal.other}`" if goal.other else ""
    against = f" {goal.against}{where}" if goal.against else ""
    measure = {"cpu": "CPU", "wall": "wall", "peak": "memory"}[goal.measure]
    most = f"at most {goal.most * scale:.3g}{unit}{against}"
    return f"{goal.ours}{less}, {measure}, {most} (`{goal.job}`)"


def _measured(said, goal):
    figure = _figure(said, goal)
    if figure is None:
        return "", "not measured"
    scale, unit = _scale(goal)
    shown = f"{figure * scale:,.0f}" if figure * scale >= 100 else f"{figure * scale:.3g}"
    return f"{shown}{unit}", "reached" if figure <= goal.most else "not reached"


def _figure(said, goal):
    """The median of what the goal is about, or None if somebody was not there."""
    jobs, measure, wanted = said["jobs"], goal.measure, [goal.ours, *goal.less]
    if goal.job not in jobs or (goal.other or goal.job) not in jobs:
        return None
    found, other = jobs[goal.job]["found"], jobs[goal.other or goal.job]["found"]
    if any(label not in found for label in wanted) or (goal.against or goal.ours) not in other:
        return None
    ours = [
        first - sum(rest)
        for first, *rest in zip(*(found[one]["rounds"][measure] for one in wanted), strict=True)
    ]
    if not goal.against:
        return max(ours) if measure == "peak" else median(ours)
    theirs = other[goal.against]["rounds"][measure]
    if goal.other:
        return median(ours) / median(theirs)
    return median(a / b for a, b in zip(ours, theirs, strict=True))
