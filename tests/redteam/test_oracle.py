"""The oracle says no to each kind of wrong, and shares no line with the signer."""

import ast
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from signer.redteam import oracle, restated
from signer.redteam.forgery import SIGHASH, Out
from signer.redteam.loot import change, spend
from signer.redteam.oracle import Oracle
from signer.redteam.papers import Paper, dump

OURS = {"signer.redteam.oracle", "signer.redteam.restated"}


@pytest.mark.parametrize("module", [oracle, restated])
def test_the_oracle_imports_nothing_of_the_signer(module):
    """Only the standard library, itself, and libwally, which is loaded by name."""
    for node in ast.walk(ast.parse(Path(module.__file__).read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module]
        for name in names:
            parts = {f"{name}.restated", name} if name == "signer.redteam" else {name}
            assert name.split(".")[0] in sys.stdlib_module_names or parts & OURS, name


@pytest.fixture
def judge(thief, world):
    """Judge a bundle as if a signer of some name had accepted it."""
    found = Oracle(world.ledger)

    def run(bundle, station="fresh", digests=None):
        seat = next(one.seat for one in world.stations if one.name == station)
        return {violation.rule for violation in found.judge(bundle.to_bytes(), digests, seat)}

    return run


def honest(world, number=1):
    """An honest bundle of the chain."""
    return world.bases[number - 1].bundle.copy()


def payment(bundle):
    """The output that pays somebody."""
    return next(out for out in bundle.outputs if not out.fields)


def returned(bundle):
    """The change."""
    return next(out for out in bundle.outputs if out.fields)


@pytest.mark.parametrize("number", range(1, 12))
def test_it_has_nothing_against_honest_bundles(judge, world, number):
    """Every withdrawal of the chain, to a signer who knows nothing yet."""
    assert judge(honest(world, number)) <= {"policy.delay"}


def test_it_compares_digests_with_libwallys(thief, judge, world):
    """What the signer would sign is what libwally derives; anything else is a violation."""
    bundle = honest(world)
    answer = thief.signers.ask("fresh", bundle.to_bytes())
    true = [coin.digest for coin in answer.checked.facts.inputs]
    assert judge(bundle, digests=true) == set()
    assert judge(bundle, digests=[bytes(32), *true[1:]]) == {"input.digest"}
    assert judge(bundle, digests=[*true, bytes(32)]) == {"input.count"}
    bundle.inputs[0].put(SIGHASH, b"\x03\x00\x00\x00")
    assert judge(bundle, digests=true) == set()  # it only matters what is signed


def test_it_sees_another_destination_amount_and_output(judge, world):
    """Whatever leaves has to be what was approved."""
    bundle = honest(world)
    payment(bundle).script = world.loot.scripts[0]
    assert {"outputs.payments", "outputs.foreign"} <= judge(bundle)
    bundle = honest(world)
    payment(bundle).amount += 1
    assert {"outputs.payments", "outputs.foreign"} <= judge(bundle)
    bundle = honest(world)
    bundle.outputs.append(Out(1_000, world.loot.scripts[0]))
    assert "outputs.foreign" in judge(bundle)


@pytest.mark.parametrize(("branch", "index"), [(0, 0), (1, 21), (1, 63)])
def test_it_sees_change_where_no_wallet_looks(judge, world, branch, index):
    """The receive branch, past the gap, and beyond the precomputed scripts."""
    bundle = honest(world)
    out = returned(bundle)
    bundle.outputs[bundle.outputs.index(out)] = change(world.vault, out.amount, branch, index)
    assert "outputs.foreign" in judge(bundle)


def test_it_sees_a_missing_anchor_and_another_clock(judge, world):
    """What consensus is trusted with has to be in the transaction."""
    bundle = honest(world)
    bundle.inputs = [spend(world.vault, max(world.coins[2:], key=lambda coin: coin.amount))]
    assert "anchor" in judge(bundle)
    bundle = honest(world)
    bundle.lock_time += 1
    assert judge(bundle) == {"lock_time"}
    bundle = honest(world)
    bundle.inputs[0].sequence = 0xFFFFFFFF
    assert judge(bundle) == {"input.final"}
    bundle = honest(world)
    bundle.version = 1
    assert judge(bundle) == {"version"}


def test_it_sees_fees_by_the_true_amounts(judge, world):
    """Change that is left to the miner, whatever the file says of the coins."""
    bundle = honest(world)
    bundle.outputs.remove(returned(bundle))
    assert {"fees.max_fee", "fees.max_rate", "fees.approved"} <= judge(bundle)
    bundle = honest(world)
    returned(bundle).amount += 10**9
    assert {"fee.sum", "fees.negative"} <= judge(bundle)


def test_it_sees_a_foreign_coin_and_a_coin_twice(judge, world):
    """Inputs are the vault's own, each once."""
    bundle = honest(world)
    bundle.inputs.append(world.loot.bundles[-1].inputs[0])
    assert judge(bundle) == {"input.coin"}
    bundle = honest(world)
    bundle.inputs.append(bundle.inputs[0])
    assert "distinct" in judge(bundle)


def test_it_knows_who_approved(judge, world):
    """The ledger says so, not the bundle; corrupt officers are taken to approve everything."""
    paper = Paper("withdrawal", dump({**world.chain[0].tree(), "why": "nobody knows"}))
    bundle = honest(world)
    bundle.withdrawal = paper
    for one in world.people.values():
        paper.sign(one.approval)
    assert judge(bundle) == {"withdrawal.approved"}
    world.approve(paper, ["irene", "mallory"])
    assert judge(bundle) == {"approvals.quorum"}
    world.approve(paper, ["alice", "carol"])
    assert judge(bundle) == set()
    world.forget(paper)


def test_a_corrupt_officer_who_did_not_sign_is_a_reason_to_refuse(thief, judge, world, monkeypatch):
    """A corrupt voice counts for an acceptance in any case, against a refusal if it was given."""
    bundle = honest(world)
    checked = thief.signers.ask("fresh", bundle.to_bytes()).checked
    digests = [coin.digest for coin in checked.facts.inputs]
    bundle.withdrawal = paper = Paper("withdrawal", world.chain[0].payload)
    monkeypatch.setattr(world.ledger, "corrupt", ["carol"])
    monkeypatch.setitem(world.ledger.approvals, paper.id, ["alice"])
    paper.sign(world.people["alice"].approval)
    assert judge(bundle) == {"approvals.quorum"}
    assert judge(bundle, digests=digests) == set()
    paper.sign(world.people["carol"].approval)
    assert judge(bundle) == set()


def test_it_sees_a_past_that_is_cut_short(judge, world):
    """What is carried has to begin before the longest window, and to hold what a void cancels."""
    bundle = honest(world, 8)  # a void of the seventh
    bundle.predecessors = bundle.predecessors[-1:]
    assert judge(bundle) - {"policy.delay"} == {"chain.window"}
    bundle.predecessors = []
    assert {"chain.window", "void.anchor"} <= judge(bundle)


def test_it_sees_that_a_void_has_expired(judge, world):
    """As any withdrawal: its officers have said until when."""
    found = Oracle(world.ledger)
    seat = next(one.seat for one in world.stations if one.name == "tighter")
    expiry = int(world.chain[7].tree()["expiry"])
    for height, broken in ((expiry, False), (expiry + 1, True)):
        later = replace(seat, height=height)
        rules = {one.rule for one in found.judge(honest(world, 8).to_bytes(), None, later)}
        assert ("withdrawal.expired" in rules) == broken


def test_it_remembers_what_the_signer_knew(judge, world):
    """Another withdrawal of a number, a voided one, an older policy."""
    assert "chain.voided" in judge(honest(world, 7), "tighter")
    paper = Paper("withdrawal", dump({**world.chain[0].tree(), "why": "another"}))
    world.approve(paper, list(world.people))
    bundle = honest(world)
    bundle.withdrawal = paper
    assert judge(bundle) == set()
    assert "chain.one" in judge(bundle, "early")
    world.forget(paper)
    assert {"policy.governing", "policy.rollback"} <= judge(honest(world, 6), "tighter")


def test_it_sees_policies_that_no_admin_signed(judge, world):
    """A policy that is not in the ledger, and one that too few admins signed."""
    bundle = honest(world)
    bundle.policies.append(world.loot.policies[-2])
    assert judge(bundle) == {"policy.approved"}
    signed = world.ledger.admins[world.policies[1].id]
    world.ledger.admins[world.policies[1].id] = []
    assert "policy.admins" in judge(honest(world, 7))
    world.ledger.admins[world.policies[1].id] = signed


def test_a_broken_file_is_a_violation_not_a_crash(world):
    """A signer that accepts what nobody can read is wrong, too."""
    found = Oracle(world.ledger)
    for raw in (b"", b"psbt\xff", honest(world).to_bytes()[:200]):
        (violation,) = found.judge(raw, None, world.stations[0].seat)
        assert violation.rule == "bundle.readable"
