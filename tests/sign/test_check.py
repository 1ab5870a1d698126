"""Steps 5 and 6: policy epochs, approvals and chain."""

from dataclasses import fields, replace

import pytest
from verdicts import refused, under
from world import COIN_AMOUNT, FEE, HEIGHT, INITIATOR, DraftOutput, World

from policies.chain import NOTHING, Known
from policies.epochs import trust_first
from policies.quorum import Demand, Role
from policies.rules import MANDATORY, Amounts, Consolidation, Timing
from policies.rules.windows import Window
from policies.withdrawal import Anchor, Withdrawal
from signer.core.errors import Refused
from signer.core.names import Height, Sats
from signer.sign.check import Checked, Enrolment, check, examine


def test_an_honest_bundle_passes_with_every_rule_in_words(world):
    """The way that it should go."""
    checked = world.examine(world.bundle())
    assert [passed.rule for passed in checked.passed] == [*MANDATORY]
    assert checked.approved.votes.signed == ("alice", "bob")
    assert checked.history == ()


def test_only_check_makes_a_checked_transaction(world):
    """The type is the proof: nobody else can make one."""
    checked = world.examine(world.bundle())
    parts = [getattr(checked, field.name) for field in fields(Checked)]
    for proof in (None, object()):
        with pytest.raises(TypeError, match="only check makes"):
            Checked(*parts, proof)


def test_check_goes_on_from_facts(world):
    """Steps 5 to 8 alone give the same as `examine`."""
    checked = world.examine(world.bundle())
    again = check(checked.facts, world.enrolments())
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


def test_step_6_a_void_expires_like_anything_else(world):
    """Its officers said until when; for another they are asked again."""
    first = world.withdrawal()
    terms = {"purpose": "void", "voids": first.id, "payments": (), "anchor": first.anchor}
    void = world.withdrawal(sequence=2, previous=first.id, **terms)
    raw = world.bundle(world.approve(void), predecessors=[first.payload])
    chain = {1: first.id, 2: void.id}
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
