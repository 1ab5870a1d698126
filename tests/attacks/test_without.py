"""The tools of these tests do what they say: one defence less, nothing else, and undone after."""

import pytest
from defences import expect_each_alone_stops, refused, stolen, without

from signer.core.errors import BadInput, Refused
from signer.sign import facts


def swapped(world):
    """An attack that one rule stops."""
    return world.bundle(
        tamper=lambda draft: setattr(draft.outputs[0], "script", world.foreign_script())
    )


def test_the_honest_way_passes_and_is_signed(either, tmp_path):
    """The control of all controls: signed with every defence in place, and valid."""
    assert stolen(either, either.bundle(), tmp_path).outputs


def test_a_defence_that_was_not_needed_is_told(world):
    """A test that names a rule which never refused would prove nothing about it."""
    match = r"not needed: \{'outputs.script'\}"
    with pytest.raises(AssertionError, match=match), without("outputs.script"):
        world.examine(world.bundle())


def test_only_what_is_named_is_gone(world):
    """Another rule than the right one does not open the door."""
    with without("outputs.script", all_needed=False), pytest.raises(Refused):
        world.examine(swapped(world))
    with without("comes twice", all_needed=False), pytest.raises(BadInput):
        world.examine(swapped(world) + b"\x00")


def test_afterwards_everything_is_as_before(world):
    """The very code objects are back, also when the block fails."""
    code = facts._output.__code__
    with without("transaction.payments"):
        assert facts._output.__code__ is not code
        world.examine(swapped(world))
    assert facts._output.__code__ is code
    with pytest.raises(ZeroDivisionError), without("transaction.payments"):
        raise ZeroDivisionError
    assert facts._output.__code__ is code
    refused(world, swapped(world), 7, "transaction.payments", hint="do not trust")


def test_one_reason_of_several_can_be_passed_over(world):
    """What is left of a refusal is still one."""

    def tamper(draft):
        draft.outputs[0].amount -= 1
        draft.lock_time -= 1

    raw = world.bundle(tamper=tamper)
    refused(world, raw, 7, "transaction.payments", "transaction.lock_time", hint="do not trust")
    with without("transaction.payments"):
        refused(world, raw, 7, "transaction.lock_time", hint="do not trust")
    expect_each_alone_stops(
        world, raw, {"transaction.payments": 7, "transaction.lock_time": 7, "timing.height": 8}
    )
