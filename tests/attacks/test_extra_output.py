"""The approved payments are there, and one thing more, or one less, or in other pieces."""

import pytest
from defences import expect_each_alone_stops, paid, refused, stolen, without
from world import DraftOutput

HINT = "do not trust this coordinator"


def extra(world, amount=100_000, script=None):
    """Pay somebody else, too, out of the change."""

    def tamper(draft):
        draft.outputs[1].amount -= amount
        draft.outputs.append(
            DraftOutput(amount, world.foreign_script() if script is None else script)
        )

    return world.bundle(tamper=tamper)


def test_an_extra_output_is_refused(either):
    """Step 7 wants the approved payments and nothing else."""
    problem = refused(either, extra(either), 7, "transaction.payments", hint=HINT)
    assert problem.expected == "nothing else"
    assert "0.001 000 00 BTC to bcrt1q" in problem.found


def test_without_that_rule_the_money_is_gone(either, tmp_path):
    """Two signers sign, and consensus pays the thief."""
    tx = stolen(either, extra(either), tmp_path, "transaction.payments")
    assert paid(tx, either.foreign_script()) == 100_000


@pytest.mark.parametrize(
    ("amount", "script", "shape"),
    [
        (0, b"\x6a\x04note", ("shape.script_types", "shape.dust")),
        (0, b"", ("shape.script_types", "shape.dust")),
        (1, b"\x51", ("shape.script_types",)),
        (293, b"\x00\x14" + bytes(20), ("shape.dust",)),
        (700, b"\x00\x14" + bytes(20), ()),
    ],
    ids=["a note", "an empty script", "anybody's", "dust", "small change"],
)
def test_worthless_outputs_are_extra_too(world, tmp_path, amount, script, shape):
    """Nothing is too small or too strange to count; consensus would take each.

    Were step 7 gone, the rule about shapes would still stop most of them.
    """
    raw = extra(world, amount, script)
    refused(world, raw, 7, "transaction.payments", hint=HINT)
    expect_each_alone_stops(world, raw, {"transaction.payments": 7} | dict.fromkeys(shape, 8))
    assert len(stolen(world, raw, tmp_path, "transaction.payments", *shape).outputs) == 3


def test_a_missing_payment_is_refused(world, tmp_path):
    """What was approved is paid in full, not in part: here all of it returns as change."""

    def tamper(draft):
        draft.outputs[1].amount += draft.outputs.pop(0).amount

    raw = world.bundle(tamper=tamper)
    problem = refused(world, raw, 7, "transaction.payments", hint=HINT)
    assert problem.found == "less"
    assert len(stolen(world, raw, tmp_path, "transaction.payments").outputs) == 1


def test_a_payment_in_two_pieces_is_refused(world):
    """The sum to the payee is right, and it is not what was approved."""

    def tamper(draft):
        draft.outputs[0].amount -= 1_000
        draft.outputs.append(DraftOutput(1_000, draft.outputs[0].script))

    raw = world.bundle(tamper=tamper)
    refused(world, raw, 7, "transaction.payments", hint=HINT)
    with without("transaction.payments"):
        assert world.examine(raw).passed


def test_one_payment_for_two_is_refused(world):
    """Two equal payments were approved, and one output stands for both: a multiset is compared."""
    envelope = world.approve(world.withdrawal(payments=(world.payment(),) * 2))

    def tamper(draft):
        draft.outputs[2].amount += draft.outputs.pop(0).amount

    raw = world.bundle(envelope, tamper=tamper)
    refused(world, raw, 7, "transaction.payments", hint=HINT)
    with without("transaction.payments"):
        assert world.examine(raw).passed
    assert world.examine(world.bundle(envelope)).passed


def test_splitting_does_not_slip_under_the_ceiling(world):
    """Were step 7 gone, the policy would still add up what one script receives."""

    def tamper(draft):
        draft.outputs += [DraftOutput(3_000_000, world.foreign_script()) for _ in range(2)]

    rich = [world.coin(0, 9, amount=7_000_000)]
    raw = world.bundle(coins=[world.coins[0], *rich], tamper=lambda d: cover(d, tamper))
    expect_each_alone_stops(world, raw, {"transaction.payments": 7, "amounts.per_payment": 8})


def cover(draft, tamper):
    """Tamper, and take the money from the change."""
    before = sum(output.amount for output in draft.outputs)
    tamper(draft)
    draft.outputs[1].amount -= sum(output.amount for output in draft.outputs) - before
