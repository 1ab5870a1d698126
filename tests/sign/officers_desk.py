"""`coldsign` as an officer meets it, run inside the tests' own process.

Hardening is left out: an audit hook cannot be taken away again, and other tests here use sockets.
tests/stories runs the real programs.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from world import PASSPHRASE, World

from signer.cli import coldsign, exits
from signer.core.journal import Journal
from signer.core.names import Sats
from signer.core.transaction import TxOut
from signer.keys import hardening
from signer.sign import selftest


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed on stdout with --json."""
        return json.loads(self.out)


class Desk:
    """An officer's machine: a home with keys, a passphrase file, a folder to work in."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capfd: Any, folder: Path, home: Path):
        self.home = home
        self.folder = folder
        self.secret = folder / "passphrase"
        self.secret.write_bytes(PASSPHRASE)
        self.secret.chmod(0o600)
        self._patch = monkeypatch
        self._capture = capfd
        monkeypatch.setattr(hardening, "harden", lambda: None)
        monkeypatch.setattr(selftest, "run", lambda **_: ())

    def run(self, *argv: object, answer: str | None = None) -> Outcome:
        """Run a command; `answer` is what stdin holds, and without one it is closed."""
        source = self.folder / "stdin"
        source.write_text(answer or "")
        self._capture.readouterr()
        with source.open() as stdin:
            self._patch.setattr("sys.stdin", stdin)
            code = exits.run(coldsign.app, ["--home", str(self.home), *map(str, argv)])
        out, err = self._capture.readouterr()
        return Outcome(code, out, err)

    def unlocking(self, *argv: object, answer: str | None = None) -> Outcome:
        """Run a command that opens a key."""
        return self.run(*argv, "--passphrase-file", self.secret, answer=answer)

    def file(self, name: str, data: bytes) -> Path:
        """Put a file on the desk."""
        path = self.folder / name
        path.write_bytes(data)
        return path

    def enrol(self, world: World, *options: object) -> Outcome:
        """Enrol the world's vault with the key alice."""
        vault = self.folder / "vault.json"
        policy = self.folder / "policy-1.json"
        vault.write_bytes(world.vault_envelope.to_bytes())
        policy.write_bytes(world.policy_envelope.to_bytes())
        return self.unlocking(
            *("enrol", vault, "--policy", policy, "--key", "alice", "--yes", *options)
        )


def events(desk) -> list[str]:
    """What the journal says that was done, oldest first; refusals aside."""
    return [event for event in _lines(desk) if event not in ("station", "refusal")]


def refusals(desk) -> int:
    """How many refusals the journal tells."""
    return _lines(desk).count("refusal")


def _lines(desk) -> list[str]:
    return [entry.event for entry in Journal.open(desk.home).entries()]


def lie(draft) -> None:
    """A claim about the amount, beside the true previous transaction."""
    psbt = draft.inputs[0].psbt
    draft.inputs[0].psbt = psbt._replace(witness_utxo=TxOut(Sats(1), psbt.witness_utxo.script))
