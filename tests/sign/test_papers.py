"""What the signer judges and remembers where limits count by value, over several vaults."""

import pytest
from by_value import Estate, known

from policies.chain import Known
from signer.core.errors import Refused
from signer.core.journal import Journal
from signer.core.names import Height
from signer.sign.review import review
from signer.sign.sign import sign
from signer.sign.state import State


@pytest.fixture(scope="module")
def estate():
    """One for all: it holds no state."""
    return Estate()


def signed(estate, home, head, papers, *, annex=(), before=()):
    """Let alice sign at a home that has enrolled both vaults; give what it remembers then."""
    state = State(home) if (home / "journal.jsonl").exists() else estate.main.state(home)
    if estate.annex.vault.id not in state.vaults:
        state.enrol(estate.annex.vault_envelope, [estate.annex.policy_envelope])
    checked = estate.examined(head, papers, annex=annex, before=before)
    sign(checked, checked.facts.psbt.raw, estate.main.key(), state)
    return State(home)


def test_the_papers_reach_the_rules_and_the_officer(estate):
    """With its sheet a payment is judged and told by worth; without it, nothing passes."""
    sheet = estate.sheet()
    head = estate.head(sheet, amount=900_000)
    checked = estate.examined(head, [estate.sealed(sheet)])
    assert checked.evidence.sheet == sheet
    told = review(checked, known_epoch=1, signed_before=()).rests_on
    assert told[0] == "price sheet 1, signed by alice, bob"
    assert told[1].startswith("worth 90 000 JPY")
    with pytest.raises(Refused):
        estate.examined(head, [])


def test_what_the_other_vault_paid_counts_for_whoever_knows_it(estate):
    """A signer that has verified more of the annex than the withdrawal names refuses."""
    sheet = estate.sheet()
    annex = estate.chain(estate.annex, 100_000, 200_000, prices=sheet)
    papers, head = [estate.sealed(sheet)], estate.head(sheet, annex[:1])
    assert estate.examined(head, papers, annex=annex[:1], known=known(annex[0])).passed
    with pytest.raises(Refused):
        estate.examined(head, papers, annex=annex[:1], known=known(*annex))


def test_a_signature_pins_what_it_counted(estate, tmp_path):
    """The annex's chain, with its height and its voids, in a line of its own before the signature.

    From then on the annex cannot be told otherwise here, in a new process neither.
    """
    sheet = estate.sheet(3)
    first = estate.chain(estate.annex, 100_000, prices=sheet)[0]
    void = estate.annex.withdrawal(
        sequence=2,
        previous=first.id,
        purpose="void",
        voids=first.id,
        payments=(),
        anchor=first.anchor,
        height=Height(first.height + 1),
        grounds=first.grounds,
    )
    annex = [first, void]
    head = estate.head(sheet, annex, amount=200_000)
    state = signed(estate, tmp_path, head, [estate.sealed(sheet)], annex=annex)
    remembered = state.vaults[estate.annex.vault.id].enrolment.known
    assert remembered == Known({1: first.id, 2: void.id}, void.height, {}, frozenset({first.id}))
    own = state.vaults[estate.main.vault.id].enrolment.known
    assert own == Known({1: head.id}, head.height, papers={"prices": (3, sheet.id)})
    lines = Journal.open(tmp_path).entries()
    assert [line.event for line in lines[-2:]] == ["follow", "sign"]
    assert lines[-2].fields["vault"] == estate.annex.vault.id


def test_the_newest_paper_is_remembered(estate, tmp_path):
    """A raised fee keeps the older sheet of its withdrawal, and makes nobody forget the newer."""
    older, newer = estate.sheet(7), estate.sheet(8)
    first = estate.head(older, amount=100_000)
    signed(estate, tmp_path, first, [estate.sealed(older)])
    second = estate.head(newer, before=[first], amount=100_000)
    papers = [estate.sealed(older), estate.sealed(newer)]
    signed(estate, tmp_path, second, papers, before=[first])
    state = signed(estate, tmp_path, first, [estate.sealed(older)])
    own = state.vaults[estate.main.vault.id].enrolment.known
    assert own.papers == {"prices": (8, newer.id)}
    assert own.ids == {1: first.id, 2: second.id}
