"""Steps 1 to 3: what a file claims against what the signer derives."""

from dataclasses import replace

import pytest
from tampering import expect, of_input, other_origins, refused
from world import COIN_AMOUNT, FEE, Coin, World

from signer.carry.bundle import open_bundle
from signer.chain.weight import vsize
from signer.core.bip32 import format_path
from signer.core.errors import BadInput, Fault
from signer.core.names import Sats, Txid
from signer.core.psbt import PartialSig
from signer.core.transaction import Outline, OutPoint, Transaction, TxOut
from signer.core.vault import CHANGE, RECEIVE
from signer.sign import facts

# honest


def test_honest_facts_are_what_the_world_made(either):
    """Inputs, outputs, change, fee and size of an honest bundle, for both script types."""
    known = either.examine(either.bundle(coins=either.coins[:2])).facts
    assert [i.amount for i in known.inputs] == [COIN_AMOUNT] * 2
    assert [(i.branch, i.index) for i in known.inputs] == [(RECEIVE, 0), (RECEIVE, 1)]
    assert known.fee == FEE
    assert [o.change_index for o in known.outputs] == [None, 0]
    assert known.addresses[known.externals[0].script] == either.payment().address
    assert known.addresses[known.change[0].script] == either.vault.address(CHANGE, 0)
    assert known.signed_by == ()


def test_the_size_is_that_of_the_longest_finished_transaction(either):
    """`vsize` equals the size of a transaction that was filled with 72-byte signatures."""
    known = either.examine(either.bundle(coins=either.coins)).facts
    filled = []
    for txin, spent in zip(known.psbt.tx.inputs, known.inputs, strict=True):
        redeem = spent.script.redeem_script
        script_sig = bytes((len(redeem),)) + redeem if redeem else b""
        witness = (b"", bytes(72), bytes(72), spent.script.witness_script)
        filled.append(txin._replace(script_sig=script_sig, witness=witness))
    assert known.vsize == vsize(replace(known.psbt.tx, inputs=tuple(filled)))


def test_a_signature_that_is_there_is_verified_and_named(world, tmp_path):
    """The next signer sees whose signatures the file brings."""
    signed = world.sign(world.bundle(coins=world.coins[:2]), tmp_path, "bob")
    known = world.examine(signed.raw).facts
    assert known.signed_by == ("bob",)
    assert all(len(spent.signed) == 1 for spent in known.inputs)
    half = (known.inputs[0], replace(known.inputs[1], signed=()))
    assert replace(known, inputs=half).signed_by == (), "of one input is not of the transaction"


# step 1


@pytest.mark.parametrize("spoil", [lambda raw: raw + b"\x00", lambda raw: raw[:-1], lambda _: b""])
def test_step_1_bytes_that_are_no_psbt(world, spoil):
    """Trailing, missing and no bytes are bad input."""
    with pytest.raises(BadInput):
        world.examine(spoil(world.bundle()))


def test_step_1_a_psbt_without_documents(world):
    """A wallet that strips the documents makes every signer refuse."""
    raw = world.bundle()
    stripped = raw.replace(b"\x0acoldquorum\x00", b"\x0acoldquorun\x00")
    assert stripped != raw
    with pytest.raises(BadInput, match="does not hold its withdrawal"):
        world.examine(stripped)


# step 2


def test_step_2_a_vault_that_is_not_enrolled(world):
    """Another vault's bundle, with everything in order but the vault."""
    other = World(seed=1)
    problem = refused(world, other.bundle())
    assert (problem.refusals[0].step, problem.refusals[0].rule) == (2, "vault.enrolled")
    assert problem.found == other.vault.id


@pytest.mark.parametrize("change", [{"network": "main"}, {"coin": "MONA"}])
def test_step_2_another_network_or_coin(world, change):
    """The withdrawal names the vault's id and another chain."""
    envelope = world.approve(world.withdrawal(**change))
    problem = refused(world, world.bundle(envelope))
    assert (problem.refusals[0].step, problem.refusals[0].rule) == (2, "vault.network")


# step 3: the coin


def test_step_3_the_previous_transaction_is_missing(either):
    """`witness_utxo` alone is the coordinator's word."""
    problem = expect(either, of_input(previous_tx=None), 3, "inputs.previous")
    assert problem.found == "a claim about its amount only"


def test_step_3_nothing_is_said_about_the_coin(world):
    """Neither the previous transaction nor a claim."""
    problem = expect(world, of_input(previous_tx=None, witness_utxo=None), 3, "inputs.previous")
    assert problem.found == "nothing"


def test_step_3_without_a_witness_utxo_it_is_fine(world):
    """Only the whole previous transaction counts; the short form may be absent."""
    raw = world.bundle(tamper=of_input(witness_utxo=None, sighash=None))
    assert world.examine(raw).facts.fee == FEE


@pytest.mark.parametrize("other", ["another transaction", "fewer outputs"])
def test_step_3_another_previous_transaction(world, monkeypatch, other):
    """The parser refuses it already; so does step 3 on its own, should the parser ever not."""
    with pytest.raises(BadInput, match="previous transaction: is another one"):
        world.examine(
            world.bundle(tamper=of_input(previous_tx=Outline.parse(world.coins[1].tx.to_bytes())))
        )
    bundle = open_bundle(world.bundle())
    coin, psbt = world.coins[0], bundle.psbt
    if other == "another transaction":
        other = Outline.parse(world.coins[1].tx.to_bytes())
        inputs = (psbt.inputs[0]._replace(previous_tx=other),)
        psbt = replace(psbt, inputs=inputs)
    else:
        gone = OutPoint(coin.tx.txid, len(coin.tx.outputs))
        psbt = replace(
            psbt, tx=replace(psbt.tx, inputs=(psbt.tx.inputs[0]._replace(outpoint=gone),))
        )
    monkeypatch.setattr(facts, "open_bundle", lambda _: bundle._replace(psbt=psbt))
    (refusal,) = refused(world, b"").refusals
    assert (refusal.step, refusal.rule) == (3, "inputs.previous")


@pytest.mark.parametrize("amount", [COIN_AMOUNT - 1, COIN_AMOUNT + 1, 1, 0])
def test_step_3_a_lying_amount_beside_a_true_previous_transaction(either, amount):
    """The claim is compared, and the lie is refused rather than passed over."""
    script = either.coins[0].output.script
    lie = of_input(witness_utxo=TxOut(Sats(amount), script))
    problem = expect(either, lie, 3, "inputs.witness_utxo")
    assert f"{COIN_AMOUNT} sat" in problem.expected
    assert problem.found == f"{amount} sat"


def test_step_3_a_lying_script_beside_a_true_previous_transaction(world):
    """The same for the script."""
    lie = of_input(witness_utxo=TxOut(COIN_AMOUNT, world.foreign_script()))
    expect(world, lie, 3, "inputs.witness_utxo")


def test_step_3_the_true_amount_counts(world):
    """With the lie as the only difference, the fee is computed from the true amount."""
    known = world.examine(world.bundle(fee=3_000)).facts
    assert known.fee == COIN_AMOUNT - sum(o.amount for o in known.outputs) == 3_000


def test_step_3_a_coin_that_is_not_the_vaults(world):
    """A foreign coin that claims the vault's keys: its script is another."""
    foreign = World(seed=1).coin(RECEIVE, 0)

    def tamper(draft):
        draft.inputs.append(world.draft_input(Coin(foreign.tx, foreign.vout, RECEIVE, 0)))

    expect(world, tamper, 3, "inputs.script")


def test_step_3_a_coin_of_another_index(world):
    """The claimed place in the descriptor must be the coin's own."""
    wrong = world.derivations(world.vault.script(RECEIVE, 1))
    expect(world, of_input(derivations=wrong), 3, "inputs.script")


# step 3: scripts and origins


@pytest.mark.parametrize("script", [b"", b"\x51"])
def test_step_3_another_witness_script(either, script):
    """Missing or other: what is signed must be what the descriptor gives."""
    expect(either, of_input(witness_script=script), 3, "inputs.witness_script")


def test_step_3_another_redeem_script():
    """P2SH-P2WSH needs it, P2WSH must not have it."""
    expect(World(), of_input(redeem_script=b"\x00\x20" + bytes(32)), 3, "inputs.redeem_script")
    wrapped = World("p2sh-p2wsh")
    expect(wrapped, of_input(redeem_script=b""), 3, "inputs.redeem_script")


@pytest.mark.parametrize("name", list(other_origins(World())))
def test_step_3_key_origins_must_be_exact(world, name):
    """All n, none foreign, each with its fingerprint and whole path, on one branch and index."""
    said = other_origins(world)[name]
    problem = expect(world, of_input(derivations=said), 3, "inputs.origins")
    right = world.derivations(world.vault.script(RECEIVE, 0))
    placed = name not in ("one foreign", "a short path", "an empty path", "another branch")
    wrong = [d for d in said if d not in right or not placed]  # without a place, none is right
    told = {f"[{d.fingerprint}/{format_path(d.path)}]{d.pubkey.hex()}" for d in wrong}
    assert set(problem.refusals[0].found.split(", ")) == (told or {f"{len(said)} of them"})


# step 3: sighash, final fields, signatures


def test_step_3_every_other_sighash_type_is_refused(world):
    """255 bytes and a few larger numbers: only ALL covers the whole transaction."""
    for sighash in (*(n for n in range(256) if n != 1), 0x101, 0x8000_0001):
        expect(world, of_input(sighash=sighash), 3, "inputs.sighash")


@pytest.mark.parametrize(
    "final", [{"final_script_sig": b"\x51"}, {"final_script_witness": (b"", b"\x51")}]
)
def test_step_3_a_finalised_input(world, final):
    """There is nothing to sign, and the fields are not verified here."""
    expect(world, of_input(**final), 3, "inputs.final")


def signature_of(world: World, tmp_path, **options: object) -> PartialSig:
    """A good signature by bob."""
    signed = world.sign(world.bundle(**options), tmp_path, "bob")
    return world.examine(signed.raw).facts.psbt.inputs[0].partial_sigs[0]


def test_step_3_a_signature_by_a_foreign_key(world, tmp_path):
    """Its key is in no script of the vault."""
    good = signature_of(world, tmp_path)
    foreign = PartialSig(b"\x02" + bytes(31) + b"\x01", good.signature)
    problem = expect(world, of_input(partial_sigs=(foreign,)), 3, "signatures.foreign")
    assert problem.fault is Fault.COSIGNER


def test_step_3_a_signature_with_another_sighash_byte(world, tmp_path):
    """Each of the 255 others, whoever made it, and the officer is named."""
    good = signature_of(world, tmp_path)
    for sighash in (n for n in range(256) if n != 1):
        bad = good._replace(signature=good.signature[:-1] + bytes((sighash,)))
        problem = expect(world, of_input(partial_sigs=(bad,)), 3, "signatures.sighash")
    assert "bob" in problem.what
    assert problem.fault is Fault.COSIGNER


def test_step_3_a_corrupt_signature(world, tmp_path):
    """One bit, and the officer is named."""
    good = signature_of(world, tmp_path)
    spoiled = bytearray(good.signature)
    spoiled[20] ^= 1
    bad = good._replace(signature=bytes(spoiled))
    problem = expect(world, of_input(partial_sigs=(bad,)), 3, "signatures.invalid")
    assert "bob" in problem.what
    assert problem.fault is Fault.COSIGNER


def test_step_3_a_signature_of_another_transaction(world, tmp_path):
    """Good in itself, but for another fee."""
    good = signature_of(world, tmp_path, fee=2_345)
    expect(world, of_input(partial_sigs=(good,)), 3, "signatures.invalid")


def test_step_3_a_signature_of_another_key_of_the_script(world, tmp_path):
    """Bob's signature under carol's key names carol."""
    good = signature_of(world, tmp_path)
    carol = world.officers["carol"].root.fingerprint
    key = world.examine(world.bundle()).facts.inputs[0].key_of(carol)
    problem = expect(
        world, of_input(partial_sigs=(good._replace(pubkey=key),)), 3, "signatures.invalid"
    )
    assert "carol" in problem.what


# step 3: sums


def test_step_3_more_out_than_in(world):
    """A negative fee is no transaction."""
    expect(world, lambda draft: setattr(draft.outputs[-1], "amount", 700_001), 3, "inputs.sum")


def test_step_3_nothing_for_the_miner(world):
    """To the last satoshi is no more than there is; whether it is wise, the rules say."""
    raw = world.bundle(tamper=lambda draft: setattr(draft.outputs[-1], "amount", 700_000))
    assert world.examine(raw).facts.fee == 0


def test_step_3_no_more_than_there_is(world):
    """All bitcoins that there will be, in one coin or two, and not one satoshi above."""
    supply = 2_100_000_000_000_000
    half, rest = (world.coin(RECEIVE, at, supply // 2) for at in range(2))
    raw = world.bundle(coins=[half, rest])
    known = facts.read(raw, {world.vault.id: world.vault})
    assert sum(spent.amount for spent in known.inputs) == supply
    more = world.coin(RECEIVE, 1, supply // 2 + 1)
    for coins in ([half, more], [world.coin(RECEIVE, 0, supply + 1)]):
        assert refused(world, world.bundle(coins=coins)).refusals[0].rule == "inputs.sum"


def test_step_3_no_inputs_at_all(world):
    """Nothing is spent."""
    expect(world, lambda draft: draft.inputs.clear(), 3, "inputs.distinct")


def test_step_3_one_coin_twice(world, monkeypatch):
    """The parser refuses it already; so does step 3 on its own."""

    def tamper(draft):
        draft.inputs.append(draft.inputs[0])

    with pytest.raises(BadInput, match="two inputs spend the same coin"):
        world.examine(world.bundle(tamper=tamper))
    bundle = open_bundle(world.bundle())
    psbt = bundle.psbt
    tx = replace(psbt.tx, inputs=psbt.tx.inputs * 2)
    twice = bundle._replace(psbt=replace(psbt, tx=tx, inputs=psbt.inputs * 2))
    monkeypatch.setattr(facts, "open_bundle", lambda _: twice)
    assert refused(world, b"").refusals[0].rule == "inputs.distinct"


def test_the_previous_transaction_may_carry_witnesses(world):
    """Its id does not cover them; the amount is taken all the same."""
    coin = world.coins[0]
    source = coin.tx.inputs[0]._replace(witness=(b"\x01" * 64,))
    full = Transaction(coin.tx.version, (source,), coin.tx.outputs, coin.tx.lock_time)
    assert full.txid == Txid(coin.tx.txid)
    raw = world.bundle(tamper=of_input(previous_tx=Outline.parse(full.to_bytes())))
    assert world.examine(raw).facts.fee == FEE
