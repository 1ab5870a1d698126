"""A sample of the attacks once more, by the real programs: `coldsign inspect` and `coldsign sign`.

The campaign calls the signer's code in this process, for speed. Here a signer has a home of its
own, with a key under a passphrase, and each question is a process, as on an officer's machine. The
answers have to be the same, a refusal must leave nothing, and a signature has to be one.
"""

import json
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from signer.ceremony.terminal import Ran, run
from signer.core.errors import Fault, Problem
from signer.redteam.campaign import Thief
from signer.redteam.forgery import PARTIAL_SIG, read
from signer.redteam.oracle import Oracle, Violation, load
from signer.redteam.shooting import PARSING, Answer, ask, verdict
from signer.redteam.world import World
from signer.sign.state import State

_CODES: Final = {True: (0,), False: (3, 4)}
"""Exit codes of `coldsign sign`, by whether the bundle is accepted."""

_UNREADABLE: Final = 4
"""Exit code of `coldsign inspect` for what is no PSBT at all."""

_NAME: Final = "alice"


class Unready(Problem):
    """The real programs could not be set up; that is no finding about an attack."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """What the programs said.

    Attributes:
        asked: how many bundles.
        signed: how many of them were signed, each signature verified by libwally.
        wrong: where they differ from what has to be.
    """

    asked: int
    signed: int
    wrong: tuple[Violation, ...]


class Station:
    """A signer as on an officer's machine: a home with a key in it, and the real programs.

    Args:
        world: whose vault is enrolled.
        folder: empty.

    Raises:
        Unready: the programs do not do what they should.
    """

    def __init__(self, world: World, folder: Path) -> None:
        self._folder, self.home = folder, folder / "home"
        self.home.mkdir(parents=True, mode=0o700)
        self._write("words", world.people[_NAME].words.encode())
        self._write("passphrase", secrets.token_hex(12).encode())
        self._write("vault.json", _vault_file(world))
        self._write("policy.json", world.policies[0].to_bytes())
        secret = ("--passphrase-file", "passphrase")
        self._ready("key", "restore", _NAME, "--words-file", "words", *secret)
        policy = ("--policy", "policy.json", "--key", _NAME, "--yes")
        self._ready("enrol", "vault.json", *policy, *secret)
        self._count = 0

    def _write(self, name: str, data: bytes) -> None:
        path = self._folder / name
        path.touch(mode=0o600)
        path.write_bytes(data)

    def _run(self, *argv: str) -> Ran:
        return run(("coldsign", *argv), cwd=self._folder, home=self.home)

    def _ready(self, *argv: str) -> None:
        ran = self._run(*argv)
        if ran.code != 0:
            what, found = f"coldsign {argv[0]} failed", ran.err.strip()[-300:]
            raise Unready(what, fault=Fault.MACHINE, found=found)

    def ask(self, raw: bytes) -> tuple[Ran, Ran, Path]:
        """Inspect a bundle, and let it be signed; give also where the signed one would be."""
        self._count += 1
        name, target = f"{self._count}.psbt", f"{self._count}-signed.psbt"
        (self._folder / name).write_bytes(raw)
        inspected = self._run("inspect", name, "--json")
        arguments = ("-o", target, "--yes", "--passphrase-file", "passphrase", "--json")
        return inspected, self._run("sign", name, *arguments), self._folder / target


def _vault_file(world: World) -> bytes:
    from policies.envelope import Envelope  # noqa: PLC0415 -- one file

    return Envelope.wrap("vault", world.vault.payload).to_bytes()


def sample(thief: Thief, world: World, count: int, folder: Path) -> Sampled:
    """Put some of the campaign's bundles to the real programs.

    Args:
        thief: makes the bundles.
        world: in which.
        count: how many; every other one is honest.
        folder: empty.

    Raises:
        Unready: the programs could not be set up.
    """
    station = Station(world, folder)
    oracle = Oracle(world.ledger)
    seat = world.stations[0].seat
    wrong: list[Violation] = []
    asked = signed = 0
    for raw in _bundles(thief, world, count):
        state = State(station.home)
        expected = ask(raw, state)
        inspected, sign, target = station.ask(raw)
        found = [
            *verdict(oracle, seat, raw, expected),
            *_compare(expected, inspected, sign, target),
        ]
        if expected.checked is not None and not found:
            found = _verify(raw, target.read_bytes(), expected, world)
            signed += 1
        asked += 1
        wrong += found
    return Sampled(asked, signed, tuple(wrong))


def _bundles(thief: Thief, world: World, count: int) -> Iterator[bytes]:
    """Honest ones of the chain in order, and attacks that can be read, in turns."""
    number = 0
    for at in range(count):
        if at % 2 == 0 and at // 2 < len(world.chain) - 1:
            yield world.bases[at // 2].bundle.to_bytes()
            continue
        while True:
            number += 1
            case = thief.plan(f"sample {number}")
            if case.base >= 0:
                break
        yield thief.make(case)[0]


def _compare(expected: Answer, inspected: Ran, sign: Ran, target: Path) -> list[Violation]:
    """The programs say what this process said, and a refusal leaves nothing."""
    refusals = _json(inspected).get("refusals") or [{"step": 0, "rule": ""}]
    said = (refusals[0]["step"], refusals[0]["rule"])
    if inspected.code == _UNREADABLE:  # there is nothing to show, and no verdict
        said = (PARSING, "parse")
    accepted = expected.accepted
    checks = (
        ("programs.inspect", inspected.code in (0, _UNREADABLE), "0 or 4", inspected.err[-300:]),
        ("programs.verdict", said == (expected.step, expected.rule), expected.rule, said),
        ("programs.sign", sign.code in _CODES[accepted], _CODES[accepted], sign.err[-300:]),
        ("programs.output", target.exists() == accepted, accepted, target.exists()),
    )
    return [Violation(rule, str(a), str(b)) for rule, passed, a, b in checks if not passed]


def _json(ran: Ran) -> Any:
    try:
        return json.loads(ran.out)
    except ValueError:
        return {}


def _verify(raw: bytes, signed: bytes, answer: Answer, world: World) -> list[Violation]:
    """Each input has one signature more: of this transaction, by this signer's key, for ALL."""
    wally, found = load(), []
    before, after = read(raw), read(signed)
    if answer.checked is None or before.unsigned() != after.unsigned():
        return [Violation("programs.transaction", "the one that was reviewed", "another")]
    fingerprint = world.people[_NAME].root.fingerprint
    for old, new, coin in zip(
        before.inputs, after.inputs, answer.checked.facts.inputs, strict=True
    ):
        more = [field for field in new.fields if field not in old.fields]
        if [key[:1] for key, _ in more] not in ([], [bytes((PARTIAL_SIG,))]):
            found.append(Violation("programs.fields", "one signature", str(len(more))))
            continue
        for key, value in more:
            compact = wally.ec_sig_from_der(value[:-1])
            try:
                wally.ec_sig_verify(key[1:], coin.digest, wally.EC_FLAG_ECDSA, compact)
            except ValueError:
                found.append(Violation("programs.signature", "one that verifies", value.hex()))
            if key[1:] != coin.key_of(fingerprint) or value[-1] != 1:
                found.append(Violation("programs.key", "alice's, for ALL", key.hex()))
    return found
