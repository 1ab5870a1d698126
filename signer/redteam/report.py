"""What the campaign found: the numbers, and the report for programs."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from signer.redteam.attacks import Played
from signer.redteam.campaign import Tally
from signer.redteam.oracle import Violation
from signer.redteam.programs import Sampled

STEPS: Final = {
    1: "parse",
    2: "vault",
    3: "inputs",
    4: "outputs",
    5: "policy",
    6: "chain, approvals",
    7: "as approved",
    8: "rules",
}
"""The steps of a signer's check that a bundle can fail."""

CRASH: Final = -1
"""In place of a step: the signer stopped with an exception."""


@dataclass(frozen=True, slots=True)
class Report:
    """A whole run.

    Attributes:
        seed: repeats it.
        target: what was attacked, in words.
        corrupt: officers whose keys the thief had.
        named: the attacks with names; none against a customer's own signers without bundles.
        tally: the generated attacks.
        sampled: what the real programs said, if they were asked.
        seconds: of the whole run.
        engine: of the oracle.
        findings: files of reproducers.
    """

    seed: str
    target: str
    corrupt: Sequence[str]
    named: tuple[Played, ...]
    tally: Tally
    sampled: Sampled | None
    seconds: float
    engine: str
    findings: tuple[Path, ...]

    @property
    def wrong(self) -> tuple[Violation, ...]:
        """Every violation."""
        return (
            *(one for played in self.named for one in played.wrong),
            *(one for finding in self.tally.findings for one in finding.violations),
            *(self.sampled.wrong if self.sampled else ()),
        )

    @property
    def held(self) -> bool:
        """Whether the invariant held throughout."""
        return not self.wrong

    @property
    def per_attack(self) -> float:
        """Milliseconds of CPU for each generated attack."""
        return 1000 * self.tally.seconds / max(1, self.tally.attacks)


def data(report: Report) -> dict[str, object]:
    """The report for programs."""
    tally = report.tally
    return {
        "held": report.held,
        "seed": report.seed,
        "target": report.target,
        "corrupt": list(report.corrupt),
        "oracle": report.engine,
        "seconds": round(report.seconds, 1),
        "named": [
            {
                "name": one.name,
                "story": one.story,
                "bundles": one.shots,
                "refused": [{"step": step, "rule": rule} for step, rule in one.refused],
                "wrong": [asdict(violation) for violation in one.wrong],
            }
            for one in report.named
        ],
        "generated": {
            "attacks": tally.attacks,
            "classes": {
                kind: {str(step): tally.answers[kind, step] for step in steps(tally)}
                for kind in kinds(tally)
            },
            "rules": [
                {"step": step, "rule": rule, "refused": count}
                for (step, rule), count in sorted(tally.rules.items())
            ],
            "tricks": dict(sorted(tally.tricks.items())),
            "milliseconds": round(report.per_attack, 2),
            "slowest_seconds": round(tally.slowest, 3),
        },
        "honest": {"asked": tally.honest, "accepted": tally.accepted},
        "stricter": dict(sorted(tally.stricter.items())),
        "programs": asdict(report.sampled) if report.sampled else None,
        "broken": dict(tally.broken),
        "violations": [asdict(violation) for violation in report.wrong],
        "findings": [str(path) for path in report.findings],
    }


def kinds(tally: Tally) -> list[str]:
    """The classes of attacks that there were."""
    return sorted({kind for kind, _ in tally.answers})


def steps(tally: Tally) -> list[int]:
    """Crashes first, then acceptances, then the steps; crashes only if there are any."""
    return [*([CRASH] if any(step < 0 for _, step in tally.answers) else []), 0, *STEPS]


def heads(tally: Tally) -> list[str]:
    """Names of the columns: what became of an attack."""
    names = {CRASH: "crashed", 0: "harmless"}
    return [names.get(step, f"{step}") for step in steps(tally)]


def rows(tally: Tally) -> Iterable[list[str]]:
    """One row a class, and the sums."""
    for kind in kinds(tally):
        yield [kind, *(_count(tally.answers[kind, step]) for step in steps(tally))]
    totals = [sum(tally.answers[kind, step] for kind in kinds(tally)) for step in steps(tally)]
    yield ["all", *map(_count, totals)]


def _count(number: int) -> str:
    return grouped(number) if number else "."


def grouped(number: int) -> str:
    """Digits in groups of three."""
    return f"{number:,}".replace(",", " ")


def refused_by(tally: Tally) -> Iterable[tuple[str, ...]]:
    """Every step and rule that refused something, and how often."""
    for (step, rule), count in sorted(tally.rules.items()):
        yield f"step {step}", rule, grouped(count)
