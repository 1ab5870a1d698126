"""`coldquorum policy try`: what signers would say, and why, without any key."""

from dataclasses import replace

import pytest
from world import HEIGHT

from signer.build.policy_source import write_toml
from signer.core.names import Height


def rules(said):
    """Give the steps and rules that refuse."""
    return [(one["step"], one["rule"]) for one in said["refusals"]]


def test_an_approved_withdrawal_would_be_signed(counter):
    """Every rule that passed is told; what is not built is not judged."""
    handle = counter.request(counter.world.withdrawal(), "alice", "bob")
    said = counter.json("policy", "try", handle)
    assert said["verdict"] == "allowed"
    assert said["refusals"] == []
    assert [one["rule"] for one in said["passed"]] == [
        "amounts",
        "fees",
        "approvals",
        "shape",
        "timing",
    ]
    assert said["built"] is False
    text = counter.run("policy", "try", handle)
    assert text.startswith("treasury/1 under policy epoch 1: signers would sign it\n")
    assert "its fee, its coins and its change are not judged yet: --psbt" in text


def test_missing_approvals_are_no_refusal(counter):
    """They say who is missing; whoever asked is not counted."""
    handle = counter.request(counter.world.withdrawal(), "alice", "dave")
    said = counter.json("policy", "try", handle)
    assert said["verdict"] == "needs approvals"
    assert said["refusals"] == []
    assert said["approvals"]["missing"] == 1
    text = counter.run("policy", "try", handle)
    assert "signers would sign it once it is approved" in text
    assert "1 of 2 needed approvers signed: alice" in text
    assert "not counted: dave" in text


def test_every_reason_is_told_whether_approved_or_not(counter):
    """A window, a lifetime: a signer would stop at the first step that refuses."""
    world = counter.world
    first = world.withdrawal(payments=(world.payment(800_000),))
    counter.request(first)
    second = world.withdrawal(
        sequence=2,
        previous=first.id,
        height=Height(HEIGHT + 10),
        expiry=Height(HEIGHT + 155),
        payments=(world.payment(200_001),),
    )
    handle = counter.request(second)
    said = counter.json("policy", "try", handle)
    assert said["verdict"] == "refused"
    assert rules(said) == [(8, "amounts.windows"), (8, "timing.max_lifetime_blocks")]
    assert said["refusals"][0]["found"] == "1 000 001 sat, 200 001 sat of it now"
    text = counter.run("policy", "try", handle)
    assert "signers would refuse it" in text
    assert "too much within 144 blocks (amounts.windows)" in text
    assert "- expected: at most 1 000 000 sat" in text


def test_a_file_that_is_not_known_yet(counter):
    """It is kept, as everywhere."""
    envelope = counter.world.approve(counter.world.withdrawal())
    path = counter.file("request.json", envelope.to_bytes())
    assert counter.json("policy", "try", path)["verdict"] == "allowed"


@pytest.mark.parametrize(
    ("fee", "expected"),
    [(2_000, []), (50_001, [(8, "fees.max_rate"), (8, "fees.approved")])],
)
def test_a_transaction_is_judged_with_its_fee(counter, fee, expected):
    """With --psbt, steps 1 to 4 and 7 are taken, too."""
    world = counter.world
    envelope = world.approve(world.withdrawal())
    counter.knows(envelope)
    psbt = counter.file("one.psbt", world.bundle(envelope, fee=fee))
    said = counter.json("policy", "try", "treasury/1", "--psbt", psbt)
    assert rules(said) == expected
    assert said["built"] is True


def test_a_transaction_that_does_something_else(counter):
    """Step 7, and the rules about what it really does; step 4, and no more of it."""
    world = counter.world
    envelope = world.approve(world.withdrawal())
    counter.knows(envelope)

    def swap(draft):
        draft.outputs[0].script = world.foreign_script()
        draft.outputs[0].amount = 600

    psbt = counter.file("swapped.psbt", world.bundle(envelope, tamper=swap))
    said = counter.json("policy", "try", "treasury/1", "--psbt", psbt)
    assert rules(said)[0] == (7, "transaction.payments")

    def blind(draft):
        draft.inputs[0].psbt = draft.inputs[0].psbt._replace(witness_script=b"\x51")

    psbt = counter.file("blind.psbt", world.bundle(envelope, tamper=blind))
    said = counter.json("policy", "try", "treasury/1", "--psbt", psbt)
    assert rules(said)[0][0] == 3
    assert said["built"] is False


def test_a_transaction_for_another_withdrawal_is_bad_input(counter):
    """One cannot be tried for the other."""
    world = counter.world
    counter.request(world.withdrawal())
    other = world.approve(world.withdrawal(why="something else"))
    psbt = counter.file("other.psbt", world.bundle(other))
    error = counter.json("policy", "try", "treasury/1", "--psbt", psbt, code=4)["error"]
    assert error["what"] == "the transaction is for another withdrawal"


def test_a_policy_that_nobody_signed_can_be_tried(counter, stricter):
    """As if the withdrawal had been asked under it: what would the next policy do?"""
    handle = counter.request(counter.world.withdrawal(), "alice", "bob")
    path = counter.file("next.toml", write_toml(stricter))
    said = counter.json("policy", "try", handle, "--policy", path)
    assert rules(said) == [(8, "amounts.per_payment")]
    assert (said["policy"], said["epoch"]) == (stricter.id, 2)
    late = replace(stricter, activation_height=Height(HEIGHT + 1))
    path = counter.file("late.toml", write_toml(late))
    said = counter.json("policy", "try", handle, "--policy", path)
    assert (6, "withdrawal.activation") in rules(said)


def test_warnings_are_told(counter):
    """An address that begins and ends like a listed one; it is allowed, and said."""
    world = counter.world
    paid = world.payment().address
    listed = f"{paid[:6]}{'q' * 30}{paid[-6:]}"
    text = write_toml(world.policy) + (
        '\n[rules.destinations]\nmode = "any"\n[rules.destinations.groups.a]\n'
        f'addresses = [{{ address = "{listed}", since = 0 }}]\n'
    )
    path = counter.file("any.toml", text)
    handle = counter.request(world.withdrawal())
    said = counter.json("policy", "try", handle, "--policy", path)
    assert said["verdict"] == "needs approvals"
    (warning,) = said["warnings"]
    assert warning.startswith(f"{paid} begins and ends like {listed}")
    assert f"look: {warning}" in counter.run("policy", "try", handle, "--policy", path)


def test_unknown_withdrawals_are_bad_input(counter):
    """The error says how to name one."""
    error = counter.json("policy", "try", "treasury/9", code=4)["error"]
    assert error["what"] == "no such withdrawal here"
