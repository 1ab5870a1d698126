"""Rounds: in each, every implementation does the job once, one after the other, on the same bytes.

A busy machine slows all of a round alike, so ratios are taken round by round, and the median of
them is told. The first round warms up and does not count.
"""

import hashlib
import json
import os
import platform
import statistics
from contextlib import ExitStack, closing
from dataclasses import asdict
from pathlib import Path

from bench.job import OURS
from bench.workers import Absent, Worker


class Differs(Exception):
    """Two implementations made different results of the same bytes."""


def machine():
    """What it ran on."""
    info = Path("/proc/cpuinfo").read_text()
    models = {
        line.partition(": ")[2] for line in info.splitlines() if line.startswith("model name")
    }
    return {
        "cpu": ", ".join(sorted(models)),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release().partition('-')[0]}",
        "python": platform.python_version(),
    }


def normal(result):
    """What results are compared by: a signed PSBT by its signatures, since writers differ."""
    from signer.core.psbt import MAGIC, Psbt

    if not result.startswith(MAGIC):
        return result
    found = [
        [at, one.pubkey.hex(), one.signature.hex()]
        for at, said in enumerate(Psbt.parse(result).inputs)
        for one in said.partial_sigs
    ]
    return json.dumps(found).encode()


class Bench:
    """Workers, and a folder for results. Leaving it ends the workers, which start again in need.

    So each job has fresh ones, and the memory that a worker tells of is that of this job.
    """

    def __init__(self, folder, interpreters, only=None):
        self._folder = folder
        self._interpreters = interpreters
        self._only = only
        self._workers = {}
        self._stack = ExitStack()
        self.versions = {}
        self.absent = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._workers.clear()
        self._stack.close()

    def worker(self, entry):
        """The process of a contestant, or None."""
        if entry.worker in self.absent or (self._only and entry.label not in self._only):
            return None
        cores = sorted(os.sched_getaffinity(0))
        cores = frozenset(cores[-entry.cores :] if entry.cores else cores)
        key = entry.worker, cores
        if key not in self._workers:
            try:
                worker = Worker(entry.worker, cores, self._interpreters)
            except Absent as why:
                self.absent[entry.worker] = str(why)
                return None
            self.versions[entry.worker] = worker.version
            self._workers[key] = self._stack.enter_context(closing(worker))
        return self._workers[key]

    def run(self, job, case, rounds, progress=print):
        """Measure a job; gives what goes into the JSON.

        Raises:
            Differs: results are not the same.
        """
        entries = [(entry, worker) for entry in job.entries if (worker := self.worker(entry))]
        found = {entry.label: {"cpu": [], "wall": [], "peak": []} for entry, _ in entries}
        results = {}
        first = 1 if job.once else 0  # minutes need no warming up
        for number in range(first, 2 if job.once else rounds + 1):
            # Each begins once, so that nobody always runs in another's wake.
            turn = number % len(entries)
            for entry, worker in entries[turn:] + entries[:turn]:
                out = self._folder / "result" if number == first else None
                said = worker.does(entry.work, case, ground=job.ground, out=out)
                if "refused" in said:
                    raise Differs(f"{job.name}: {entry.label} refused: {said['refused']}")
                if out:
                    results[entry.label] = hashlib.sha256(normal(out.read_bytes())).hexdigest()
                if number:
                    for measure, values in found[entry.label].items():
                        values.append(said[measure])
                progress(f"{job.name}: round {number}: {entry.label} {said['cpu'] * 1000:.1f} ms")
        alike = {results[entry.label] for entry, _ in entries if entry.result}
        if len(alike) > 1:
            raise Differs(f"{job.name}: {json.dumps(results, indent=1)}")
        return {
            **{key: value for key, value in asdict(job).items() if key != "entries"},
            "result": next(iter(alike), ""),
            "found": {label: _summary(label, values, found) for label, values in found.items()},
        }


def _summary(label, values, found):
    """Medians, and how often ours goes into it: round by round, and the median of that."""
    ours = found.get(OURS, {})
    ratios = {
        measure: [a / b for a, b in zip(values[measure], ours[measure], strict=True)]
        for measure in ("cpu", "wall")
        if ours and min(ours[measure], default=0) > 0
    }
    return {
        **{measure: statistics.median(values[measure]) for measure in ("cpu", "wall")},
        "peak": max(values["peak"]),
        "ratio": {measure: statistics.median(each) for measure, each in ratios.items()},
        "ratios": ratios,
        "rounds": values,
    }
