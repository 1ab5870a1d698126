"""`coldquorum` inside the tests' own process, with a store that knows a vault and its policy."""

import json
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import coordinators_desk as desk
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "attacks"))

from world import World

from policies.envelope import Envelope
from policies.policy import Policy
from policies.rules import Amounts
from policies.rules.windows import Window
from policies.withdrawal import Withdrawal
from signer.cli import coldquorum, exits
from signer.core.names import Sats
from signer.store.store import Store


@dataclass
class Counter:
    """The coordinator's desk: a home folder, a folder for files, and what it knows."""

    world: World
    folder: Path
    capture: Any

    @property
    def home(self) -> Path:
        """Where the store is."""
        return self.folder / "home"

    def knows(self, *documents: Envelope) -> None:
        """Put documents into the store."""
        with Store(self.home) as store:
            for one in documents:
                if one.kind == "vault":
                    store.add_vault(one)
                elif one.kind == "policy":
                    store.add_policy(one)
                else:
                    store.add_withdrawal(one)

    def request(self, withdrawal: Withdrawal, *approvers: str) -> str:
        """Put a withdrawal into the store with some approvals; gives its handle."""
        self.knows(self.world.approve(withdrawal, approvers))
        return f"{self.world.vault.name}/{withdrawal.sequence}"

    def file(self, name: str, data: bytes | str) -> Path:
        """Put a file on the desk."""
        path = self.folder / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    def run(self, *argv: object, code: int = 0) -> str:
        """Run a command that ends with an exit code; gives what it printed on stdout."""
        self.capture.readouterr()
        found = exits.run(coldquorum.app, ["--home", str(self.home), *map(str, argv)])
        out, err = self.capture.readouterr()
        assert found == code, err + out
        return out

    def json(self, *argv: object, code: int = 0) -> Any:
        """The same with --json."""
        return json.loads(self.run(*argv, "--json", code=code))


@pytest.fixture
def counter(tmp_path, capfd) -> Counter:
    """A coordinator that knows the world's vault and policy, with a window in it."""
    world = World()
    amounts = Amounts(Sats(5_000_000), windows=(Window(144, Sats(1_000_000)),))
    world.policy = replace(world.policy, rules=(amounts, *world.policy.rules[1:]))
    world.policy_envelope = world.admit(world.policy)
    made = Counter(world, tmp_path, capfd)
    made.knows(world.vault_envelope, world.policy_envelope)
    return made


@pytest.fixture
def stricter(counter) -> Policy:
    """The next policy: tighter in one way, looser in another."""
    amounts = replace(counter.world.policy.rules[0], per_payment=Sats(100_000))
    timing = replace(counter.world.policy.rules[-1], max_lifetime_blocks=200)
    rules = (amounts, *counter.world.policy.rules[1:-1], timing)
    return counter.world.successor(rules=rules, loosening_delay=10)


@pytest.fixture
def store(tmp_path):
    """The coordinator's database, with a vault and its policy in force."""
    with Store(tmp_path / "home") as opened:
        opened.add_vault(desk.signed(desk.vault()))
        opened.add_policy(desk.signed(desk.policy(), "alice", "bob"))
        yield opened
