"""The review tells the officer everything, and nothing that is nicer than it is."""

import io

import pytest
from world import COIN_AMOUNT, FEE, World

from policies import epochs
from signer.cli import claims
from signer.cli import review as screen
from signer.core.names import Sats, Txid
from signer.core.psbt import Psbt
from signer.core.transaction import TxOut
from signer.core.vault import CHANGE
from signer.sign.review import Review, review


def of(world: World, raw: bytes, **memory: object) -> Review:
    """The review of a bundle."""
    known = {"known_epoch": 1, "signed_before": (), **memory}
    return review(world.examine(raw), **known)


def test_it_tells_everything(world, tmp_path):
    """Vault, payments, change, fee, officers, clock, policy, signatures."""
    raw = world.sign(world.bundle(), tmp_path, "bob").raw
    seen = of(world, raw)
    assert (seen.vault, seen.vault_id) == ("treasury", world.vault.id)
    assert [(p.beneficiary, p.label, p.amount) for p in seen.payments] == [
        ("Payee 1", "hot wallet 1", 300_000)
    ]
    assert seen.payments[0].address == world.payment().address
    assert seen.change.index == 0
    assert seen.change.address == world.vault.address(CHANGE, 0)
    assert seen.change.amount == COIN_AMOUNT - 300_000 - FEE
    assert (seen.fee, seen.spent, seen.total) == (FEE, COIN_AMOUNT, 300_000)
    assert (seen.initiator, seen.approved, seen.needed) == (
        "dave",
        ("alice", "bob"),
        "2 of approvers",
    )
    assert (seen.height, seen.expiry, seen.epoch) == (800, 900, 1)
    assert seen.signed == ("bob",)
    assert seen.why == "weekly settlement"
    assert not seen.adopted


@pytest.mark.parametrize(
    ("fee", "vsize", "rate"), [(189, 189, "1.0"), (190, 189, "1.1"), (2_000, 189, "10.6")]
)
def test_the_rate_is_never_shown_lower_than_it_is(world, fee, vsize, rate):
    """Rounded up to a tenth."""
    assert of(world, world.bundle())._replace(fee=Sats(fee), vsize=vsize).rate == rate


@pytest.mark.parametrize(
    ("fee", "percent"),
    [(0, "0.00"), (1, "0.01"), (3_000, "1.00"), (3_001, "1.01"), (300_000, "100.00")],
)
def test_the_share_is_never_shown_lower_than_it_is(world, fee, percent):
    """Rounded up to a hundredth of a percent of 300,000."""
    assert of(world, world.bundle())._replace(fee=Sats(fee)).percent == percent


def test_where_nothing_is_paid_the_share_is_of_what_is_spent(world):
    """A void or a consolidation: there are no payments to compare with."""
    seen = of(world, world.bundle())._replace(payments=(), fee=Sats(1_001))
    assert (seen.spent, seen.percent) == (COIN_AMOUNT, "0.11")


def test_every_change_since_the_trusted_policy_is_told(world):
    """Over several epochs, oldest first; nothing of what this signer knew, nothing left out."""
    second = world.successor(loosening_delay=10)
    third = world.successor(second, loosening_delay=20)
    policies = [world.policy_envelope, world.admit(second), world.admit(third)]
    raw = world.bundle(world.approve(world.withdrawal(policy=third.id)), policies=policies)
    steps = [epochs.compare(*pair) for pair in ((world.policy, second), (second, third))]
    assert all(len(changes) == 1 for changes in steps)
    for known, told in ((1, (*steps[0], *steps[1])), (2, steps[1])):
        adopted = of(world, raw, known_epoch=known).adopted
        assert (adopted.epoch, adopted.changes) == (3, told)
    assert of(world, raw, known_epoch=3).adopted is None


def test_an_address_is_shown_from_the_output_s_script(world):
    """Officers may approve a bech32 address in capitals; it is shown as the chain has it."""
    payment = world.payment()._replace(address=world.payment().address.upper())
    envelope = world.approve(world.withdrawal(payments=(payment,)))
    assert of(world, world.bundle(envelope)).payments[0].address == world.payment().address


def shown(seen: Review) -> str:
    """The screen, not on a terminal."""
    return screen.text(seen, io.StringIO())


def test_the_screen(world):
    """As the officer reads it, whole."""
    text = shown(of(world, world.bundle()))
    assert text.startswith("withdrawal 1 from treasury (BTC regtest)\n\n")
    assert "  pays             0.003 000 00 BTC  Payee 1 (hot wallet 1)\n" in text
    assert (
        "  fee              0.000 020 00 BTC  2 000 sat, 10.6 sat/vB, 0.67% of payments\n" in text
    )
    assert "  returns          0.006 980 00 BTC  change address 0\n" in text
    assert "  approved by  alice, bob (2 of approvers needed)\n" in text
    assert "  signed by    nobody yet\n" in text
    assert "  valid        from block 800 to block 900\n" in text
    assert "look:" not in text
    flat = text.replace(" ", "").replace("\n", "")
    for whole in (
        world.payment().address,
        world.vault.address(CHANGE, 0),
        world.vault.id,
        world.withdrawal().id,
        Psbt.parse(world.bundle()).tx.txid,
    ):
        assert whole in flat


def test_the_screen_fits_eighty_columns(world):
    """A console's width, so that nothing wraps where it should not."""
    assert max(map(len, shown(of(world, world.bundle())).splitlines())) <= 80


def test_what_is_unusual_comes_last(world):
    """A new policy, another transaction for the same withdrawal, a fee over one percent."""
    other = Txid("ab" * 32)
    seen = of(world, world.bundle(fee=5_000), known_epoch=0, signed_before=(other,))
    lines = shown(seen).splitlines()
    assert lines[-3].startswith("look: policy epoch 1 is new to this signer")
    assert other in lines[-2]
    assert lines[-1] == "look: the fee is 1.67% of payments"


def test_signing_the_same_again_is_nothing_unusual(world):
    """The very transaction that was signed before is not another one."""
    own = Psbt.parse(world.bundle()).tx.txid
    assert of(world, world.bundle(), signed_before=(own,)).earlier == ()


def test_no_change_is_said(world):
    """Nothing returns: an officer should see that."""
    payment = world.payment()._replace(amount=Sats(COIN_AMOUNT - FEE))
    envelope = world.approve(world.withdrawal(payments=(payment,)))
    raw = world.bundle(envelope, tamper=lambda draft: draft.outputs.pop())
    assert "nothing returns to the vault" in shown(of(world, raw))


def test_text_from_documents_cannot_repaint_the_screen(world):
    """A letter that turns the reading direction never gets into a document; nor onto the screen."""
    seen = of(world, world.bundle())._replace(why="pay \u202ebob\x1b[2J", initiator="d\u200bave")
    text = shown(seen)
    assert "\u202e" not in text
    assert "\x1b" not in text
    assert "\\u202ebob\\x1b[2J" in text
    assert "d\\u200bave" in text


def test_the_data_is_plain_json(world):
    """Whatever the program prints with --json."""
    import json

    data = json.loads(json.dumps(screen.data(of(world, world.bundle(fee=5_000)))))
    assert data["total"] == 300_000
    assert data["percent"] == "1.67"
    assert data["warnings"] == ["the fee is 1.67% of payments"]


@pytest.mark.parametrize(("failed", "ok", "refused"), [(1, 0, 1), (7, 6, 1), (9, 8, 0)])
def test_the_steps(failed, ok, refused):
    """Eleven lines; what was not reached is neither passed nor refused."""
    lines = screen.steps(failed).splitlines()
    assert len(lines) == 11
    assert sum(line.split()[1] == "ok" for line in lines) == ok
    assert sum(line.split()[1] == "refused" for line in lines) == refused


# claims: a PSBT that no vault vouches for


def test_claims_are_told_as_claims(world):
    """Amounts without a previous transaction are unproven; without any, unknown."""

    def tamper(draft):
        for at, witness_utxo in ((1, draft.inputs[1].psbt.witness_utxo), (2, None)):
            said = draft.inputs[at].psbt
            draft.inputs[at].psbt = said._replace(previous_tx=None, witness_utxo=witness_utxo)

    psbt = Psbt.parse(world.bundle(tamper=tamper, coins=world.coins))
    found = claims.claims(psbt, "BTC", "main")
    assert [(i.amount, i.proven) for i in found.inputs] == [
        (COIN_AMOUNT, True),
        (COIN_AMOUNT, False),
        (None, False),
    ]
    assert found.fee is None
    text = "\n".join(claims.text(found))
    assert "amount unproven" in text
    assert "unknown" in text
    assert found.outputs[0].address.startswith("bc1q")
    assert found.outputs[1].change


def test_a_lying_claim_does_not_set_the_amount(world):
    """The previous transaction does, where there is one."""

    def tamper(draft):
        lie = TxOut(Sats(1), draft.inputs[0].psbt.witness_utxo.script)
        draft.inputs[0].psbt = draft.inputs[0].psbt._replace(witness_utxo=lie)

    found = claims.claims(Psbt.parse(world.bundle(tamper=tamper)), "BTC", "regtest")
    assert found.inputs[0].amount == COIN_AMOUNT
    assert found.fee == FEE


def test_the_network_is_the_withdrawal_s_own(world):
    """So that a refused bundle shows the addresses that its officers know."""
    assert claims.named(Psbt.parse(world.bundle())) == ("BTC", "regtest")
    stripped = world.bundle().replace(b"\x0acoldquorum\x00", b"\x0acoldquorun\x00")
    assert claims.named(Psbt.parse(stripped)) is None
