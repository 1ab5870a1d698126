"""Two different withdrawals with one sequence number: the chain forks.

The thief shows one to one pair of officers, and the other to another pair. Both are approved
honestly, each has an anchor of its own, and the windows of the policy would see only one of them.
"""

import json

import pytest
from alices_machine import Program
from coldsign_terminal import coldsign
from defences import finished, paid, refused, signed, stolen

from policies.withdrawal import Anchor
from signer.core.errors import Refused
from signer.core.names import Height
from signer.core.psbt import Psbt
from signer.sign.state import State

ASK = "ask the other officers"


def twin(world):
    """Another withdrawal with the first one's number, to another payee, on another coin."""
    coin = world.coins[1]
    return world.withdrawal(
        payments=(world.payment(payee=2),), anchor=Anchor(coin.tx.txid, coin.vout)
    )


def twins_bundle(world):
    """The other one, approved by other officers, ready to sign."""
    return world.bundle(world.approve(twin(world), ("bob", "carol")), coins=world.coins[1:2])


def test_a_signer_signs_one_of_each_number(world, tmp_path):
    """Step 6: the number is taken by the one that was signed here before."""
    known = {"chain": {1: world.withdrawal().id}}
    problem = refused(world, twins_bundle(world), 6, "chain.known", hint=ASK, **known)
    assert (problem.expected, problem.found) == (world.withdrawal().id, twin(world).id)
    psbt = Psbt.parse(signed(world, world.bundle(), tmp_path))
    first = finished(world, psbt.tx, [said.partial_sigs for said in psbt.inputs])
    second = stolen(world, twins_bundle(world), tmp_path, "chain.known")
    assert {i.outpoint for i in first.inputs}.isdisjoint(i.outpoint for i in second.inputs)
    assert paid(second, world.foreign_script(2)) == 300_000


def test_a_fork_further_back_is_seen(world, tmp_path):
    """Withdrawal 2 on the twin of 1: the chain that it brings is not the one known here."""
    other = twin(world)
    second = world.withdrawal(sequence=2, previous=other.id)
    raw = world.bundle(world.approve(second), predecessors=[other.payload])
    problem = refused(world, raw, 6, "chain.known", hint=ASK, chain={1: world.withdrawal().id})
    assert "another withdrawal 1" in problem.what
    signed(world, world.bundle(), tmp_path)
    stolen(world, raw, tmp_path, "chain.known")


def spoiled_chains(world):
    """A third withdrawal, and predecessors that are not its own."""
    first = world.withdrawal()
    second = world.withdrawal(sequence=2, previous=first.id)
    third = world.withdrawal(sequence=3, previous=second.id)
    return third, {
        "chain.behind": [second.payload],
        "chain.length": [first.payload, second.payload, second.payload],
        "chain.previous": [
            first.payload,
            world.withdrawal(sequence=2, previous=first.id, why="another").payload,
        ],
        "chain.sequence": [second.payload, first.payload],
    }


@pytest.mark.parametrize(
    "rule", ["chain.behind", "chain.length", "chain.previous", "chain.sequence"]
)
def test_the_chain_must_be_whole(world, tmp_path, rule):
    """One left out, twice, exchanged, or out of order: what was paid before is not hidden."""
    third, chains = spoiled_chains(world)
    raw = world.bundle(world.approve(third), predecessors=chains[rule])
    refused(world, raw, 6, rule, hint="--history" if rule == "chain.behind" else ASK)
    off = {
        "chain.behind": ("chain.behind",),
        "chain.length": ("chain.length", "chain.sequence", "chain.previous"),
        "chain.previous": ("chain.previous",),
        "chain.sequence": ("chain.sequence", "chain.previous"),
    }[rule]
    stolen(world, raw, tmp_path, *off)


@pytest.mark.parametrize(
    ("what", "value"), [("vault", "0" * 64), ("coin", "BCH"), ("network", "main")]
)
def test_a_chain_of_another_vault_is_refused(world, tmp_path, what, value):
    """Links of another vault are not this vault's past, whoever approved them."""
    stray = world.withdrawal(**{what: value})
    second = world.withdrawal(sequence=2, previous=stray.id)
    raw = world.bundle(world.approve(second), predecessors=[stray.payload])
    refused(world, raw, 6, f"chain.{what}", hint=ASK)
    stolen(world, raw, tmp_path, f"chain.{what}")


def test_a_number_that_starts_over_is_refused(world, tmp_path):
    """Every withdrawal the first: a signer that knows of one before is not fooled."""
    first = world.withdrawal()
    second = world.withdrawal(sequence=2, previous=first.id)
    raw = world.bundle(world.approve(second), predecessors=[first.payload])
    signed(world, raw, tmp_path)
    again = world.withdrawal(why="the books start anew", height=Height(second.height + 1))
    with pytest.raises(Refused) as caught:
        world.sign(world.bundle(world.approve(again)), tmp_path / "alice", "alice")
    assert [r.rule for r in caught.value.refusals] == ["chain.known"]


def test_an_officer_approves_one_of_each_number(world, tmp_path):
    """The real `coldsign approve`: the second document of one number, exit code 3, no signature."""
    program = Program(world, tmp_path / "home")
    documents = [world.approve(w, ()) for w in (world.withdrawal(), twin(world))]
    ended = []
    for at, document in enumerate(documents):
        (tmp_path / f"{at}.json").write_bytes(document.to_bytes())
        ended.append(
            coldsign(
                *("approve", tmp_path / f"{at}.json", "-o", tmp_path / f"{at}-out.json"),
                *("--yes", "--json", "--home", program.home),
                *("--passphrase-file", program.secret),
            )
        )
    assert [run.code for run in ended] == [0, 3], ended[1].err
    (refusal,) = json.loads(ended[1].out)["error"]["refusals"]
    assert (refusal["step"], refusal["rule"]) == (6, "chain.known")
    assert (tmp_path / "0-out.json").exists()
    assert not (tmp_path / "1-out.json").exists()
    assert list(State(program.home).enrolments[world.vault.id].known.approved) == [1]
