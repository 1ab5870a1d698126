"""Plays the attacks of the table, each against signers as they were at first.

A shot that is honest has to be accepted, and is signed, so that the next one meets a signer who
remembers it.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, TypeVar

from signer.core.errors import BadInput, Refused
from signer.redteam.estate import Estate
from signer.redteam.finding import MOST_FINDINGS, Case, Finding, taken
from signer.redteam.named.shots import NotHere
from signer.redteam.once import reading_once
from signer.redteam.oracle import Violation
from signer.redteam.shooting import PARSING, Answer, Signers
from signer.redteam.table import ATTACKS, ON_BUNDLES, Attack
from signer.redteam.world import World
from signer.sign.sign import sign
from signer.sign.softkey import SoftKey

Place = TypeVar("Place", World, Estate)

SIGNING: Final = 10
"""The step that reads the file again before the signature."""


@dataclass(frozen=True, slots=True)
class Played:
    """How an attack went.

    Attributes:
        name: of the attack.
        story: of the attack.
        shots: how many bundles the thief put to a signer.
        refused: step and rule of each that was refused, each once.
        wrong: what came out otherwise than it has to; empty is good.
        findings: what the oracle had something against, to be seen again.
    """

    name: str
    story: str
    shots: int
    refused: tuple[tuple[int, str], ...]
    wrong: tuple[Violation, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def where(self) -> str:
        """The steps that refused it, each with its rules: `6 chain.known, chain.behind`."""
        steps = {step: [r for at, r in self.refused if at == step] for step, _ in self.refused}
        return "; ".join(f"{step} {', '.join(rules)}" for step, rules in sorted(steps.items()))

    def joined(self, other: "Played") -> "Played":
        """The same attack in two worlds as one."""
        refused = tuple(dict.fromkeys((*self.refused, *other.refused)))
        shots, wrong = self.shots + other.shots, (*self.wrong, *other.wrong)
        findings = (*self.findings, *other.findings)
        return Played(self.name, self.story, shots, refused, wrong, findings)


def play(attack: Attack[Place], world: Place, signers: Signers) -> Played:
    """Play an attack.

    Raises:
        NotHere: the bundle has not what this attack needs.
    """
    signers.reset()
    wrong: list[Violation] = []
    refused: dict[tuple[int, str], None] = {}
    findings: list[Finding] = []
    count = 0
    for shot in attack.shots(world):
        answer = signers.ask(shot.station, shot.raw)
        violations = signers.judge(shot.station, shot.raw, answer)
        wrong += violations
        if violations:
            case = Case(attack.name, -1, 0, shot.station, ())
            findings.append(taken(signers, case, violations, shot.raw))
        if shot.honest:
            if answer.checked is None:
                wrong.append(Violation("honest", "an acceptance", f"{answer.step} {answer.rule}"))
            elif not violations:
                signers.sign(shot.station, answer.checked)
            continue
        count += 1
        wrong += _judge(attack.steps, answer, violations)
        if answer.step > 0:
            refused[answer.step, answer.rule] = None
    seen = tuple(refused), tuple(wrong), tuple(findings[:MOST_FINDINGS])
    return Played(attack.name, attack.story, count, *seen)


def _judge(
    steps: tuple[int, ...], answer: Answer, violations: tuple[Violation, ...]
) -> Iterable[Violation]:
    """A named attack has to be refused, and for the right reason."""
    if violations or answer.step in steps:
        return
    found = f"step {answer.step}, {answer.rule}: {answer.words}" if answer.step else "accepted"
    yield Violation("refused", f"at step {' or '.join(map(str, steps))}", found)


def changed_after_review(world: World, signers: Signers) -> Played:
    """The file changes between the review and the signature (step 10)."""
    signers.reset()
    raw = world.bases[0].bundle.to_bytes()
    other = world.bases[1].bundle.to_bytes()
    state = signers.state(world.first_station)
    key = SoftKey.of(world.people["alice"].root, world.vault)
    refused: list[tuple[int, str]] = []
    wrong: list[Violation] = []
    answer = signers.ask(world.first_station, raw)
    for again in (other, raw + b"\x00", raw[:-1], b""):
        if answer.checked is None:
            wrong.append(Violation("honest", "an acceptance", answer.rule))
            break
        try:
            sign(answer.checked, again, key, state)
        except Refused as problem:
            refused.append((problem.refusals[0].step, problem.refusals[0].rule))
        except BadInput as problem:
            refused.append((PARSING, problem.what))
        else:
            wrong.append(Violation("refused", f"at step {SIGNING}", "signed"))
    wrong += [Violation("refused", f"at step {SIGNING}", r) for s, r in refused if s != SIGNING]
    name, story = "changed after review", "swaps the file after the officer has read it"
    return Played(name, story, 4, tuple(dict.fromkeys(refused)), tuple(wrong))


def play_all(world: World, signers: Signers) -> tuple[Played, ...]:
    """Play the whole table."""
    with reading_once():
        played = [play(attack, world, signers) for attack in ATTACKS]
        return (*played, changed_after_review(world, signers))


def play_given(estate: Estate, signers: Signers) -> tuple[Played, ...]:
    """Play what can be tried with a bundle that a customer's signer accepts, if there is one."""
    signers.reset()
    for at, base in enumerate(estate.bases if estate.honest else ()):
        for station in signers.names:
            if signers.ask(station, base.bundle.to_bytes()).accepted:
                estate.bases.insert(0, estate.bases.pop(at))
                estate.first_station = station
                return tuple(_fitting(estate, signers))
    return ()


def _fitting(estate: Estate, signers: Signers) -> Iterator[Played]:
    with reading_once():
        for attack in ON_BUNDLES:
            with suppress(NotHere):
                yield play(attack, estate, signers)
