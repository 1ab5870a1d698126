"""A vault's whole life at random: real signers beside a plain account of what they should do.

Officers come and go, policies loosen and tighten, withdrawals fork, die and are voided, signers
miss things, are restored from old backups, catch up. After every step the real signer and the
reference (reference.py) must give the same answer, from the same step of the design.
"""

import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle as Pool
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, multiple, rule
from reference import CEILING, Bundle, Law, Memory, Request
from world import HEIGHT, INITIATOR, NAMES, World

from policies.envelope import Envelope
from policies.policy import Policy
from policies.quorum import Role
from policies.rules import Amounts, Fees
from policies.rules.windows import Window
from policies.withdrawal import Anchor, Withdrawal
from signer.core.errors import Refused
from signer.core.names import Sats
from signer.core.vault import RECEIVE
from signer.sign.check import examine
from signer.sign.state import State

WORLD = World().rule(Fees(Sats(100_000), 1_000))
"""A high rate: the approved ceiling is what bounds fees here."""
BLOCKS = 50
EVERYBODY = (*NAMES, INITIATOR)
LONGEST = 12
FIRST_DELAY = 30

amounts = st.sampled_from([100_000, 300_000, 600_000])
limits = st.tuples(
    st.sampled_from([400_000, 700_000, 200_000]), st.sampled_from([2_000_000, 800_000, 500_000])
)
officers = st.sampled_from(EVERYBODY)
signers = st.sampled_from(NAMES)
carried = st.integers(0, LONGEST)


class Proposal(NamedTuple):
    """What a next policy says."""

    limits: tuple[int, int]
    voters: frozenset[str]
    signers: frozenset[str]
    frozen: bool
    delay: int
    wait: int


proposals = st.builds(
    Proposal,
    limits,
    st.sets(officers, min_size=2).map(frozenset),
    st.just(frozenset(NAMES)) | st.sets(signers).map(frozenset),
    st.sampled_from([False, False, False, True]),
    st.sampled_from([FIRST_DELAY, 10]),
    st.sampled_from([0, FIRST_DELAY, 10]),
)


class Terms(NamedTuple):
    """How a coordinator sends a transaction to a signer."""

    votes: frozenset[str] = frozenset(EVERYBODY)
    carried: int = LONGEST
    fee: int = 2_000
    anchored: bool = True


terms = st.builds(
    Terms,
    st.sets(officers).map(frozenset),
    carried,
    st.sampled_from([2_000, 1_000, CEILING, CEILING + 1]),
    st.sampled_from([True, True, True, False]),
)

verdicts: Counter[int] = Counter()
"""How often each step refused, or 0 none, in all stories together."""


class Life(RuleBasedStateMachine):
    """A vault of three signers, its coordinator, and whoever sits there."""

    laws = Pool("laws")
    requests = Pool("requests")
    backups = Pool("backups")

    @initialize(target=laws, first=limits)
    def found(self, first):
        """Enrol three signers under the first policy."""
        self.folder = Path(mkdtemp())
        self.now = int(HEIGHT)
        self.copies = 0
        self.coins, self.papers, self.spent = {}, {}, {}
        self.memories, self.homes = {}, {}
        everybody, window = frozenset(EVERYBODY), (BLOCKS, first[1])
        law = Law(1, None, 0, 0, FIRST_DELAY, first[0], window, False, everybody, frozenset(NAMES))
        self.papers[law] = _admitted(law, None, WORLD.policy)
        self.law, self.last = law, None
        for name in NAMES:
            self.memories[name], self.homes[name] = Memory(law), self.folder / name
            self.homes[name].mkdir()
            State(self.homes[name]).enrol(WORLD.vault_envelope, [self.papers[law]])
        return law

    def teardown(self):
        """Remove the homes."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @rule(blocks=st.sampled_from([1, 20, 60]))
    def mine(self, blocks):
        """Time goes by."""
        self.now += blocks

    @rule(target=laws, before=laws, said=proposals)
    def propose(self, before, said):
        """Admins sign a next policy: perhaps too few, perhaps one that comes too early."""
        law = Law(
            before.number + 1,
            before,
            self.now,
            self.now + said.wait,
            said.delay,
            said.limits[0],
            (BLOCKS, said.limits[1]),
            said.frozen,
            said.voters,
            said.signers,
        )
        paper = self.papers[before]
        self.papers[law] = _admitted(law, paper.id, Policy.parse(paper.payload))
        if before is self.law and law.enough(None):
            self.law = law
        return law

    @rule(name=signers, law=laws)
    def accept(self, name, law):
        """An officer reads a policy and accepts it."""
        memory = self.memories[name]
        expected = law.before is memory.law and law.enough(None)
        self._expect(expected, lambda: self._state(name).accept(self.papers[law]), 5)
        if expected:
            memory.law = law
        self._compare(name)

    @rule(target=requests, amount=amounts, asker=officers, life=st.sampled_from([30, 144]))
    def ask_next(self, amount, asker, life):
        """An honest coordinator asks for the next withdrawal, under the newest policy."""
        law = self.law.governs(self.now)
        one = self._ask(self.last, law, (self.now, self.now + life), asker, amount)
        self.last = one if isinstance(one, Request) else self.last
        return one

    @rule(
        target=requests,
        before=st.none() | requests,
        law=laws,
        amount=amounts,
        life=st.tuples(st.sampled_from([0, -5]), st.sampled_from([0, 30, 145])),
    )
    def fork(self, before, law, amount, life):
        """A thief makes another withdrawal behind any; perhaps back-dated, or dead on arrival."""
        height = self.now + life[0]
        return self._ask(before, law, (height, height + life[1]), INITIATOR, amount)

    @rule(target=requests, behind=st.none() | requests, of=requests)
    def void(self, behind, of):
        """Somebody cancels a withdrawal, behind the longest chain or behind any."""
        if of.voids:
            return multiple()
        before = behind or self.last
        law = self.law.governs(self.now)
        one = self._ask(before, law, (self.now, self.now + 100), "bob", 0, voids=of)
        if before is self.last and isinstance(one, Request):
            self.last = one
        return one

    def _ask(self, before, law, life, asker, amount, *, voids=None):
        if before and before.number >= LONGEST:
            return multiple()
        height, expiry = life
        one = Request(before, law, height, expiry, asker, amount, voids)
        coin = self.coins[voids] if voids else WORLD.coin(RECEIVE, 1, salt=len(self.coins))
        document = WORLD.withdrawal(
            policy=self.papers[law].id,
            sequence=one.number,
            previous=self.papers[before].id if before else None,
            initiator=asker,
            why=f"request {len(self.coins)}",  # two that are asked alike are two
            payments=() if voids else (WORLD.payment(amount),),
            fee_ceiling=CEILING,
            height=height,
            expiry=expiry,
            anchor=Anchor(coin.tx.txid, coin.vout),
            purpose="void" if voids else "payment",
            voids=self.papers[voids].id if voids else None,
        )
        self.coins[one] = coin
        self.papers[one] = Envelope.wrap("withdrawal", document.payload)
        return one

    @rule(name=signers, one=requests)
    def approve(self, name, one):
        """An officer approves at a machine that remembers."""
        memory = self.memories[name]
        expected = memory.approves(one)
        document = Withdrawal.parse(self.papers[one].payload)
        self._expect(expected, lambda: self._state(name).approve(document, name), 6)
        if expected:
            memory.approved[one.number] = one
        self._compare(name)

    @rule(name=signers)
    def sign_next(self, name):
        """An honest coordinator brings the newest withdrawal."""
        if self.last:
            self._sign(name, self.last, self.law, Terms())

    @rule(name=signers, one=requests)
    def sign(self, name, one):
        """A coordinator brings any withdrawal, with everybody's approval and all papers."""
        self._sign(name, one, self.law, Terms())

    @rule(name=signers, one=requests)
    def spend_another_coin(self, name, one):
        """A thief leaves the anchor free, for another transaction of the same withdrawal."""
        self._sign(name, one, self.law, Terms(anchored=False))

    @rule(name=signers, one=requests)
    def withhold_approvals(self, name, one):
        """A thief brings what one officer approved, and dave, whom it owns."""
        self._sign(name, one, self.law, Terms(votes=frozenset({"alice", INITIATOR})))

    @rule(name=signers, one=requests, law=laws, said=terms)
    def attack(self, name, one, law, said):
        """A thief brings some approvals, some of the chain, some policies, the wrong coin."""
        self._sign(name, one, law, said)

    def _sign(self, name, one, law, said):
        links = one.path[max(0, one.number - 1 - said.carried) :]
        bundle = Bundle(links, law.path, said.votes, said.fee, said.anchored)
        memory, state = self.memories[name], self._state(name)
        step = memory.refuses(bundle)
        verdicts[step] += 1
        try:
            checked = examine(self._written(bundle), state.enrolments)
        except Refused as refused:
            found = refused.refusals[0]
        else:
            found = None
            state.sign(checked, WORLD.officers[name].root.fingerprint)
            memory.takes(bundle)
            spent = {txin.outpoint for txin in checked.facts.psbt.tx.inputs}
            self.spent.setdefault(one.voids or one, []).append(spent)
        assert (found.step if found else 0) == step, (found, step)
        self._compare(name)

    def _written(self, bundle: Bundle) -> bytes:
        one = bundle.links[-1]
        papers = [self.papers[link] for link in bundle.links]
        return WORLD.bundle(
            WORLD.approve(Withdrawal.parse(papers[-1].payload), sorted(bundle.voters)),
            coins=[self.coins[one] if bundle.spends_anchor else WORLD.coins[2]],
            fee=bundle.fee,
            predecessors=[paper.payload for paper in papers[:-1]],
            policies=[self.papers[law] for law in bundle.laws],
        )

    @rule(name=signers, one=requests, law=laws, many=carried)
    def catch_up(self, name, one, law, many):
        """An officer enrols again, with a history and the policies that belong to it."""
        links = one.path[max(0, one.number - 1 - many) :]
        memory = self.memories[name]
        expected = memory.believes(links, law.path)
        history = [Withdrawal.parse(self.papers[link].payload) for link in links]
        papers = [self.papers[one] for one in law.path]
        self._expect(
            expected,
            lambda: self._state(name).enrol(WORLD.vault_envelope, papers, history=history),
            *(5, 6),
        )
        if expected:
            memory.law = memory.follows(law.path, None)
            memory.learns(links)
        self._compare(name)

    @rule(target=backups, name=signers)
    def back_up(self, name):
        """Somebody copies a home."""
        return name, self._copied(self.homes[name]), self.memories[name].copy()

    @rule(backup=backups)
    def restore(self, backup):
        """A machine breaks, and its home comes back from a copy."""
        name, copy, memory = backup
        self.homes[name], self.memories[name] = self._copied(copy), memory.copy()
        self._compare(name)

    def _copied(self, home: Path) -> Path:
        self.copies += 1
        copy = self.folder / f"copy-{self.copies}"
        shutil.copytree(home, copy)
        return copy

    def _state(self, name: str) -> State:
        return State(self.homes[name])

    def _expect(self, allowed: bool, call, *steps: int) -> None:
        """Call, and see that it is let pass if it should be, or refused at one of the steps."""
        found = None
        try:
            call()
        except Refused as refused:
            found = refused.refusals[0]
        assert (found is None) == allowed, found
        assert found is None or found.step in steps, found

    def _compare(self, name: str) -> None:
        """See that the signer's journal verifies, and that it remembers what it should."""
        memory, there = self.memories[name], self._state(name).vaults[WORLD.vault.id].enrolment
        assert there.policy.policy.id == self.papers[memory.law].id
        assert there.known.ids == {n: self.papers[one].id for n, one in memory.links.items()}
        assert there.known.approved == {n: self.papers[o].id for n, o in memory.approved.items()}
        assert there.known.height == memory.height
        assert there.known.voided == {self.papers[one].id for one in memory.voided}

    @invariant()
    def versions_exclude_each_other(self):
        """All transactions for a withdrawal, and those that cancel it, share a coin."""
        for versions in self.spent.values():
            assert frozenset.intersection(*map(frozenset, versions))


def _admitted(law: Law, previous: str | None, like: Policy) -> Envelope:
    """Write a law as the document that it is, and let its admins sign."""
    rules = {one.NAME: one for one in like.rules}
    rules["amounts"] = Amounts(law.most, None, (Window(*law.window),))
    rules["timing"] = replace(rules["timing"], frozen=law.frozen)
    policy = replace(
        like,
        epoch=law.number,
        previous=previous,
        activation_height=law.active,
        proposed_height=law.proposed,
        loosening_delay=law.delay,
        roles={**like.roles, "approvers": Role("approvers", tuple(sorted(law.voters)), 2)},
        rules=tuple(rules.values()),
    )
    return WORLD.admit(policy, sorted(law.signers))


Life.TestCase.settings = settings(
    max_examples=25,
    stateful_step_count=40,
    deadline=None,
    derandomize=True,  # what chance leaves out would make a red run of a good tree
    suppress_health_check=[HealthCheck.too_slow],
)


def test_the_stories_reach_every_verdict():
    """Else they would show little: some are signed, and each of the steps refuses some."""
    verdicts.clear()
    Life.TestCase("runTest").runTest()
    assert set(verdicts) == {0, 5, 6, 7, 8}, verdicts
    assert verdicts[0] * 10 > verdicts.total(), verdicts
