"""A whole run: attacks with names, generated ones on all cores, a sample by the real programs."""

import math
import os
import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from signer.core.errors import BadInput, Fault
from signer.redteam import oracle, reproducer
from signer.redteam.attacks import Played, play_all, play_given
from signer.redteam.campaign import EPISODE, Job, Tally, Thief, thieves, work
from signer.redteam.estate import Estate, Given
from signer.redteam.programs import Sampled, sample
from signer.redteam.report import Report
from signer.redteam.world import MOST_CORRUPT, World

_PIECES: Final = 20
"""Pieces of work for each process, so that all end at about the same time."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run.

    Attributes:
        seed: of everything.
        iterations: generated attacks.
        corrupt: officers whose approval keys the thief has.
        given: a customer's vault and signers, instead of a throw-away world.
        jobs: processes; 1 for this one alone.
        programs: bundles that are put to the real programs, too.
        findings: where reproducers are written.
    """

    seed: str = field(default_factory=lambda: secrets.token_hex(8))
    iterations: int = 10_000
    corrupt: int = 1
    given: Given | None = None
    jobs: int = field(default_factory=lambda: os.cpu_count() or 1)
    programs: int = 12
    findings: Path = Path("redteam-findings")


def engine() -> str:
    """The library that reads for the oracle, and its version.

    Raises:
        BadInput: it is not installed.
    """
    try:
        oracle.load()
    except ImportError:
        raise BadInput(
            "the oracle's own library is missing",
            fault=Fault.MACHINE,
            expected="wallycore (libwally), which shares no code with the signer",
            found="not installed",
            hint="pip install 'coldquorum[redteam]'",
        ) from None
    return f"libwally, by wallycore {version('wallycore')}"


def run(plan: Plan, tell: Callable[[int], None]) -> Report:
    """Run it.

    Args:
        plan: what.
        tell: called with the number of attacks that are done.

    Raises:
        BadInput: a number out of range, a library missing, something given that cannot be read.
    """
    if not 0 <= plan.corrupt <= MOST_CORRUPT:
        raise BadInput(
            "that many corrupt officers can do as they please",
            fault=Fault.OFFICER,
            expected=f"0 to {MOST_CORRUPT}: fewer than any quorum of the throw-away policy",
            found=str(plan.corrupt),
        )
    name, started = engine(), time.monotonic()
    corrupt = 0 if plan.given else plan.corrupt
    made = thieves(plan.seed, corrupt, plan.given)
    first, played = made[0], _named(made)
    tally = _generated(plan, corrupt, tell)
    sampled = _programs(plan, first)
    found = [*(one for named in played for one in named.findings), *tally.findings]
    files = tuple(reproducer.write(one, plan.findings) for one in found)
    return Report(
        seed=plan.seed,
        target=_target(plan, first),
        corrupt=first.world.corrupt,
        named=played,
        tally=tally,
        sampled=sampled,
        seconds=time.monotonic() - started,
        engine=name,
        findings=files,
    )


def _target(plan: Plan, thief: Thief) -> str:
    if plan.given is None:
        return "a throw-away vault, 2 of 3, as p2wsh and as p2sh-p2wsh, and its policy of all rules"
    return f"vault {thief.world.vault.id}, {len(plan.given.homes)} signers, on copies"


def _named(made: Sequence[Thief]) -> tuple[Played, ...]:
    """The attacks with names, against each world; what went wrong in any of them."""
    found: dict[str, Played] = {}
    for one in made:
        world, signers = one.world, one.signers
        all_played = (
            play_given(world, signers) if isinstance(world, Estate) else play_all(world, signers)
        )
        for played in all_played:
            before = found.get(played.name)
            found[played.name] = before.joined(played) if before else played
    return tuple(found.values())


def _generated(plan: Plan, corrupt: int, tell: Callable[[int], None]) -> Tally:
    total = Tally()
    with _pool(plan.jobs) as submit:
        waiting = {submit(job) for job in _jobs(plan, corrupt)}
        while waiting:
            done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                total.add(future.result())
            tell(total.attacks)
    total.findings.sort(key=lambda finding: finding.case.number)
    return total


def _jobs(plan: Plan, corrupt: int) -> Iterator[Job]:
    """The attacks in pieces of whole episodes, the same ones for any number of workers."""
    pieces = max(1, plan.jobs) * _PIECES
    size = max(1, math.ceil(plan.iterations / EPISODE / pieces)) * EPISODE
    for first in range(0, plan.iterations, size):
        count = min(size, plan.iterations - first)
        yield Job(plan.seed, corrupt, first, count, plan.given)


@contextmanager
def _pool(jobs: int) -> Iterator[Callable[[Job], Future[Tally]]]:
    """Processes to work in; each makes its own worlds once. Without any, work is done at once."""
    if jobs <= 1:
        yield _at_once
        return
    # A process that begins anew shares nothing with this one, whatever threads it has.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield lambda job: pool.submit(work, job)


def _at_once(job: Job) -> Future[Tally]:
    future: Future[Tally] = Future()
    future.set_result(work(job))
    return future


def _programs(plan: Plan, thief: Thief) -> Sampled | None:
    if not plan.programs or not isinstance(thief.world, World):
        return None
    with tempfile.TemporaryDirectory(prefix="coldquorum-redteam-") as folder:
        thief.signers.reset()
        return sample(thief, thief.world, plan.programs, Path(folder))
