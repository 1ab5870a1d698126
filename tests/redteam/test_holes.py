"""The oracle can see: with one defence switched off, the redteam finds what comes through."""

import json
from itertools import count

import pytest
from holes import hole

from signer.core.errors import BadInput
from signer.redteam.attacks import play
from signer.redteam.campaign import EPISODE
from signer.redteam.once import reading_once
from signer.redteam.reproducer import replay, write
from signer.redteam.table import ATTACKS

ROWS = {attack.name: attack for attack in ATTACKS}

NAMED = {
    ("inputs.sum", "fees.negative"): ("more out than in", "fee.sum"),
    ("outputs.script",): ("foreign change", "outputs.foreign"),
    ("outputs.branch",): ("change on receive", "outputs.foreign"),
    ("outputs.gap",): ("change past the gap", "outputs.foreign"),
    ("outputs.change", "shape.max_change"): ("second change", "shape.max_change"),
    ("policy.old_quorum", "policy.new_quorum"): ("own policy", "withdrawal.approved"),
    ("policy.activation", "policy.delay"): ("loosened early", "policy.approved"),
    ("chain.known",): ("quorum shopping", "chain.one"),
    ("chain.height", "timing.min_age_between"): ("height lies", "chain.heights"),
    ("chain.voided",): ("voided", "chain.voided"),
    ("chain.voids",): ("anchor reused", "void.anchor"),
    ("chain.window", "policy.history"): ("history forgotten", "chain.window"),
    ("withdrawal.expired",): ("expired", "withdrawal.expired"),
    ("withdrawal.policy", "policy.policy"): ("policy rolled back", "policy.governing"),
    ("approvals.quorum", "approvals.role"): ("tier evasion", "approvals.quorum"),
    ("transaction.payments",): ("extra output", "outputs.foreign"),
    ("transaction.anchor",): ("anchor not spent", "anchor"),
    ("transaction.lock_time", "timing.height"): ("height lies", "lock_time"),
    ("transaction.sequence",): ("final sequences", "input.final"),
    ("amounts.per_payment",): ("bribed quorum", "amounts.per_payment"),
    ("amounts.per_withdrawal",): ("bribed quorum", "amounts.per_withdrawal"),
    ("amounts.windows",): ("velocity elsewhere", "amounts.windows"),
    ("amounts.per_destination",): ("velocity of one", "amounts.per_destination"),
    ("shape.dust",): ("bribed quorum", "shape.dust"),
    ("shape.max_outputs",): ("bribed quorum", "shape.max_outputs"),
    ("timing.max_lifetime_blocks",): ("bribed quorum", "timing.lifetime"),
    ("consolidation.max_inputs",): ("bribed quorum", "consolidation.max_inputs"),
    ("transaction.version",): ("final sequences", "version"),
    ("internal.per_withdrawal",): ("bribed quorum", "internal.per_withdrawal"),
    ("internal.windows",): ("bribed quorum", "internal.windows"),
    ("destinations.listed",): ("unlisted destination", "destinations.listed"),
    ("destinations.internal",): ("false purpose", "destinations.listed"),
    ("destinations.cooling",): ("cooling", "destinations.cooling"),
    ("destinations.windows",): ("bribed quorum", "destinations.windows"),
    ("fees.max_fee", "fees.max_rate", "fees.approved", "fees.share_ppm"): (
        "fee burn",
        "fees.max_fee",
    ),
    ("fees.windows",): ("fee drain", "fees.windows"),
    ("timing.max_height_jump",): ("height lies", "timing.max_height_jump"),
    ("timing.frozen",): ("frozen", "timing.frozen"),
}
"""Defences switched off together, all locks of one door; who comes in; what is violated."""

GENERATED = {
    ("approvals.quorum", "approvals.role"): {"withdrawal.approved", "approvals.quorum"},
    ("transaction.payments",): {"outputs.payments", "outputs.foreign"},
    ("transaction.lock_time", "timing.height"): {"lock_time"},
    ("chain.known",): {"chain.one"},
    ("inputs.witness_script", "outputs.origins"): {"crash"},
}
"""Defences without which generated attacks find something soon."""

SOON = 600
"""Attacks; a hole that takes more is not for a test of every day."""


@pytest.mark.parametrize("rules", NAMED, ids="+".join)
def test_a_named_attack_comes_through_each_hole(pair, rules):
    """The oracle sees what the signer then accepts; with the defence in place there is nothing."""
    name, violated = NAMED[rules]
    with hole(*rules), reading_once():
        played = play(ROWS[name], pair[0].world, pair[0].signers)
    assert violated in {one.rule for one in played.wrong}
    assert not play(ROWS[name], pair[0].world, pair[0].signers).wrong


def find(thief, rules):
    """Attack until something is found: the first finding, made as small as it goes."""
    with hole(*rules), reading_once():
        for episode in count():
            assert episode * EPISODE < SOON, "the campaign is blind"
            if found := thief.episode(episode, EPISODE).findings:
                return found[0]
    return None


@pytest.mark.parametrize("rules", GENERATED, ids="+".join)
def test_generated_attacks_find_a_hole_and_leave_a_reproducer(pair, rules, tmp_path):
    """Found, made small, written out; it comes through while the hole is open, and then no more."""
    finding = find(pair[0], rules)
    assert {one.rule for one in finding.violations} & GENERATED[rules]
    assert len(finding.case.tricks) <= 2
    path = write(finding, tmp_path / "findings")
    with hole(*rules):
        open_ = replay(path)
    assert open_.before == finding.violations
    assert {one.rule for one in open_.violations} & GENERATED[rules]
    closed = replay(path)
    assert closed.answer.step > 0
    assert closed.violations == ()


def test_the_least_that_brings_it_about_is_kept(pair):
    """Tricks that have nothing to do with a violation are left out."""
    thief = pair[0]
    with hole("transaction.lock_time", "timing.height"), reading_once():
        thief.signers.reset()
        case = thief.plan("1")
        lie = next(
            (name, seed)
            for name, seed in (("transaction.lock_time", seed) for seed in range(50))
            if thief._retry(padded(case, [(name, seed)]))
        )
        harmless = [("honest.fields", 1), ("honest.order", 2), ("honest.no_xpubs", 3)]
        whole = padded(case, [*harmless[:2], lie, harmless[2]])
        found = thief.minimise(whole, thief._retry(whole))
    assert found.case.tricks == (lie,)


def padded(case, tricks):
    """The first withdrawal, to a signer who knows nothing, bent by some tricks."""
    return type(case)(case.number, 0, case.seed, "fresh", tuple(tricks))


@pytest.mark.parametrize(
    "bend",
    [
        lambda table: table.pop("seat"),
        lambda table: table.update(format="something else"),
        lambda table: table["home"].update({"../../outside": ""}),
        lambda table: table["home"].update({"/etc/outside": ""}),
        lambda table: table.update(bundle="not base64"),
        lambda table: table["ledger"].update(more=1),
        lambda table: table.update(violations=[{"rule": "x"}]),
    ],
)
def test_a_strange_reproducer_is_refused_before_anything_is_written(pair, tmp_path, bend):
    """It may come from a stranger: no file outside of its own folder, no other format."""
    finding = find(pair[0], ("chain.known",))
    path = write(finding, tmp_path)
    table = json.loads(path.read_bytes())
    bend(table)
    path.write_text(json.dumps(table))
    with pytest.raises(BadInput, match="not a reproducer"):
        replay(path)
    assert not (tmp_path / "outside").exists()


def test_findings_of_two_runs_do_not_overwrite_each_other(pair, tmp_path):
    """The same seed finds the same attack again: both files stay."""
    finding = find(pair[0], ("chain.known",))
    assert write(finding, tmp_path) != write(finding, tmp_path)
