"""A customer's own vault and signers, on copies: what a thief of their coordinator could do.

The officers' keys are not here, and nobody should give them. So nobody is corrupt, and what the
officers approved is what the honest bundles say that were given along, as far as the signatures in
them verify. Without such bundles the thief invents coins and approvals, and no honest bundle can
show that the signers accept anything.
"""

import random
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from policies.envelope import MAX_DOCUMENT, Envelope
from policies.withdrawal import Payment, Withdrawal
from signer.carry.file import read_psbt
from signer.chain.whole import parse_transaction
from signer.core.address import address_of
from signer.core.errors import BadInput, Fault
from signer.core.files import read_limited
from signer.core.hashes import sha256
from signer.core.names import DocumentId, Height, Sats
from signer.core.vault import CHANGE, RECEIVE, Vault
from signer.redteam.forgery import DERIVATION, PREVIOUS_TX, Forgery, In, Out, read
from signer.redteam.loot import Coin, Loot, change, mint, spend
from signer.redteam.oracle import Ledger, Seat, table
from signer.redteam.papers import Paper, dump
from signer.redteam.people import KEYHOLDERS, make_vault, person
from signer.redteam.world import Base, Station, anchor_of
from signer.sign.check import VERSION
from signer.sign.state import Memory, State

_PINS: Final = "vaults"
_JOURNAL: Final = "journal.jsonl"
_INVENTED: Final = 12
_AMOUNT: Final = 50_000_000
_STEPS: Final = 12
"""Bytes of a key origin with a fingerprint, a branch and an index."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a customer gives.

    Attributes:
        vault: the vault's document.
        homes: folders of enrolled signers.
        bundles: honest PSBTs, as `coldquorum build` wrote them.
    """

    vault: Path
    homes: tuple[Path, ...]
    bundles: tuple[Path, ...]


class Estate:
    """What there is to steal, and whose signers guard it.

    Args:
        given: by the customer; it is read, and never written.
        seed: of the thief's own keys and inventions.
        folder: for copies of the homes, without any key.

    Raises:
        BadInput: something given cannot be read, or a signer has not enrolled the vault.
    """

    def __init__(self, given: Given, seed: str, folder: Path) -> None:
        self.seed, self.corrupt = seed, ()
        envelope = Envelope.parse(
            read_limited(given.vault, limit=MAX_DOCUMENT, what="vault"), kind="vault"
        )
        self.vault = Vault.parse(envelope.payload)
        strangers = tuple(person(f"second-{name}", seed) for name in KEYHOLDERS)
        self.other = make_vault("elsewhere", strangers, 2, "p2wsh", self.vault.network)
        self.ledger = Ledger(table(self.vault.payload))
        self.stations = [self._station(home, at, folder) for at, home in enumerate(given.homes)]
        self.first_station = self.stations[0].name
        self.coins: list[Coin] = []
        self.chain: list[Paper] = []
        self.bases = [self._base(path) for path in given.bundles]
        self.honest = bool(self.bases)
        self.loot = self._loot(random.Random(f"{seed}/estate"))  # noqa: S311 -- guards nothing
        self.bases = self.bases or self._inventions()
        self.loot.bundles = [base.bundle for base in self.bases]

    def _station(self, home: Path, at: int, folder: Path) -> Station:
        """A copy of what a signer remembers: its journal and pinned documents, and no key."""
        copy, name = folder / f"{at}", home.name if home.name != "home" else home.parent.name
        copy.mkdir(parents=True)
        try:
            shutil.copyfile(home / _JOURNAL, copy / _JOURNAL)
            shutil.copytree(home / _PINS, copy / _PINS)
        except OSError as error:
            raise BadInput(
                "the signer's home cannot be copied",
                fault=Fault.OFFICER,
                expected="the folder that `coldsign --home` names, with a vault enrolled",
                found=f"{home}: {(error.strerror or '').lower()}",
            ) from None
        memory = State(copy).vaults.get(self.vault.id)
        if memory is None:
            raise BadInput(
                "the signer has not enrolled this vault", fault=Fault.OFFICER, found=str(home)
            )
        self._note_policies(memory)
        known = memory.enrolment.known
        newest = max(known.ids, default=0)
        policy = memory.enrolment.policy.policy
        signed: dict[int, str] = {**known.approved, **known.ids}
        seat = Seat(signed, known.height, policy.id, list(known.voided))
        return Station(f"{at}-{name}", copy, newest, policy.epoch, seat)

    def _note_policies(self, memory: Memory) -> None:
        """What this signer trusts is what the admins signed; it verified that when it learnt it."""
        trusted: Any = memory.enrolment.policy
        while trusted is not None:
            policy = trusted.policy
            self.ledger.policies[policy.id] = table(policy.payload)
            paper = Paper.read("policy", trusted.envelope.to_bytes())
            self.ledger.admins[policy.id] = self._signers(paper, self.ledger.policies[policy.id])
            if trusted.waits and policy.id not in self.ledger.waiting:
                self.ledger.waiting.append(policy.id)
            trusted = trusted.before

    def _signers(self, paper: Paper, policy: Any) -> list[str]:
        """Officers whose signatures on a document verify."""
        names = {key: name for name, key in policy["officers"].items()}
        kind = paper.type.encode()
        signed = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(paper.payload), paper.payload)
        found = []
        for keyid, sig in paper.signatures:
            try:
                Ed25519PublicKey.from_public_bytes(bytes.fromhex(keyid)).verify(sig, signed)
            except (InvalidSignature, ValueError):
                continue
            if keyid in names:
                found.append(names[keyid])
        return found

    def _base(self, path: Path) -> Base:
        """An honest bundle; what officers approved in it goes into the ledger."""
        try:
            bundle = read(read_psbt(path))
            tree = table(bundle.withdrawal.payload)
            links = [table(payload) for payload in bundle.predecessors]
            sequence = int(tree["sequence"])
            for one in bundle.inputs:
                self._note_coin(one)
        except (ValueError, KeyError, TypeError):
            raise BadInput(
                "not a bundle that can be attacked",
                fault=Fault.OFFICER,
                expected="a PSBT as `coldquorum build` wrote it",
                found=str(path),
            ) from None
        for paper in bundle.policies:
            self.ledger.policies.setdefault(paper.id, table(paper.payload))
            self.ledger.admins.setdefault(
                paper.id, self._signers(paper, self.ledger.policies[paper.id])
            )
        self.ledger.withdrawals |= {str(one["__id__"]): one for one in (*links, tree)}
        policy = self.ledger.policies.get(str(tree["policy"]), {"officers": {}})
        self.ledger.approvals[bundle.withdrawal.id] = self._signers(bundle.withdrawal, policy)
        return Base(path.name, sequence, bundle)

    def _note_coin(self, one: In) -> None:
        """A coin that an honest bundle spends, by its own transaction and its key origins."""
        previous = one.get(PREVIOUS_TX)
        origins = [
            value for key, value in one.fields if key[0] == DERIVATION and len(value) >= _STEPS
        ]
        if previous is None or not origins:
            return
        made = parse_transaction(previous)
        branch, index = (int.from_bytes(origins[0][at:][:4], "little") for at in (-8, -4))
        if one.vout < len(made.outputs):
            out = made.outputs[one.vout]
            stripped = made.to_bytes(witness=False)
            self.coins.append(Coin(stripped, one.vout, out.amount, out.script, branch, index))

    def _loot(self, rng: random.Random) -> Loot:
        scripts = [b"\x00\x14" + sha256(f"{self.seed}/{at}".encode())[:20] for at in range(3)]
        scripts.append(self.other.script(0, 3).script_pubkey)
        addresses = [str(address_of(s, self.vault.coin, self.vault.network)) for s in scripts]
        for at in range(_INVENTED):
            branch, index = (RECEIVE, CHANGE)[at % 2], at // 2
            script = self.vault.script(branch, index).script_pubkey
            salt = f"{self.seed}/{at}".encode()
            self.coins.append(mint(script, _AMOUNT + rng.randrange(1_000), branch, index, salt))
        for coin in self.coins:
            self.ledger.coins[coin.name] = coin.amount, coin.script.hex()
        height = max(one.seat.height for one in self.stations)
        policies = [
            Paper("policy", dump({k: v for k, v in one.items() if k != "__id__"}))
            for one in self.ledger.policies.values()
        ]
        names = sorted({n for one in self.ledger.policies.values() for n in one["officers"]})
        return Loot(
            self.vault,
            self.other,
            coins=self.coins,
            papers=[base.bundle.withdrawal for base in self.bases] or [Paper("withdrawal", b"{}")],
            policies=policies,
            strangers=[person(f"stranger-{at}", self.seed).approval for at in range(3)],
            addresses=addresses,
            scripts=scripts,
            heights=[0, height - 1, height, height + 1, height + 1_000, 500_000_000],
            names=names,
        )

    def _inventions(self) -> list[Base]:
        """Withdrawals that nobody approved, over coins that do not exist."""
        return [self._invention(station) for station in self.stations]

    def _invention(self, station: Station) -> Base:
        policy = self.ledger.policies[station.seat.policy]
        coin, amount, fee = self.coins[0], 1_000_000, 1_000
        terms = Withdrawal(
            coin=self.vault.coin,
            network=self.vault.network,
            vault=self.vault.id,
            policy=DocumentId(station.seat.policy),
            sequence=1,
            previous=None,
            initiator=next(iter(policy["officers"])),
            why="nobody asked for this",
            payments=(Payment(self.loot.addresses[0], Sats(amount), "the thief", "loot"),),
            fee_ceiling=Sats(10 * fee),
            height=Height(station.seat.height),
            expiry=Height(station.seat.height + 10),
            anchor=anchor_of(coin),
        )
        paper = Paper("withdrawal", terms.payload)
        for key in self.loot.strangers:
            paper.sign(key)
        outs = [
            Out(amount, self.loot.scripts[0]),
            change(self.vault, coin.amount - amount - fee, CHANGE, 0),
        ]
        bundle = Forgery(
            VERSION,
            station.seat.height,
            [spend(self.vault, coin)],
            outs,
            [],
            paper,
            [],
            self._pinned(station),
        )
        return Base(f"invented for {station.name}", 1, bundle)

    def _pinned(self, station: Station) -> list[Paper]:
        folder = station.home / _PINS / self.vault.id
        files = sorted(folder.glob("policy-*.json"), key=lambda p: int(p.stem.partition("-")[2]))
        return [Paper.read("policy", path.read_bytes()) for path in files]

    def forget(self, paper: Paper) -> None:
        """Nobody approves anything here, so there is nothing to forget."""
