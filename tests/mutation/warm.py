"""A pytest plugin: run the tests once, then once more in a fork for each mutant.

The process has everything imported and collected. A fork exchanges the code of the live functions
that the mutant touches, and runs the tests that reach the statement, the fastest first, until one
fails. No file is changed.
"""

import gc
import json
import os
import resource
import signal
import sys
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import _lru_cache_wrapper
from pathlib import Path
from time import process_time
from types import CodeType, FrameType, FunctionType
from typing import Any, Self

import pytest
from _pytest.runner import runtestprotocol
from mutants import Mutant

ROOT = Path(__file__).resolve().parents[2]

KILLED, SURVIVED, UNREACHED, BY_IMPORT = "killed", "survived", "unreached", "by import"
"""What becomes of a mutant. One by import needs a process that has not imported it yet."""

_OPTIMIZED = 1
"""CO_OPTIMIZED: the code of a function, and not of a module or a class."""

_PASSED, _FAILED, _UNCHANGED = 0, 1, 77
"""How a fork ends; the last, when it found no live function to change."""

_PATIENCE = 2.0
"""Seconds of CPU that a test may take more than five times its usual ones."""

_MEMORY = 4 << 30
"""Bytes of address space: a loop that never ends shall not take the machine with it."""


@dataclass(frozen=True, slots=True)
class Job:
    """The mutants of one file.

    Attributes:
        path: the file, from the root.
        original: its code.
        mutants: the faults to try in it.
    """

    path: str
    original: CodeType
    mutants: tuple[Mutant, ...]


@dataclass(frozen=True, slots=True)
class Live:
    """What a fork finds in memory.

    Attributes:
        functions: the functions of the files that are mutated, closures included.
        caches: of results that were computed without a fault, and would hide it.
    """

    functions: tuple[FunctionType, ...]
    caches: tuple[Any, ...]

    @classmethod
    def of(cls, files: Collection[str]) -> Self:
        """Look through everything in memory, once."""
        every = gc.get_objects()
        functions = [one for one in every if type(one) is FunctionType]
        return cls(
            tuple(one for one in functions if one.__code__.co_filename in files),
            tuple(one for one in every if type(one) is _lru_cache_wrapper),
        )


class Warm:
    """The plugin.

    Args:
        jobs: what to try.
        report: where a line of JSON for each mutant goes.
        slowest: tests that take more seconds of CPU are left out.
    """

    def __init__(self, jobs: tuple[Job, ...], report: Path, slowest: float):
        self.jobs = jobs
        self.report = report
        self.slowest = slowest
        self.seconds: dict[str, float] = {}
        self.reached: dict[tuple[str, int], set[str]] = defaultdict(set)
        self._files = {str(ROOT / job.path): job.path for job in jobs}
        self._lines: set[tuple[str, int]] = set()
        self._early = self._lines  # what functions do while modules are imported
        self._start = float("inf")

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: pytest.Config) -> None:
        """Let Hypothesis try the same examples in every fork."""
        from hypothesis import settings  # pytest wants to import it itself

        settings.register_profile("mutation", derandomize=True, database=None, deadline=None)
        settings.load_profile("mutation")
        sys.settrace(self._enter)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Measure what each test reaches, then try every mutant."""
        sys.settrace(None)
        if session.testsfailed:
            pytest.exit("the tests cannot be collected", 1)
        for item in session.items:
            self._measure(item, session)
        items = {item.nodeid: item for item in session.items}
        fast = sorted(
            (name for name, spent in self.seconds.items() if spent <= self.slowest),
            key=lambda name: self.seconds[name],
        )
        live = Live.of(self._files)
        gc.freeze()  # a fork that collects garbage would copy all memory
        if self._in_a_fork(lambda: self._passes([items[name] for name in fast], live)) != _PASSED:
            pytest.exit("the tests do not pass in a fork, where nothing is wrong", 1)
        with self.report.open("w") as report:
            report.write(json.dumps({"tests": fast}) + "\n")
            for job in self.jobs:
                for mutant in job.mutants:
                    spans = range(mutant.first, mutant.last + 1)
                    reach = set().union(*(self.reached[job.path, line] for line in spans))
                    chosen = [items[name] for name in fast if name in reach]
                    fate = self._try(job, mutant, chosen, live)
                    if fate != KILLED and any((job.path, line) in self._early for line in spans):
                        fate = BY_IMPORT
                    report.write(json.dumps({"path": job.path, "fate": fate, "name": mutant.name}))
                    report.write("\n")
                    report.flush()
        return True

    def _measure(self, item: pytest.Item, session: pytest.Session) -> None:
        self._lines = set()
        self._start = start = process_time()
        sys.settrace(self._enter)
        try:
            reports = runtestprotocol(item, nextitem=session, log=False)
        finally:
            sys.settrace(None)
        self.seconds[item.nodeid] = process_time() - start
        if failed := [one for one in reports if one.failed]:
            pytest.exit(f"{item.nodeid} fails without a mutant\n{failed[0].longrepr}", 1)
        for line in self._lines:
            self.reached[line].add(item.nodeid)

    def _enter(self, frame: FrameType, event: str, _arg: Any) -> Any:
        path = self._files.get(frame.f_code.co_filename)
        if path is None or not frame.f_code.co_flags & _OPTIMIZED:
            return None
        if self._lines is self._early and not _imports_product(frame):
            return None
        if process_time() - self._start > self.slowest:
            sys.settrace(None)  # it will be left out; tracing takes most of the time
            return None
        lines = self._lines
        lines.add((path, frame.f_lineno))

        def line(frame: FrameType, _event: str, _arg: Any) -> Any:
            lines.add((path, frame.f_lineno))
            return line

        return line

    def _try(self, job: Job, mutant: Mutant, chosen: list[pytest.Item], live: Live) -> str:
        if mutant.at_import:
            return BY_IMPORT
        if not chosen:
            return UNREACHED

        def judge() -> int:
            changed = exchange(job.original, mutant.code, live)
            return self._passes(chosen, live) if changed else _UNCHANGED

        return {_PASSED: SURVIVED, _UNCHANGED: BY_IMPORT}.get(self._in_a_fork(judge), KILLED)

    def _in_a_fork(self, judge: Callable[[], int]) -> int:
        child = os.fork()
        if not child:
            ended = _FAILED
            try:
                ended = judge()
            finally:  # whatever it was, the tests did not pass
                os._exit(ended)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    def _passes(self, chosen: list[pytest.Item], live: Live) -> int:
        for cache in live.caches:
            cache.cache_clear()
        for item in chosen:
            limit(_PATIENCE + 5 * self.seconds[item.nodeid])
            reports = runtestprotocol(item, nextitem=item.session, log=False)
            if any(one.failed for one in reports):
                return _FAILED
        return _PASSED


def _imports_product(frame: FrameType | None) -> bool:
    """Whether a product's module calls while it is imported, and not a test's."""
    while frame and frame.f_code.co_name != "<module>":
        frame = frame.f_back
    return frame is not None and not frame.f_code.co_filename.startswith(str(ROOT / "tests"))


def limit(seconds: float) -> None:
    """End this process by a signal when it takes more seconds of CPU from now on."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(int(60 + 20 * seconds))  # for what waits: the machine may be busy otherwise


def exchange(old: CodeType, new: CodeType, live: "Live") -> int:
    """Give every live function the code that it has in a changed module; say how many it were."""
    changed = dict(_differences(old, new))
    done = 0
    for one in live.functions:
        becomes = changed.get(one.__code__)
        if becomes is not None:
            if len(one.__code__.co_freevars) != len(becomes.co_freevars):
                return 0
            one.__code__ = becomes
            done += 1
    return done


def _differences(old: CodeType, new: CodeType) -> Iterator[tuple[CodeType, CodeType]]:
    before, after = ([c for c in one.co_consts if isinstance(c, CodeType)] for one in (old, new))
    if len(before) != len(after):
        return
    for was, becomes in zip(before, after, strict=True):
        if was != becomes:
            if was.co_flags & _OPTIMIZED:
                yield was, becomes
            yield from _differences(was, becomes)
