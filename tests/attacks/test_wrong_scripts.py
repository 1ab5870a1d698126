"""Scripts and key origins of an input that are not the vault's.

A signer that signs what the file's witness script says puts its name under another contract; and a
device that finds its key by the file's word may be led to another key.
"""

from dataclasses import replace

import pytest
from defences import claim, expect_unreadable, refused, stolen, without
from world import Coin

from signer.core.names import Fingerprint, Sats
from signer.core.psbt import Derivation
from signer.core.script import multisig, p2sh, p2wsh
from signer.core.transaction import TxOut
from signer.core.vault import RECEIVE

OURS = "the vault's own coins"
WHOLE = "every key of the vault, each with its whole origin"


def of_input(world, **fields):
    """An honest bundle that says something else about its input."""
    return world.bundle(tamper=lambda draft: claim(draft.inputs[0], **fields))


def test_a_weaker_witness_script_is_refused(either, tmp_path):
    """One of three instead of two: signed by the derived script, whatever the file says."""
    keys = [key.pubkey for key in either.vault.script(RECEIVE, 0).keys]
    for script in (multisig(1, keys), multisig(2, keys[::-1]), b"\x51", b""):
        raw = of_input(either, witness_script=script)
        refused(either, raw, 3, "inputs.witness_script", hint=OURS)
    stolen(either, raw, tmp_path, "inputs.witness_script")


def test_another_redeem_script_is_refused(either, tmp_path):
    """P2SH-P2WSH has exactly one; P2WSH has none."""
    raw = of_input(either, redeem_script=p2wsh(b"\x51"))
    refused(either, raw, 3, "inputs.redeem_script", hint=OURS)
    stolen(either, raw, tmp_path, "inputs.redeem_script")


def test_a_coin_of_a_weaker_contract_is_refused(world):
    """A real coin at a script of our keys that needs one signature only: it is not the vault's.

    Whoever signs for it, with the vault's keys, would sign what the vault's threshold never saw.
    """
    true = world.coins[1]
    weak = multisig(1, [key.pubkey for key in world.vault.script(RECEIVE, 1).keys])
    for script in (p2wsh(weak), p2sh(p2wsh(weak)), p2sh(weak)):
        outputs = (true.tx.outputs[0], TxOut(Sats(50_000), script))
        coin = Coin(replace(true.tx, outputs=outputs), 1, RECEIVE, 1)

        def tamper(draft, coin=coin):
            draft.inputs.append(world.draft_input(coin))
            draft.outputs[-1].amount += coin.output.amount

        raw = world.bundle(tamper=tamper)
        refused(world, raw, 3, "inputs.script", hint=OURS)
        with without("inputs.script"):
            assert len(world.examine(raw).facts.inputs) == 2


def test_the_other_script_type_of_the_same_keys_is_refused(world):
    """The vault is P2WSH; a coin at the P2SH form of the same script is another contract."""
    program = world.vault.script(RECEIVE, 1).script_pubkey
    true = world.coins[1]
    outputs = (true.tx.outputs[0], true.output._replace(script=p2sh(program)))
    coin = Coin(replace(true.tx, outputs=outputs), 1, RECEIVE, 1)
    raw = world.bundle(tamper=lambda draft: draft.inputs.append(world.draft_input(coin)))
    refused(world, raw, 3, "inputs.script", hint=OURS)


def of_path(known, path):
    """The same key, from another path."""
    return Derivation.of(known.pubkey, known.fingerprint, path)


def origins(world):
    """Key origins of the honest coin that are not quite true."""
    first, second, third = world.derivations(world.vault.script(RECEIVE, 0))
    return {
        "none": (),
        "one left out": (first, second),
        "another fingerprint": (
            Derivation.of(first.pubkey, Fingerprint("00000000"), first.path),
            second,
            third,
        ),
        "two fingerprints exchanged": (
            Derivation(first.pubkey, second.origin),
            Derivation(second.pubkey, first.origin),
            third,
        ),
        "another account": (
            of_path(first, (*first.path[:2], first.path[2] + 1, *first.path[3:])),
            second,
            third,
        ),
        "not hardened": (
            of_path(first, tuple(step & 0x7FFFFFFF for step in first.path)),
            second,
            third,
        ),
        "of another index": (*world.derivations(world.vault.script(RECEIVE, 1))[:1], second, third),
    }


@pytest.mark.parametrize("which", range(7))
def test_key_origins_must_be_exact(world, which):
    """All keys, each with its fingerprint and whole path; a device would sign with another key."""
    name, found = list(origins(world).items())[which]
    raw = of_input(world, derivations=found)
    assert refused(world, raw, 3, "inputs.origins", hint=WHOLE), name


def test_true_origins_of_another_coin_are_refused(world):
    """Right in themselves, but not where this coin lies."""
    script = world.vault.script(RECEIVE, 1)
    raw = of_input(world, derivations=world.derivations(script))
    refused(world, raw, 3, "inputs.script", hint=OURS)


def test_a_finalised_input_is_refused(world, tmp_path):
    """Witnesses that nobody here has verified would be kept, and might be used."""
    for fields in ({"final_script_sig": b"\x51"}, {"final_script_witness": (b"", b"\x51")}):
        raw = of_input(world, **fields)
        refused(world, raw, 3, "inputs.final", hint="there is nothing to sign")
    stolen(world, raw, tmp_path, "inputs.final")


def test_an_origin_out_of_shape_is_unreadable(world):
    """No key, or a path of three and a half steps."""
    from wire_surgery import closed, field, opened

    maps = opened(world.bundle())
    field(maps[1], b"\x06").value += b"\x00\x00"
    expect_unreadable(world, closed(maps), "key origin: wrong size")
