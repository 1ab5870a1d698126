"""What Bitcoin Core's code refuses, and what is said when it is not there."""

import sys
from dataclasses import replace
from importlib import metadata

import pytest
from small_vault import world

from signer.core.coins import COINS
from signer.core.errors import BadInput, Refused
from signer.core.transaction import TxOut
from signer.settle import consensus
from signer.settle.combine import Source, combine
from signer.settle.finalize import finalize

pytest.importorskip("pbk")


def verify(tx, spent):
    """Ask the engine of BTC."""
    return consensus.verify(tx, spent, "BTC")


@pytest.fixture(scope="module", name="case")
def signed_case():
    """A final transaction of two inputs, and the outputs that it spends."""
    small = world(amounts=(400_000, 300_000))
    gathered = combine(
        [Source("both.psbt", small.sign(small.draft(600_000).raw, "alice", "bob"))], small.vault
    )
    spent = [TxOut(coin.amount, coin.script.script_pubkey) for coin in gathered.facts.inputs]
    return finalize(gathered).tx, spent


def change_input(tx, index, **changes):
    """Replace fields of one input."""
    inputs = list(tx.inputs)
    inputs[index] = inputs[index]._replace(**changes)
    return replace(tx, inputs=tuple(inputs))


def test_a_good_transaction(case):
    """The verdict names the library, its version, and the fee."""
    verdict = verify(*case)
    version = metadata.version("py-bitcoinkernel")
    assert verdict.sentence == (
        f"verified by Bitcoin Core's consensus code (py-bitcoinkernel {version})"
    )
    assert verdict.fee == 700_000 - sum(output.amount for output in case[0].outputs)


@pytest.mark.parametrize("index", [0, 1])
def test_a_bad_input_is_found_wherever_it_is(case, index):
    """Every input is run, and the refusal numbers the one that fails."""
    tx, spent = case
    dummy, first, second, script = tx.inputs[index].witness
    for witness in (
        (dummy, second, first, script),
        (dummy, first, first, script),
        (b"\x00", first, second, script),
        (dummy, first, script),
        (dummy, first[:-1] + b"\x02", second, script),
        (dummy, first, second, script + b"\x61"),
        (),
    ):
        with pytest.raises(Refused, match=f"input {index}: Bitcoin Core") as caught:
            verify(change_input(tx, index, witness=witness), spent)
        assert caught.value.refusals[0].rule == "consensus.script"


def test_a_changed_output_is_found(case):
    """Signatures cover the outputs."""
    tx, spent = case
    lowered = tx.outputs[0]._replace(amount=tx.outputs[0].amount - 1)
    with pytest.raises(Refused, match="input 0"):
        verify(replace(tx, outputs=(lowered, *tx.outputs[1:])), spent)


def test_a_lie_about_an_amount_is_found(case):
    """The signature of a witness commits to the amount of its coin (BIP143)."""
    tx, spent = case
    lies = [spent[0], spent[1]._replace(amount=spent[1].amount + 1)]
    with pytest.raises(Refused, match="input 1"):
        verify(tx, lies)


def test_a_negative_fee(case):
    """More going out than coming in is refused before any script runs."""
    tx, spent = case
    with pytest.raises(Refused, match="the outputs are more than the inputs") as caught:
        verify(tx, [output._replace(amount=1) for output in spent])
    assert caught.value.expected == "at most 2 sat"


@pytest.mark.parametrize("amount", [-1, COINS["BTC"].max_money + 1])
def test_amounts_that_cannot_be(case, amount):
    """A negative amount, and one over the supply."""
    tx, spent = case
    with pytest.raises(Refused, match="amounts that cannot be"):
        verify(tx, [spent[0]._replace(amount=amount), spent[1]])


def test_no_inputs_or_no_outputs(case):
    """A transaction of nothing is no transaction."""
    tx, spent = case
    with pytest.raises(Refused, match="amounts that cannot be"):
        verify(replace(tx, outputs=()), spent)
    with pytest.raises(Refused, match="amounts that cannot be"):
        verify(replace(tx, inputs=()), [])


def test_a_coin_spent_twice(case):
    """Consensus knows it as bad-txns-inputs-duplicate."""
    tx, spent = case
    with pytest.raises(Refused, match="a coin is spent twice"):
        verify(replace(tx, inputs=tx.inputs[:1] * 2), [spent[0]] * 2)


def test_as_many_spent_outputs_as_inputs(case):
    """Without the output that it spends, no input can be judged."""
    tx, spent = case
    with pytest.raises(BadInput, match="not those of the inputs"):
        verify(tx, spent[:1])


def test_without_the_library(case, monkeypatch):
    """It says that it has not verified, and the sums are still checked."""
    monkeypatch.setitem(sys.modules, "pbk", None)
    tx, spent = case
    verdict = verify(tx, spent)
    assert not verdict.verified
    assert verdict.sentence.endswith("py-bitcoinkernel is not installed")
    with pytest.raises(Refused, match="the outputs are more than the inputs"):
        verify(tx, [output._replace(amount=1) for output in spent])
