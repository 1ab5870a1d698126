"""The thief hides what the vault next door has paid: limits that vaults share count every chain.

The withdrawal says where each chain stands, and its approvers commit to that. A chain that is not
there, cut short, forked, or older than what a signer has seen is refused; so is a refill that is
split over the vaults, and a snapshot from before it.
"""

import pytest
from by_value import HOT_PAYEE, LIFE, Estate, known
from world import HEIGHT

from policies.chain import Known
from policies.errors import Refused
from policies.grounds import Grounds, Stand
from policies.prices import Life
from signer.core.names import Height
from signer.record.judge import approval
from signer.sign.check import Enrolment, examine
from signer.sign.state import Memory


@pytest.fixture(scope="module")
def estate():
    """One for all: it holds no state."""
    return Estate()


def refused(estate, head, papers, **memory):
    """The rules that refuse."""
    with pytest.raises(Refused) as caught:
        estate.examined(head, papers, **memory)
    return [refusal.rule for refusal in caught.value.refusals]


@pytest.fixture(scope="module")
def paid(estate):
    """The annex has paid 70,000 yen within the day: 30,000 are left."""
    return estate.chain(estate.annex, 300_000, 400_000)


@pytest.fixture(scope="module")
def sheet(estate):
    """The day's prices."""
    return estate.sheet()


@pytest.fixture(scope="module")
def papers(estate, sheet):
    """Signed."""
    return [estate.sealed(sheet)]


def test_all_chains_count_together(estate, sheet, papers, paid):
    """30,000 yen more pass, and one satoshi above does not."""
    assert estate.examined(estate.head(sheet, paid, amount=300_000), papers, annex=paid).passed
    head = estate.head(sheet, paid, amount=300_001)
    assert refused(estate, head, papers, annex=paid) == ["group.windows"]


def test_a_chain_that_is_not_named(estate, sheet, papers, paid):
    """Nothing about the annex, or a vault of nobody in its place."""
    for chains in ((), (Stand("22" * 32, 0, None),)):
        head = estate.head(sheet, grounds=Grounds(sheet.id, None, chains))
        assert refused(estate, head, papers, annex=paid) == ["group.chains"]


def test_a_chain_that_is_not_there(estate, sheet, papers, paid):
    """Named and left out, or cut at its end."""
    head = estate.head(sheet, paid)
    assert refused(estate, head, papers) == ["group.absent"]
    assert refused(estate, head, papers, annex=paid[:1]) == ["group.absent"]


def test_a_chain_that_is_cut_at_its_beginning(estate, sheet, papers, paid):
    """A signer that knows nothing of it wants it all; one that does wants what is in the day."""
    head = estate.head(sheet, paid, amount=300_001)
    assert "chain.behind" in refused(estate, head, papers, annex=paid[1:])
    memory = known(paid[0])
    assert "chain.window" in refused(estate, head, papers, annex=paid[1:], known=memory)


def test_a_chain_of_others_making(estate, sheet, papers, paid):
    """Smaller payments under the same numbers: not what the signer has verified."""
    fork = estate.chain(estate.annex, 1_000, 1_000)
    head = estate.head(sheet, fork, amount=900_000)
    assert refused(estate, head, papers, annex=fork, known=known(*paid)) == ["chain.known"]
    loose = [fork[0], paid[1]]
    head = estate.head(sheet, loose, amount=900_000)
    assert refused(estate, head, papers, annex=loose)[0] == "chain.previous"


def test_a_chain_that_went_back(estate, sheet, papers, paid):
    """The state before the last payment, or none at all: what a signer has seen stays."""
    for older in (paid[:1], ()):
        head = estate.head(sheet, older)
        found = refused(estate, head, papers, annex=older, known=known(*paid))
        assert found == ["group.rollback"]
    # an approval that this machine gave counts as seen, too
    given = Known(approved={2: paid[1].id})
    head = estate.head(sheet, paid[:1])
    assert refused(estate, head, papers, annex=paid[:1], known=given) == ["group.rollback"]


def test_what_is_known_already_keeps_its_grounds(estate, sheet, papers, paid):
    """A raised fee for an older withdrawal: whatever came later has counted it."""
    head = estate.head(sheet, paid[:1])
    own = known(head)
    assert estate.examined(head, papers, annex=paid[:1], known=known(*paid), own=own).passed


def test_a_signer_that_does_not_know_the_other_vault(estate, sheet, papers, paid):
    """It could not say which chain is the true one: it has to be enrolled there."""
    head = estate.head(sheet, paid)
    main = estate.main

    from policies.envelope import Envelope

    foreign = [Envelope.wrap("withdrawal", link.payload) for link in paid]

    def bring(draft):
        draft.documents = draft.documents._replace(papers=(*papers, *foreign))

    raw = main.bundle(main.approve(head), tamper=bring)
    with pytest.raises(Refused) as caught:
        examine(raw, {main.vault.id: Enrolment(main.vault, main.trusted())})
    assert [one.rule for one in caught.value.refusals] == ["group.enrolled"]


def test_a_lie_about_the_other_chains_height(estate, paid):
    """A sheet of a later height is refused, and an older one only lets more count."""
    late = estate.sheet(life=Life(Height(HEIGHT + 168), Height(HEIGHT + 190)))
    head = estate.head(late, paid, amount=300_001)
    assert "prices.early" in refused(estate, head, [estate.sealed(late)], annex=paid)
    early = estate.sheet(life=Life(Height(HEIGHT - 90), LIFE.expiry))
    head = estate.head(early, paid, amount=300_001)
    assert refused(estate, head, [estate.sealed(early)], annex=paid) == ["group.windows"]


def test_grounds_that_no_rule_judges(estate, sheet, papers, paid):
    """A policy without the rules: the signer would remember a chain that nobody verified."""
    from world import World

    plain = World()
    head = plain.withdrawal(grounds=estate.head(sheet, paid).grounds)
    with pytest.raises(Refused) as caught:
        plain.examine(plain.bundle(plain.approve(head)))
    assert [r.rule for r in caught.value.refusals] == ["grounds.prices", "grounds.chains"]


def test_a_refill_split_over_the_vaults(estate, sheet, papers):
    """5% of 6,000,000 sat are 300,000: what the annex paid since the snapshot counts as hot."""
    snapshot = estate.snapshot(hot=100_000)
    papers = [*papers, estate.sealed(snapshot)]

    def refill(amount, annex=(), **changes):
        return estate.head(
            sheet, annex, amount=amount, payee=HOT_PAYEE, balances=snapshot, **changes
        )

    # 5% of 6.1 million: 305,000
    assert estate.examined(refill(205_000), papers).passed
    assert refused(estate, refill(205_100), papers) == ["hot.cap"]
    part = estate.chain(estate.annex, 105_000)
    assert estate.examined(refill(100_000, part), papers, annex=part).passed
    assert refused(estate, refill(100_100, part), papers, annex=part) == ["hot.cap"]
    # in parts from the own vault
    before = [refill(105_000)]
    head = refill(100_100, before=before)
    assert refused(estate, head, papers, before=before) == ["hot.cap"]
    # to somebody else it is no refill
    assert estate.examined(estate.head(sheet, amount=900_000), papers).passed


def test_a_refill_without_its_snapshot(estate, sheet, papers):
    """None named, none brought, one that too few have signed, or of other vaults."""
    snapshot = estate.snapshot()
    head = estate.head(sheet, payee=HOT_PAYEE, amount=1_000)
    assert refused(estate, head, papers) == ["hot.missing"]
    head = estate.head(sheet, payee=HOT_PAYEE, amount=1_000, balances=snapshot)
    assert refused(estate, head, papers) == ["hot.missing"]
    alone = [*papers, estate.sealed(snapshot, "alice")]
    assert refused(estate, head, alone) == ["hot.quorum"]
    one = estate.snapshot(cold={estate.vaults[0]: snapshot.cold[estate.vaults[0]]})
    head = estate.head(sheet, payee=HOT_PAYEE, amount=1_000, balances=one)
    assert refused(estate, head, [*papers, estate.sealed(one)]) == ["hot.vaults"]


def test_a_snapshot_replayed(estate, sheet, papers):
    """From before the refills: too old, or of a smaller number than this signer has seen."""
    old = estate.snapshot(life=Life(Height(HEIGHT - 101), LIFE.expiry))
    head = estate.head(sheet, payee=HOT_PAYEE, amount=1_000, balances=old)
    assert refused(estate, head, [*papers, estate.sealed(old)]) == ["hot.age"]
    first, second = estate.snapshot(1), estate.snapshot(2, hot=290_000)
    head = estate.head(sheet, payee=HOT_PAYEE, amount=100_000, balances=first)
    own = Known(papers={"balances": (2, second.id)})
    assert refused(estate, head, [*papers, estate.sealed(first)], own=own) == ["hot.older"]


def test_two_quorums_that_share_nobody(estate, sheet, papers):
    """A known limit: each counts without the other, if no machine sees both."""
    here, there = estate.head(sheet, amount=900_000), estate.chain(estate.annex, 900_000)
    assert estate.examined(here, papers).passed
    # whoever has seen the other one refuses
    assert refused(estate, here, papers, known=known(*there)) == ["group.rollback"]
    assert refused(estate, here, papers, known=Known(approved={1: there[0].id})) == [
        "group.rollback"
    ]


def test_an_approver_who_has_seen_the_other_one(estate, sheet, papers, paid):
    """The machine that two quorums share refuses the second: it has approved, or knows another."""

    def asked(head, seen, without=()):
        memories = {
            vault: Memory(enrolment, {}, {})
            for vault, enrolment in estate.enrolments(seen).items()
            if vault not in without
        }
        alice = estate.main.officers["alice"].key_id
        raw = estate.main.approve(head, ()).to_bytes()
        return approval(raw, memories, "alice", alice, papers)

    head = estate.head(sheet, paid)
    assert asked(head, known(*paid)).approver == "alice"
    other = estate.chain(estate.annex, 1_000, 1_000, 1_000)
    for seen, rule, without in (
        (Known(approved={3: other[2].id}), "group.rollback", ()),
        (known(*other), "group.rollback", ()),
        (Known(approved={2: other[1].id}), "group.known", ()),
        (known(), "group.enrolled", estate.vaults[1:]),
    ):
        with pytest.raises(Refused) as caught:
            asked(head, seen, without)
        assert [(one.step, one.rule) for one in caught.value.refusals] == [(6, rule)]
