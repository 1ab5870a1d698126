"""kill -9 at every change that `coldsign` makes to the disk: enumerated, not sampled.

For each command, a first run counts its calls that change files (open, write, fsync, link, rename,
unlink, mkdir, truncate). Then it is run once for each of them and killed right before it, right
after it, and, if it is a write, in the middle of it. Whatever is found on the disk then:

- the journal verifies, or a torn last line is cut off as the error's hint says;
- an output is there whole, or not at all; nothing else is left but temporary files;
- what has left the machine is in the journal: the signer refuses the rival of what it signed;
- the same command, run again, completes, and gives the same bytes (a receipt: the same verdict);
- the record verifies: what was judged is there, and each verdict comes out again.
"""

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from crash_stage import cheapen
from world import HEIGHT, PASSPHRASE, World

from policies.chain import check_alone
from policies.envelope import Envelope
from policies.withdrawal import Withdrawal
from signer.carry.history import write_history
from signer.core.errors import BadInput, Refused
from signer.core.journal import Entry, verify
from signer.core.names import Height
from signer.keys import keystore
from signer.record.audit import audit
from signer.record.receipt import Receipt
from signer.sign.check import examine
from signer.sign.state import State

TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.tmp")
NAMELESS = re.compile(r"[0-9a-f]{16,}")
"""In a path: a temporary file's name, or that of a receipt, which holds its second."""


class Papers:
    """Documents of one world: two epochs, two withdrawals, and a rival of the second."""

    def __init__(self) -> None:
        self.world = world = World()
        self.first = world.withdrawal()
        policy = world.successor(activation_height=Height(0))
        self.second_policy = world.admit(policy)
        terms = {"policy": policy.id, "sequence": 2, "previous": self.first.id}
        terms |= {"height": Height(HEIGHT + 1)}
        self.second = world.withdrawal(**terms)
        self.rival = world.withdrawal(why="another reason", **terms)

    def bundle(self, withdrawal: Withdrawal) -> bytes:
        """A transaction that brings the second epoch, and the first withdrawal."""
        return self.world.bundle(
            self.world.approve(withdrawal),
            predecessors=[self.first.payload],
            policies=[self.world.policy_envelope, self.second_policy],
        )


PAPERS = Papers()


@dataclass(frozen=True)
class Act:
    """A command, and what must hold wherever it was killed.

    Attributes:
        argv: its arguments.
        event: what the journal calls it.
        output: the file that it writes in the folder, or empty.
        enrolled: whether the vault is enrolled before.
        left: given the home, whether the deed is done as the journal has it; raises if the
            memory is neither that of before nor that of after.
        code: how the command ends.
    """

    argv: tuple[str, ...]
    event: str
    output: str
    enrolled: bool
    done: Callable[[Path], bool]
    code: int = 0


def refusal_of(call: Callable[[], object]) -> str:
    """The rule by which something is refused, or empty."""
    try:
        call()
    except Refused as refusal:
        return refusal.refusals[0].rule
    return ""


def signed(home: Path) -> bool:
    """Whether the signer knows that it signed the second, and so refuses its rival."""
    state = State(home)
    memory = state.vaults[PAPERS.world.vault.id]
    txids = memory.signed.get(2, ())
    assert len(txids) <= 1
    assert bool(txids) == (memory.enrolment.policy.policy.epoch == 2)
    rule = refusal_of(lambda: examine(PAPERS.bundle(PAPERS.rival), state.enrolments))
    assert rule == ("chain.known" if txids else "")
    return bool(txids)


def approved(home: Path) -> bool:
    """Whether the officer's approval is remembered, and so its rival's is refused."""
    known = State(home).vaults[PAPERS.world.vault.id].enrolment.known
    rule = refusal_of(lambda: check_alone(replace(PAPERS.first, why="another reason"), known))
    assert rule == ("chain.known" if known.approved else "")
    return bool(known.approved)


def enrolled(home: Path) -> bool:
    """Whether the vault is known: with everything that came along, or not at all."""
    memory = State(home).vaults.get(PAPERS.world.vault.id)
    if memory is None:
        return False
    assert memory.enrolment.policy.policy.epoch == 2
    assert memory.enrolment.known.ids == {1: PAPERS.first.id, 2: PAPERS.second.id}
    assert set(memory.keys.values()) == {"alice"}
    return True


def accepted(home: Path) -> bool:
    """Whether the second epoch is trusted."""
    return State(home).vaults[PAPERS.world.vault.id].enrolment.policy.policy.epoch == 2


def refused(home: Path) -> bool:
    """Whether the refusal is on record; nothing was signed."""
    assert not State(home).vaults[PAPERS.world.vault.id].signed
    return any(entry.event == "refusal" for entry in verify(home / "journal.jsonl"))


ACTS = {
    "refuse": Act(
        ("sign", "late.psbt", "-o", "signed.psbt", "--receipt", "out.json"),
        *("refusal", "out.json", True, refused, 3),
    ),
    "sign": Act(("sign", "w2.psbt", "-o", "out.psbt"), "sign", "out.psbt", True, signed),
    "approve": Act(
        ("approve", "w1.json", "--officer", "alice", "-o", "out.json"),
        *("approve", "out.json", True, approved),
    ),
    "enrol": Act(
        (
            *("enrol", "vault.json", "--policy", "p1.json", "--policy", "p2.json"),
            *("--key", "alice", "--history", "history.json"),
        ),
        *("enrol", "", False, enrolled),
    ),
    "policy accept": Act(("policy", "accept", "p2.json"), "accept", "", True, accepted),
}


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    """A desk as it is before: keys, documents, and in one of two homes the enrolled vault."""
    folder = tmp_path_factory.mktemp("template")
    world = PAPERS.world
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PASSES", "LANES", "MEMORY"):
            patch.setattr(keystore, name, getattr(keystore, name))  # put back at the end
        cheapen(keystore)
        home = world.keystore(folder / "home-False")
    shutil.copytree(home, folder / "home-True")
    world.state(folder / "home-True")
    desk = folder / "desk"
    desk.mkdir()
    for name, data in {
        "vault.json": world.vault_envelope.to_bytes(),
        "p1.json": world.policy_envelope.to_bytes(),
        "p2.json": PAPERS.second_policy.to_bytes(),
        "w1.json": world.approve(PAPERS.first, ()).to_bytes(),
        "w2.psbt": PAPERS.bundle(PAPERS.second),
        "late.psbt": world.bundle(world.approve(world.withdrawal(expiry=Height(1)))),
        "history.json": write_history([PAPERS.first, PAPERS.second]),
        "passphrase": PASSPHRASE,
    }.items():
        (desk / name).write_bytes(data)
    (desk / "passphrase").chmod(0o600)
    return folder


@dataclass(frozen=True)
class Desk:
    """A copy of the template, for one run and what follows."""

    home: Path
    folder: Path
    act: Act
    before: frozenset[str]

    def run(self, stage, *options, output="", **crash):
        """Run the command, perhaps to another output."""
        argv = [output if output and word == self.act.output else word for word in self.act.argv]
        secret = () if argv[0] == "policy" else ("--passphrase-file", "passphrase")
        return stage.run(
            [*argv, "--yes", "--home", self.home, *secret, *options], self.folder, **crash
        )

    def output(self) -> bytes | None:
        """What was written, if anything."""
        path = self.folder / self.act.output
        return path.read_bytes() if self.act.output and path.exists() else None

    def journal(self) -> tuple[Entry, ...]:
        """The journal's lines, after the repair that the error advises, if one is needed."""
        path = self.home / "journal.jsonl"
        try:
            return verify(path)
        except BadInput as problem:
            what, hint = problem.what, problem.hint
        assert "the journal's last line is torn" in what
        command = shlex.split(hint.partition("cut it off with: ")[2])
        assert command[0] == "truncate"
        subprocess.run(command, check=True, timeout=10)
        return verify(path)

    def events(self) -> list[str]:
        """The journal's events."""
        return [entry.event for entry in self.journal()]

    def seen(self) -> tuple[object, ...]:
        """What is on the disk, but for names and times that are never twice the same."""
        files = [
            (
                NAMELESS.sub("", str(path.relative_to(top))),
                path.is_file() and path.stat().st_size,
                path.is_file() and not self.act.code and path.read_bytes(),
            )
            for top in (self.home, self.folder)
            for path in sorted(top.rglob("*"))
            if path.name != "journal.jsonl"
        ]
        raw = self.home / "journal.jsonl"
        return (*files, len(raw.read_bytes().splitlines()) if raw.exists() else None)

    def expect_tidy(self) -> None:
        """Nothing is there but what was, the output, and temporary files."""
        for path in self.folder.iterdir():
            known = path.name in {*self.before, self.act.output}
            assert known or TEMPORARY.fullmatch(path.name), path


@dataclass(frozen=True)
class Stand:
    """What a test of one command needs.

    Attributes:
        stage: where the program runs.
        template: a desk as it is before.
        folder: for copies of it.
        links: whether the disk has hard links.
    """

    stage: Any
    template: Path
    folder: Path
    links: bool = True


def set_up(template: Path, folder: Path, act: Act) -> Desk:
    """Copy the template."""
    shutil.copytree(template / f"home-{act.enrolled}", folder / "home")
    shutil.copytree(template / "desk", folder / "desk")
    names = frozenset(path.name for path in (folder / "desk").iterdir())
    return Desk(folder / "home", folder / "desk", act, names)


@pytest.fixture(scope="session")
def whole(template, tmp_path_factory, stage):
    """How each command ends that nobody kills: its calls, and its output."""
    found = {}
    for name, act in ACTS.items():
        for links in (True, False):
            desk = set_up(template, tmp_path_factory.mktemp(act.event), act)
            ended = desk.run(stage, links=links)
            assert ended.code == act.code
            assert act.done(desk.home)
            found[name, links] = ended.calls, desk.output()
    return found


def test_the_calls_are_those_that_the_design_has(whole):
    """First the documents, then the journal's line, fsynced; only then whatever leaves."""
    for (name, _), (calls, _) in whole.items():
        act = ACTS[name]
        lines = [at for at, call in enumerate(calls) if call == "write:journal.jsonl"]
        line = lines[-1]
        assert calls[line + 1] == "fsync:journal.jsonl"
        # a first refusal names the station's key before anything is signed with it
        assert len(lines) == (2 if act.event == "refusal" else 1)
        # after the line's fsync comes that of the folder, and then the output, if there is one
        later = calls[line + 3 :]
        assert calls[line + 2].startswith("fsync:")
        assert bool(later) == bool(act.output)
        published = [call for call in calls if call.endswith(f":{act.output}")]
        assert all(calls.index(call) > line for call in published)


@pytest.fixture
def stand(stage, template, tmp_path) -> Stand:
    """A disk with hard links."""
    return Stand(stage, template, tmp_path)


@pytest.mark.parametrize("name", ACTS)
def test_killed_at_every_call(name, whole, stand):
    """On a disk that has hard links."""
    expect_unharmed(stand, name, whole)


@pytest.mark.parametrize("name", ["sign", "approve"])
def test_killed_at_every_call_on_a_stick(name, whole, stand):
    """On a USB stick's FAT, which has no hard links: the output may be left empty, never partial.

    Its name is reserved for a moment before the whole file takes it.
    """
    expect_unharmed(replace(stand, links=False), name, whole)


def expect_unharmed(stand: Stand, name: str, whole: dict[Any, Any]) -> None:
    """Kill a command at each of its calls in turn, in each way, and expect what must hold."""
    act, (calls, output) = ACTS[name], whole[name, stand.links]
    completed = set()
    for at, call in enumerate(calls, 1):
        for when in ("before", "torn", "after"):
            if when == "torn" and not call.startswith("write:"):
                continue
            desk = set_up(stand.template, stand.folder / f"{at}-{when}", act)
            ended = desk.run(stand.stage, at=at, when=when, links=stand.links)
            assert (ended.code, len(ended.calls)) == (-9, at), call
            expect_after_crash(desk, output, links=stand.links)
            # After one call and before the next, the disk is the same: once is enough.
            if desk.seen() not in completed:
                completed.add(desk.seen())
                expect_completed(desk, stand, output)
    desk = set_up(stand.template, stand.folder / "end", act)
    ended = desk.run(stand.stage, at=len(calls) + 1, links=stand.links)
    assert (ended.code, len(ended.calls)) == (act.code, len(calls))


def expect_after_crash(desk: Desk, output: bytes | None, *, links: bool) -> None:
    """The disk as the killed program left it."""
    desk.expect_tidy()
    journalled = desk.act.event in desk.events()[desk.act.enrolled :]
    assert desk.act.done(desk.home) is journalled
    written = desk.output()
    if written and desk.act.code:  # a receipt: no two are signed at the same second, on one line
        assert verdict(written) == verdict(output)
        written = output
    assert written in ((None, output) if links else (None, output, b""))
    assert journalled or written is None, "it left the machine, and the journal does not know"


def expect_completed(desk: Desk, stand: Stand, output: bytes | None) -> None:
    """The same command again, to the same place unless that is taken."""
    again = desk.act.output
    kept = desk.output()
    if kept is not None:
        assert desk.run(stand.stage, links=stand.links).code == 4
        assert desk.output() == kept
        again = f"again-{desk.act.output}"
    assert desk.run(stand.stage, output=again, links=stand.links).code == desk.act.code
    assert desk.act.done(desk.home)
    bytes_again = (desk.folder / again).read_bytes() if again else b""
    if desk.act.code:
        assert verdict(bytes_again) == verdict(output)
        assert [e.event for e in verify(desk.home / "journal.jsonl")].count("refusal") == 1
    else:
        assert not again or bytes_again == output
    whole = audit(desk.home)
    assert whole.findings == []
    assert whole.again == whole.refusals + sum(e.event in DEEDS for e in whole.entries)


DEEDS = ("sign", "approve", "policy")
"""Lines whose verdicts are asked for again, beside refusals."""


def verdict(receipt: bytes) -> tuple[Any, ...]:
    """What a receipt says that was judged, and why it was refused."""
    said = Receipt.parse(Envelope.parse(receipt, kind="refusal").payload)
    return said.judged.sha256, said.refusals
