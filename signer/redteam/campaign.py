"""Many attacks, each of which follows from a seed and a number, and what the signers said.

Attacks come in episodes. Within one, a signer remembers what it has signed, so that attacks upon
its memory have something to attack; a new episode finds everything as it was.
"""

import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from signer.redteam.careless import careless
from signer.redteam.estate import Estate, Given
from signer.redteam.finding import MOST_FINDINGS, Case, Finding, taken
from signer.redteam.forgery import Forgery
from signer.redteam.once import reading_once
from signer.redteam.oracle import Violation
from signer.redteam.papers import Paper
from signer.redteam.shooting import Answer, Signers
from signer.redteam.tricks import HONEST, KINDS, OFFICERS, TRICKS, of
from signer.redteam.world import Base, World
from signer.sign.check import Checked

EPISODE: Final = 50
"""Attacks before the signers forget: enough for a window to fill; also the least work of a job."""

_HONEST_EVERY: Final = 5
"""One honest bundle for so many attacks: enough to show that honest ones pass."""

_OFFICERS_SHARE: Final = 0.25
_DEPTHS: Final = (1, 1, 1, 1, 2, 2, 2, 3, 4, 6)
_RIGHT_STATION: Final = 0.9
_FOCUS: Final = 0.7
"""How much of what officers approve within an episode goes to one signer: its windows fill up."""

_DEEP: Final = tuple(kind for kind in KINDS if kind not in ("carrier", "maps"))
"""Classes that leave a file which can be read: tricks are joined mostly of these."""

_NONSENSE: Final = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What a trick trips over when one before it has left a document in ruins."""


@dataclass(slots=True)
class Tally:
    """What came out of some attacks.

    Attributes:
        attacks: how many.
        answers: by class and step; step 0 is an acceptance that was right, -1 a crash.
        rules: how often each step and rule refused.
        honest: how many honest bundles were asked about.
        accepted: how many of those were accepted.
        stricter: rules that refused what the policy, stated again, has nothing against.
        tricks: how often each trick was used.
        slowest: the longest answer in seconds of CPU.
        seconds: of CPU, all workers together.
        broken: how often each rule of the invariant was violated.
        findings: some of the violations, with reproducers.
    """

    attacks: int = 0
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    rules: Counter[tuple[int, str]] = field(default_factory=Counter)
    honest: int = 0
    accepted: int = 0
    stricter: Counter[str] = field(default_factory=Counter)
    tricks: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0
    seconds: float = 0.0
    broken: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Take another's numbers in."""
        self.attacks += other.attacks
        self.answers += other.answers
        self.rules += other.rules
        self.honest += other.honest
        self.accepted += other.accepted
        self.stricter += other.stricter
        self.tricks += other.tricks
        self.slowest = max(self.slowest, other.slowest)
        self.seconds += other.seconds
        self.broken += other.broken
        self.findings = (self.findings + other.findings)[:MOST_FINDINGS]


class Thief:
    """Plans attempts, makes the bundles, and puts them to the signers.

    Args:
        world: what there is to steal.
        signers: who is asked.
    """

    def __init__(self, world: World | Estate, signers: Signers) -> None:
        self.world, self.signers = world, signers
        self._lines: dict[str, list[Paper]] = {}
        self._forget()

    def _forget(self) -> None:
        """Everybody is back where they were at first."""
        self.signers.reset()
        chain = self.world.chain
        self._lines = {name: chain[: self.signers.newest(name)] for name in self.signers.names}

    def plan(self, number: str) -> Case:
        """The attempt of a number: the same in every run of a seed."""
        rng = random.Random(f"{self.world.seed}/{number}")  # noqa: S311 -- repeatable, guards nothing
        seed = rng.getrandbits(64)
        honest = number.startswith("honest")
        base = rng.randrange(len(self.world.bases))
        depth = rng.choice(_DEPTHS)
        if not honest and isinstance(self.world, World) and rng.random() < _OFFICERS_SHARE:
            base, depth = -1, rng.choice((0, 0, 0, 1, 2))
        names = self.signers.names
        if base >= 0 and rng.random() < _RIGHT_STATION:
            names = self._able(self.world.bases[base]) or names
        tricks = []
        for _ in range(depth):
            kinds = KINDS if depth == 1 or rng.randrange(6) == 0 else _DEEP
            kind = HONEST if honest else rng.choice(kinds)
            tricks.append((rng.choice(of(kind)).name, rng.getrandbits(64)))
        station = rng.choice(names)
        if base < 0 and rng.random() < _FOCUS:
            station = self._focus(number)
        return Case(number, base, seed, station, tuple(tricks))

    def _able(self, base: Base) -> list[str]:
        """The signers who did not know more, at first, than a bundle brings."""
        signers, epochs = self.signers, len(base.bundle.policies)
        return [
            name
            for name in signers.names
            if signers.newest(name) <= base.sequence and signers.epochs(name) <= epochs
        ]

    def _focus(self, number: str) -> str:
        """The signer to whom most of an episode's careless withdrawals go."""
        episode = int(number.rpartition(" ")[2]) // EPISODE
        rng = random.Random(f"{self.world.seed}/focus {episode}")  # noqa: S311 -- repeatable, guards nothing
        return rng.choice(self.signers.names)

    def make(self, case: Case, used: Counter[str] | None = None) -> tuple[bytes, Paper | None]:
        """The bundle of an attempt, and the withdrawal that officers approved for it, if any."""
        bundle, paper = self._start(case)
        for name, seed in case.tricks:
            rng = random.Random(f"{seed}/{name}")  # noqa: S311 -- repeatable, guards nothing
            try:
                done = TRICKS[name].run(bundle, self.world.loot, rng)
            except _NONSENSE:
                done = False
            if done and used is not None:
                used[name] += 1
        return bundle.to_bytes(), paper

    def _start(self, case: Case) -> tuple[Forgery, Paper | None]:
        if case.base >= 0 or not isinstance(self.world, World):
            return self.world.bases[case.base].bundle.copy(), None
        rng = random.Random(f"{case.seed}/careless")  # noqa: S311 -- repeatable, guards nothing
        line, epochs = self._lines[case.station], self.signers.epochs(case.station)
        return careless(self.world, line, epochs, rng)

    def episode(self, number: int, count: int) -> Tally:
        """Some attempts upon signers who remember, from the memory that they had at first."""
        tally = Tally()
        self._forget()
        papers: list[Paper] = []
        started = time.process_time()
        for name in _numbers(number, count, honest=self.world.honest):
            case = self.plan(name)
            raw, paper = self.make(case, tally.tricks)
            papers += [paper] if paper else []
            answer = self.signers.ask(case.station, raw)
            violations = self.signers.judge(case.station, raw, answer)
            self._count(tally, case, raw, answer)
            if violations:
                tally.broken.update({violation.rule for violation in violations})
                if len(tally.findings) < MOST_FINDINGS:
                    tally.findings.append(self.minimise(case, violations))
            elif answer.checked is not None:
                self._remember(case.station, answer.checked)
        for paper in papers:
            self.world.forget(paper)
        tally.seconds = time.process_time() - started
        return tally

    def _remember(self, station: str, checked: Checked) -> None:
        """Let a signer sign, unless that would leap ahead: it would refuse all that comes after."""
        line, number = self._lines[station], checked.approved.withdrawal.sequence
        if number <= len(line) + 1:
            self.signers.sign(station, checked)
        if number == len(line) + 1:
            line.append(Paper.read("withdrawal", checked.approved.envelope.to_bytes()))

    def _count(self, tally: Tally, case: Case, raw: bytes, answer: Answer) -> None:
        tally.slowest = max(tally.slowest, answer.seconds)
        fair = case.kind in (HONEST, OFFICERS)
        wronged = fair and answer.step > 0 and not self.signers.suspect(case.station, raw)
        if wronged:
            tally.stricter[answer.rule] += 1
        if case.kind == HONEST:
            # An honest bundle that the signer's memory rightly stands against proves nothing.
            tally.honest += answer.accepted or wronged
            tally.accepted += answer.accepted
            return
        tally.attacks += 1
        tally.answers[case.kind, answer.step] += 1
        if answer.step:
            tally.rules[answer.step, answer.rule] += 1

    def minimise(self, case: Case, violations: tuple[Violation, ...]) -> Finding:
        """Leave out tricks as long as something stays wrong (Zeller's ddmin, one at a time)."""
        rules = {violation.rule for violation in violations}
        shorter = True
        while shorter:
            shorter = False
            for at in range(len(case.tricks)):
                tricks = case.tricks[:at] + case.tricks[at + 1 :]
                less = Case(case.number, case.base, case.seed, case.station, tricks)
                found = self._retry(less)
                if rules & {violation.rule for violation in found}:
                    case, violations, shorter = less, found, True
                    break
        raw, _ = self.make(case)
        return taken(self.signers, case, violations, raw)

    def _retry(self, case: Case) -> tuple[Violation, ...]:
        raw, _ = self.make(case)
        return self.signers.judge(case.station, raw, self.signers.ask(case.station, raw))


def _numbers(episode: int, count: int, *, honest: bool) -> Iterator[str]:
    """Attacks by number, an honest bundle before every fifth."""
    first = episode * EPISODE
    for number in range(first, first + count):
        if honest and number % _HONEST_EVERY == 0:
            yield f"honest {number}"
        yield f"{number}"


@dataclass(frozen=True, slots=True)
class Job:
    """Some episodes, for one worker.

    Attributes:
        seed: of the campaign.
        corrupt: how many officers are the thief's.
        first: number of the first attack, a multiple of `EPISODE`.
        count: how many attacks.
        given: a customer's vault and signers, or None for throw-away worlds.
    """

    seed: str
    corrupt: int
    first: int
    count: int
    given: Given | None = None


_TYPES: Final = ("p2wsh", "p2sh-p2wsh")
_kept: dict[tuple[str, int, Given | None], list[Thief]] = {}
_folders: list[tempfile.TemporaryDirectory[str]] = []


def thieves(seed: str, corrupt: int, given: Given | None = None) -> list[Thief]:
    """One thief for each script type of a vault, or for a customer's; kept for the process's life.

    Raises:
        BadInput: something given cannot be read.
        ImportError: libwally is not installed.
    """
    known = (seed, corrupt, given)
    if known not in _kept:
        folder = tempfile.TemporaryDirectory(prefix="coldquorum-redteam-")
        _folders.append(folder)
        place = Path(folder.name)
        with reading_once():
            worlds: list[World | Estate] = (
                [Estate(given, seed, place / "estate")]
                if given
                else [
                    World(seed, place / kind, corrupt=corrupt, script_type=kind) for kind in _TYPES
                ]
            )
        _kept[known] = [
            Thief(world, Signers(world.stations, world.ledger, place / f"work-{at}"))
            for at, world in enumerate(worlds)
        ]
    return _kept[known]


def work(job: Job) -> Tally:
    """Do a job; episodes take turns between the worlds."""
    tally, made = Tally(), thieves(job.seed, job.corrupt, job.given)
    with reading_once():
        for start in range(job.first, job.first + job.count, EPISODE):
            number = start // EPISODE
            count = min(EPISODE, job.first + job.count - start)
            tally.add(made[number % len(made)].episode(number, count))
    return tally
