"""The policy's decision over a long chain of withdrawals that all stand in its windows."""

from bench.long_chain import LongWorld
from policies.decide import decide
from policies.epochs import trust_first
from policies.withdrawal import approve_check
from signer.sign import check as steps
from signer.sign.check import Enrolment, spend_of
from signer.sign.facts import read


def version():
    """Whose."""
    return "this tree"


def long_world(case):
    """The established facts, and what the signer has enrolled."""
    world = LongWorld()
    facts = read(case.psbt, {world.vault.id: world.vault})
    enrolment = Enrolment(world.vault, trust_first(world.policy_envelope))
    return world, facts, {world.vault.id: enrolment}


def check(case, *, ground):
    """Steps 5 to 8 over established facts: parse the chain, verify it, approvals, every rule."""
    _, facts, known = long_world(case)
    return lambda: steps.check(facts, known), lambda found: str(len(found.passed)).encode()


def rules(case, *, ground):
    """The rules alone, over a chain that is verified already."""
    world, facts, known = long_world(case)
    checked = steps.check(facts, known)
    approved = approve_check(facts.documents.withdrawal, world.policy)
    spend = spend_of(facts, world.policy, approved, checked.history, None)
    return lambda: decide(world.policy, spend), lambda found: str(len(found.passed)).encode()


JOBS = {"check": check, "rules": rules}
