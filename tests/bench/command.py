"""The command line: which jobs, how many rounds, where to."""

import argparse
import json
import sys
import tempfile
from fnmatch import fnmatch
from pathlib import Path

from bench.hot import hot
from bench.jobs import JOBS
from bench.page import FOLDER, write
from bench.refusals import refusals
from bench.runner import Bench, machine
from bench.stages import stages
from bench.table import table
from bench.workers import Interpreters
from bench.workload import World


def _arguments():
    parser = argparse.ArgumentParser(prog="python tests/bench")
    parser.add_argument("--job", action="append", metavar="NAME", help="as `*` allows; default all")
    parser.add_argument("--list", action="store_true", help="name the jobs, and do none")
    parser.add_argument("--rounds", type=int, default=5, help="that count (5)")
    parser.add_argument("--profile", action="store_true", help="show where our own time goes")
    parser.add_argument("--doc", action="store_true", help="write docs/bench.md from --json FILE")
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
    return asked


def _wanted(name, asked):
    return any(fnmatch(name, pattern) for pattern in asked.job or ("*",))


def _write(path, said):
    """Add to what a file says already, so that jobs can be measured one at a time."""
    before = json.loads(path.read_text()) if path.exists() else {"versions": {}, "jobs": {}}
    said["versions"] = before["versions"] | said["versions"]
    said["jobs"] = before["jobs"] | said["jobs"]
    path.write_text(json.dumps(before | said, indent=1) + "\n")


def _folder(base, job):
    """The workload of a job, made once."""
    sizes = {name: getattr(job, name) for name in ("inputs", "payments", "shares", "count")}
    marks = (job.script_type, job.threshold, job.signers, *sizes.values())
    folder = base / "-".join(map(str, marks))
    if not folder.exists():
        World(job.script_type, job.threshold, job.signers).write(folder, **sizes)
    return folder


def main():
    """Measure what is asked for, or tell of what was measured."""
    asked = _arguments()
    jobs = [job for job in JOBS if _wanted(job.name, asked)]
    if asked.doc:
        write(asked.json or FOLDER / "results.json")
    elif asked.list:
        print("\n".join(f"{job.name:20} {job.says}" for job in jobs))
        print(f"{'malformed':20} what nobody may sign, or combine")
    else:
        with tempfile.TemporaryDirectory() as place:
            (_profile if asked.profile else _measure)(asked, jobs, Path(place))


def _profile(asked, jobs, place):
    for job in jobs:
        folder = _folder(place, job)
        print(hot(job, folder), stages(folder), sep="\n\n", end="\n\n", flush=True)


def _measure(asked, jobs, place):
    interpreters = Interpreters(asked.electrum, asked.btclib, asked.node, asked.modules)
    bench = Bench(place, interpreters, asked.only)

    def tell(line):
        print(line, file=sys.stderr, flush=True)

    def keep(**part):
        said = {"machine": machine(), "versions": bench.versions, "jobs": {}, **part}
        print(table(said), flush=True)
        if asked.json:
            _write(asked.json, said)

    for job in jobs:
        with bench:
            keep(jobs={job.name: bench.run(job, _folder(place, job), asked.rounds, tell)})
    if _wanted("malformed", asked):
        with bench:
            keep(malformed=refusals(bench, place, tell))
    for name, why in bench.absent.items():
        tell(f"not here: {name}: {why}")
