"""A key signs only where it belongs, and only what two libraries agree upon."""

import hashlib
from dataclasses import replace

import pytest

from signer.core import secp
from signer.core.bip32_private import ExtendedPrivateKey
from signer.core.errors import BadInput, Fault, Refused
from signer.sign import softkey
from signer.sign.softkey import SoftKey, second_engine, sign_twice

DIGEST = hashlib.sha256(b"digest").digest()
SECRET = bytes(31) + b"\x2a"

# RFC 6979 for secp256k1 and SHA-256, low s. The RFC has no vectors for this curve; these are the
# ones that wallets share (Trezor, crypto/tests/test_check.c, test_rfc6979; message, key, r, s).
SHARED = [
    (
        b"Satoshi Nakamoto",
        "0000000000000000000000000000000000000000000000000000000000000001",
        "934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d8",
        "2442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5",
    ),
    (
        b"All those moments will be lost in time, like tears in rain. Time to die...",
        "0000000000000000000000000000000000000000000000000000000000000001",
        "8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b",
        "547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21",
    ),
    (
        b"Satoshi Nakamoto",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140",
        "fd567d121db66e382991534ada77a6bd3106f0a1098c231e47993447cd6af2d0",
        "6b39cd0eb1bc8603e159ef5c20a5c8ad685a45b06ce9bebed3f153d10d93bed5",
    ),
]


@pytest.mark.parametrize(("message", "secret", "r", "s"), SHARED)
def test_both_engines_give_the_shared_vectors(message, secret, r, s):
    """Deterministic nonces and low s, in either library."""
    digest, key = hashlib.sha256(message).digest(), bytes.fromhex(secret)
    expected = softkey.encode_dss_signature(int(r, 16), int(s, 16))
    assert secp.sign_ecdsa(digest, key) == expected
    assert second_engine(digest, key) == expected


def test_both_engines_agree_on_many_digests():
    """High and low s, long and short integers alike."""
    for number in range(1, 200):
        digest = hashlib.sha256(b"%d" % number).digest()
        secret = hashlib.sha256(b"secret %d" % number).digest()
        assert secp.sign_ecdsa(digest, secret) == second_engine(digest, secret)


def test_engines_that_disagree_about_a_public_key_are_refused(monkeypatch):
    """OpenSSL takes no public key on the other library's word, nor signs under a wrong one."""
    true = secp.public_key
    other, mine = true(bytes(31) + b"\x01"), true(SECRET)
    for wrong in (other, bytes((mine[0] ^ 1,)) + mine[1:], b"\x02" + b"\xff" * 32, b""):
        monkeypatch.setattr(secp, "public_key", lambda _, wrong=wrong: wrong)
        with pytest.raises(Refused) as refusal:
            second_engine(DIGEST, SECRET)
        assert refusal.value.refusals[0].rule == "signature.engines"
        assert not wrong or wrong.hex() not in repr(refusal.value.refusals)


def test_a_public_key_that_is_told_is_not_the_first_librarys(monkeypatch):
    """What stands in a script is compared with the secret, by OpenSSL; nobody else is asked."""
    mine = secp.public_key(SECRET)
    monkeypatch.delattr(secp, "public_key")
    assert second_engine(DIGEST, SECRET, mine) == secp.sign_ecdsa(DIGEST, SECRET)
    for wrong in (bytes((mine[0] ^ 1,)) + mine[1:], b"\x02" + b"\xff" * 32, b""):
        with pytest.raises(Refused) as refusal:
            second_engine(DIGEST, SECRET, wrong)
        assert refusal.value.refusals[0].rule == "signature.engines"


def test_a_disagreement_is_refused_and_shows_neither_signature(monkeypatch):
    """A right and a wrong signature with one nonce would give away the key."""
    pubkey = secp.public_key(SECRET)
    wrong = second_engine(DIGEST[::-1], SECRET)
    monkeypatch.setattr(softkey, "second_engine", lambda *_: wrong)
    with pytest.raises(Refused) as refusal:
        sign_twice(DIGEST, SECRET, pubkey)
    told = repr(refusal.value.refusals)
    assert refusal.value.refusals[0].step == 11
    assert refusal.value.refusals[0].rule == "signature.engines"
    assert refusal.value.fault is Fault.MACHINE
    assert wrong.hex() not in told
    assert secp.sign_ecdsa(DIGEST, SECRET).hex() not in told


def test_a_signature_that_does_not_verify_is_refused(monkeypatch):
    """Both libraries wrong in the same way: the verification still stands in between."""
    wrong = second_engine(DIGEST[::-1], SECRET)
    monkeypatch.setattr(softkey, "second_engine", lambda *_: wrong)
    monkeypatch.setattr(secp, "sign_ecdsa", lambda *_: wrong)
    with pytest.raises(Refused) as refusal:
        sign_twice(DIGEST, SECRET, secp.public_key(SECRET))
    assert refusal.value.refusals[0].rule == "signature.verify"
    assert wrong.hex() not in repr(refusal.value.refusals)


def test_a_key_shows_nothing(world):
    """Neither its representation nor its error holds a secret."""
    key = world.key("alice")
    assert key.branches[0].secret.hex() not in repr(key)
    assert "branches" not in repr(key)


def test_the_vault_must_hold_the_key(world):
    """A key of nobody here."""
    with pytest.raises(BadInput) as problem:
        SoftKey.of(ExtendedPrivateKey.from_seed(bytes(32)), world.vault)
    assert problem.value.found == "no key of this fingerprint"


def test_a_fingerprint_alone_is_not_enough(world):
    """The vault names this key's fingerprint, but holds another extended key under it."""
    root = world.officers["alice"].root
    mine, *others = world.vault.keys
    thief = mine._replace(xpub=mine.xpub._replace(chain_code=bytes(32)))
    form = replace(world.vault.form, keys=(thief, *others))
    vault = replace(world.vault, form=form)
    with pytest.raises(BadInput) as problem:
        SoftKey.of(root, vault)
    assert problem.value.found == "another extended key under this fingerprint"


def test_a_key_that_is_not_in_the_script_does_not_sign(world):
    """OpenSSL compares the derived secret with the script's key, and signs nothing with it."""
    coin = world.examine(world.bundle()).facts.inputs[0]
    elsewhere = replace(coin, index=coin.index + 1)
    with pytest.raises(Refused) as refusal:
        world.key("alice").sign_all([elsewhere])[0]
    told = refusal.value.refusals[0]
    assert (told.step, told.rule) == (11, "signature.engines")
    assert "about a public key" in told.what
    assert refusal.value.fault is Fault.MACHINE


def test_each_officer_signs_with_the_own_key(world):
    """One digest, three keys, three signatures that verify."""
    coin = world.examine(world.bundle()).facts.inputs[0]
    signatures = [world.key(name).sign_all([coin])[0] for name in ("alice", "bob", "carol")]
    assert sorted(s.pubkey for s in signatures) == [key.pubkey for key in coin.script.keys]
    for signature in signatures:
        assert signature.signature[-1] == 1
        assert secp.verify_ecdsa(coin.digest, signature.signature[:-1], signature.pubkey)


def test_another_digest_of_the_same_coin_is_signed(world):
    """A transaction that was not checked as a bundle, with the digest that is asked for."""
    coin = world.examine(world.bundle()).facts.inputs[0]
    (made,) = world.key().sign_all([replace(coin, digest=DIGEST)])
    assert secp.verify_ecdsa(DIGEST, made.signature[:-1], made.pubkey)


def test_an_answer_too_few_signs_nothing(world):
    """Whoever spreads the work and loses some of it: no shorter list of signatures comes out."""
    coins = world.examine(world.bundle(coins=world.coins)).facts.inputs
    key = world.key()
    assert len(key.sign_all(coins)) == 3
    with pytest.raises(ValueError, match="shorter"):
        key.sign_all(coins, lambda work, count: work(range(count - 1)))
