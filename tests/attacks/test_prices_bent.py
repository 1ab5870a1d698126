"""The thief holds every online machine and wants another price: no sheet of his choice counts.

A low price makes every limit in yen wide. What counts is the one sheet that the approved withdrawal
names, if the officers of the policy in force have signed it, for this vault and this time.
"""

import pytest
from by_value import LIFE, YEN, Estate
from world import HEIGHT, World

from policies.chain import Known
from policies.errors import Refused
from policies.prices import Life
from signer.core.names import Height

CHEAP = YEN // 100


@pytest.fixture(scope="module")
def estate():
    """One for all: it holds no state."""
    return Estate()


def refused(estate, head, *papers, **memory):
    """The rules that refuse."""
    with pytest.raises(Refused) as caught:
        estate.examined(head, papers, **memory)
    return [refusal.rule for refusal in caught.value.refusals]


def test_the_honest_way(estate):
    """Ninety thousand yen pass by the limit in yen, and one satoshi more does not."""
    sheet = estate.sheet()
    papers = [estate.sealed(sheet)]
    passed = estate.examined(estate.head(sheet, amount=900_000), papers)
    assert passed.evidence.sheet == sheet
    assert passed.policy.policy.id == estate.main.policy.id
    head = estate.head(sheet, amount=900_001)
    assert refused(estate, head, *papers) == ["amounts.per_payment"]


def test_a_sheet_that_nobody_signed_decides_nothing(estate):
    """The coordinator's own price, with no signature, one, one twice, or strangers'."""
    cheap, thief = estate.sheet(price=CHEAP), World(seed=1)
    head = estate.head(cheap, amount=900_001)
    alone = estate.sealed(cheap, "alice")
    twice = estate.sealed(cheap, "alice", "alice")
    strangers = estate.sealed(cheap, "alice", "bob", world=thief)
    unsigned = type(alone)(alone.payload_type, alone.payload)
    for envelope in (unsigned, alone, twice, strangers):
        assert refused(estate, head, envelope) == ["prices.quorum"]


def test_a_sheet_changed_after_it_was_signed_is_another(estate):
    """Its id is that of its bytes: the withdrawal names the one that approvers saw."""
    sheet, cheap = estate.sheet(), estate.sheet(price=CHEAP)
    head = estate.head(sheet, amount=900_001)
    forged = type(estate.sealed(sheet))(
        estate.sealed(sheet).payload_type, cheap.payload, estate.sealed(sheet).signatures
    )
    assert "prices.missing" in refused(estate, head, forged)


def test_two_valid_sheets_at_once(estate):
    """Both are signed and alive: only the one that the withdrawal names counts."""
    sheet, cheap = estate.sheet(), estate.sheet(2, price=CHEAP)
    head = estate.head(sheet, amount=900_001)
    papers = [estate.sealed(cheap), estate.sealed(sheet)]
    assert refused(estate, head, *papers) == ["amounts.per_payment"]
    assert "prices.missing" in refused(estate, head, estate.sealed(cheap))


def test_no_sheet_at_all(estate):
    """Stripped, or never named: limits in yen let nothing pass. A void needs none."""
    sheet = estate.sheet()
    assert refused(estate, estate.head(sheet))[:1] == ["amounts.per_payment"]
    assert "prices.missing" in refused(estate, estate.head(sheet))
    bare = estate.main.withdrawal()
    assert "prices.missing" in refused(estate, bare, estate.sealed(sheet))


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"life": Life(Height(HEIGHT - 101), LIFE.expiry)}, "prices.age"),
        ({"life": Life(LIFE.height, Height(HEIGHT + 99))}, "prices.age"),
        ({"life": Life(Height(HEIGHT + 1), LIFE.expiry)}, "prices.early"),
        ({"network": "main"}, "prices.network"),
        ({"unit": "USD"}, "prices.unit"),
        ({"vaults": ("11" * 32,)}, "prices.vault"),
    ],
)
def test_a_sheet_for_another_time_place_or_unit(estate, changes, rule):
    """Signed by the right officers, and not for this: too old, too new, elsewhere."""
    sheet = estate.sheet(**changes)
    assert rule in refused(estate, estate.head(sheet, amount=1_000), estate.sealed(sheet))


def test_a_withdrawal_that_outlives_its_prices(estate):
    """Lying about the own height does not help: what counts is how long it may be signed."""
    sheet = estate.sheet(life=Life(Height(HEIGHT - 190), LIFE.expiry))
    head = estate.head(sheet, amount=1_000, height=Height(HEIGHT - 50), expiry=Height(HEIGHT + 11))
    assert "prices.age" in refused(estate, head, estate.sealed(sheet))
    shorter = estate.head(sheet, amount=1_000, expiry=Height(HEIGHT + 10))
    assert estate.examined(shorter, [estate.sealed(sheet)]).passed


def test_an_older_sheet_that_is_still_alive(estate):
    """The price was lower an hour ago: who has seen number 8 takes no 7, nor another 8."""
    newer, older, other = (estate.sheet(n, price=p) for n, p in ((8, YEN), (7, CHEAP), (8, CHEAP)))
    own = Known(papers={"prices": (8, newer.id)})
    for sheet in (older, other):
        head = estate.head(sheet)
        assert refused(estate, head, estate.sealed(sheet), own=own) == ["prices.older"]
    assert estate.examined(estate.head(newer), [estate.sealed(newer)], own=own).passed
    # a raised fee for what is known already keeps its sheet
    head = estate.head(older)
    own = Known({1: head.id}, head.height, papers={"prices": (8, newer.id)})
    assert estate.examined(head, [estate.sealed(older)], own=own).passed


def test_a_signer_remembers_the_number(estate, tmp_path):
    """What it signed with is in its journal, and holds after a restart."""
    from signer.sign.sign import sign
    from signer.sign.state import State

    newer, older = estate.sheet(8), estate.sheet(7, price=CHEAP)
    state = estate.main.state(tmp_path / "home")
    state.enrol(estate.annex.vault_envelope, [estate.annex.policy_envelope])
    checked = estate.examined(estate.head(newer), [estate.sealed(newer)])
    sign(checked, checked.facts.psbt.raw, estate.main.key(), state)
    again = State(tmp_path / "home").vaults[estate.vaults[0]].enrolment.known
    assert again.papers == {"prices": (8, newer.id)}
    before = [checked.approved.withdrawal]
    head = estate.head(older, before=before, height=HEIGHT)
    papers = [estate.sealed(older), estate.sealed(newer)]
    assert refused(estate, head, *papers, before=before, own=again) == ["prices.older"]


def test_a_price_that_fell_makes_no_room(estate):
    """What left in the morning counts at its own price, and its sheet may not be hidden."""
    morning, noon = estate.sheet(1), estate.sheet(2, price=CHEAP)
    before = estate.chain(estate.main, 900_000, prices=morning)
    head = estate.head(noon, before=before, amount=900_000)
    papers = [estate.sealed(morning), estate.sealed(noon)]
    assert estate.examined(head, papers, before=before).passed, "90,000 and 900 yen"
    two = estate.chain(estate.main, 900_000, 110_000, prices=morning)
    head = estate.head(noon, before=two, amount=1_000)
    assert refused(estate, head, *papers, before=two) == ["group.windows"]
    assert refused(estate, head, papers[1], before=two) == ["group.windows"]
    # hidden, it counts as more than any limit, however little it was
    little = estate.chain(estate.main, 1_000, prices=morning)
    head = estate.head(noon, before=little, amount=1_000)
    assert estate.examined(head, papers, before=little).passed
    assert refused(estate, head, papers[1], before=little) == ["group.windows"]


def test_papers_of_another_kind_are_no_papers(estate):
    """A policy among them, or a snapshot in place of the sheet."""
    from policies.errors import BadInput

    sheet, snapshot = estate.sheet(), estate.snapshot()
    head = estate.head(sheet)
    with pytest.raises(BadInput, match="strange paper"):
        estate.examined(head, [estate.sealed(sheet), estate.main.policy_envelope])
    assert "prices.missing" in refused(estate, estate.head(snapshot), estate.sealed(snapshot))
