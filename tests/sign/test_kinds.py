"""What differs by script type and kind of signature: ids, sizes, and who signs a second time."""

from dataclasses import replace

import pytest
from world import Coin, World

from signer.build.vault import create_vault
from signer.chain.weight import vsize
from signer.core import schnorr, secp
from signer.core.errors import Refused
from signer.core.script import TOKEN_PREFIX, push
from signer.core.vault import RECEIVE
from signer.sign import softkey
from signer.sign.softkey import SoftKey

KINDS = {
    "p2wsh": {},
    "p2sh-p2wsh": {"script_type": "p2sh-p2wsh"},
    "p2sh": {"script_type": "p2sh"},
    "BCH": {"script_type": "p2sh", "coin": "BCH"},
    "BCH, Schnorr": {"script_type": "p2sh", "coin": "BCH", "scheme": "schnorr"},
}


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    """A world of each kind of vault."""
    return World(**KINDS[request.param])


@pytest.fixture(scope="module")
def cash():
    """A vault whose signatures are Schnorr's."""
    return World(**KINDS["BCH, Schnorr"])


def finished(known):
    """The transaction with every signature at its longest, as any coin's nodes would get it."""
    vault, filled = known.vault, []
    signatures = [bytes(vault.scheme.size)] * vault.threshold
    for txin, spent in zip(known.psbt.tx.inputs, known.inputs, strict=True):
        script, redeem = spent.script.witness_script, spent.script.redeem_script
        if script:
            script_sig = push(redeem) if redeem else b""
            witness = (b"", *signatures, script)
            filled.append(txin._replace(script_sig=script_sig, witness=witness))
        else:
            dummy = vault.scheme.dummy([1, 2], 3)
            parts = (dummy, *map(push, signatures), push(redeem))
            filled.append(txin._replace(script_sig=b"".join(parts)))
    return replace(known.psbt.tx, inputs=tuple(filled))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_size_is_the_longest_finished_transactions(kind, count):
    """To the byte, wherever the quarter bytes of segwit fall."""
    known = kind.examine(kind.bundle(coins=kind.coins[:count])).facts
    assert known.vsize == vsize(finished(known))


def test_the_size_of_an_odd_weight(world):
    """One signature of three: there every unit of the marker and the flag counts."""
    vault = create_vault(
        name="treasury",
        coin="BTC",
        network=world.vault.network,
        script_type="p2wsh",
        threshold=1,
        keys=world.vault.keys,
        signers=world.vault.signers,
        birth_height=0,
        scheme="ecdsa",
    )
    known = replace(world.examine(world.bundle(coins=world.coins)).facts, vault=vault)
    assert vault.input_weight % 2
    assert known.vsize == vsize(finished(known))


def test_the_id_is_the_finished_transactions_where_one_can_know_it(kind):
    """With segwit, signatures are not part of it; without, only the unsigned one's is known."""
    known = kind.examine(kind.bundle(coins=kind.coins[:2])).facts
    segwit = bool(known.inputs[0].script.witness_script)
    assert known.txid == (finished(known) if segwit else known.psbt.tx).txid


def test_each_kind_is_signed_and_named(kind, tmp_path):
    """One officer after the other, with what the vault's own scheme accepts."""
    signed = kind.sign(kind.bundle(coins=kind.coins[:2]), tmp_path, "bob")
    known = kind.examine(signed.raw).facts
    assert known.signed_by == ("bob",)
    for spent, said in zip(known.inputs, known.psbt.inputs, strict=True):
        (made,) = said.partial_sigs
        assert kind.vault.scheme.verify(spent.digest, made.signature[:-1], made.pubkey)
        assert made.signature[-1] == kind.vault.sighash


def test_a_coin_that_carries_tokens_is_refused_as_such(cash):
    """Not merely as another script: the officer learns that a wallet for tokens can move it."""
    coin = cash.coins[0]
    own = coin.output
    token = TOKEN_PREFIX + b"\x11" * 32 + b"\x10\x2a"
    outputs = (coin.tx.outputs[0], own._replace(script=token + own.script))
    carrying = Coin(replace(coin.tx, outputs=outputs), coin.vout, RECEIVE, 0)
    with pytest.raises(Refused) as refusal:
        cash.examine(cash.bundle(coins=[carrying]))
    (only,) = refusal.value.refusals
    assert (only.step, only.rule) == (3, "inputs.tokens")


def coin_and_key(world: World) -> tuple[object, SoftKey]:
    """The first input of an honest bundle, and alice's key."""
    return world.examine(world.bundle()).facts.inputs[0], world.key()


def test_a_schnorr_signature_that_comes_and_goes_is_refused(cash, monkeypatch):
    """It is made twice; when the two differ, neither leaves."""
    coin, key = coin_and_key(cash)
    good = key.sign_all([coin])[0]
    assert schnorr.verify(coin.digest, good.signature[:-1], good.pubkey)
    engine, answers = schnorr.sign, iter((coin.digest, coin.digest[::-1]))
    monkeypatch.setattr(schnorr, "sign", lambda _digest, secret: engine(next(answers), secret))
    with pytest.raises(Refused) as refusal:
        key.sign_all([coin])[0]
    assert refusal.value.refusals[0].rule == "signature.engines"


def test_a_schnorr_signature_that_does_not_verify_is_refused(cash, monkeypatch):
    """Wrong twice in the same way."""
    coin, key = coin_and_key(cash)
    engine = schnorr.sign
    monkeypatch.setattr(schnorr, "sign", lambda digest, secret: engine(digest[::-1], secret))
    with pytest.raises(Refused) as refusal:
        key.sign_all([coin])[0]
    assert refusal.value.refusals[0].rule == "signature.verify"


def test_a_schnorr_key_that_is_not_in_the_script_does_not_sign(cash):
    """OpenSSL has no part in it: the signature does not verify under the script's key."""
    coin, key = coin_and_key(cash)
    elsewhere = replace(coin, index=coin.index + 1)
    with pytest.raises(Refused) as refusal:
        key.sign_all([elsewhere])[0]
    assert refusal.value.refusals[0].rule == "signature.verify"


def test_a_vault_for_schnorr_gets_no_ecdsa(cash, monkeypatch):
    """Neither ECDSA library is asked, and a vault for ECDSA asks no Schnorr."""

    def called(*_):
        raise AssertionError("the other scheme")

    with monkeypatch.context() as patched:
        patched.setattr(secp, "sign_ecdsa", called)
        patched.setattr(softkey, "second_engine", called)
        coin, key = coin_and_key(cash)
        assert len(key.sign_all([coin])[0].signature) == 65
    monkeypatch.setattr(schnorr, "sign", called)
    coin, key = coin_and_key(World())
    assert key.sign_all([coin])[0].signature[:1] == b"\x30"
