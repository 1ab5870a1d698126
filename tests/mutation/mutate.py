"""Mutation testing: `python tests/mutation/mutate.py [FILE ...]`; see the README beside this."""

import argparse
import json
import os
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.machinery import SourceFileLoader
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from types import CodeType

import pytest
from mutants import mutants, names
from warm import BY_IMPORT, KILLED, SURVIVED, UNREACHED, Job, Warm, limit

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SURVIVORS = HERE / "survivors.md"
TESTS = {
    "policies/": ("tests/policies",),
    "signer/sign/": (
        "tests/sign/test_check.py",
        "tests/sign/test_check_spend.py",
        "tests/sign/test_facts.py",
        "tests/sign/test_facts_outputs.py",
        "tests/sign/test_kinds.py",
        "tests/sign/test_listed_wallets.py",
        "tests/sign/test_papers.py",
        "tests/sign/test_review.py",
        "tests/sign/test_selftest.py",
        "tests/sign/test_signing.py",
        "tests/sign/test_softkey.py",
        "tests/sign/test_state.py",
    ),
    "signer/core/batch.py": (
        "tests/core_keys/test_batch.py",
        "tests/core_keys/test_vault_claims.py",
    ),
    **{
        f"signer/core/{name}.py": ("tests/core_psbt",)
        for name in ("psbt", "psbt_map", "psbt_parts", "transaction", "wire")
    },
}
"""The unit tests that have to kill what is in a folder. Stories and attacks would kill more, and
would take hours; the tests of whole commands likewise."""

LIBRARIES = ("cryptography.hazmat.primitives.asymmetric.ed25519", "embit.psbt")
"""What the tests import and no mutant is in: done once, it is there in every fork."""

SLOWEST = 5.0
"""Seconds of CPU. A test that takes longer, a property mostly, is asked only with `--slowest`."""

OPTIONS = ("-n", "0", "-p", "no:cacheprovider", "-o", "tmp_path_retention_policy=none")


def targets() -> list[str]:
    """Every file that is mutated."""
    places = (ROOT / place for place in TESTS)
    files = (
        one for place in places for one in (place.rglob("*.py") if place.is_dir() else [place])
    )
    return sorted(path.relative_to(ROOT).as_posix() for path in files)


def explained() -> dict[str, set[str]]:
    """The mutants that survivors.md answers for, by file."""
    found: dict[str, set[str]] = {}
    path = ""
    for line in SURVIVORS.read_text().splitlines():
        if heading := re.fullmatch(r"## `(.+)`", line):
            path = heading[1]
        elif entry := re.fullmatch(r"- `(.+?)`: .{10,}", line):
            found.setdefault(path, set()).add(entry[1])
    return found


def jobs(paths: Sequence[str], only: str, sample: int | None, seed: int) -> tuple[Job, ...]:
    """Make the mutants of some files: all with a text in their names, or so many, by a seed."""
    made: list[Job] = []
    for path in paths:
        source = (ROOT / path).read_text()
        code = compile(source, str(ROOT / path), "exec", dont_inherit=True)
        faults = tuple(one for one in mutants(source, str(ROOT / path)) if only in one.name)
        made.append(Job(path, code, faults))
    if sample is None:
        return tuple(made)
    every = [(job.path, one.name) for job in made for one in job.mutants if not one.at_import]
    drawn = set(random.Random(seed).sample(every, min(sample, len(every))))
    return tuple(
        Job(job.path, job.original, tuple(m for m in job.mutants if (job.path, m.name) in drawn))
        for job in made
    )


def run_warm(made: tuple[Job, ...], tests: Sequence[str], slowest: float) -> list[dict[str, str]]:
    """Try the mutants of functions in a process that imports everything once."""
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report"
        child = os.fork()
        if not child:
            os.chdir(ROOT)
            plugin = Warm(made, report, slowest)
            code = pytest.main([*OPTIONS, f"--basetemp={folder}/tmp", *tests], plugins=[plugin])
            sys.stdout.flush()
            os._exit(int(code))
        _, status = os.waitpid(child, 0)
        if status:
            raise SystemExit("the tests do not pass without a mutant, or nothing was collected")
        return [json.loads(line) for line in report.read_text().splitlines()]


def survives_import(path: str, code: CodeType, fast: Sequence[str]) -> bool:
    """Import everything with a file's code exchanged and run the tests; say whether all pass.

    The files of tests that are named for the module come first and by themselves: nearly every
    mutant dies there, and the others need not be collected.
    """
    files = sorted({name.split("::")[0] for name in fast})
    near = [name for name in files if Path(path).stem in Path(name).stem]
    rest = [name for name in files if name not in near]
    return all(_passes_import(path, code, part, fast) for part in (near, rest) if part)


def _passes_import(path: str, code: CodeType, files: Sequence[str], fast: Sequence[str]) -> bool:
    with TemporaryDirectory() as folder:
        child = os.fork()
        if not child:
            os.chdir(ROOT)
            limit(60)
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            _replace(str(ROOT / path), code)
            ended = 1
            try:
                wanted = _Only(frozenset(fast))
                arguments = [*OPTIONS, "-x", f"--basetemp={folder}/tmp", *files]
                ended = int(pytest.main(arguments, plugins=[wanted]))
            finally:  # whatever it was, the tests did not pass
                os._exit(ended)
        _, status = os.waitpid(child, 0)
        return status == 0


class _Only:
    """A plugin that leaves out every test but some."""

    def __init__(self, names: frozenset[str]):
        self.names = names

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Keep them."""
        items[:] = [item for item in items if item.nodeid in self.names]


def _replace(path: str, code: CodeType) -> None:
    original = SourceFileLoader.get_code

    def get_code(self: SourceFileLoader, fullname: str) -> CodeType | None:
        return code if self.path == path else original(self, fullname)

    SourceFileLoader.get_code = get_code  # type: ignore[method-assign] -- this process only


def fates(made: tuple[Job, ...], arguments: argparse.Namespace) -> Iterator[tuple[str, str, str]]:
    """Give path, name and fate of every mutant."""
    every = {(job.path, one.name): one for job in made for one in job.mutants}
    for folder, usual in TESTS.items():
        mine = tuple(job for job in made if job.path.startswith(folder))
        if not any(job.mutants for job in mine):
            continue
        rows = run_warm(mine, arguments.tests or usual, arguments.slowest)
        fast = rows[0]["tests"]
        if arguments.imports and not survives_import(mine[0].path, mine[0].original, fast):
            raise SystemExit("the tests do not pass by import, where nothing is wrong")
        for row in islice(rows, 1, None):
            path, name, fate = row["path"], row["name"], row["fate"]
            if fate == BY_IMPORT and arguments.imports:
                alive = survives_import(path, every[path, name].code, fast)
                fate = SURVIVED if alive else KILLED
            yield path, name, fate


def main() -> int:
    """Try mutants, print the score, and fail if a survivor is not explained."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", help="files to mutate; all by default")
    parser.add_argument("--tests", nargs="*", help="tests to run instead of the usual ones")
    parser.add_argument("--only", default="", help="only mutants with this text in their names")
    parser.add_argument("--sample", type=int, help="try only so many mutants")
    parser.add_argument("--seed", type=int, default=0, help="which ones")
    parser.add_argument("--slowest", type=float, default=SLOWEST, help="CPU seconds of a test")
    parser.add_argument("--imports", action="store_true", help="module-level code, too: slow")
    arguments = parser.parse_args()
    for module in LIBRARIES:
        import_module(module)
    known = explained()
    scores: dict[str, Counter[str]] = {}
    open_ones = []
    paths = arguments.files or targets()
    made = jobs(paths, arguments.only, arguments.sample, arguments.seed)
    for path, name, fate in fates(made, arguments):
        told = fate != KILLED and name in known.get(path, ())
        scores.setdefault(path, Counter())["explained" if told else fate] += 1
        if fate in (SURVIVED, UNREACHED) and not told:
            open_ones.append(f"{path}: {fate}: {name}")
            print(open_ones[-1], flush=True)
    print("| file | mutants | killed | explained | unexplained | not run |")
    print("|---|---|---|---|---|---|")
    for path, score in [*scores.items(), ("all", sum(scores.values(), Counter()))]:
        alive = score[SURVIVED] + score[UNREACHED]
        cells = (score.total(), score[KILLED], score["explained"], alive, score[BY_IMPORT])
        print(f"| {path} | {' | '.join(map(str, cells))} |")
    stale = [
        f"{path}: {name}"
        for path in paths
        for name in known.get(path, set()) - names((ROOT / path).read_text())
    ]
    for one in stale:
        print(f"survivors.md explains what is not there: {one}")
    return 1 if open_ones or stale else 0


if __name__ == "__main__":
    sys.exit(main())
