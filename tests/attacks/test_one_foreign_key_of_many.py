"""Among hundreds of true coins, one whose script holds the thief's keys beside one of ours.

Many keys are tried by one equation. If it let one by, a signer would take the coin for the vault's,
and count its amount as the vault's money.
"""

from dataclasses import replace

import pytest
from defences import claim, refused
from world import Coin, World

from signer.core import batch, secp
from signer.core.psbt import Derivation
from signer.core.script import multisig, p2wsh
from signer.core.vault import RECEIVE

MANY = -(-batch.LEAST // 3)
WHOLE = "every key of the vault, each with its whole origin"


@pytest.fixture(scope="module")
def crowd():
    """A world with so many coins that their keys are tried together."""
    world = World()
    world.coins = [world.coin(RECEIVE, index) for index in range(MANY)]
    return world


def with_keys(world, at, change):
    """A bundle whose coin number `at` is at a script of other keys, which it claims as ours."""
    coin = world.coins[at]
    true = world.vault.script(coin.branch, coin.index).keys
    keys = sorted(change(list(true)))
    script = multisig(2, [key.pubkey for key in keys])

    def tamper(draft):
        before = coin.tx.outputs
        outputs = (*before[: coin.vout], coin.output._replace(script=p2wsh(script)))
        fake = Coin(replace(coin.tx, outputs=outputs), coin.vout, coin.branch, coin.index)
        said = world.draft_input(fake)
        claim(said, witness_script=script, derivations=tuple(keys))
        draft.inputs[at] = said

    return world.bundle(coins=world.coins, tamper=tamper)


def thiefs(keys):
    """Two of three are the thief's, under our officers' origins."""
    mine = [secp.public_key(bytes(31) + bytes((number,))) for number in (7, 8)]
    return [keys[0], *(Derivation(key, k.origin) for key, k in zip(mine, keys[1:], strict=True))]


def test_an_honest_crowd_passes(crowd, monkeypatch):
    """By the equation's word: without it, the keys would be derived one by one."""
    raw = crowd.bundle(coins=crowd.coins)
    said = []
    are_sums = batch.are_sums
    monkeypatch.setattr(batch, "are_sums", lambda *parts: said.append(are_sums(*parts)) or said[-1])
    assert len(crowd.examine(raw).facts.inputs) == MANY
    assert said == [True]


@pytest.mark.parametrize("at", [1, MANY // 2, MANY - 1])
def test_one_foreign_script_among_many_is_refused(crowd, at, monkeypatch):
    """By name; without the equation's word it would count as the vault's coin."""
    raw = with_keys(crowd, at, thiefs)
    problem = refused(crowd, raw, 3, "inputs.origins", hint=WHOLE)
    assert f"input {at}:" in problem.what
    assert all(secp.public_key(bytes(31) + n).hex() in problem.found for n in (b"\x07", b"\x08"))
    assert problem.found.count("[") == 2  # the others are right
    monkeypatch.setattr(batch, "are_sums", lambda *_: True)
    assert len(crowd.examine(raw).facts.inputs) == MANY


def test_change_is_derived_whatever_is_claimed(crowd, monkeypatch):
    """Where money goes never rests on the equation."""
    monkeypatch.setattr(batch, "LEAST", 1)
    monkeypatch.setattr(batch, "are_sums", lambda *_: True)
    coins = crowd.coins[:3]

    def tamper(draft):
        change = next(out for out in draft.outputs if out.psbt.derivations)
        keys = sorted(thiefs(list(change.psbt.derivations)))
        script = multisig(2, [key.pubkey for key in keys])
        change.script = p2wsh(script)
        claim(change, witness_script=script, derivations=tuple(keys))

    raw = crowd.bundle(coins=coins, tamper=tamper)
    refused(crowd, raw, 4, "outputs.origins", hint=WHOLE)
