"""The command line: which jobs, how many rounds, where to."""

import argparse
import json
import subprocess
import sys
import tempfile
from fnmatch import fnmatch
from pathlib import Path

from bench.hot import hot
from bench.jobs import JOBS
from bench.long_chain import LongWorld
from bench.page import FOLDER, write
from bench.refusals import refusals
from bench.rows import listed
from bench.runner import Bench, Differs, machine
from bench.stages import stages
from bench.table import table
from bench.workers import Interpreters
from bench.workload import World

RESULTS = FOLDER / "results.json"


def _arguments():
    parser = argparse.ArgumentParser(prog="python tests/bench")
    parser.add_argument("--job", action="append", metavar="NAME", help="as `*` allows; default all")
    parser.add_argument("--list", action="store_true", help="name the jobs, and do none")
    parser.add_argument("--rounds", type=int, default=3, help="that count (3)")
    parser.add_argument("--profile", action="store_true", help="show where our own time goes")
    parser.add_argument("--publish", action="store_true", help="measure, then --doc")
    parser.add_argument("--doc", action="store_true", help="docs/bench.md from results.json")
    parser.add_argument("--only", action="append", metavar="LABEL", help="these contestants")
    parser.add_argument("--json", type=Path, metavar="FILE", help="add the results to this file")
    default = Interpreters()
    parser.add_argument("--electrum", default=default.electrum, metavar="PYTHON")
    parser.add_argument("--btclib", default=default.btclib, metavar="PYTHON")
    parser.add_argument("--node", default=default.node, metavar="NODE")
    parser.add_argument("--modules", default=default.modules, metavar="FOLDER", help="npm's")
    asked = parser.parse_args()
    if asked.rounds < 1:
        parser.error("at least one round")
    if asked.publish:
        asked.json = RESULTS
    return asked


def _wanted(name, asked, *, once=False):
    if once:  # never by a pattern
        return name in (asked.job or ())
    return any(fnmatch(name, pattern) for pattern in asked.job or ("*",))


def _write(path, said):
    """Add to what a file says already, so that jobs can be measured one at a time.

    Jobs that are there no more are dropped.
    """
    before = json.loads(path.read_text()) if path.exists() else {"versions": {}, "jobs": {}}
    said["versions"] = before["versions"] | said["versions"]
    found = before["jobs"] | said["jobs"]
    said["jobs"] = {job.name: found[job.name] for job in JOBS if job.name in found}
    path.write_text(json.dumps(before | said, indent=1) + "\n")


def _tree():
    """Which commit is measured."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def _folder(base, job):
    """The workload of a job, made once."""
    kind = LongWorld if job.links else World
    names = ("links",) if job.links else ("inputs", "payments", "shares", "count")
    sizes = {name: getattr(job, name) for name in names}
    marks = (kind.__name__, job.script_type, job.threshold, job.signers, *sizes.values())
    folder = base / "-".join(map(str, marks))
    if not folder.exists():
        kind(job.script_type, job.threshold, job.signers).write(folder, **sizes)
    return folder


def main():
    """Measure what is asked for, or tell of what was measured."""
    asked = _arguments()
    jobs = [job for job in JOBS if _wanted(job.name, asked, once=job.once)]
    if asked.list:
        print(listed(JOBS))
    elif not asked.doc:
        with tempfile.TemporaryDirectory() as place:
            (_profile if asked.profile else _measure)(asked, jobs, Path(place))
    if asked.doc or asked.publish:
        write(asked.json or RESULTS)


def _profile(asked, jobs, place):
    for job in jobs:
        folder = _folder(place, job)
        print(hot(job, folder), stages(folder), sep="\n\n", end="\n\n", flush=True)


def _measure(asked, jobs, place):
    interpreters = Interpreters(asked.electrum, asked.btclib, asked.node, asked.modules)
    bench, tree, problems = Bench(place, interpreters, asked.only), _tree(), []

    def tell(line):
        print(line, file=sys.stderr, flush=True)

    def keep(**part):
        said = {"machine": machine(), "versions": bench.versions, "jobs": {}, **part}
        print(table(said), end="\n\n", flush=True)
        if asked.json:
            _write(asked.json, said)

    for job in jobs:
        try:
            with bench:
                found = bench.run(job, _folder(place, job), asked.rounds, tell)
        except Differs as problem:  # the others can be measured all the same
            tell(f"{job.name}: {problem}")
            problems.append(job.name)
        else:
            keep(jobs={job.name: found | {"tree": tree}})
    if _wanted("malformed", asked):
        with bench:
            keep(malformed=refusals(bench, place, tell))
    for name, why in bench.absent.items():
        tell(f"not here: {name}: {why}")
    if problems:
        sys.exit(f"results differ: {', '.join(problems)}")
