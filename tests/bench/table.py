"""Results as tables, for the terminal and for `docs/bench.md`."""

from bench.jobs import OURS
from bench.refusals import TAKEN


def table(said):
    """Markdown: a table a job."""
    parts = [_job(name, job) for name, job in said["jobs"].items()]
    if said.get("malformed"):
        parts.append(refusals(said["malformed"]))
    return "\n\n".join(parts)


def refusals(found):
    """Markdown: what nobody may take, and who takes it."""
    names = list(next(iter(found.values())))
    lines = [f"| | {' | '.join(names)} |", f"|---|{':-:|' * len(names)}"]
    for what, answers in found.items():
        cells = ("**takes it**" if answers[n] == TAKEN else "refuses" for n in names)
        lines.append(f"| {what} | {' | '.join(cells)} |")
    return "\n".join(lines)


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
