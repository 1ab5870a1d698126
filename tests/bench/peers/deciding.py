"""The policy's decision over a long chain of withdrawals that all stand in its windows."""

from dataclasses import replace
from functools import cache

from bench.workload import HEIGHT, World, outside
from policies.decide import decide
from policies.epochs import trust_first
from policies.rules import Amounts
from policies.rules.windows import Window
from policies.withdrawal import Anchor, approve_check
from signer.core.address import address_of
from signer.core.hashes import sha256
from signer.core.names import Height, Sats
from signer.sign import check as steps
from signer.sign.check import Enrolment, spend_of
from signer.sign.facts import read


def version():
    """Whose."""
    return "this tree"


class _Long(World):
    """The bench's world, with two windows over the whole chain."""

    @property
    def rules(self):
        """Two windows a blocks count, for all and for each destination."""
        windows = tuple(Window(blocks, Sats(10**16)) for blocks in (144, 52_560))
        amounts = Amounts(Sats(10**15), windows=windows, per_destination=windows)
        return (amounts, *super().rules[1:])


@cache
def _world(count):
    world = _Long()
    raw = world.psbt(10)
    head = read(raw, {world.vault.id: world.vault}).withdrawal
    chain, before = [], None
    for sequence in range(1, count + 1):
        address = str(address_of(outside(sequence % 50), "BTC", "regtest"))
        payment = replace(head.payments[0], address=address)
        before = replace(
            head,
            sequence=sequence,
            previous=before.id if before else None,
            payments=(payment,),
            anchor=Anchor(sha256(b"anchor %d" % sequence).hex(), 0),
            height=Height(1 + HEIGHT * sequence // (count + 1)),
        )
        chain.append(before)
    return world, world.psbt(10, chain=tuple(chain))


def check(case, *, ground):
    """Steps 5 to 8 over established facts: parse the chain, verify it, approvals, every rule."""
    world, raw = _world(case.count)
    facts = read(raw, {world.vault.id: world.vault})
    enrolment = Enrolment(world.vault, trust_first(world.policy_envelope))
    known = {world.vault.id: enrolment}
    return lambda: steps.check(facts, known), lambda found: str(len(found.passed)).encode()


def rules(case, *, ground):
    """The rules alone, over a chain that is verified already."""
    world, raw = _world(case.count)
    facts = read(raw, {world.vault.id: world.vault})
    enrolment = Enrolment(world.vault, trust_first(world.policy_envelope))
    checked = steps.check(facts, {world.vault.id: enrolment})
    approved = approve_check(facts.documents.withdrawal, world.policy)
    spend = spend_of(facts, world.policy, approved, checked.history, None)
    return lambda: decide(world.policy, spend), lambda found: str(len(found.passed)).encode()


JOBS = {"check": check, "rules": rules}
