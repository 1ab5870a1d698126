"""Partial signatures that are worth nothing, put there so that they count.

The next officer reads "signed by bob" and takes comfort; or the finished transaction is taken from
a worthless signature and no node takes it, long after everybody has gone home.
"""

import pytest
from defences import SIGNERS, claim, expect_unreadable, finished, refused, without

from signer.core import secp
from signer.core.errors import BadInput, Fault, Refused
from signer.core.psbt import PartialSig, Psbt
from signer.sign.softkey import SoftKey

HINT = "start from the file that `coldquorum build` wrote"


@pytest.fixture(scope="module")
def bobs(world):
    """Bob's good signature of the honest bundle."""
    (coin,) = world.examine(world.bundle()).facts.inputs
    return world.key("bob").sign_all([coin])[0]


def stuffed(world, *signatures):
    """An honest bundle with signatures in it."""
    return world.bundle(tamper=lambda draft: claim(draft.inputs[0], partial_sigs=signatures))


def high_s(signature):
    """The twin of a signature, good for consensus and not for nodes (BIP146)."""
    der = signature.signature[:-1]
    length = der[3]
    r, s = der[4 : 4 + length], der[6 + length :]
    other = (secp.ORDER - int.from_bytes(s, "big")).to_bytes(33, "big")
    body = b"\x02" + bytes((len(r),)) + r + b"\x02\x21" + other
    return signature._replace(signature=b"\x30" + bytes((len(body),)) + body + b"\x01")


def worthless(world, bobs):
    """Signatures under bob's key that are not his, or not of this, or not in their one form."""
    (coin,) = world.examine(world.bundle(fee=2_345)).facts.inputs
    spoiled = bytearray(bobs.signature)
    spoiled[20] ^= 1
    return {
        "one bit changed": bobs._replace(signature=bytes(spoiled)),
        "of another transaction": world.key("bob").sign_all([coin])[0],
        "s is high": high_s(bobs),
        "all zeros": bobs._replace(signature=bytes.fromhex("300602010002010001")),
        "a longer form of DER": bobs._replace(signature=b"\x30\x81" + bobs.signature[1:]),
        "carol's": world.key("carol").sign_all(_coin(world))[0]._replace(pubkey=bobs.pubkey),
    }


def _coin(world):
    return world.examine(world.bundle()).facts.inputs


@pytest.mark.parametrize(
    "which",
    [
        "one bit changed",
        "of another transaction",
        "s is high",
        "all zeros",
        "a longer form of DER",
        "carol's",
    ],
)
def test_a_worthless_signature_is_refused(world, bobs, tmp_path, which):
    """Step 3 verifies every one, and names the officer under whose key it came."""
    raw = stuffed(world, worthless(world, bobs)[which])
    problem = refused(world, raw, 3, "signatures.invalid", hint=HINT, fault=Fault.COSIGNER)
    assert "bob" in problem.what
    with without("signatures.invalid"):
        assert world.examine(raw).facts.signed_by == ("bob",)
        psbt = Psbt.parse(world.sign(raw, tmp_path, "alice").raw)
    if which != "s is high":
        with pytest.raises(Refused, match="consensus code says no"):
            finished(world, psbt.tx, [psbt.inputs[0].partial_sigs])


def test_a_good_one_is_welcome(world, bobs, tmp_path):
    """The control: bob's own signature, and with alice's beside it consensus is content."""
    raw = stuffed(world, bobs)
    assert world.examine(raw).facts.signed_by == ("bob",)
    psbt = Psbt.parse(world.sign(raw, tmp_path, "alice").raw)
    finished(world, psbt.tx, [psbt.inputs[0].partial_sigs])


def foreign(thief, world, count):
    """Good signatures of the transaction, by keys that are in no script of the vault."""
    (coin,) = world.examine(world.bundle()).facts.inputs
    found = []
    for index in range(count):
        secret = SoftKey.of(thief.officers["alice"].root, thief.vault).branches[0]
        child = secret.derive(index).secret
        der = secp.sign_ecdsa(coin.digest, child)
        found.append(PartialSig(secp.public_key(child), der + b"\x01"))
    return found


@pytest.mark.parametrize("count", [1, 100])
def test_foreign_signatures_are_refused(world, thief, tmp_path, count):
    """However good they are, and however many."""
    raw = stuffed(world, *foreign(thief, world, count))
    refused(world, raw, 3, "signatures.foreign", hint=HINT, fault=Fault.COSIGNER)
    with without("signatures.foreign"):
        for name in SIGNERS:
            raw = world.sign(raw, tmp_path / name, name).raw
        assert len(Psbt.parse(raw).inputs[0].partial_sigs) == count + 2


def test_a_key_in_another_form_is_foreign(world, bobs):
    """Bob's key uncompressed: the same point, and not the script's key."""
    long_key = b"\x04" + bobs.pubkey[1:] + bytes(32)
    raw = stuffed(world, bobs._replace(pubkey=long_key))
    refused(world, raw, 3, "signatures.foreign", hint=HINT, fault=Fault.COSIGNER)


def test_a_signature_under_our_own_key_is_not_overwritten(world, bobs, tmp_path):
    """Something under alice's key that alice never made: refused, and no lock left gives it away.

    With step 3 gone, she would still not put a second signature beside it: two signatures under
    one key with one nonce would give the key away, and so would overwriting tell a thief apart.
    """
    (coin,) = world.examine(world.bundle()).facts.inputs
    own = world.key("alice").sign_all([coin])[0]
    raw = stuffed(world, bobs._replace(pubkey=own.pubkey))
    refused(world, raw, 3, "signatures.invalid", hint=HINT, fault=Fault.COSIGNER)
    with without("signatures.invalid"), pytest.raises(BadInput, match="by the same key is there"):
        world.sign(raw, tmp_path, "alice")


def test_out_of_shape_is_unreadable(world, bobs):
    """Too short, too long, no key: before any curve is asked."""
    for signature in (
        bobs._replace(signature=b"\x30" * 8),
        bobs._replace(signature=b"\x30" * 74),
        bobs._replace(signature=b""),
    ):
        expect_unreadable(world, stuffed(world, signature), "partial signature: wrong size")
    for key in (b"", b"\x02" * 32, b"\x05" * 33, b"\x04" * 33):
        raw = stuffed(world, bobs._replace(pubkey=key))
        expect_unreadable(world, raw, "partial signature: key: not a public key")


def test_the_program_refuses(world, thief, program_refuses):
    """Exit code 3, and nothing is written."""
    program_refuses(stuffed(world, *foreign(thief, world, 1)), 3, "signatures.foreign")
