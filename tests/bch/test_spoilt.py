"""Libauth's virtual machine takes every valid spend of a vault's scripts, and no spoiled one."""

import itertools
from dataclasses import replace

import pytest

from signer.core.errors import Refused
from signer.settle import consensus
from tests.bch.multisig_spends import (
    ECDSA,
    P2SH,
    P2SH32,
    SCHNORR,
    TOKEN,
    lock,
    sign,
    sign_for_bitcoin,
    spend,
    unsigned,
)
from tests.bch.spoiling import pushes, script_of, spoilings

SIZES = [(1, 1), (2, 3), (3, 5), (15, 15)]
MATRIX = list(itertools.product((P2SH, P2SH32), (ECDSA, SCHNORR), SIZES))
LEAST = 45
"""Spoiled forms of each transaction, so that the table cannot become empty unseen."""


def verdict(machine, case):
    """What the machine says of a spend, or of a spoiled one."""
    return machine.verify(case.tx.to_bytes(), case.spent)


@pytest.mark.parametrize(("wrapper", "scheme", "size"), MATRIX)
def test_valid_is_taken_and_each_spoiled_form_refused(machine, wrapper, scheme, size):
    """The table of the threats: whatever differs from what was signed is invalid."""
    good = spend([lock(*size, wrapper)], scheme)
    said = verdict(machine, good)
    assert (said.valid, said.standard, said.failures) == (True, True, ())
    table = list(spoilings(good.tx, good.spent))
    passed = [case.name for case in table if verdict(machine, case).valid]
    assert not passed
    assert len({case.name for case in table}) == len(table) >= LEAST


@pytest.mark.parametrize("scheme", [ECDSA, SCHNORR])
def test_any_two_of_three_may_sign(machine, scheme):
    """Each of the three pairs, with the checkbits of its keys."""
    vault = lock(2, 3, P2SH)
    for pair in itertools.combinations(range(3), 2):
        assert verdict(machine, spend([vault], scheme, signers=pair)).standard


@pytest.mark.parametrize("scheme", [ECDSA, SCHNORR])
def test_one_spoiled_input_of_many_spoils_the_transaction(machine, scheme):
    """Twenty inputs, one of them spoiled: the machine names it, and it alone."""
    locks = [lock(2, 3, P2SH if at % 2 else P2SH32, salt=str(at)) for at in range(20)]
    good = spend(locks, scheme)
    assert verdict(machine, good).standard
    case = next(c for c in spoilings(good.tx, good.spent, 13) if c.name.startswith("a bit flipped"))
    said = verdict(machine, case)
    assert not said.valid
    assert [failure.index for failure in said.failures] == [13]
    assert said.failures[0].why


@pytest.mark.parametrize("scheme", [ECDSA, SCHNORR])
def test_a_token_is_under_the_signature(machine, scheme):
    """A coin with a token: signed as such it is spent, and then nobody can hide or move it."""
    vault = lock(2, 3, P2SH32)
    burnt = sign(unsigned([vault], token=TOKEN), [vault], scheme)
    assert verdict(machine, burnt).valid  # tokens may be destroyed: that is why we never spend them
    assert not [c.name for c in spoilings(burnt.tx, burnt.spent) if verdict(machine, c).valid]
    hidden = sign(unsigned([vault]), [vault], scheme)
    told = burnt.spent
    assert not machine.verify(hidden.tx.to_bytes(), told).valid


def test_a_bitcoin_transaction_is_invalid_here_and_the_reverse(machine):
    """Replay over the fork, both ways, on both engines: each takes its own coin's only."""
    vault = lock(2, 3, P2SH)
    here = spend([vault], ECDSA)
    there = sign_for_bitcoin(unsigned([vault]), [vault])
    assert verdict(machine, here).valid
    assert consensus.verify(there.tx, there.spent, "BTC").verified
    assert not verdict(machine, there).valid
    with pytest.raises(Refused, match="consensus code says no"):
        consensus.verify(here.tx, here.spent, "BTC")


def test_schemes_cannot_be_mixed(machine):
    """One signature of each scheme, with and without checkbits: no."""
    vault = lock(2, 3, P2SH)
    ecdsa, schnorr = (spend([vault], scheme) for scheme in (ECDSA, SCHNORR))
    old, new = (pushes(case.tx.inputs[0].script_sig) for case in (ecdsa, schnorr))
    for dummy in (b"", new[0]):
        for pair in ((old[1], new[2]), (new[1], old[2])):
            inputs = (ecdsa.tx.inputs[0]._replace(script_sig=script_of((dummy, *pair, old[3]))),)
            mixed = replace(ecdsa, tx=replace(ecdsa.tx, inputs=inputs))
            assert not verdict(machine, mixed).valid
