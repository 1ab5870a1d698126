"""A withdrawal that was signed, even paid, is brought again with different coins."""

import pytest
from defences import finished, paid, refused, signed, stolen
from world import FEE

from signer.chain.errors import NodeRejected
from signer.core.psbt import Psbt
from signer.sign.review import review
from signer.sign.state import State


@pytest.fixture
def signed_once(world, tmp_path):
    """Homes of signers who have signed the honest bundle."""
    signed(world, world.bundle(), tmp_path)
    return tmp_path


def test_other_coins_without_the_anchor_are_refused(world, signed_once):
    """By those who remember, and by those who have lost everything: memory is not needed."""
    raw = world.bundle(coins=world.coins[1:])
    known = {"chain": {1: world.withdrawal().id}, "height": world.withdrawal().height}
    for memory in (known, {}):
        refused(
            world,
            raw,
            7,
            "transaction.anchor",
            hint="it built something else than the officers approved",
            **memory,
        )
    again = stolen(world, raw, signed_once, "transaction.anchor")
    assert paid(again, world.foreign_script(1)) == world.payment().amount


def test_other_coins_beside_the_anchor_cannot_both_be_paid(ground, tmp_path):
    """A rebuilt transaction is signed, as a fee bump must be; one of the two can confirm."""
    world, anchor, other = ground.world, ground.coin(), ground.coin(1)
    envelope = ground.withdrawal(anchor)
    versions = []
    for coins, fee in (([anchor], FEE), ([anchor, other], 5 * FEE)):
        psbt = Psbt.parse(signed(world, world.bundle(envelope, coins=coins, fee=fee), tmp_path))
        signatures = [said.partial_sigs for said in psbt.inputs]
        versions.append(finished(world, psbt.tx, signatures, coins))
    ground.confirm(versions[1])
    with pytest.raises(NodeRejected) as caught:
        ground.chain.broadcast(versions[0].to_bytes())
    assert caught.value.found == "bad-txns-inputs-missingorspent"


def test_the_officer_is_told_of_the_other_transaction(world, signed_once):
    """The review names what was signed before for the same withdrawal."""
    raw = world.bundle(coins=world.coins[:2])
    state = State(signed_once / "alice")
    memory = state.vaults[world.vault.id]
    seen = review(world.examine(raw), known_epoch=1, signed_before=memory.signed[1])
    assert seen.earlier == (Psbt.parse(world.bundle()).tx.txid,)
