"""Where the shots are fired: signers with a memory, asked through the code that they really run."""

import shutil
import time
from copy import deepcopy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from signer.core.errors import BadInput, Refused
from signer.redteam.oracle import Ledger, Oracle, Seat, Violation
from signer.redteam.world import Station, remember
from signer.sign.check import Checked, examine
from signer.sign.state import State

SLOW: Final = 10.0
"""Seconds of CPU for an answer from which on it counts as a finding: a file that stops a signer.
By the clock, a machine that is busy or was stopped would be one, too."""

PARSING: Final = 1
"""The step of whatever cannot be read (as `coldsign inspect` counts)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a signer said.

    Attributes:
        step: that refused, or 0 if it was accepted, or -1 if the signer crashed.
        rule: that refused; for a crash, the exception.
        words: what it said.
        checked: what it would sign.
        seconds: of CPU that it took.
    """

    step: int
    rule: str = ""
    words: str = ""
    checked: Checked | None = None
    seconds: float = 0.0

    @property
    def accepted(self) -> bool:
        """Whether it would be signed."""
        return self.checked is not None


def ask(raw: bytes, state: State) -> Answer:
    """Take a bundle through steps 1 to 8, as `coldsign inspect` and `sign` do."""
    started = time.process_time()
    try:
        checked = examine(raw, state.enrolments)
    except BadInput as problem:
        return Answer(PARSING, "parse", problem.what, None, time.process_time() - started)
    except Refused as problem:
        first = problem.refusals[0]
        return Answer(first.step, first.rule, first.what, None, time.process_time() - started)
    except Exception as error:  # noqa: BLE001 -- whatever else it is, it is a finding
        where = _where(error)
        return Answer(-1, type(error).__name__, f"{error!r} {where}", None, 0.0)
    return Answer(0, "", "", checked, time.process_time() - started)


def _where(error: Exception) -> str:
    trace, place = error.__traceback__, ""
    while trace is not None:
        code = trace.tb_frame.f_code
        place = f"in {Path(code.co_filename).name}:{trace.tb_lineno} {code.co_name}"
        trace = trace.tb_next
    return place


def verdict(oracle: Oracle, seat: Seat, raw: bytes, answer: Answer) -> tuple[Violation, ...]:
    """What is wrong with an answer: a crash, a standstill, or what must not be signed."""
    if answer.step < 0:
        return (Violation("crash", "an answer", f"{answer.rule}: {answer.words}"),)
    if answer.seconds > SLOW:
        return (Violation("slow", f"within {SLOW} seconds", f"{answer.seconds:.1f}"),)
    if answer.checked is None:
        return ()
    return oracle.judge(raw, [coin.digest for coin in answer.checked.facts.inputs], seat)


class Signers:
    """Some stations, each with a memory that lasts until `reset`.

    Args:
        stations: as the world made them; they stay as they are.
        ledger: of the world.
        folder: where working copies of the homes are kept.
    """

    def __init__(self, stations: list[Station], ledger: Ledger, folder: Path) -> None:
        self._stations = {one.name: one for one in stations}
        self._folder, self._oracle = folder, Oracle(ledger)
        self._fresh = {one.name: State(one.home) for one in stations}
        self._states: dict[str, State] = {}
        self.seats: dict[str, Seat] = {}
        self.reset()

    @property
    def names(self) -> list[str]:
        """Of the stations."""
        return list(self._stations)

    def newest(self, name: str) -> int:
        """The number of the newest withdrawal that a station knew at first."""
        return self._stations[name].newest

    def epochs(self, name: str) -> int:
        """The number of the newest policy that a station knew at first."""
        return self._stations[name].epochs

    def reset(self) -> None:
        """Give every station its first memory back."""
        self._states = dict(self._fresh)
        self.seats = {name: deepcopy(one.seat) for name, one in self._stations.items()}

    def home(self, name: str) -> Path:
        """The home of a station as it is now."""
        working = self._folder / name
        return self._stations[name].home if self._states[name] is self._fresh[name] else working

    def state(self, name: str) -> State:
        """What a station remembers now."""
        return self._states[name]

    def ask(self, name: str, raw: bytes) -> Answer:
        """What a station says to a bundle."""
        return ask(raw, self._states[name])

    def judge(self, name: str, raw: bytes, answer: Answer) -> tuple[Violation, ...]:
        """What is wrong with an answer: nothing, mostly."""
        return verdict(self._oracle, self.seats[name], raw, answer)

    def suspect(self, name: str, raw: bytes) -> tuple[Violation, ...]:
        """What the oracle has against a bundle that was refused."""
        return self._oracle.judge(raw, None, self.seats[name])

    def sign(self, name: str, checked: Checked) -> None:
        """Let a station remember a bundle as it does when it signs (step 10)."""
        if self._states[name] is self._fresh[name]:
            working = self._folder / name
            shutil.rmtree(working, ignore_errors=True)
            shutil.copytree(self._stations[name].home, working)
            self._states[name] = State(working)
        fingerprint = checked.facts.vault.signers[0].fingerprint
        self._states[name].sign(checked, fingerprint)
        policies = checked.facts.documents.policies
        withdrawal = checked.approved.withdrawal.id
        remember(self.seats[name], self._oracle.ledger, withdrawal, policies[-1].id)

    def facts(self, name: str) -> dict[str, object]:
        """What the oracle knows of a station, for a replay."""
        return {"ledger": asdict(self._oracle.ledger), "seat": asdict(self.seats[name])}
