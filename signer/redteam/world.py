"""A throw-away world: people, a vault, policies, a chain of withdrawals, and signers' homes.

Everything follows from a seed. The world keeps the ledger: who really approved what. Its people
are careful in the chain of withdrawals, and careless in `careless`, where honest officers approve
whatever they are shown: then only the policy stands between the thief and the money.
"""

import random
import shutil
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from policies.envelope import Envelope
from policies.withdrawal import Anchor, Payment, Withdrawal
from signer.core import base58
from signer.core.address import address_of
from signer.core.descriptor import checksum
from signer.core.hashes import sha256
from signer.core.names import DocumentId, Height, Sats
from signer.core.vault import CHANGE, RECEIVE, Vault
from signer.redteam import house
from signer.redteam.forgery import PARTIAL_SIG, Field, Forgery, Out
from signer.redteam.house import FIRST_HEIGHT, Places
from signer.redteam.loot import Coin, Loot, change, mint, origin, spend
from signer.redteam.oracle import Ledger, Seat, table
from signer.redteam.papers import Paper, dump
from signer.redteam.people import COMPLIANCE, INITIATOR, KEYHOLDERS, REVOKED, make_vault, person
from signer.sign.check import VERSION, Enrolment, examine
from signer.sign.softkey import SoftKey
from signer.sign.state import State

MOST_CORRUPT: Final = 2
"""More, and the house's smallest quorum would need more officers than it has."""

_PLAIN_OFFICERS: Final = ("dave", "erin", "heidi")
_CORRUPTIBLE: Final = ("dave", "frank", "heidi", "bob", INITIATOR, "erin")
_COINS: Final = 24
_HOT: Final = (0x80000054, 0x80000001, 0x80000000)
"""BIP84's account path of a wallet on a test network."""
_HOT_RANGE: Final = 16

_LEAST_CHANGE: Final = 10_000
_MILESTONES: Final = {3: "early", 6: "late", 8: "tighter", 10: "newest"}
"""What a signer is called that knows so many withdrawals."""

_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Base:
    """An honest bundle to start from.

    Attributes:
        name: for reports.
        sequence: of its withdrawal.
        bundle: as an honest coordinator builds it.
    """

    name: str
    sequence: int
    bundle: Forgery


@dataclass(frozen=True, slots=True)
class Station:
    """A signer's home with some past.

    Attributes:
        name: for reports.
        home: the folder, with a real journal.
        newest: the number of the newest withdrawal that it knows.
        epochs: the number of the newest policy that it knows.
        seat: the same past, as the oracle is told of it.
    """

    name: str
    home: Path
    newest: int
    epochs: int
    seat: Seat


class World:
    """Fresh keys, a 2-of-3 vault on regtest, four epochs, eleven withdrawals.

    Args:
        seed: whatever makes another world.
        folder: empty; the signers' homes are made in it.
        corrupt: how many officers are the thief's.
        script_type: of the vault.
    """

    def __init__(
        self, seed: str, folder: Path, *, corrupt: int = 1, script_type: str = "p2wsh"
    ) -> None:
        self.seed, self.folder = seed, folder
        rng = random.Random(f"{seed}/world")  # noqa: S311 -- repeatable, guards nothing
        names = (*KEYHOLDERS, *_PLAIN_OFFICERS, INITIATOR, *COMPLIANCE, REVOKED)
        self.people = {name: person(name, seed) for name in names}
        holders = tuple(self.people[name] for name in KEYHOLDERS)
        others = tuple(person(f"second-{name}", seed) for name in KEYHOLDERS)
        self.vault = make_vault("treasury", holders, 2, script_type)
        self.other = make_vault("reserve", others, 2, "p2wsh")
        self.corrupt = tuple(rng.sample(_CORRUPTIBLE, corrupt))
        self.places = self._places()
        self._hot = self._hot_addresses()
        self.ledger = Ledger(table(self.vault.payload), corrupt=list(self.corrupt))
        self.coins = [self._coin(at, rng) for at in range(_COINS)]
        self.loot = self._loot()
        self.policies = self._policies(corrupt)
        self.chain: list[Paper] = []
        self.bases: list[Base] = []
        self._withdraw(rng)
        self._sign_one()
        self.loot.bundles = [base.bundle for base in self.bases] + self._elsewhere(corrupt, rng)
        self.stations = self._stations()
        self.first_station = self.stations[0].name
        self.honest = True

    # setting up

    def _places(self) -> Places:
        clients = tuple(self._address(self._stranger(f"client {at}")) for at in range(4))
        root = person("hot-wallet", self.seed).root
        single = root.derive_path(_HOT).public().to_text(self.vault.form.network.xpub)
        body = f"wpkh([{root.fingerprint}/84h/1h/0h]{single}/0/*)"
        hot = f"{body}#{checksum(body)}"
        return Places(clients, self._address(self._stranger("fresh")), hot, self.other.descriptor)

    def _stranger(self, name: str) -> bytes:
        """A P2WPKH script of somebody outside."""
        return b"\x00\x14" + sha256(f"{self.seed}/{name}".encode())[:20]

    def _address(self, script: bytes) -> str:
        return str(address_of(script, self.vault.coin, self.vault.network))

    def hot(self, index: int) -> str:
        """An address of the hot wallet."""
        return self._hot[index]

    def _hot_addresses(self) -> list[str]:
        branch = person("hot-wallet", self.seed).root.derive_path((*_HOT, 0))
        keys = [branch.derive(index).public().key for index in range(_HOT_RANGE)]
        return [self._address(b"\x00\x14" + bytes.fromhex(_hash160(key))) for key in keys]

    def _coin(self, at: int, rng: random.Random) -> Coin:
        branch, index = (RECEIVE, at) if at % 4 else (CHANGE, at // 4)
        script = self.vault.script(branch, index).script_pubkey
        amount = rng.choice((5, 20, 40, 70, 100)) * _MILLION + rng.randrange(_MILLION)
        coin = mint(script, amount, branch, index, f"{self.seed}/coin {at}".encode())
        self.ledger.coins[coin.name] = amount, script.hex()
        return coin

    def _loot(self) -> Loot:
        scripts = [self._stranger(f"thief {at}") for at in range(3)]
        listed = self.places.clients[0]
        addresses = [self._address(script) for script in scripts]
        twin = self._stranger("client 0")
        alike = twin[:-1] + bytes((twin[-1] ^ 1,))
        scripts += [alike, self.other.script(0, 3).script_pubkey]
        addresses += [self._address(script) for script in scripts[3:]]
        elsewhere = str(address_of(scripts[0], "BTC", "main"))
        names = list(self.people)
        heights = [FIRST_HEIGHT + step for step in (-1, 0, 5, 45, 60, 66, 129, 130, 135, 145, 200)]
        return Loot(
            self.vault,
            self.other,
            coins=self.coins,
            corrupt={name: self.people[name].approval for name in self.corrupt},
            strangers=[person(f"stranger-{at}", self.seed).approval for at in range(3)],
            addresses=[*addresses, elsewhere, listed, listed.upper(), self.places.fresh],
            scripts=scripts,
            heights=[*heights, 0, 499_999_999, 500_000_000],
            names=names,
        )

    def _policies(self, corrupt: int) -> list[Paper]:
        """Four epochs: the first, a tighter one, a looser one, and a freeze."""
        papers: list[Paper] = []
        tree = house.first(self.vault.id, self.vault.network, self.people, self.places, corrupt)
        steps = ((None, 0), (house.tighter, 55), (house.looser, 70), (house.frozen, 140))
        for make, after in steps:
            if make is not None:
                tree = make(tree, papers[-1].id, FIRST_HEIGHT + after)
            paper = self._admitted(Paper("policy", dump(tree)))
            papers.append(paper)
            if make is house.looser:
                self.ledger.waiting.append(paper.id)
        self.loot.policies += papers
        self.loot.policies += [paper.copy() for paper in self._half_signed(papers)]
        return papers

    def _admitted(self, paper: Paper) -> Paper:
        """Let honest admins sign a policy, and note it in the ledger."""
        known = table(paper.payload)
        admins = known["roles"]["admins"]
        count = admins["threshold"] + 1
        honest = [name for name in admins["members"] if name not in self.corrupt][:count]
        for name in honest:
            paper.sign(self.people[name].approval)
        self.ledger.policies[paper.id] = known
        self.ledger.admins[paper.id] = honest
        return paper

    def _half_signed(self, papers: Sequence[Paper]) -> list[Paper]:
        """Policies that honest admins looked at, and too few signed."""
        found = []
        for paper in papers:
            tree = paper.tree()
            tree["rules"]["amounts"]["per_payment"] *= 10
            tree["loosening_delay"] = 0
            new = Paper("policy", dump(tree))
            for name in self.corrupt:
                new.sign(self.people[name].approval)
            found.append(new)
        return found

    # the chain

    def _withdraw(self, rng: random.Random) -> None:
        """Eleven withdrawals that careful officers approve, and their bundles."""
        million, first, clients = _MILLION, FIRST_HEIGHT, self.places.clients
        reserve = self._address(self.other.script(RECEIVE, 1).script_pubkey)
        plan: tuple[tuple[int, int, str, tuple[tuple[str, int], ...]], ...] = (
            (0, 1, "payment", ((clients[0], 5 * million),)),
            (10, 1, "payment", ((clients[1], 6 * million), (clients[2], 9 * million))),
            (20, 1, "payment", ((self.hot(3), 12 * million),)),
            (30, 1, "consolidation", ()),
            (40, 1, "internal", ((reserve, 60 * million),)),
            (50, 1, "payment", ((clients[3], 28 * million),)),
            (56, 2, "payment", ((clients[0], 7 * million),)),
            (62, 2, "void", ()),
            (66, 3, "payment", ((clients[1], 3 * million),)),
            (135, 3, "payment", ((clients[2], 26 * million),)),
            (145, 4, "void", ()),
        )
        for at, (after, epoch, purpose, payments) in enumerate(plan, 1):
            governs = 2 if at == 9 else epoch  # noqa: PLR2004 -- the third epoch waits by then
            anchor = self.coins[at]
            voids = self.chain[-1].id if purpose == "void" else None
            if voids:
                anchor = self.coins[at - 1]
            paper = self.request(
                at,
                governs,
                previous=DocumentId(self.chain[-1].id) if self.chain else None,
                height=Height(first + after),
                purpose=purpose,
                voids=voids,
                payments=tuple(
                    Payment(address, Sats(amount), f"payee {place}", f"label {place}")
                    for place, (address, amount) in enumerate(payments)
                ),
                anchor=anchor_of(anchor),
            )
            self.approve(paper, self._enough(paper))
            bundle = self.assemble(paper, self.chain, epoch, rng)
            self.chain.append(paper)
            self.loot.papers.append(paper)
            self.bases.append(Base(f"withdrawal {at}, {purpose}", at, bundle))

    def request(self, sequence: int, epoch: int, **changes: Any) -> Paper:
        """A withdrawal that nobody has approved yet, made as the documents are."""
        known: dict[str, Any] = {
            "coin": self.vault.coin,
            "network": self.vault.network,
            "vault": self.vault.id,
            "policy": DocumentId(self.policies[epoch - 1].id),
            "sequence": sequence,
            "previous": None,
            "initiator": INITIATOR,
            "why": "what the house pays",
            "payments": (),
            "fee_ceiling": Sats(18_000),
            "height": Height(FIRST_HEIGHT),
            "expiry": None,
            "anchor": anchor_of(self.coins[0]),
        }
        terms = known | changes
        if terms["expiry"] is None:
            terms["expiry"] = Height(terms["height"] + 80)
        return Paper("withdrawal", Withdrawal(**terms).payload)

    def approve(self, paper: Paper, names: Sequence[str]) -> None:
        """Let officers approve, and note the honest ones in the ledger."""
        for name in names:
            paper.sign(self.people[name].approval)
        self.ledger.withdrawals[paper.id] = table(paper.payload)
        honest = [name for name in names if name not in self.corrupt]
        before = self.ledger.approvals.get(paper.id, [])
        self.ledger.approvals[paper.id] = [*dict.fromkeys((*before, *honest))]

    def forget(self, paper: Paper) -> None:
        """Take a withdrawal out of the ledger that was never part of the chain."""
        if paper.id not in {link.id for link in self.chain}:
            self.ledger.withdrawals.pop(paper.id, None)
            self.ledger.approvals.pop(paper.id, None)

    def _enough(self, paper: Paper) -> list[str]:
        """Officers who suffice for any withdrawal of the house; corrupt ones act as the others."""
        busy = (paper.tree()["initiator"], REVOKED, "dave", "erin")
        return [name for name in self.people if name not in busy]

    def _sign_one(self) -> None:
        """One bundle has a cosigner's true signature already."""
        base = self.bases[1]
        policy = self.policies[0]
        known = {self.vault.id: Enrolment(self.vault, _trusted(policy))}
        key = SoftKey.of(self.people["bob"].root, self.vault)
        signed = base.bundle.copy()
        for coin, one in zip(
            examine(signed.to_bytes(), known).facts.inputs, signed.inputs, strict=True
        ):
            found = key.sign_all([coin])[0]
            one.put(bytes((PARTIAL_SIG,)) + found.pubkey, found.signature)
        self.bases.append(Base(f"{base.name}, half signed", base.sequence, signed))

    def _elsewhere(self, corrupt: int, rng: random.Random) -> list[Forgery]:
        """The other vault of the same officers, with an approved withdrawal of its own."""
        tree = house.first(self.other.id, self.other.network, self.people, self.places, corrupt)
        policy = Paper("policy", dump(tree))
        for name in self.people:
            policy.sign(self.people[name].approval)
        self.loot.policies.append(policy)
        coin = mint(self.other.script(0, 0).script_pubkey, 90 * _MILLION, 0, 0, b"elsewhere")
        payment = Payment(self.places.clients[0], Sats(5 * _MILLION), "payee", "label")
        paper = self.request(
            1,
            1,
            vault=self.other.id,
            policy=DocumentId(policy.id),
            payments=(payment,),
            anchor=anchor_of(coin),
        )
        for name in self.people:
            paper.sign(self.people[name].approval)
        self.loot.papers.append(paper)
        fee = rng.randrange(500, 5_000)
        outs = [
            Out(payment.amount, self._stranger("client 0")),
            change(self.other, coin.amount - payment.amount - fee, CHANGE, 0),
        ]
        height = int(paper.tree()["height"])
        inputs = [spend(self.other, coin)]
        return [Forgery(VERSION, height, inputs, outs, [], paper, [], [policy])]

    # the coordinator

    def assemble(
        self,
        paper: Paper,
        before: Sequence[Paper],
        epoch: int,
        rng: random.Random,
        *,
        fee: int | None = None,
        most_coins: int = 4,
    ) -> Forgery:
        """An honest bundle for a withdrawal, with the anchor and enough other coins."""
        terms = Withdrawal.parse(paper.payload)
        anchored = [c for c in self.coins if anchor_of(c) == terms.anchor]
        others = [c for c in self.coins if c not in anchored]
        coins = [*anchored, *rng.sample(others, rng.randrange(3))]
        rate = rng.randrange(2, 7)
        while True:
            size = 12 + 45 * (len(terms.payments) + 1) + 142 * len(coins)
            cost = min(rate * size, terms.fee_ceiling) if fee is None else fee
            left = sum(c.amount for c in coins) - terms.total - cost
            more = [c for c in others if c not in coins]
            if left >= _LEAST_CHANGE or not more or len(coins) >= most_coins:
                break
            coins.append(max(more, key=lambda c: c.amount))
        outs = [Out(p.amount, _script(p.address, self.vault)) for p in terms.payments]
        if left > 0:
            index = rng.randrange(min(terms.sequence, 20) + 3)
            outs.append(change(self.vault, left, CHANGE, index))
        rng.shuffle(coins)
        rng.shuffle(outs)
        return Forgery(
            VERSION,
            terms.height,
            [spend(self.vault, coin) for coin in coins],
            outs,
            self._xpubs(),
            paper.copy(),
            [link.payload for link in before],
            [policy.copy() for policy in self.policies[:epoch]],
        )

    def _xpubs(self) -> list[Field]:
        version = self.vault.form.network.xpub
        return [
            (
                b"\x01" + base58.decode(key.xpub.to_text(version), what="an xpub"),
                origin(key.origin.fingerprint, key.origin.path),
            )
            for key in self.vault.keys
        ]

    # signers

    def _stations(self) -> list[Station]:
        """One signer at six times of its life, which it lived through the real code."""
        home = self.folder / "life"
        home.mkdir(parents=True)
        state, seat = State(home), Seat(policy=self.policies[0].id)
        own = self.people["alice"].root.fingerprint
        vault = Envelope.wrap("vault", self.vault.payload)
        state.enrol(vault, [_envelope(self.policies[0])], key="alice", fingerprint=own)
        found = [self._station("fresh", 0, home, seat)]
        for base in self.bases[: len(self.chain) - 1]:
            state.sign(examine(base.bundle.to_bytes(), state.enrolments), own)
            policy = base.bundle.policies[-1].id
            remember(seat, self.ledger, self.chain[base.sequence - 1].id, policy)
            if base.sequence in _MILESTONES:
                name = _MILESTONES[base.sequence]
                found.append(self._station(name, base.sequence, home, seat))
        state.accept(_envelope(self.policies[-1]))
        seat.policy = self.policies[-1].id
        return [*found, self._station("frozen", len(self.chain) - 1, home, seat)]

    def _station(self, name: str, newest: int, home: Path, seat: Seat) -> Station:
        """A signer as it was at some time."""
        shutil.copytree(home, self.folder / name)
        epochs = int(self.ledger.policies[seat.policy]["epoch"])
        return Station(name, self.folder / name, newest, epochs, deepcopy(seat))


def remember(seat: Seat, ledger: Ledger, withdrawal: str, policy: str) -> None:
    """Note what a signer has signed, and the newest policy that came with it."""
    terms: Mapping[str, Any] | None = ledger.withdrawals[withdrawal]
    if int(ledger.policies[policy]["epoch"]) > int(ledger.policies[seat.policy]["epoch"]):
        seat.policy = policy
    while terms is not None:
        if terms["voids"]:
            seat.voided.append(str(terms["voids"]))
        seat.signed.setdefault(int(terms["sequence"]), str(terms["__id__"]))
        seat.height = max(seat.height, int(terms["height"]))
        terms = ledger.withdrawals.get(str(terms["previous"]))


def anchor_of(coin: Coin) -> Anchor:
    """A coin as a withdrawal names its anchor."""
    txid, _, vout = coin.name.partition(":")
    return Anchor(txid, int(vout))


def _script(address: str, vault: Vault) -> bytes:
    from signer.core.address import script_of  # noqa: PLC0415 -- a coordinator's honest reading

    return script_of(address, vault.coin, vault.network)


def _envelope(paper: Paper) -> Envelope:
    return Envelope.parse(paper.to_bytes())


def _trusted(paper: Paper) -> Any:
    from policies.epochs import trust_first  # noqa: PLC0415 -- for one bundle only

    return trust_first(_envelope(paper))


def _hash160(data: bytes) -> str:
    from signer.core.hashes import hash160  # noqa: PLC0415 -- for one address only

    return hash160(data).hex()
