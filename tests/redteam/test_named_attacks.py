"""Every attack that has a name is refused, and by the step that the design gives it to."""

import pytest

from signer.redteam.attacks import changed_after_review, play
from signer.redteam.once import reading_once
from signer.redteam.shooting import Signers
from signer.redteam.table import ATTACKS, ON_BUNDLES
from signer.redteam.world import World


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name.replace(" ", "-"))
def test_it_is_refused_where_it_has_to_be(pair, attack):
    """No bundle of it is accepted, each is refused at one of its steps, and honest ones pass."""
    for thief in pair:
        with reading_once():
            played = play(attack, thief.world, thief.signers)
        assert not played.wrong
        assert played.shots
        assert {step for step, _ in played.refused} <= set(attack.steps)


def test_a_file_that_changes_after_the_review_is_not_signed(pair):
    """Step 10 reads the bytes again."""
    played = changed_after_review(pair[0].world, pair[0].signers)
    assert not played.wrong
    assert played.refused == ((10, "bytes.changed"),)


@pytest.mark.parametrize("corrupt", [0, 2])
def test_other_numbers_of_corrupt_officers_make_no_difference(corrupt, tmp_path):
    """The table holds without any corrupt officer, and with two, where each quorum needs three."""
    with reading_once():
        world = World("other numbers", tmp_path / "world", corrupt=corrupt)
        signers = Signers(world.stations, world.ledger, tmp_path / "work")
        for attack in set(ATTACKS) - set(ON_BUNDLES):  # those have nothing to do with officers
            assert not play(attack, world, signers).wrong, attack.name
