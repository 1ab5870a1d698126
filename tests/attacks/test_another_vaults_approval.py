"""An approval given for one vault, or one chain, is carried to another.

The same officers guard several vaults: a training vault, a test network, last year's vault. Their
approval keys are the same, so that only what stands in the document tells an approval from another.
"""

import pytest
from defences import expect_each_alone_stops, instead, paid, refused, stolen, without
from world import Coin, World

from signer.core.errors import Refused
from signer.core.vault import RECEIVE
from signer.sign import facts
from signer.sign.check import examine

LATER = {"withdrawal.vault": 6, "withdrawal.policy": 6, "policy.vault": 8, "policy.policy": 8}
"""What would still see it, were step 2 gone: approvals, and the policy."""

NETWORK = {"vault.network": 2, "withdrawal.network": 6, "policy.network": 8}


@pytest.fixture(scope="module")
def training():
    """Another vault of the same officers and the same seeds."""
    return World("p2sh-p2wsh")


@pytest.fixture(scope="module")
def carried(world, training):
    """Coins of the vault, and an approval for the training vault.

    The thief wrote the request: its anchor, a hash that nobody looks up, is the real vault's.
    """
    assert {o.key_id for o in training.officers.values()} == set(world.policy.officers.values())
    envelope = training.approve(training.withdrawal(anchor=world.withdrawal().anchor))
    return world.bundle(envelope, policies=[world.policy_envelope])


def test_a_vault_that_is_not_enrolled_is_refused(world, training, carried):
    """Step 2: the withdrawal names another vault, and the id is shown in full."""
    problem = refused(world, carried, 2, "vault.enrolled", hint="compare the vault id")
    assert problem.found == training.vault.id


def test_a_signer_of_both_vaults_looks_at_the_coins(world, training, carried):
    """Step 3: none of the inputs is the training vault's."""
    with pytest.raises(Refused) as caught:
        examine(carried, {**world.enrolments(), **training.enrolments()})
    assert [r.rule for r in caught.value.refusals] == ["inputs.origins"]
    assert caught.value.hint


def test_without_those_checks_the_money_is_gone(world, carried, tmp_path):
    """A signer that takes its only vault for the one that is meant pays out real money."""
    with instead(facts, "enrolled", lambda _, vaults: next(iter(vaults.values()))):
        refused(world, carried, 6, "withdrawal.vault", "withdrawal.policy", hint="request it anew")
        tx = stolen(world, carried, tmp_path, *LATER)
    assert paid(tx, world.foreign_script(1)) == world.payment().amount


def test_each_later_lock_alone_stops_it(world, carried):
    """Whichever of them is left."""
    with instead(facts, "enrolled", lambda _, vaults: next(iter(vaults.values()))):
        expect_each_alone_stops(world, carried, LATER)


def test_an_approval_for_another_network_is_refused(world, tmp_path):
    """Play money on one chain, real money on the other: three locks, and each alone holds."""
    raw = world.bundle(world.approve(world.withdrawal(network="signet")))
    problem = refused(world, raw, 2, "vault.network", hint="an approval for one chain is none")
    assert (problem.expected, problem.found) == ("BTC regtest", "BTC signet")
    expect_each_alone_stops(world, raw, NETWORK)
    stolen(world, raw, tmp_path, *NETWORK)


def test_an_approval_for_another_coin_is_refused(world, tmp_path):
    """BCH has the same keys and the same addresses of old; the same three locks."""
    raw = world.bundle(world.approve(world.withdrawal(coin="BCH")))
    refused(world, raw, 2, "vault.network", hint="an approval for one chain is none for another")
    locks = {rule.replace("network", "coin"): step for rule, step in NETWORK.items()}
    locks = {"vault.network": locks.pop("vault.coin"), **locks}
    expect_each_alone_stops(world, raw, locks)
    stolen(world, raw, tmp_path, *locks)


def test_a_coin_of_another_vault_is_refused(world, training):
    """An input of the training vault beside ours: signatures for it would be worth something."""
    stray = training.coin(RECEIVE, 7)

    def tamper(draft):
        draft.inputs.append(training.draft_input(stray))

    refused(world, world.bundle(tamper=tamper), 3, "inputs.origins", hint="every key of the vault")


def test_a_foreign_coin_under_our_origins_is_refused(world, thief):
    """The thief's coin, claimed to be ours: its script is not the derived one."""
    stray = thief.coin(RECEIVE, 0)

    def tamper(draft):
        draft.inputs.append(world.draft_input(Coin(stray.tx, stray.vout, RECEIVE, 0)))
        draft.outputs[-1].amount += stray.output.amount

    raw = world.bundle(tamper=tamper)
    refused(world, raw, 3, "inputs.script", hint="the vault's own coins")
    with without("inputs.script"):
        assert len(world.examine(raw).facts.inputs) == 2


def test_a_policy_of_another_vault_is_refused(world, training):
    """Its policy beside its withdrawal does not help: this vault's is another."""
    envelope = training.approve(
        training.withdrawal(vault=world.vault.id, policy=training.policy.id)
    )
    raw = world.bundle(envelope, policies=[training.policy_envelope])
    refused(world, raw, 5, "policy.rollback", hint="give every policy in order")


def test_the_program_refuses(carried, program_refuses):
    """Exit code 3, and nothing is written."""
    program_refuses(carried, 2, "vault.enrolled")
