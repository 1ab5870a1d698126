"""Step 8 with what a signer adds: addresses of listed wallets, its chain, its clock."""

from dataclasses import replace

import pytest
from world import HEIGHT, DraftOutput, World

from policies.epochs import trust_first
from policies.quorum import Demand
from policies.rules import Destinations, Internal, Schedule
from policies.rules.destinations import Entry, Group
from policies.rules.windows import Window
from policies.spend import LocalTime
from policies.withdrawal import Payment
from signer.core.errors import BadInput, Refused
from signer.core.names import Height, Sats
from signer.core.vault import CHANGE, RECEIVE
from signer.sign.check import Enrolment, examine

OTHER = World(seed=2)
"""Another vault of the house."""


class Signer:
    """A signer under a policy with some rules more."""

    def __init__(self, world, *rules):
        self.world = world
        self.policy = replace(world.policy, rules=(*world.policy.rules, *rules))
        self.envelope = world.admit(self.policy)

    def withdrawal(self, *payments, **changes):
        """A withdrawal under that policy."""
        return self.world.withdrawal(policy=self.policy.id, payments=payments, **changes)

    def judges(self, withdrawal, *predecessors, clock=None):
        """Give the rules that refuse the transaction of a withdrawal."""
        raw = self.world.bundle(
            self.world.approve(withdrawal),
            policies=[self.envelope],
            predecessors=[one.payload for one in predecessors],
        )
        known = Enrolment(self.world.vault, trust_first(self.envelope))
        try:
            examine(raw, {self.world.vault.id: known}, clock)
        except Refused as refused:
            return [refusal.rule for refusal in refused.refusals]
        return []


def listing(many=5, **changes):
    """Give the rule that lists the other vault."""
    group = Group((Entry(OTHER.vault.descriptor, many, Height(0)),), **changes)
    return Destinations("listed", {"other": group})


def paid(branch, index, amount=300_000):
    """A payment to an address of the other vault."""
    return Payment(OTHER.vault.address(branch, index), Sats(amount), "us", "the other vault")


@pytest.mark.parametrize(
    ("branch", "index", "rules"),
    [
        (RECEIVE, 0, []),
        (RECEIVE, 4, []),
        (RECEIVE, 5, ["destinations.listed"]),
        (CHANGE, 4, []),
        (CHANGE, 5, ["destinations.listed"]),
    ],
)
def test_a_listed_wallet_is_derived_by_the_signer(world, branch, index, rules):
    """Up to its range on each branch, and no further."""
    signer = Signer(world, listing())
    assert signer.judges(signer.withdrawal(paid(branch, index))) == rules


def test_a_stranger_among_the_payments_is_found(world):
    """Every output is looked up."""
    signer = Signer(world, listing())
    found = signer.judges(signer.withdrawal(paid(RECEIVE, 0), world.payment()))
    assert found == ["destinations.listed"]


def test_a_groups_window_sees_the_chain_in_whatever_case(world):
    """Addresses of the wallet that earlier withdrawals paid, one of them in upper case."""
    signer = Signer(world, listing(windows=(Window(144, Sats(500_000)),)))
    shouted = paid(RECEIVE, 1, 200_000)._replace(address=paid(RECEIVE, 1).address.upper())
    first = signer.withdrawal(shouted)
    second = signer.withdrawal(paid(RECEIVE, 2), sequence=2, previous=first.id)
    assert signer.judges(second, first) == []
    second = signer.withdrawal(paid(RECEIVE, 2, 300_001), sequence=2, previous=first.id)
    assert signer.judges(second, first) == ["destinations.windows"]


def test_a_wallet_that_is_not_understood_stops_payments_and_no_void(world):
    """Bad input, and whose: the policy's. A cancel needs no destination."""
    group = Group((Entry("tr(xpub)#checksum", 5, Height(0)),))
    signer = Signer(world, Destinations("listed", {"other": group}))
    with pytest.raises(BadInput, match="not a wallet that can be listed"):
        signer.judges(signer.withdrawal(world.payment()))
    first = signer.withdrawal(world.payment())
    void = signer.withdrawal(sequence=2, previous=first.id, purpose="void", voids=first.id)
    assert signer.judges(void, first) == []


def test_an_internal_move_goes_to_the_house_only(world):
    """Above the ceiling of a payment, to a group that is internal, and nowhere else."""
    limits = Internal(9, Sats(10**6), 10**3, (Demand("approvers", 2),), Sats(10**6))
    small = replace(world.policy.rules[0], per_payment=Sats(1))
    base = World()
    base.policy = replace(base.policy, rules=(small, *base.policy.rules[1:]))
    signer = Signer(base, listing(internal=True), limits)
    move = signer.withdrawal(paid(RECEIVE, 0), purpose="internal")
    assert signer.judges(move) == []
    assert signer.judges(replace(move, purpose="payment")) == ["amounts.per_payment"]
    away = signer.withdrawal(world.payment(), purpose="internal")
    assert signer.judges(away) == ["destinations.internal"]
    own = Group((Entry(world.payment(payee=2).address, 0, Height(0)),), internal=True)
    groups = {**listing().groups, "own": own}
    outside = Signer(base, Destinations("listed", groups), limits)
    move = outside.withdrawal(paid(RECEIVE, 0), purpose="internal")
    assert outside.judges(move) == ["destinations.internal"]


def test_business_hours_are_the_stations(world):
    """Refused on the station's clock if enforced; the coordinator has no clock to ask."""
    signer = Signer(world, Schedule(("mon",), "09:00", "17:00", enforce=True))
    there = signer.withdrawal(world.payment(), expiry=Height(HEIGHT + 1))
    assert signer.judges(there) == []
    assert signer.judges(there, clock=LocalTime(0, "10:00")) == []
    assert signer.judges(there, clock=LocalTime(5, "10:00")) == ["schedule.hours"]


def test_change_to_another_vault_is_a_payment(world):
    """What the descriptor of this vault does not give is external, whoever owns it."""
    signer = Signer(world, listing())
    there = signer.withdrawal(paid(RECEIVE, 0))

    def add(draft):
        draft.outputs.append(DraftOutput(1000, OTHER.vault.script(CHANGE, 0).script_pubkey))

    raw = world.bundle(world.approve(there), policies=[signer.envelope], tamper=add)
    known = Enrolment(world.vault, trust_first(signer.envelope))
    with pytest.raises(Refused) as refusal:
        examine(raw, {world.vault.id: known})
    assert refusal.value.refusals[0].rule == "transaction.payments"
