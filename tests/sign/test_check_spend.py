"""Steps 7 and 8: what was approved is done exactly; and the rules."""

from dataclasses import replace

import pytest
from verdicts import refused, under
from world import COIN_AMOUNT, HEIGHT, DraftOutput, World

from policies.decide import Verdict
from policies.rules import Amounts, Destinations, Fees
from policies.rules.destinations import Entry, Group
from policies.withdrawal import Anchor
from signer.core.errors import BadInput, Fault, Refused
from signer.core.names import Height, Sats
from signer.core.vault import RECEIVE
from signer.sign import check as check_module
from signer.sign.check import SEQUENCE, examine

# step 7: payments


def expect_payments(world: World, tamper) -> None:
    """Expect that the outputs are not the approved payments, and nothing else is wrong."""
    assert refused(world, world.bundle(tamper=tamper)) == [(7, "transaction.payments")]


def test_step_7_a_swapped_destination(world):
    """The refusal tells both addresses in full."""

    def tamper(draft):
        draft.outputs[0].script = world.foreign_script()

    with pytest.raises(Refused) as refusal:
        world.examine(world.bundle(tamper=tamper))
    assert refusal.value.refusals[0].rule == "transaction.payments"
    assert refusal.value.fault is Fault.COORDINATOR
    assert world.payment().address in refusal.value.expected
    assert world.payment(payee=66).address in refusal.value.found


@pytest.mark.parametrize("by", [-1, 1])
def test_step_7_an_amount_off_by_one(world, by):
    """In either direction."""

    def tamper(draft):
        draft.outputs[0].amount += by

    expect_payments(world, tamper)


def test_step_7_an_extra_output(world):
    """One satoshi to anybody."""
    expect_payments(
        world, lambda draft: draft.outputs.append(DraftOutput(1, world.foreign_script()))
    )


def test_step_7_an_extra_output_without_an_address(world):
    """Nothing at all to a note: the script is told."""

    def tamper(draft):
        draft.outputs.append(DraftOutput(0, b"\x6a\x01\x00"))

    with pytest.raises(Refused) as refusal:
        world.examine(world.bundle(tamper=tamper))
    assert "script 6a0100" in refusal.value.found
    assert refusal.value.expected == "nothing else"


def test_step_7_a_missing_payment(world):
    """The change takes it all: the beneficiary gets nothing."""

    def tamper(draft):
        draft.outputs[-1].amount += draft.outputs.pop(0).amount

    expect_payments(world, tamper)
    with pytest.raises(Refused) as refusal:
        world.examine(world.bundle(tamper=tamper))
    assert refusal.value.expected == f"0.003 000 00 BTC to {world.payment().address}"
    assert refusal.value.found == "less"


def test_step_7_payments_are_a_multiset(world):
    """Two equal payments are two outputs: paying one of them, or their sum, is not enough."""
    envelope = world.approve(world.withdrawal(payments=(world.payment(), world.payment())))
    assert len(world.examine(world.bundle(envelope)).facts.externals) == 2

    def once(draft):
        draft.outputs[-1].amount += draft.outputs.pop(0).amount

    def merged(draft):
        draft.outputs[1].amount += draft.outputs.pop(0).amount

    for tamper in (once, merged):
        raw = world.bundle(envelope, tamper=tamper)
        assert refused(world, raw) == [(7, "transaction.payments")]


def test_step_7_an_address_in_either_case_is_the_same_script(world):
    """Approved once as we write it, once in capitals (BIP173): two payments to one destination."""
    loud = world.payment()._replace(address=world.payment().address.upper())
    envelope = world.approve(world.withdrawal(payments=(world.payment(), loud)))
    assert len({o.script for o in world.examine(world.bundle(envelope)).facts.externals}) == 1

    def elsewhere(draft):
        draft.outputs[1].script = world.foreign_script()

    assert refused(world, world.bundle(envelope, tamper=elsewhere)) == [(7, "transaction.payments")]


def test_step_7_the_order_of_outputs_is_free(world):
    """A random order hides which output is the change."""
    envelope = world.approve(world.withdrawal(payments=(world.payment(), world.payment(payee=2))))
    raw = world.bundle(envelope, tamper=lambda draft: draft.outputs.reverse())
    assert world.examine(raw).facts.outputs[0].change_index == 0


def test_step_7_many_differences_are_told_briefly(world):
    """A few of them, and how many more."""

    def tamper(draft):
        draft.outputs += [DraftOutput(1, world.foreign_script(n)) for n in range(70, 75)]

    with pytest.raises(Refused) as refusal:
        world.examine(world.bundle(tamper=tamper))
    assert refusal.value.found.endswith("; and 2 more")

    def three(draft):
        draft.outputs += [DraftOutput(1, world.foreign_script(n)) for n in range(70, 73)]

    with pytest.raises(Refused) as refusal:
        world.examine(world.bundle(tamper=three))
    assert refusal.value.found.count(" to ") == 3
    assert "more" not in refusal.value.found


def test_step_7_an_address_of_another_network_is_bad_input(world):
    """Approved by mistake: no signer can tell what it should mean."""
    address = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
    payment = world.payment()._replace(address=address)
    raw = world.bundle(tamper=None, coins=world.coins)
    envelope = world.approve(world.withdrawal(payments=(payment,)))

    def tamper(draft):
        draft.documents = draft.documents._replace(withdrawal=envelope)

    assert raw
    with pytest.raises(BadInput, match="another network"):
        world.examine(world.bundle(tamper=tamper))


# step 7: anchor, clock, form


def test_step_7_the_anchor_is_not_spent(world):
    """A replay of an approved withdrawal with other coins."""
    raw = world.bundle(coins=world.coins[1:])
    assert refused(world, raw) == [(7, "transaction.anchor")]


def test_step_7_the_anchor_is_an_output_and_not_a_transaction(world):
    """The same transaction, another output."""
    anchor = Anchor(world.coins[0].tx.txid, 0)
    raw = world.bundle(world.approve(world.withdrawal(anchor=anchor)))
    assert refused(world, raw) == [(7, "transaction.anchor")]


def test_step_7_other_coins_beside_the_anchor_are_fine(world):
    """A version with more coins spends the anchor too: only one version can confirm."""
    assert len(world.examine(world.bundle(coins=world.coins)).facts.inputs) == 3


@pytest.mark.parametrize("lock_time", [0, HEIGHT - 1, HEIGHT + 1, 500_000_000, 0xFFFFFFFF])
def test_step_7_another_lock_time(world, lock_time):
    """The transaction's clock is the withdrawal's (and the timing rule would say so, too)."""
    raw = world.bundle(tamper=lambda draft: setattr(draft, "lock_time", lock_time))
    assert refused(world, raw) == [(7, "transaction.lock_time")]


@pytest.mark.parametrize("sequence", [0xFFFFFFFF, 0xFFFFFFFE, SEQUENCE - 1, 0, 1])
def test_step_7_another_sequence(world, sequence):
    """Final inputs switch nLockTime off; small numbers make an input wait (BIP68)."""

    def tamper(draft):
        draft.inputs[-1].sequence = sequence

    raw = world.bundle(tamper=tamper, coins=world.coins[:2])
    with pytest.raises(Refused) as refusal:
        world.examine(raw)
    assert [r.rule for r in refusal.value.refusals] == ["transaction.sequence"]
    assert refusal.value.found == "another in input 1"


@pytest.mark.parametrize("version", [0, 1, 3, 0xFFFFFFFF])
def test_step_7_another_version(world, version):
    """Only version 2."""
    raw = world.bundle(tamper=lambda draft: setattr(draft, "version", version))
    assert refused(world, raw) == [(7, "transaction.version")]


def test_the_form_of_an_honest_transaction_is_fixed(world):
    """Version 2 (BIP68), and the largest sequence that is replaceable (BIP125): all look alike."""
    tx = world.examine(world.bundle()).facts.psbt.tx
    assert (tx.version, tx.inputs[0].sequence) == (2, 0xFFFFFFFD)


def test_step_7_tells_all_its_reasons_at_once(world):
    """An officer sees the whole extent of it."""

    def tamper(draft):
        draft.version, draft.lock_time = 1, 0
        draft.outputs[0].amount += 1

    assert refused(world, world.bundle(tamper=tamper)) == [
        (7, "transaction.payments"),
        (7, "transaction.lock_time"),
        (7, "transaction.version"),
    ]


# step 8


def test_step_8_every_rule_is_asked_and_every_reason_told(world):
    """A payment and a fee that are too large."""
    payment = world.payment(amount=6_000_000)
    coins = [world.coin(RECEIVE, 0, amount=10 * COIN_AMOUNT, salt=1)]
    envelope = world.approve(
        world.withdrawal(
            payments=(payment,),
            anchor=Anchor(coins[0].tx.txid, 1),
            expiry=Height(HEIGHT + 145),
        )
    )
    assert refused(world, world.bundle(envelope, coins=coins, fee=100_001)) == [
        (8, "amounts.per_payment"),
        (8, "fees.max_fee"),
        (8, "fees.max_rate"),
        (8, "fees.approved"),
        (8, "timing.max_lifetime_blocks"),
    ]


def test_step_8_the_fee_that_the_officers_approved(world):
    """At the ceiling it passes, one satoshi above it does not."""
    envelope = world.approve(world.withdrawal(fee_ceiling=Sats(2_000)))
    assert world.examine(world.bundle(envelope, fee=2_000)).facts.fee == 2_000
    assert refused(world, world.bundle(envelope, fee=2_001)) == [(8, "fees.approved")]


def test_step_8_the_fee_rate_is_of_the_real_size(world):
    """At exactly the ceiling of sat/vB it passes, one satoshi above it does not."""
    size = world.examine(world.bundle()).facts.vsize
    rules = (Amounts(Sats(5_000_000)), Fees(Sats(1_000_000), 20), *world.policy.rules[2:])
    policy = replace(world.policy, rules=rules)
    envelope = world.approve(world.withdrawal(policy=policy.id))
    options = {"policies": [world.admit(policy)]}
    known = under(world, policy)
    assert examine(world.bundle(envelope, fee=20 * size, **options), known).facts.vsize == size
    with pytest.raises(Refused) as refusal:
        examine(world.bundle(envelope, fee=20 * size + 1, **options), known)
    assert refusal.value.refusals[0].rule == "fees.max_rate"


def test_step_8_a_destination_that_is_not_on_the_list(world):
    """Approved by a quorum, and still not allowed."""
    group = Group((Entry(world.payment(payee=2).address, 0, Height(0)),))
    rules = (*world.policy.rules, Destinations("listed", {"hot": group}))
    policy = replace(world.policy, rules=rules)
    known = under(world, policy)
    options = {"policies": [world.admit(policy)]}
    with pytest.raises(Refused) as refusal:
        examine(world.bundle(world.approve(world.withdrawal(policy=policy.id)), **options), known)
    assert refusal.value.refusals[0].rule == "destinations.listed"
    good = world.withdrawal(policy=policy.id, payments=(world.payment(payee=2),))
    assert examine(world.bundle(world.approve(good), **options), known).passed


def test_step_8_denies_by_default(world, monkeypatch):
    """A verdict without reasons, and without the mandatory rules either, is a no."""
    monkeypatch.setattr(check_module, "decide", lambda *_: Verdict((), ()))
    assert refused(world, world.bundle()) == [(8, "policy.default")]
