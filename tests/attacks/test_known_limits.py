"""What these defences do not stop, shown as plainly as what they do (see docs/threat-model.md).

A test here that fails means that a limit is gone: then it belongs to the attacks.
"""

from dataclasses import replace

import pytest
from defences import burnt, finished, refused, signed
from world import HEIGHT, INITIATOR, NAMES

from policies.chain import check_alone
from policies.quorum import Demand
from policies.rules import Approvals, Timing
from policies.rules.approvals import Tier
from policies.withdrawal import Anchor
from signer.core.errors import Refused
from signer.core.names import Height
from signer.core.psbt import Psbt
from signer.sign.state import State


def final(world, raw, home, coins=()):
    """Let two signers sign, and put it together."""
    psbt = Psbt.parse(signed(world, raw, home))
    return finished(world, psbt.tx, [said.partial_sigs for said in psbt.inputs], coins)


def test_the_initiators_name_is_the_coordinators_word(world):
    """An officer who asks under another's name may approve; it still takes a second officer.

    Only approvals are signed. Whoever approves reads who asked, and can ask that person.
    """
    honest = world.approve(world.withdrawal(initiator="alice"))
    with pytest.raises(Refused, match="too few approvals"):
        world.examine(world.bundle(honest))
    for name in ("carol", "nobody"):
        assert world.examine(world.bundle(world.approve(world.withdrawal(initiator=name)))).passed


def test_a_signed_transaction_does_not_expire(ground, tmp_path):
    """Expiry ends approving, signing and sending here; consensus knows no expiry.

    Once signatures are out, only a transaction that spends the anchor elsewhere cancels.
    """
    coin = ground.coin()
    expiry = Height(ground.chain.tip().height + 1)
    envelope = ground.withdrawal(coin, expiry=expiry)
    tx = final(ground.world, ground.world.bundle(envelope, coins=[coin]), tmp_path, [coin])
    ground.chain.mine(5)
    assert ground.chain.tip().height > expiry
    ground.confirm(tx)


def test_one_withdrawal_can_be_cancelled_by_another(world, tmp_path):
    """A coordinator may spend the anchor of one withdrawal in another: that one is never paid.

    Nothing is stolen: it had to ask, and everything went where it was approved to go.
    """
    first = world.withdrawal()
    coin = world.coins[1]
    second = world.withdrawal(sequence=2, previous=first.id, anchor=Anchor(coin.tx.txid, coin.vout))
    raw = world.bundle(world.approve(second), coins=world.coins[:2], predecessors=[first.payload])
    assert len(final(world, raw, tmp_path).inputs) == 2


def test_officers_who_approve_different_documents_stand_still(world, tmp_path):
    """One number, another document for each officer: nobody reaches a quorum any more.

    Each machine keeps to what it approved. It takes a new home, and an enrolment, to go on.
    """
    asked = [world.withdrawal(why=f"reason {name}") for name in NAMES]
    states = [world.state(tmp_path / name, name) for name in NAMES]
    for withdrawal, state, name in zip(asked, states, NAMES, strict=True):
        state.approve(withdrawal, name)
    for withdrawal, name in zip(asked, NAMES, strict=True):
        for other in NAMES:
            if other != name:
                with pytest.raises(Refused, match="another withdrawal 1"):
                    check_alone(
                        withdrawal, State(tmp_path / other).enrolments[world.vault.id].known
                    )


def test_two_quorums_that_share_nobody_can_fork_the_chain(world, tmp_path):
    """Two of four approve one document, the other two another, and signers remember neither.

    Each payment was approved in full, but a window over the chain sees one of the two. A threshold
    of more than half of the approvers, or of the keys and their memory, leaves no room for that.
    """
    coin = world.coins[1]
    one = world.approve(world.withdrawal(), ("alice", "bob"))
    other = world.approve(
        world.withdrawal(
            initiator="alice",
            payments=(world.payment(payee=2),),
            anchor=Anchor(coin.tx.txid, coin.vout),
        ),
        ("carol", INITIATOR),
    )
    raw = world.bundle(other, coins=[coin])
    paid = [
        final(world, bundle, tmp_path / name)
        for name, bundle in (("one", world.bundle(one)), ("two", raw))
    ]
    assert all(burnt(world, tx) for tx in paid)
    assert {i.outpoint for i in paid[0].inputs}.isdisjoint(i.outpoint for i in paid[1].inputs)
    with pytest.raises(Refused):
        world.sign(raw, tmp_path / "one" / "alice", "alice")


def test_a_jump_in_height_can_be_taken_in_steps(world):
    """Withdrawals that nobody approves or sends are steps: the newest one's quorum approves them.

    So a vault that rested longer than `max_height_jump` is not locked; and the limit stops an
    officer's slip, or a coordinator alone, but no quorum that approves a far height.
    """
    timing = Timing(100, max_height_jump=10)
    policy = world.successor(rules=(*world.policy.rules[:-1], timing), activation_height=Height(0))
    policies = [world.policy_envelope, world.admit(policy)]
    links = [world.withdrawal()]
    for step in (10, 20, 25):
        terms = {"policy": policy.id, "sequence": len(links) + 1, "previous": links[-1].id}
        links.append(world.withdrawal(**terms, height=Height(HEIGHT + step)))
    direct = world.withdrawal(
        policy=policy.id, sequence=2, previous=links[0].id, height=Height(HEIGHT + 25)
    )
    far = world.bundle(world.approve(direct), predecessors=[links[0].payload], policies=policies)
    refused(world, far, 8, "timing.max_height_jump", hint="request it anew")
    before = [link.payload for link in links[:-1]]
    steps = world.bundle(world.approve(links[-1]), predecessors=before, policies=policies)
    assert world.examine(steps).approved.withdrawal.height == HEIGHT + 25


def test_a_void_takes_no_more_officers_than_the_smallest_payment(world):
    """It pays nobody: whoever may approve the least may cancel the most. It must be easy to stop.

    What it costs is bounded by the fee's ceilings and windows, as for a payment.
    """
    tiers = (Tier(1_000, (Demand("approvers", 2),)), Tier(None, (Demand("approvers", 3),)))
    rules = tuple(
        replace(rule, tiers=tiers) if isinstance(rule, Approvals) else rule
        for rule in world.policy.rules
    )
    policy = replace(world.policy, rules=rules)
    large = world.withdrawal()
    void = world.withdrawal(
        purpose="void", payments=(), voids=large.id, sequence=2, previous=large.id
    )
    assert [demand.count for demand in policy.demands(large)] == [3]
    assert [demand.count for demand in policy.demands(void)] == [2]
