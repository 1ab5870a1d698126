"""Money that leaves as a fee: too much of it, or less than none.

A thief who mines, or shares with a miner, is paid by fees. Three ceilings hold at once.
"""

import pytest
from defences import (
    burnt,
    claim,
    expect_each_alone_stops,
    expect_unreadable,
    refused,
    stolen,
    without,
)
from world import DraftOutput, World

from policies.rules import Fees
from signer.cli.review import warnings
from signer.core.errors import Refused
from signer.core.names import Sats
from signer.core.psbt import Entry
from signer.core.script import p2wsh
from signer.settle import consensus
from signer.sign.review import review

LOWER = "build it again with a lower fee"
APPROVED = 50_000


def world_with(max_fee, max_rate):
    """A world with other ceilings in its policy."""
    return World().rule(Fees(Sats(max_fee), max_rate))


@pytest.mark.parametrize(
    ("rule", "max_fee", "max_rate", "ceiling"),
    [
        ("fees.max_fee", 7_000, 1_000, 7_000),
        ("fees.max_rate", 1_000_000, 40, 40 * 190),
        ("fees.approved", 1_000_000, 1_000, APPROVED),
    ],
)
def test_one_satoshi_over_a_ceiling_is_refused(tmp_path, rule, max_fee, max_rate, ceiling):
    """Absolute, by size, and what the officers approved; each without rounding."""
    world = world_with(max_fee, max_rate)
    vsize = world.examine(world.bundle(fee=200)).facts.vsize
    ceiling = max_rate * vsize if rule == "fees.max_rate" else ceiling
    assert world.examine(world.bundle(fee=ceiling)).facts.fee == ceiling
    raw = world.bundle(fee=ceiling + 1)
    refused(world, raw, 8, rule, hint=LOWER)
    assert burnt(world, stolen(world, raw, tmp_path, rule)) == ceiling + 1


def test_a_fee_that_is_a_large_share_is_refused(tmp_path):
    """Most of a small payment would go to the miner, under ceilings made for large ones."""
    world = World().rule(Fees(Sats(100_000), 100, share_ppm=6_000))
    assert world.examine(world.bundle(fee=1_800)).passed
    raw = world.bundle(fee=1_801)
    refused(world, raw, 8, "fees.share_ppm", hint=LOWER)
    assert burnt(world, stolen(world, raw, tmp_path, "fees.share_ppm")) == 1_801


def test_change_that_is_left_out_is_a_fee(world, tmp_path):
    """Nothing but the payment: all the rest would go to the miner."""
    raw = world.bundle(tamper=lambda draft: draft.outputs.pop())
    rules = ("fees.max_fee", "fees.max_rate", "fees.approved")
    problem = refused(world, raw, 8, *rules, hint=LOWER)
    assert "700 000 sat" in problem.found
    expect_each_alone_stops(world, raw, dict.fromkeys(rules, 8))
    assert burnt(world, stolen(world, raw, tmp_path, *rules)) == 700_000


def test_many_small_coins_cannot_hide_a_high_rate(world):
    """Size is the finished transaction's own, not what the file or its parts say."""
    coins = [world.coin(0, 50 + at) for at in range(20)]
    checked = world.examine(world.bundle(coins=[world.coins[0], *coins], fee=50_000))
    assert checked.facts.vsize > 2_000
    unknown = (Entry(b"\xfd\xee\x03", bytes(10_000)),)
    padded = world.bundle(fee=19_500, tamper=lambda draft: claim(draft.inputs[0], others=unknown))
    refused(world, padded, 8, "fees.max_rate", hint=LOWER)


def test_the_largest_fee_that_passes_is_shown_as_high(world):
    """What every ceiling allows is signed; the review then says `look:`, with the share."""
    checked = world.examine(world.bundle(fee=18_000))
    seen = review(checked, known_epoch=1, signed_before=())
    (warning,) = warnings(seen)
    assert "6.00%" in warning


def test_a_negative_fee_is_refused(world, tmp_path):
    """More out than in. Without the locks signers sign it, and Bitcoin Core's rules say no."""

    def tamper(draft):
        draft.outputs[-1].amount = 700_001

    raw = world.bundle(tamper=tamper)
    refused(world, raw, 3, "inputs.sum", hint="no node would take it")
    expect_each_alone_stops(world, raw, {"inputs.sum": 3, "fees.negative": 8})
    with without("inputs.sum", "fees.negative"):
        world.sign(raw, tmp_path, "alice")
        tx = world.examine(raw).facts.psbt.tx
    with pytest.raises(Refused, match="more than the inputs"):
        consensus.verify(tx, [world.coins[0].output], "BTC")


def test_amounts_over_the_supply_are_unreadable(world):
    """Sums that wrap around in other languages (CVE-2010-5139) do not even parse here."""

    def tamper(draft):
        draft.outputs += [DraftOutput(2**63, p2wsh(b"\x51"))] * 2

    expect_unreadable(world, world.bundle(tamper=tamper), "amount is over the supply")


def test_the_program_refuses(world, program_refuses):
    """Exit code 3, and nothing is written."""
    program_refuses(world.bundle(fee=APPROVED + 1), 8, "fees.max_rate", "fees.approved")
