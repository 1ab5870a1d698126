"""Steps 5 to 8: policy epochs, approvals and chain, what was approved, the rules."""

from dataclasses import replace

import pytest
from world import COIN_AMOUNT, FEE, HEIGHT, INITIATOR, DraftOutput, World

from policies.chain import NOTHING, Known
from policies.decide import Verdict
from policies.epochs import trust_first
from policies.quorum import Demand, Role
from policies.rules import MANDATORY, Amounts, Consolidation, Destinations, Fees, Timing
from policies.rules.destinations import Entry, Group
from policies.rules.windows import Window
from policies.withdrawal import Anchor, Withdrawal
from signer.core.errors import BadInput, Fault, Refused
from signer.core.names import DocumentId, Height, Sats
from signer.core.vault import RECEIVE
from signer.sign import check as check_module
from signer.sign.check import SEQUENCE, Checked, Enrolment, check, examine


def refused(world: World, raw: bytes, **memory: object) -> list[tuple[int, str]]:
    """Examine, expect a refusal, and give its steps and rules."""
    with pytest.raises(Refused) as refusal:
        world.examine(raw, **memory)
    return [(r.step, r.rule) for r in refusal.value.refusals]


def under(world: World, policy) -> dict[DocumentId, Enrolment]:
    """What a signer knows who enrolled with another first policy."""
    trusted = trust_first(world.admit(policy))
    return {world.vault.id: Enrolment(world.vault, trusted)}


def test_an_honest_bundle_passes_with_every_rule_in_words(world):
    """The way that it should go."""
    checked = world.examine(world.bundle())
    assert [passed.rule for passed in checked.passed] == [*MANDATORY]
    assert checked.approved.votes.signed == ("alice", "bob")
    assert checked.history == ()


def test_only_check_makes_a_checked_transaction(world):
    """The type is the proof: nobody else can make one."""
    checked = world.examine(world.bundle())
    with pytest.raises(TypeError):
        Checked(
            *(checked.facts, checked.newest, checked.policy, checked.approved, checked.history),
            *(checked.passed, checked.warnings, None),
        )


def test_check_goes_on_from_facts(world):
    """Steps 5 to 8 alone give the same as `examine`."""
    checked = world.examine(world.bundle())
    again = check(checked.facts, world.enrolments()[world.vault.id])
    assert again.passed == checked.passed
    assert again.digest == checked.digest


# step 5


def test_step_5_no_policy_in_the_bundle(world):
    """The bundle must bring the policy in force."""
    assert refused(world, world.bundle(policies=())) == [(5, "policy.rollback")]


def test_step_5_a_policy_of_another_vault(world):
    """It is not the one in force."""
    other = World(seed=1)
    raw = world.bundle(policies=[other.policy_envelope])
    assert refused(world, raw) == [(5, "policy.rollback")]


def test_step_5_another_policy_of_the_same_epoch(world):
    """A fork of epoch 1, signed by the admins themselves."""
    fork = replace(world.policy, loosening_delay=1)
    assert refused(world, world.bundle(policies=[world.admit(fork)])) == [(5, "policy.rollback")]


def second_epoch(world: World, **changes: object):
    """Epoch 2, its envelope, and a withdrawal approved under it."""
    policy = world.successor(**changes)
    return policy, world.approve(world.withdrawal(policy=policy.id))


def test_step_5_a_new_epoch_is_learned_from_the_bundle(world):
    """Signed by the quorums of the old admins and of its own."""
    policy, envelope = second_epoch(world)
    raw = world.bundle(envelope, policies=[world.policy_envelope, world.admit(policy)])
    assert world.examine(raw).policy.policy.epoch == 2


def test_step_5_a_new_epoch_needs_the_old_quorum(world):
    """New admins alone cannot let themselves in."""
    roles = {**world.policy.roles, "admins": Role("admins", ("carol", INITIATOR), 2)}
    policy, envelope = second_epoch(world, roles=roles)
    signed = world.admit(policy, ("carol", INITIATOR))
    raw = world.bundle(envelope, policies=[world.policy_envelope, signed])
    assert refused(world, raw) == [(5, "policy.old_quorum")]


def test_step_5_a_new_epoch_needs_its_own_quorum(world):
    """The new ones show that they hold their keys."""
    roles = {**world.policy.roles, "admins": Role("admins", ("carol", INITIATOR), 2)}
    policy, envelope = second_epoch(world, roles=roles)
    raw = world.bundle(envelope, policies=[world.policy_envelope, world.admit(policy)])
    assert refused(world, raw) == [(5, "policy.new_quorum")]


def test_step_5_an_epoch_in_between_is_missing(world):
    """Epoch 3 does not follow from epoch 1."""
    third = world.successor(world.successor())
    raw = world.bundle(policies=[world.policy_envelope, world.admit(third)])
    assert refused(world, raw)[0][1] in {"policy.skipped", "policy.previous"}


def looser(world: World, delay: int = 100, **changes: object):
    """A first policy with a delay, and a second with higher amounts that waits."""
    first = replace(world.policy, loosening_delay=delay)
    rules = (Amounts(Sats(6_000_000)), *world.policy.rules[1:])
    second = world.successor(first, rules=rules, **changes)
    return first, second


def judged(world: World, policy, *envelopes, known: Known = NOTHING, newest: int = 1, **terms):
    """Examine a withdrawal under a policy; `newest` of the envelopes are known."""
    trusted = trust_first(envelopes[0]).follow(envelopes[:newest])
    envelope = world.approve(world.withdrawal(policy=policy.id, **terms))
    raw = world.bundle(envelope, policies=envelopes)
    return examine(raw, {world.vault.id: Enrolment(world.vault, trusted, known)})


def test_step_5_a_looser_epoch_waits(world):
    """Before its height the one before governs, from there on it does; not both."""
    first, second = looser(world, proposed_height=Height(750), activation_height=Height(850))
    both = [world.admit(first), world.admit(second)]
    for newest in (1, 2):
        checked = judged(world, first, *both, newest=newest)
        assert (checked.policy.policy.epoch, checked.newest.policy.epoch) == (1, 2)
        checked = judged(
            world, second, *both, newest=newest, height=Height(850), expiry=Height(900)
        )
        assert (checked.policy.policy.epoch, checked.newest.policy.epoch) == (2, 2)
    late = {"height": Height(850), "expiry": Height(900)}
    for policy, terms in ((second, {}), (first, late)):
        with pytest.raises(Refused) as refusal:
            judged(world, policy, *both, newest=2, **terms)
        assert refusal.value.refusals[0].rule == "withdrawal.policy"


def test_step_5_once_it_governs_the_one_before_is_dead(world):
    """A signer that has seen its height takes no lower height under the old one."""
    first, second = looser(world, proposed_height=Height(750), activation_height=Height(850))
    both = [world.admit(first), world.admit(second)]
    head = world.withdrawal(policy=first.id)
    known = Known({1: head.id}, Height(850))
    with pytest.raises(Refused) as refusal:
        judged(world, first, *both, newest=2, known=known)
    assert refusal.value.refusals[0].rule == "withdrawal.policy"


def test_step_5_a_looser_epoch_met_in_a_transaction_waits_from_what_was_verified(world):
    """Proposed long ago, it claims; this signer knows better, or the chain that it brings does."""
    first, second = looser(world, activation_height=Height(800))
    both = [world.admit(first), world.admit(second)]
    head = world.withdrawal(policy=second.id)
    assert judged(world, second, *both).newest.policy.epoch == 2
    with pytest.raises(Refused) as refusal:
        judged(world, second, *both, known=Known({1: head.id}, Height(701)))
    assert refusal.value.refusals[0].rule == "policy.delay"
    accepted = judged(world, second, *both, known=Known({1: head.id}, Height(701)), newest=2)
    assert accepted.policy.policy.epoch == 2
    before = world.withdrawal(policy=first.id, height=Height(701))
    after = world.withdrawal(policy=second.id, sequence=2, previous=before.id)
    raw = world.bundle(world.approve(after), predecessors=[before.payload], policies=both)
    with pytest.raises(Refused) as refusal:
        examine(raw, {world.vault.id: Enrolment(world.vault, trust_first(both[0]))})
    assert refusal.value.refusals[0].rule == "policy.delay"


def test_step_5_withdrawals_in_flight_die_when_the_policy_tightens(world):
    """But for voids: they are judged by the new policy, under which a stolen key is no voice."""
    revoked = {
        "revoked": ("carol",),
        "roles": {
            "admins": Role("admins", ("alice", "bob"), 2),
            "approvers": Role("approvers", ("alice", "bob", INITIATOR), 2),
        },
    }
    policy = world.successor(activation_height=Height(9_000), **revoked)
    policies = [world.policy_envelope, world.admit(policy)]
    payment = world.withdrawal()
    raw = world.bundle(world.approve(payment), policies=policies)
    assert refused(world, raw)[0] == (6, "withdrawal.policy")
    for approvers, fine in ((("alice", "bob"), True), (("alice", "carol"), False)):
        raw = world.bundle(
            world.approve(void_of(world, payment), approvers),
            predecessors=[payment.payload],
            policies=policies,
        )
        if fine:
            assert world.examine(raw).policy.policy.epoch == 2
        else:
            assert refused(world, raw) == [(6, "approvals.quorum")]


def test_step_5_a_freeze_leaves_voids(world):
    """Everything else is refused, at once, under the new policy too."""
    rules = (*world.policy.rules[:-1], Timing(144, frozen=True))
    policy = world.successor(rules=rules)
    policies = [world.policy_envelope, world.admit(policy)]
    payment = world.withdrawal(policy=policy.id)
    raw = world.bundle(world.approve(payment), policies=policies)
    assert refused(world, raw) == [(8, "timing.frozen")]
    head = world.approve(void_of(world, payment, policy=policy.id))
    raw = world.bundle(head, predecessors=[payment.payload], policies=policies)
    assert world.examine(raw).approved.withdrawal.purpose == "void"


def test_step_5_a_signer_never_goes_back(world):
    """Who knows epoch 2 refuses a bundle of epoch 1, whatever it holds."""
    policy = world.successor()
    trusted = world.trusted().advance(world.admit(policy))
    with pytest.raises(Refused) as refusal:
        examine(world.bundle(), {world.vault.id: Enrolment(world.vault, trusted)})
    assert refusal.value.refusals[0].rule == "policy.rollback"


# step 6


def test_step_6_too_few_approvals(world):
    """One of two, and the refusal says who could."""
    raw = world.bundle(world.approve(world.withdrawal(), ("alice",)))
    with pytest.raises(Refused) as refusal:
        world.examine(raw)
    assert refusal.value.refusals[0].rule == "approvals.quorum"
    assert refusal.value.found == "alice"
    assert "carol" in refusal.value.expected


def test_step_6_one_officer_twice(world):
    """Two signatures of one key are one voice."""
    envelope = world.approve(world.withdrawal(), ("alice",))
    envelope = replace(envelope, signatures=envelope.signatures * 2)
    assert refused(world, world.bundle(envelope)) == [(6, "approvals.quorum")]


def test_step_6_the_initiator_does_not_count(world):
    """Who asks does not approve, and the refusal says so."""
    raw = world.bundle(world.approve(world.withdrawal(), ("alice", INITIATOR)))
    with pytest.raises(Refused) as refusal:
        world.examine(raw)
    assert refusal.value.refusals[0].rule == "approvals.quorum"
    assert INITIATOR in refusal.value.hint


def test_step_6_a_stranger_does_not_count(world):
    """A good signature by nobody in the policy."""
    stranger = World(seed=1).officers["bob"].approval
    envelope = world.approve(world.withdrawal(), ("alice",)).signed(stranger)
    assert refused(world, world.bundle(envelope)) == [(6, "approvals.quorum")]


def test_step_6_an_approval_of_another_withdrawal(world):
    """Signatures are over the exact bytes."""
    other = world.approve(world.withdrawal(why="another reason"))
    envelope = replace(world.approve(world.withdrawal(), ()), signatures=other.signatures)
    assert refused(world, world.bundle(envelope)) == [(6, "approvals.quorum")]


def test_step_6_a_withdrawal_under_another_policy(world):
    """It was approved for a policy that is not in force."""
    envelope = world.approve(world.withdrawal(policy=world.successor().id))
    assert refused(world, world.bundle(envelope)) == [(6, "withdrawal.policy")]


def test_step_6_expired_by_its_own_terms(world):
    """An expiry before its height."""
    envelope = world.approve(world.withdrawal(expiry=Height(HEIGHT - 1)))
    assert refused(world, world.bundle(envelope)) == [(6, "withdrawal.expired")]


def test_step_6_expired_by_what_this_signer_knows(world):
    """It has signed for a later height: that is a clock."""
    raw, chain = world.bundle(), {1: world.withdrawal().id}
    assert refused(world, raw, chain=chain, height=HEIGHT + 101) == [(6, "withdrawal.expired")]
    assert world.examine(raw, chain=chain, height=HEIGHT + 100).passed


def chained(world: World, **changes: object) -> tuple[Withdrawal, Withdrawal]:
    """A first withdrawal and a second that follows it."""
    first = world.withdrawal()
    return first, world.withdrawal(sequence=2, previous=first.id, **changes)


def test_step_6_a_chain_of_two(world):
    """The second brings the first, and the signer knows it."""
    first, second = chained(world)
    raw = world.bundle(world.approve(second), predecessors=[first.payload])
    assert world.examine(raw).history == (first,)
    assert world.examine(raw, chain={1: first.id}).history == (first,)


def test_step_6_the_history_is_missing(world):
    """A signer that does not know it says that it is behind; one that does goes on."""
    first, second = chained(world)
    raw = world.bundle(world.approve(second))
    assert refused(world, raw) == [(6, "chain.behind")]
    assert world.examine(raw, chain={1: first.id}, height=HEIGHT).history == ()


def test_step_6_the_history_does_not_cover_the_windows(world):
    """What the signer knows the ids of, it does not know the amounts of."""
    rules = (Amounts(Sats(5_000_000), windows=(Window(100, Sats(5_000_000)),)),)
    policy = replace(world.policy, rules=(*rules, *world.policy.rules[1:]))
    first = world.withdrawal(policy=policy.id, height=Height(HEIGHT - 99))
    second = world.withdrawal(policy=policy.id, sequence=2, previous=first.id)
    options = {"policies": [world.admit(policy)]}
    trusted = trust_first(world.admit(policy))
    known = Enrolment(world.vault, trusted, Known({1: first.id}, first.height))
    envelope = world.approve(second)
    with pytest.raises(Refused) as refusal:
        examine(world.bundle(envelope, **options), {world.vault.id: known})
    assert refusal.value.refusals[0].rule == "chain.window"
    whole = world.bundle(envelope, predecessors=[first.payload], **options)
    assert examine(whole, {world.vault.id: known}).history == (first,)


def test_step_6_another_withdrawal_than_the_one_approved_here(world):
    """An officer approved another second one at this machine."""
    first, second = chained(world)
    raw = world.bundle(world.approve(second), predecessors=[first.payload])
    other = world.withdrawal(sequence=2, previous=first.id, why="another reason")
    known = Enrolment(world.vault, world.trusted(), Known(approved={2: other.id}))
    with pytest.raises(Refused) as refusal:
        examine(raw, {world.vault.id: known})
    assert refusal.value.refusals[0].rule == "chain.known"


def test_step_6_another_withdrawal_than_the_one_known(world):
    """This signer approved or signed another first one."""
    known = world.withdrawal(why="another reason")
    assert refused(world, world.bundle(), chain={1: known.id}) == [(6, "chain.known")]
    first, second = chained(world)
    raw = world.bundle(world.approve(second), predecessors=[first.payload])
    assert refused(world, raw, chain={1: known.id}) == [(6, "chain.known")]


def test_step_6_a_height_that_goes_back(world):
    """Heights are the clock: they never decrease along the chain."""
    first, second = chained(world, height=Height(HEIGHT - 1))
    raw = world.bundle(world.approve(second), predecessors=[first.payload])
    assert refused(world, raw) == [(6, "chain.height")]


# purposes


def void_of(world: World, target: Withdrawal, **changes: object) -> Withdrawal:
    """The withdrawal after the target that cancels it."""
    terms = {"purpose": "void", "voids": target.id, "payments": (), "anchor": target.anchor}
    terms |= {"sequence": target.sequence + 1, "previous": target.id}
    return world.withdrawal(**(terms | changes))


def test_a_void_returns_everything_to_the_vault(world):
    """One input, the anchor; one output, change; the fee within what was approved."""
    first = world.withdrawal()
    head = world.approve(void_of(world, first))
    checked = world.examine(world.bundle(head, predecessors=[first.payload]))
    assert checked.facts.externals == ()
    assert checked.facts.change[0].amount == COIN_AMOUNT - checked.facts.fee


def test_a_void_that_pays_somebody_is_refused(world):
    """No payment was approved, so none may be there."""
    first = world.withdrawal()
    raw = world.bundle(
        world.approve(void_of(world, first)),
        predecessors=[first.payload],
        fee=FEE + 5_000,
        tamper=lambda draft: draft.outputs.append(DraftOutput(5_000, world.foreign_script())),
    )
    assert refused(world, raw) == [(7, "transaction.payments")]


def test_a_void_with_another_anchor_voids_nothing(world):
    """Then both could confirm, and the officers would be deceived."""
    first = world.withdrawal()
    other = Anchor(world.coins[1].tx.txid, world.coins[1].vout)
    head = world.approve(void_of(world, first, anchor=other))
    raw = world.bundle(head, predecessors=[first.payload], coins=world.coins[1:2])
    assert refused(world, raw) == [(6, "chain.voids")]


def test_a_voided_amount_still_counts_in_its_window(world):
    """Its signatures may be out: only the chain's consensus decides which one confirms."""
    rules = (Amounts(Sats(5_000_000), windows=(Window(1_000, Sats(500_000)),)),)
    policy = replace(world.policy, rules=(*rules, *world.policy.rules[1:]))
    first = world.withdrawal(policy=policy.id)
    second = void_of(world, first, policy=policy.id)
    third = world.withdrawal(policy=policy.id, sequence=3, previous=second.id)
    raw = world.bundle(
        world.approve(third),
        predecessors=[first.payload, second.payload],
        policies=[world.admit(policy)],
    )
    known = {world.vault.id: Enrolment(world.vault, trust_first(world.admit(policy)))}
    with pytest.raises(Refused) as refusal:
        examine(raw, known)
    assert [r.rule for r in refusal.value.refusals] == ["amounts.windows"]


def test_a_consolidation_needs_a_policy_that_allows_it(world):
    """Default deny; with the table, all coins come out as change."""
    rule = Consolidation(3, Sats(10_000), 100, (Demand("approvers", 2),))
    policy = replace(world.policy, rules=(*world.policy.rules, rule))
    for under_policy, fine in ((policy, True), (world.policy, False)):
        head = world.withdrawal(purpose="consolidation", payments=(), policy=under_policy.id)
        options = {"policies": [world.admit(under_policy)], "coins": world.coins}
        raw = world.bundle(world.approve(head), **options)
        known = under(world, under_policy)
        if fine:
            assert len(examine(raw, known).facts.inputs) == 3
        else:
            with pytest.raises(Refused) as refusal:
                examine(raw, known)
            assert refusal.value.refusals[0].rule == "policy.purpose"


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
    payment = replace(world.payment(), address=address)
    raw = world.bundle(tamper=None, coins=world.coins)
    envelope = world.approve(world.withdrawal(payments=(payment,)))

    def tamper(draft):
        draft.documents = replace(draft.documents, withdrawal=envelope)

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
