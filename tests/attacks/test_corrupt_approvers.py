"""A quorum of approvers is bribed, or fooled: the policy stands, and only admins change it."""

import pytest
from defences import paid, refused, stolen
from world import World

from policies.rules import Destinations
from policies.rules.destinations import Entry, Group
from signer.core.names import Height, Sats


def test_more_than_the_ceiling_is_refused(world, tmp_path):
    """Approved by all, and too much for one destination."""
    rich = world.coin(0, 9, amount=9_000_000)
    payment = world.payment(5_000_001)
    envelope = world.approve(world.withdrawal(payments=(payment,)), ("alice", "bob", "carol"))
    raw = world.bundle(envelope, coins=[world.coins[0], rich])
    refused(world, raw, 8, "amounts.per_payment", hint="a policy that allows more")
    stolen(world, raw, tmp_path, "amounts.per_payment", coins=[rich])


def test_many_payments_to_one_destination_are_one(world, tmp_path):
    """Split into two outputs: the ceiling is for what a destination receives in all."""
    rich = world.coin(0, 9, amount=9_000_000)
    payments = (world.payment(2_500_000), world.payment(2_500_001))
    envelope = world.approve(world.withdrawal(payments=payments))
    raw = world.bundle(envelope, coins=[world.coins[0], rich])
    refused(world, raw, 8, "amounts.per_payment", hint="a policy that allows more")
    stolen(world, raw, tmp_path, "amounts.per_payment", coins=[rich])


@pytest.fixture(scope="module")
def strict():
    """A world whose policy lists the destinations."""
    world = World()
    known = Group((Entry(world.payment().address, 0, Height(0)),))
    return world.rule(Destinations("listed", {"known": known}))


def test_a_destination_that_is_not_listed_is_refused(strict, tmp_path):
    """Approved by all, and not on the admins' list."""
    envelope = strict.approve(
        strict.withdrawal(payments=(strict.payment(payee=66),)), ("alice", "bob", "carol")
    )
    raw = strict.bundle(envelope)
    problem = refused(
        strict, raw, 8, "destinations.listed", hint="only a new policy can add a destination"
    )
    assert problem.found == strict.payment(payee=66).address
    tx = stolen(strict, raw, tmp_path, "destinations.listed")
    assert paid(tx, strict.foreign_script()) == 300_000


def test_a_listed_address_beside_another_is_no_cover(strict):
    """Every output is looked up, not the first, and not the largest."""
    payments = (strict.payment(), strict.payment(payee=66)._replace(amount=Sats(1_000)))
    raw = strict.bundle(strict.approve(strict.withdrawal(payments=payments)))
    problem = refused(strict, raw, 8, "destinations.listed", hint="compare the whole address")
    assert problem.found == strict.payment(payee=66).address
