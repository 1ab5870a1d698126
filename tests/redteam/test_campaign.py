"""Generated attacks: no violation, not vacuous, and the same in every run of a seed."""

from collections import Counter
from dataclasses import replace

import pytest

from signer.redteam.campaign import EPISODE, Case, Job, Tally, Thief, work
from signer.redteam.once import reading_once
from signer.redteam.tricks import HONEST, KINDS, TRICKS

ATTACKS = 2_000


@pytest.fixture(scope="module")
def tally(pair) -> Tally:
    """Two thousand attacks."""
    return work(Job("tests", 1, 0, ATTACKS))


def test_two_thousand_attacks_steal_nothing(tally):
    """No signer accepts anything that the oracle has something against, and none crashes."""
    assert tally.attacks == ATTACKS
    assert not tally.broken, [finding.case for finding in tally.findings]
    assert not [kind for kind, step in tally.answers if step < 0]


def test_honest_bundles_are_accepted(tally):
    """Otherwise a signer that refuses everything would pass."""
    assert tally.honest >= ATTACKS // 10
    assert tally.accepted == tally.honest


def test_no_refusal_is_stricter_than_the_policy(tally):
    """What is refused of honest bundles and of the careless officers' has its reason twice."""
    assert tally.stricter == Counter()


def test_every_trick_is_played_and_every_step_refuses(tally):
    """No trick is dead, and no defence is out of reach."""
    assert set(tally.tricks) == set(TRICKS)
    assert {step for _, step in tally.answers} == set(range(9))
    assert {kind for kind, _ in tally.answers} == {*KINDS, "officers", "combined"}
    assert len(tally.rules) >= 50


def test_careless_officers_get_some_withdrawals_through_and_not_others(tally):
    """The policy's limits lie where the careless withdrawals fall."""
    accepted = tally.answers["officers", 0]
    refused = tally.answers["officers", 8]
    assert accepted >= ATTACKS // 100
    assert refused >= ATTACKS // 100


def test_the_same_seed_makes_the_same_attacks(pair):
    """However the work is cut into jobs."""
    whole, parts = work(Job("tests", 1, 0, 2 * EPISODE)), Tally()
    for first in (1, 0):
        parts.add(work(Job("tests", 1, first * EPISODE, EPISODE)))
    assert whole.answers == parts.answers
    assert whole.rules == parts.rules
    assert whole.tricks == parts.tricks


def test_another_seed_makes_other_attacks(pair):
    """Else a campaign could not be widened."""
    plans = [pair[0].plan(str(number)) for number in range(50)]
    assert plans == [pair[0].plan(str(number)) for number in range(50)]
    assert len({case.tricks for case in plans}) > 25


@pytest.mark.parametrize("trick", sorted(TRICKS))
def test_a_trick_on_an_honest_bundle_does_what_it_does_without_tripping(thief, trick):
    """Each works on some bundle, raises on none, and is the same for the same seed."""
    done = False
    for base in range(len(thief.world.bases)):
        for seed in range(3):
            case = Case("0", base, 0, "fresh", ((trick, seed),))
            used: Counter[str] = Counter()
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("signer.redteam.campaign._NONSENSE", ())
                raw, _ = thief.make(case, used)
            done = done or bool(used)
            assert raw == thief.make(case)[0]
    assert done


@pytest.mark.parametrize("trick", [name for name in TRICKS if name.startswith(HONEST)])
def test_each_honest_change_alone_is_accepted(thief, trick):
    """By a signer who knows nothing yet, and by nobody's leave."""
    for base in range(8):
        case = Case("0", base, 0, "fresh", ((trick, base),))
        answer = thief.signers.ask("fresh", thief.make(case)[0])
        assert answer.accepted, f"{thief.world.bases[base].name}: {answer.rule} {answer.words}"


def test_a_chain_grows_while_its_signer_accepts(thief):
    """So that windows fill up, and what was signed is remembered within an episode."""
    thief.signers.reset()
    with reading_once():
        thief.episode(0, EPISODE)
    lengths = {name: len(line) for name, line in thief._lines.items()}
    first = {name: thief.signers.newest(name) for name in thief.signers.names}
    assert any(lengths[name] > first[name] for name in first)
    assert all(lengths[name] >= first[name] for name in first)


def test_a_thief_who_cannot_reach_the_officers_plans_no_careless_withdrawals(thief):
    """Against a customer's own signers, there are no officers to mislead."""
    stranger = Thief(thief.world, thief.signers)
    assert any(stranger.plan(str(number)).base < 0 for number in range(40))
    careless = replace(stranger.plan("1"), base=-1, tricks=())
    assert careless.kind == "officers"
