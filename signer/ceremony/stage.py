"""The stage of a rehearsal: people at their own machines, each step told in one line.

Each machine is a folder, with a home folder in it; a file crosses the air gap only by being
carried from one folder to another.
"""

import json
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import local
from typing import Any, ClassVar, TypeVar

from signer.ceremony.terminal import Ran, Script, converse, run
from signer.core.errors import Fault, Problem

T = TypeVar("T")

REFUSED = 3
"""The exit code of a refusal (`signer/cli/exits.py`)."""

_REFUSAL = re.compile(r"^refused: (?P<what>.*) \[step (?P<step>[0-9]+), (?P<rule>[a-z0-9_.]+)\]$")
_DETAIL = re.compile(r"^  (?P<label>expected|found): (?P<text>.*)$")
_SHOWN = 2000
"""Characters of a program's last words in an error."""


class Differs(Problem):
    """Something came out otherwise than it has to. Either a bug, or a machine out of order."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, expected: object, found: object) -> None:
        super().__init__(
            what,
            fault=Fault.MACHINE,
            expected=str(expected),
            found=str(found)[-_SHOWN:],
            hint="run it again with --keep DIR, and look into the folders",
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that somebody did.

    Attributes:
        number: counted from 1.
        scene: that it belongs to.
        who: an officer, the coordinator, or the carrier.
        story: in a few words.
        command: what a person types for it.
        seconds: how long it took.
    """

    number: int
    scene: str
    who: str
    story: str
    command: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Reason:
    """One refusal, as the program printed it.

    Attributes:
        officer: whose signer refused.
        step: the number of the check.
        rule: its dotted name.
        what: one line for people.
        expected: what the check wanted.
        found: what it saw.
    """

    officer: str
    step: int
    rule: str
    what: str
    expected: str
    found: str


@dataclass(slots=True)
class Stage:
    """Where a rehearsal takes place.

    Attributes:
        folder: holds a folder for each machine.
        tell: called with each step when it is done.
        scene: what is being played.
        steps: all so far.
    """

    folder: Path
    tell: Callable[[Step], None]
    scene: str = ""
    steps: list[Step] = field(default_factory=list)
    _aside: local = field(default_factory=local)

    def machine(self, name: str, script: Script = ()) -> "Machine":
        """Set up a machine; with a script, there is a person at its terminal."""
        folder = self.folder / name
        (folder / "home").mkdir(parents=True, mode=0o700)
        return Machine(self, name, folder, script)

    def done(self, who: str, story: str, command: str, started: float) -> None:
        """Tell a step that has been taken."""
        seconds = round(time.monotonic() - started, 3)
        step = Step(0, self.scene, who, story, command, seconds)
        waiting: list[Step] | None = getattr(self._aside, "waiting", None)
        if waiting is None:
            self._take(step)
        else:
            waiting.append(step)

    def at_once(self, *acts: Callable[[], T]) -> list[T]:
        """Let several people act at the same time, each at a machine of their own.

        Their steps are told afterwards, one person's after the other's.

        Returns:
            What each act gave.

        Raises:
            Differs: from the first act that did.
        """

        def aside(act: Callable[[], T]) -> tuple[T, list[Step]]:
            waiting: list[Step] = []
            self._aside.waiting = waiting
            return act(), waiting

        with ThreadPoolExecutor(len(acts)) as pool:
            played = [pool.submit(aside, act) for act in acts]
            results = []
            for one in played:
                result, waiting = one.result()
                results.append(result)
                for step in waiting:
                    self._take(step)
        return results

    def _take(self, step: Step) -> None:
        step = replace(step, number=len(self.steps) + 1)
        self.steps.append(step)
        self.tell(step)

    def carry(
        self,
        story: str,
        source: "Machine",
        *names: str,
        to: "tuple[Machine, ...]",
        who: str = "carrier",
    ) -> None:
        """Carry files from one machine to others, as on a USB stick.

        Raises:
            Differs: a file is not there.
        """
        started = time.monotonic()
        for machine in to:
            for name in names:
                if not (source.folder / name).is_file() or (machine.folder / name).exists():
                    raise Differs("nothing to carry", expected=f"{source.name}/{name}", found="")
                shutil.copyfile(source.folder / name, machine.folder / name)
        sources = " ".join(f"{source.name}/{name}" for name in names)
        folders = "{" + ",".join(m.name for m in to) + "}" if len(to) > 1 else to[0].name
        self.done(who, story, f"cp {sources} {folders}/", started)


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine and, if it has a script, the person at it.

    Attributes:
        stage: where it stands.
        name: the officer's, or `coordinator`.
        folder: what the person sees; commands run in it.
        script: what the person answers.
        cables: the USB devices at it, as `vendor=FOLDER`.
    """

    stage: Stage
    name: str
    folder: Path
    script: Script
    cables: tuple[str, ...] = ()

    def does(self, story: str, command: str, *, makes: str = "") -> Ran:
        """Type a command that has to succeed.

        Args:
            story: what it is for, in a few words.
            command: as typed; `> FILE` at its end keeps stdout in a new file.
            makes: a file that has to be there afterwards.

        Raises:
            Differs: it did not, or not as told.
        """
        started = time.monotonic()
        typed, _, file = command.partition(" > ")
        ran = self._type(typed)
        if ran.code != 0:
            raise Differs(f"`{command}` failed", expected="exit code 0", found=_last_words(ran))
        if file:
            (self.folder / file).write_text(ran.out)
        if makes and not (self.folder / makes).is_file():
            raise Differs(f"`{command}` left no file", expected=makes, found=_last_words(ran))
        self.stage.done(self.name, story, command, started)
        return ran

    def tells(self, story: str, command: str) -> Mapping[str, Any]:
        """Type a command with `--json` that has to succeed, and read its answer."""
        ran = self.does(story, command)
        try:
            answer: Any = json.loads(ran.out)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise Differs(f"`{command}` printed no JSON object", expected="{...}", found=ran.out)
        return answer

    def refuses(self, command: str, *, output: str) -> tuple[Reason, ...]:
        """Type a command that has to be refused, and to leave nothing behind.

        Raises:
            Differs: it was not, or it did.
        """
        started = time.monotonic()
        ran = self._type(command)
        reasons = _reasons(self.name, ran.err)
        if ran.code != REFUSED or not reasons:
            raise Differs(
                f"`{command}` was not refused by {self.name}",
                expected=f"exit code {REFUSED} and a reason",
                found=_last_words(ran),
            )
        if (self.folder / output).exists():
            raise Differs("a refusal left a file", expected="nothing", found=output)
        story = f"REFUSES at step {reasons[0].step}: {reasons[0].what}"
        self.stage.done(self.name, story, command, started)
        return reasons

    def _type(self, command: str) -> Ran:
        argv, home = shlex.split(command), self.folder / "home"
        try:
            if self.script:
                return converse(argv, self.script, cwd=self.folder, home=home, cables=self.cables)
            return run(argv, cwd=self.folder, home=home, cables=self.cables)
        except subprocess.TimeoutExpired as late:
            found = (late.output or b"").decode("utf-8", "replace")
            raise Differs(f"`{command}` does not end", expected="an end", found=found) from None


def _last_words(ran: Ran) -> str:
    said = " / ".join(line for line in (ran.out + ran.err).splitlines() if line)
    return f"exit code {ran.code}: {said}"


def _reasons(officer: str, screen: str) -> tuple[Reason, ...]:
    found: list[dict[str, str]] = []
    for line in screen.splitlines():
        if match := _REFUSAL.match(line):
            found.append(match.groupdict())
        elif found and (match := _DETAIL.match(line)):
            found[-1][match["label"]] = match["text"]
    return tuple(
        Reason(
            officer,
            int(one["step"]),
            one["rule"],
            one["what"],
            one.get("expected", ""),
            one.get("found", ""),
        )
        for one in found
    )
