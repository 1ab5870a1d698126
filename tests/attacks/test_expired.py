"""An old approval is kept in a drawer, until it suits the thief.

No machine here has a clock that can be trusted; what is compared are block heights.
"""

import pytest
from defences import expect_each_alone_stops, refused, stolen
from world import HEIGHT

from policies.withdrawal import Anchor
from signer.core.names import Height

ANEW = "request it anew"


def test_an_expiry_before_its_height_is_refused(world, tmp_path):
    """It had expired when it was approved. Steps 6 and 8 both look."""
    raw = world.bundle(world.approve(world.withdrawal(expiry=Height(HEIGHT - 1))))
    refused(world, raw, 6, "withdrawal.expired", hint=ANEW)
    locks = {"withdrawal.expired": 6, "timing.expired": 8}
    expect_each_alone_stops(world, raw, locks)
    stolen(world, raw, tmp_path, *locks)


def test_an_approval_that_never_ends_is_refused(world, tmp_path):
    """The policy has a longest lifetime: 144 blocks here."""
    raw = world.bundle(world.approve(world.withdrawal(expiry=Height(HEIGHT + 145))))
    problem = refused(world, raw, 8, "timing.max_lifetime_blocks", hint=ANEW)
    assert (problem.expected, problem.found) == ("144 blocks", "145")
    stolen(world, raw, tmp_path, "timing.max_lifetime_blocks")
    assert world.examine(world.bundle(world.approve(world.withdrawal(expiry=Height(HEIGHT + 144)))))


@pytest.fixture
def drawer(world):
    """An old withdrawal that was never built, and the next one, a thousand blocks later."""
    old = world.withdrawal()
    later = world.withdrawal(
        sequence=2,
        previous=old.id,
        height=Height(HEIGHT + 1_000),
        expiry=Height(HEIGHT + 1_100),
        anchor=Anchor(world.coins[1].tx.txid, world.coins[1].vout),
    )
    raw = world.bundle(world.approve(later), coins=world.coins[1:2], predecessors=[old.payload])
    return old, later, raw


def test_what_a_signer_has_signed_is_its_clock(world, drawer, tmp_path):
    """A signer that has signed for a later height knows that the old one is over."""
    old, later, raw = drawer
    for name in ("alice", "bob"):
        world.sign(raw, tmp_path / name, name)
    kept = world.bundle(world.approve(old))
    known = {"chain": {1: old.id, 2: later.id}, "height": later.height}
    problem = refused(world, kept, 6, "withdrawal.expired", hint=ANEW, **known)
    assert str(later.height) in problem.expected
    stolen(world, kept, tmp_path, "withdrawal.expired")


def test_a_signer_without_that_memory_takes_it(world, drawer):
    """The limit of this defence, said plainly: the anchor and the chain are what remains."""
    old, later, _ = drawer
    kept = world.bundle(world.approve(old))
    assert world.examine(kept).passed
    assert world.examine(kept, chain={1: old.id, 2: later.id}, height=old.expiry).passed


def test_the_program_refuses(world, program_refuses):
    """Exit code 3, and nothing is written."""
    raw = world.bundle(world.approve(world.withdrawal(expiry=Height(HEIGHT - 1))))
    program_refuses(raw, 6, "withdrawal.expired")
