"""Where our own time goes: a profile of one run, as a table.

Shares are of the profiled run, in which each call of a Python function costs more than it does
without the profiler; calls into C are told by their name.
"""

import cProfile
import importlib
import pstats
from pathlib import Path

from bench.case import Case
from bench.job import OURS

ROWS = 25


def hot(job, folder):
    """Markdown: the functions with the most time of their own."""
    case = Case.load(folder)
    entry = next(entry for entry in job.entries if entry.label == OURS)
    work = importlib.import_module(f"bench.peers.{entry.worker}").JOBS[entry.work]
    run, *_ = work(case, ground=job.ground)
    profiler = cProfile.Profile()
    profiler.runcall(run)
    stats = pstats.Stats(profiler)
    lines = [
        f"**{job.says}**",
        "",
        "| own, % | with what it calls, % | calls | |",
        "|--:|--:|--:|---|",
    ]
    rows = sorted(stats.stats.items(), key=lambda item: -item[1][2])[:ROWS]
    for (path, line, name), (_, calls, own, whole, _) in rows:
        place = f"`{Path(path).name}:{line} {name}`" if line else f"`{name}`"
        parts = (_share(own, stats), _share(whole, stats), f"{calls:,}", place)
        lines.append(f"| {' | '.join(parts)} |")
    return "\n".join(lines)


def _share(seconds, stats):
    return f"{100 * seconds / stats.total_tt:.1f}"
