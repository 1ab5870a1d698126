"""A custody house with the real programs: each command is a process of its own.

What every story needs before it begins (keys, a vault, its first policy) is put in place through
the programs' own modules, since Argon2id and a dozen processes take their time; from then on
everything is typed.
"""

import json
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from programs import Ended, forked
from world import PASSPHRASE, World

from policies.envelope import Envelope
from policies.rules import Amounts, Rule
from policies.withdrawal import Withdrawal
from signer.ceremony.terminal import Ran, run
from signer.core.names import Height, Sats, Txid
from signer.core.vault import RECEIVE
from signer.store.store import Store

DELAY = 10
"""Blocks that a looser policy waits."""

ALICE, BOB, CAROL, DAVE = "alice", "bob", "carol", "dave"


@dataclass(frozen=True)
class Desk:
    """A machine and who sits at it. All files lie in the house's one folder."""

    name: str
    home: Path
    folder: Path

    def runs(self, command: str) -> Ran | Ended:
        """Type a command and take what comes."""
        return run(shlex.split(command), cwd=self.folder, home=self.home)

    def does(self, command: str) -> Any:
        """Type a command with --json that has to succeed; give its answer."""
        ran = self.runs(f"{command} --json")
        assert ran.code == 0, f"{command}: exit code {ran.code}\n{ran.out}\n{ran.err}"
        return json.loads(ran.out)

    def fails(self, command: str, code: int) -> Any:
        """Type a command with --json that has to fail with an exit code; give its error."""
        ran = self.runs(f"{command} --json")
        assert ran.code == code, f"{command}: exit code {ran.code}\n{ran.out}\n{ran.err}"
        return json.loads(ran.out)["error"]

    def refused(self, command: str) -> list[tuple[int, str]]:
        """Type a command that has to be refused; give the steps and rules."""
        return [(r["step"], r["rule"]) for r in self.fails(command, 3)["refusals"]]


class Forked(Desk):
    """A desk whose programs do not start the interpreter anew."""

    def runs(self, command: str) -> Ended:
        """Type a command and take what comes."""
        scratch = self.folder.parent / "scratch"
        scratch.mkdir(exist_ok=True)
        return forked(shlex.split(command), cwd=self.folder, home=self.home, scratch=scratch)


class House:
    """Three officers, each with a key and an approval key, a fourth without, and a coordinator.

    Args:
        folder: empty; the homes are in it, and all files that go from hand to hand.
        rules: beside the usual ones.
        world: the people and their vault, if others than usual.
        desk: how programs are run.
    """

    asked = "--regtest"
    """What commands are told about the chain."""

    def __init__(
        self,
        folder: Path,
        *rules: Rule,
        world: World | None = None,
        desk: type[Desk] = Desk,
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.desk = desk
        self.world = world or World()
        every = (Amounts(Sats(100_000_000)), *self.world.policy.rules[1:], *rules)
        self.world.policy = replace(self.world.policy, loosening_delay=DELAY, rules=every)
        self.world.policy_envelope = self.world.admit(self.world.policy)
        self.secret = folder / "passphrase"
        self.secret.write_bytes(PASSPHRASE)
        self.secret.chmod(0o600)
        (folder / "vault.json").write_bytes(self.world.vault_envelope.to_bytes())
        for name in (ALICE, BOB, CAROL):
            self.world.keystore(folder / f"home-{name}", name)
            self.world.state(folder / f"home-{name}", name)
        self.world.keystore(folder / f"home-{DAVE}", DAVE)
        self.coordinator = desk("coordinator", folder / "home", folder)
        with Store(self.coordinator.home) as store:
            store.add_vault(self.world.vault_envelope)
            store.add_policy(self.world.policy_envelope)

    def __getitem__(self, name: str) -> Desk:
        """The desk of an officer."""
        return self.desk(name, self.folder / f"home-{name}", self.folder)

    @property
    def vault(self) -> str:
        """The vault's name."""
        return self.world.vault.name

    @property
    def coin(self) -> str:
        """The vault's coin."""
        return self.world.vault.coin

    def fund(self, *amounts: str) -> None:
        """Pay play money to fresh addresses of the vault, one block each."""
        payments = " ".join(
            f"{self.world.vault.address(RECEIVE, at)}:{amount}" for at, amount in enumerate(amounts)
        )
        self.coordinator.does(f"coldquorum regtest fund --coin {self.coin} {payments}")

    def mine(self, blocks: int = 1) -> int:
        """Mine; gives the chain's height."""
        return self.coordinator.does(f"coldquorum regtest mine {blocks} --coin {self.coin}")[
            "height"
        ]

    def keyed(self, officer: str, command: str) -> str:
        """A command that opens that officer's key."""
        return f"{command} --yes --passphrase-file {self.secret}"

    def request(self, file: str, amount: str = "", *options: str) -> Any:
        """Ask for a payment, of a quarter of a coin unless told."""
        to = f"{self.world.payment().address}:{amount or f'0.25{self.coin}'}:Payee:hot"
        return self.coordinator.does(
            f"coldquorum request new --vault {self.vault} --to '{to}' --why settlement "
            f"--initiator dave --fee-ceiling 10000 {self.asked} -o {file} {' '.join(options)}"
        )

    def approve(self, file: str, *names: str) -> str:
        """Let officers approve; gives their files, as arguments."""
        for name in names:
            made = file.replace(".json", f"-{name}.json")
            self[name].does(self.keyed(name, f"coldsign approve {file} --officer {name} -o {made}"))
        return " ".join(file.replace(".json", f"-{name}.json") for name in names)

    def build(self, files: str, psbt: str, *options: str) -> Any:
        """Build a transaction."""
        rate = "" if any("fee-rate" in one for one in options) else "--fee-rate 2"
        return self.coordinator.does(
            f"coldquorum build {files} -o {psbt} {rate} {self.asked} {' '.join(options)}"
        )

    def sign(self, psbt: str, *names: str) -> str:
        """Let officers sign; gives their files, as arguments."""
        for name in names:
            made = psbt.replace(".psbt", f"-{name}.psbt")
            self[name].does(self.keyed(name, f"coldsign sign {psbt} -o {made}"))
        return " ".join(psbt.replace(".psbt", f"-{name}.psbt") for name in names)

    def finish(self, signed: str, file: str) -> Txid:
        """Combine and finalise; gives the transaction's id."""
        both = file.replace(".hex", "-both.psbt")
        self.coordinator.does(f"coldquorum combine {signed} -o {both}")
        return Txid(self.coordinator.does(f"coldquorum finalize {both} -o {file}")["txid"])

    def send(self, file: str) -> Any:
        """Broadcast."""
        return self.coordinator.does(f"coldquorum broadcast {file} {self.asked}")

    def status(self, withdrawal: str) -> Any:
        """What the coordinator tells of a withdrawal, the chain asked."""
        return self.coordinator.does(f"coldquorum request show {withdrawal} {self.asked}")

    def adopt(self, toml: str, name: str, *admins: str) -> Any:
        """Propose a policy, let admins sign it, and gather; gives what `propose` said."""
        (self.folder / f"{name}.toml").write_text(toml)
        said = self.coordinator.does(f"coldquorum policy propose {name}.toml -o {name}.json")
        for admin in admins:
            self[admin].does(
                self.keyed(
                    admin,
                    f"coldsign policy sign {name}.json --officer {admin} -o {name}-{admin}.json",
                )
            )
        files = " ".join(f"{name}-{admin}.json" for admin in admins)
        self.coordinator.does(f"coldquorum policy import {files} -o {name}-signed.json")
        return said

    def fill(self, count: int) -> None:
        """Let the chain grow by requests that nobody approves, without a process for each."""
        with Store(self.coordinator.home) as store:
            chain = [stored.withdrawal for stored in store.withdrawals(self.world.vault.id)]
            last = chain[-1]
            for _ in range(count):
                number = last.sequence + 1
                anchor = replace(last.anchor, vout=number)
                last = replace(
                    last, sequence=number, previous=last.id, anchor=anchor, why="never approved"
                )
                store.add_withdrawal(Envelope.wrap("withdrawal", last.payload))

    def chain(self) -> list[Withdrawal]:
        """The chain as the coordinator knows it."""
        with Store(self.coordinator.home) as store:
            return [stored.withdrawal for stored in store.withdrawals(self.world.vault.id)]


def next_toml(house: House, height: int, *options: str) -> str:
    """What `policy new` writes for the next epoch."""
    extra = " ".join(options)
    said = house.coordinator.does(
        f"coldquorum policy new --vault {house.vault} --height {Height(height)} {extra}"
    )
    return said["toml"]
