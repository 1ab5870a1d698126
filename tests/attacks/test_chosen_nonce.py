"""A signing library that chooses its nonces: every signature is good, and gives the key away.

This is how a key leaves a machine that is never connected: inside its own signatures.
"""

import pytest
from defences import finished, without

from signer.core import secp
from signer.core.errors import Fault, Refused
from signer.core.hashes import sha256
from signer.core.psbt import Psbt
from signer.core.secp import ORDER
from signer.sign import softkey
from signer.sign.state import State

LOCK = "signature.engines"


def nonce(digest):
    """What only the thief knows to expect."""
    return int.from_bytes(sha256(b"the thief's secret" + digest), "big") % ORDER


def evil_sign(digest, secret, *_):
    """A good signature, low s and strict DER, whose nonce the thief can compute."""
    k, d, z = nonce(digest), int.from_bytes(secret, "big"), int.from_bytes(digest, "big")
    r = int.from_bytes(secp.public_key(k.to_bytes(32, "big"))[1:], "big") % ORDER
    s = pow(k, -1, ORDER) * (z + r * d) % ORDER
    return softkey.encode_dss_signature(r, min(s, ORDER - s))


@pytest.fixture
def evil(monkeypatch):
    """The first of the two libraries is the thief's."""
    monkeypatch.setattr(secp, "sign_ecdsa", evil_sign)


def test_two_libraries_must_agree(world, tmp_path, evil):
    """Step 11: RFC 6979 leaves no choice, so a second library tells. No signature leaves."""
    with pytest.raises(Refused) as caught:
        world.sign(world.bundle(), tmp_path, "alice")
    (refusal,) = caught.value.refusals
    assert (refusal.step, refusal.rule, refusal.fault) == (11, LOCK, Fault.MACHINE)
    assert "do not sign on this machine again" in refusal.hint
    assert (refusal.expected, refusal.found) == ("", "")


def test_the_second_library_may_be_the_thiefs_too(world, tmp_path, monkeypatch):
    """Either of them: they only have to differ."""
    monkeypatch.setattr(softkey, "second_engine", evil_sign)
    with pytest.raises(Refused, match="two signing libraries disagree"):
        world.sign(world.bundle(), tmp_path, "alice")


def test_without_the_second_library_the_key_is_out(world, tmp_path, evil):
    """One signature on a public chain, and whoever knows the nonce has the key."""
    raw = world.bundle()
    with without(LOCK):
        for name in ("alice", "bob"):
            raw = world.sign(raw, tmp_path / name, name).raw
    psbt = Psbt.parse(raw)
    finished(world, psbt.tx, [psbt.inputs[0].partial_sigs])
    (coin,) = world.examine(world.bundle()).facts.inputs
    keys = {
        recovered(coin.digest, softkey.decode_dss_signature(s.signature[:-1]), s.pubkey)
        for s in psbt.inputs[0].partial_sigs
    }
    secrets = {
        world.key(name).branches[coin.branch].derive(coin.index).secret for name in ("alice", "bob")
    }
    assert keys == secrets


def recovered(digest, signature, pubkey):
    """The private key behind a signature whose nonce is known."""
    (r, s), z = signature, int.from_bytes(digest, "big")
    for k in (nonce(digest), ORDER - nonce(digest)):  # s may have been made low
        secret = ((s * k - z) * pow(r, -1, ORDER) % ORDER).to_bytes(32, "big")
        if secp.public_key(secret) == pubkey:
            return secret
    return None


def test_a_signature_that_was_refused_is_still_remembered(world, tmp_path, evil):
    """The journal came first (step 10): what may have been computed is on record."""
    with pytest.raises(Refused):
        world.sign(world.bundle(), tmp_path, "alice")
    signed = State(tmp_path).vaults[world.vault.id].signed
    assert signed == {1: (Psbt.parse(world.bundle()).tx.txid,)}
