"""The thief lies about the height: in the transaction, in the withdrawal, or along the chain.

The heights of withdrawals are the only clock there is, and consensus keeps it.
"""

import pytest
from defences import expect_each_alone_stops, expect_unreadable, refused, stolen, without
from world import HEIGHT

from policies.withdrawal import MAX_HEIGHT, Withdrawal
from signer.core.names import Height

HINT = "do not trust this coordinator"
LOCKS = {"transaction.lock_time": 7, "timing.height": 8}


def at(lock_time):
    """Another nLockTime than the withdrawal's height."""
    return lambda draft: setattr(draft, "lock_time", lock_time)


@pytest.mark.parametrize("lock_time", [0, HEIGHT - 1, HEIGHT + 1, 500_000_000, 0xFFFF_FFFF])
def test_another_lock_time_is_refused(world, lock_time):
    """Earlier defeats the clock; later, or a time, freezes the payment. Two locks see it."""
    raw = world.bundle(tamper=at(lock_time))
    refused(world, raw, 7, "transaction.lock_time", hint=HINT)
    expect_each_alone_stops(world, raw, LOCKS)


def test_without_those_rules_it_is_mined_early(ground, tmp_path):
    """A withdrawal for fifty blocks later, in the next block."""
    coin = ground.coin()
    envelope = ground.withdrawal(coin, ahead=50)
    raw = ground.world.bundle(envelope, coins=[coin], tamper=at(0))
    ground.confirm(stolen(ground.world, raw, tmp_path, *LOCKS, coins=[coin]))
    assert ground.chain.tip().height < Withdrawal.parse(envelope.payload).height


def chain_of_two(world, first_height, second_height):
    """Two withdrawals, each approved at a height."""
    first = world.withdrawal(height=Height(first_height), expiry=Height(first_height + 100))
    second = world.withdrawal(
        sequence=2,
        previous=first.id,
        height=Height(second_height),
        expiry=Height(second_height + 100),
    )
    return world.bundle(world.approve(second), predecessors=[first.payload])


def test_heights_never_decrease_along_the_chain(world, tmp_path):
    """Back-dated, a withdrawal would fall out of its window. Equal heights are fine."""
    raw = chain_of_two(world, HEIGHT, HEIGHT - 1)
    refused(world, raw, 6, "chain.height", hint="ask the other officers")
    stolen(world, raw, tmp_path, "chain.height")
    assert world.examine(chain_of_two(world, HEIGHT, HEIGHT)).history


def test_a_height_that_is_a_time_is_unreadable(world, tmp_path):
    """From 500,000,000 on, nLockTime is a time (Core: LOCKTIME_THRESHOLD): long past."""
    past = Height(MAX_HEIGHT + 1)
    off = "withdrawal.height must be", "withdrawal.expiry must be"
    with without(*off):
        raw = world.bundle(world.approve(world.withdrawal(height=past, expiry=past)))
    expect_unreadable(world, raw, f"withdrawal.height must be a whole number 0 to {MAX_HEIGHT}")
    assert stolen(world, raw, tmp_path, *off).lock_time == past
