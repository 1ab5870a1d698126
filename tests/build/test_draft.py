"""What the coordinator builds, and what it does not."""

from dataclasses import replace

import pytest
from small_vault import EXPIRY, HEIGHT, outside, world

from policies.envelope import Envelope
from signer.build.draft import Draft
from signer.carry.bundle import open_bundle
from signer.chain.chain import FeeRate
from signer.chain.errors import NodeNonsense
from signer.chain.whole import parse_transaction
from signer.core import base58
from signer.core.address import script_of
from signer.core.errors import BadInput, Refused
from signer.core.names import Height, Sats
from signer.core.transaction import OutPoint

CHANGE = 1


@pytest.mark.parametrize("script_type", ["p2wsh", "p2sh-p2wsh"])
def test_everything_a_signer_needs_is_in_it(script_type):
    """Whole previous transactions, both forms of the coin, scripts, and every key's origin."""
    small = world(script_type)
    psbt = open_bundle(small.draft(650_000).raw).psbt
    places = {coin.outpoint: coin for coin in small.coins}
    assert len(psbt.inputs) == 2
    for txin, said in zip(psbt.tx.inputs, psbt.inputs, strict=True):
        coin = places[txin.outpoint]
        script = small.vault.script(coin.branch, coin.index)
        assert said.previous_tx.raw == small.transactions[txin.outpoint.txid]
        assert (said.witness_utxo.amount, said.witness_utxo.script) == (coin.amount, coin.script)
        assert said.witness_script == script.witness_script
        assert said.redeem_script == script.redeem_script
        assert bool(said.redeem_script) == (script_type == "p2sh-p2wsh")
        assert {(d.pubkey, d.fingerprint, d.path) for d in said.derivations} == {
            (key.pubkey, key.fingerprint, key.path) for key in script.keys
        }
        assert said.sighash == 1


def test_the_frame_of_the_transaction():
    """Version 2, the withdrawal's height as nLockTime, no input final but all replaceable."""
    tx = world().draft(650_000).checked.facts.psbt.tx
    assert (tx.version, tx.lock_time) == (2, HEIGHT)
    assert {txin.sequence for txin in tx.inputs} == {0xFFFFFFFD}


def test_payments_and_change():
    """The approved outputs exactly, and one change output on the change branch with its keys."""
    small = world()
    made = small.draft(100_000, 150_000, 250_000, change_index=3)
    psbt = made.checked.facts.psbt
    change = small.vault.script(CHANGE, 3)
    found = {output.script: output.amount for output in psbt.tx.outputs}
    expected = {
        script_of(outside(number), "BTC", "regtest"): amount
        for number, amount in enumerate((100_000, 150_000, 250_000))
    }
    assert found == expected | {change.script_pubkey: made.selection.change}
    for output, said in zip(psbt.tx.outputs, psbt.outputs, strict=True):
        if output.script == change.script_pubkey:
            assert said.witness_script == change.witness_script
            assert {d.path for d in said.derivations} == {key.path for key in change.keys}
        else:
            assert said.derivations == ()


def test_the_documents_travel_inside():
    """The approved envelope, the payloads before it, and the policies."""
    small = world()
    made = small.draft(100_000)
    documents = open_bundle(made.raw).documents
    assert documents.withdrawal.id == made.checked.approved.withdrawal.id
    assert documents.predecessors == ()
    assert documents.policies == (small.trusted.envelope,)


def test_the_global_xpubs():
    """One for each key, as BIP174 has them: BitBox02 needs them to know its multisig."""
    small = world()
    xpubs = open_bundle(small.draft(100_000).raw).psbt.xpubs
    version = bytes.fromhex("043587cf")
    assert {(base58.encode(one.pubkey), one.fingerprint, one.path) for one in xpubs} == {
        (key.xpub.to_text(version), key.origin.fingerprint, key.origin.path)
        for key in small.vault.keys
    }


def test_the_size_is_what_the_signers_count():
    """Selection and signers agree on virtual size and fee, or one of them is wrong."""
    for script_type in ("p2wsh", "p2sh-p2wsh"):
        for amounts in ((100_000,), (650_000,), (250_000, 250_000, 250_000)):
            made = world(script_type).draft(*amounts)
            assert made.selection.vsize == made.checked.facts.vsize
            assert made.selection.fee == made.checked.facts.fee
            assert made.selection.fee >= 5 * made.selection.vsize


def test_the_order_says_nothing():
    """Change stands in every place, and the anchor too, over enough drafts."""
    small = world()
    changes, anchors = set(), set()
    for _ in range(60):
        facts = small.draft(200_000, 350_000).checked.facts
        changes |= {at for at, one in enumerate(facts.outputs) if one.change_index is not None}
        anchors |= {
            at for at, one in enumerate(facts.inputs) if one.coin == small.coins[0].outpoint
        }
    # One chance in 10**10 to miss one of three places by accident.
    assert changes == {0, 1, 2}
    assert anchors == {0, 1}


def test_only_chosen_coins_are_asked_for():
    """A vault of many coins does not fetch them all, nor one transaction twice."""
    small = world(amounts=(400_000, 300_000, 10_000, 10_000, 10_000))
    asked = []

    def previous(coin):
        asked.append(coin.outpoint.txid)
        return small.transactions[coin.outpoint.txid]

    made = small.draft(650_000, previous=previous)
    assert len(made.selection.coins) == 2
    assert asked == [small.coins[0].outpoint.txid]


def test_expired():
    """The last height is still good; after it nothing is built."""
    assert world().draft(100_000, tip=EXPIRY).raw
    with pytest.raises(Refused, match="the withdrawal has expired") as caught:
        world().draft(100_000, tip=Height(EXPIRY + 1))
    assert caught.value.refusals[0].rule == "withdrawal.expired"


def test_the_policys_fee_limits_hold():
    """The policy allows 100 sat/vB and 100,000 sat; the withdrawal more, which does not help."""
    with pytest.raises(Refused, match="the fee would pass the policy's fee rate"):
        world().draft(100_000, rate=101_000)
    many = world(amounts=(20_000,) * 30)
    with pytest.raises(Refused, match="the fee would pass the policy's fee ceiling") as caught:
        many.draft(300_000, rate=90_000, coins=many.coins)
    assert caught.value.refusals[0].rule == "fees.max_fee"


def test_change_past_the_gap_limit_is_caught_by_our_own_check():
    """Sequence 1 allows change indexes below 21: the signers would refuse, so we do."""
    assert world().draft(100_000, change_index=20).raw
    with pytest.raises(Refused) as caught:
        world().draft(100_000, change_index=21)
    assert caught.value.refusals[0].step == 4


def test_a_payment_over_the_policys_limit_is_caught_by_our_own_check():
    """What the rules refuse is not carried to the vault room first."""
    rich = world(amounts=(300_000_000,))
    with pytest.raises(Refused) as caught:
        rich.draft(100_000_001)
    assert caught.value.refusals[0].step == 8


def test_a_history_that_is_missing_is_caught_by_our_own_check():
    """Predecessors that do not belong there make no draft."""
    small = world()
    first = small.approved(100_000).withdrawal
    with pytest.raises(Refused) as caught:
        small.draft(100_000, predecessors=(first,))
    assert caught.value.refusals[0].step == 6


def test_a_node_that_lies_about_a_coin():
    """The amount and the script come from the transaction itself."""
    small = world()
    lie = replace(small.coins[0], amount=Sats(small.coins[0].amount + 1))
    with pytest.raises(NodeNonsense, match="contradicts its coin"):
        small.draft(100_000, coins=(lie,))
    foreign = parse_transaction(small.transactions[small.coins[2].outpoint.txid]).to_bytes()
    with pytest.raises(NodeNonsense, match="contradicts its coin"):
        small.draft(100_000, previous=lambda _: foreign)


def test_a_coin_that_does_not_exist():
    """An output number past the end of its transaction."""
    small = world()
    place = OutPoint(small.coins[0].outpoint.txid, 9)
    coins = (small.coins[0], replace(small.coins[1], outpoint=place, amount=Sats(900_000)))
    with pytest.raises(NodeNonsense, match="contradicts its coin"):
        small.draft(600_000, coins=coins)


def test_too_little_money():
    """Selection's words come through."""
    with pytest.raises(BadInput, match="sat short"):
        world().draft(900_000)


def test_a_draft_is_only_made_here():
    """The type checker refuses `sign(draft)`, and Python a draft that was not checked."""
    made = world().draft(100_000)
    with pytest.raises(TypeError):
        Draft(made.selection, made.checked, object())


def test_an_envelope_that_lost_its_approvals_is_caught_by_our_own_check():
    """The documents are judged as the signers judge them, not as the caller says."""
    small = world()
    policies = (Envelope.wrap("policy", small.trusted.policy.payload),)
    # Known by its id already, so that missing signatures do no harm here…
    assert small.draft(100_000, policies=policies).raw
    # …but without any policy a signer cannot tell that it is up to date.
    with pytest.raises(Refused):
        small.draft(100_000, policies=())


def test_the_rate_is_reached():
    """At every rate the fee is at least what was asked for."""
    for rate in (1000, 1001, 7777, 99_999):
        made = world().draft(100_000, rate=FeeRate(rate))
        assert made.selection.fee * 1000 >= rate * made.selection.vsize
