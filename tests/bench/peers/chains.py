"""A chain of withdrawals under every window that a policy can have, and reading its payloads."""

from dataclasses import replace

from bench.peers.deciding import long_world
from policies.chain import verify_chain
from policies.decide import decide
from policies.rules import Amounts, Destinations, Fees
from policies.rules.destinations import Entry, Group
from policies.rules.windows import Window
from policies.withdrawal import Withdrawal, approve_check
from signer.core.names import Height, Sats
from signer.sign.check import spend_of

WINDOWS = tuple(Window(blocks, Sats(10**16)) for blocks in (52_560, 60_000, 100_000))
"""All three reach back over the whole chain."""


def version():
    """Whose."""
    return "this tree"


def _rules(rules, history, addresses):
    """Three windows for all payments, each destination, the fees, and a group of all."""
    paid = {p.address for link in history for p in link.payments} | addresses
    group = Group(tuple(Entry(address, 0, Height(0)) for address in sorted(paid)), WINDOWS)
    for rule in rules:
        if isinstance(rule, Amounts):
            yield replace(rule, windows=WINDOWS, per_destination=WINDOWS)
        elif isinstance(rule, Fees):
            yield replace(rule, windows=WINDOWS)
        else:
            yield rule
    yield Destinations("listed", {"all": group})


def windows(case, *, ground):
    """Verify the chain, and ask every rule."""
    world, facts, _ = long_world(case)
    history = tuple(map(Withdrawal.parse, facts.documents.predecessors))
    approved = approve_check(facts.documents.withdrawal, world.policy)
    policy = replace(
        world.policy, rules=tuple(_rules(world.policy.rules, history, {*facts.addresses.values()}))
    )
    object.__setattr__(policy, "payload", world.policy.payload)  # approved under its id
    spend = spend_of(facts, policy, approved, history, None)

    def judge():
        verify_chain(facts.withdrawal, history)
        return decide(policy, spend)

    return judge, lambda found: b"%d of %d" % (len(found.passed), len(policy.rules))


def payloads(case, *, ground):
    """Read the payloads, as a signer does before it verifies them."""
    _, facts, _ = long_world(case)
    documents = facts.documents.predecessors
    return lambda: [Withdrawal.parse(one) for one in documents], lambda found: b"%d" % len(found)


JOBS = {"windows": windows, "payloads": payloads}
