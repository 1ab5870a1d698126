"""DSSE envelopes: what is signed, who signed, and what is refused."""

import base64
import json
from dataclasses import replace

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from policy_world import key, key_id, sign

from policies.envelope import MAX_DOCUMENT, MAX_SIGNATURES, Envelope, Signature
from policies.errors import BadInput

PAYLOAD = b'{"kind":"withdrawal"}'


def envelope(*names):
    """Give a withdrawal envelope signed by the named officers."""
    return sign("withdrawal", PAYLOAD, *names)


def raw(**changes):
    """Give an envelope file's bytes with some fields replaced."""
    table = {**json.loads(envelope("alice").to_bytes()), **changes}
    return json.dumps(table).encode()


def test_pae_official_vector():
    """DSSE v1 protocol.md, test vectors: "hello world" as http://example.com/HelloWorld."""
    vector = Envelope("http://example.com/HelloWorld", b"hello world")
    assert vector.pae() == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_pae_counts_bytes_not_characters():
    """DSSE v1: lengths are of UTF-8 bytes, and an empty body has length 0."""
    assert Envelope("あ", b"").pae() == "DSSEv1 3 あ 0 ".encode()


def test_rfc8032_vector_through_an_envelope():
    """RFC 8032 section 7.1 TEST 1: the key id is the raw public key in hex."""
    private = Ed25519PrivateKey.from_private_bytes(
        bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    )
    public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    signed = Envelope.wrap("policy", b"{}").signed(private)
    assert signed.signatures[0].keyid == public
    assert signed.valid_keys([public]) == {public}


def test_round_trip_keeps_every_byte():
    """What is written is read back, signatures in order."""
    there = envelope("bob", "alice")
    back = Envelope.parse(there.to_bytes(), kind="withdrawal")
    assert back == there
    assert back.kind == "withdrawal"
    assert back.id == there.id
    assert [s.keyid for s in back.signatures] == [key_id("bob"), key_id("alice")]


def test_id_is_sha256_of_the_payload():
    """FIPS 180-2 vector "abc"."""
    assert (
        Envelope.wrap("vault", b"abc").id
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_an_envelope_without_signatures_is_legal():
    """A vault may travel unsigned."""
    assert Envelope.parse(Envelope.wrap("vault", b"{}").to_bytes()).signatures == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"payload": "e30"},
        {"payload": 1},
        {"payload": None},
        {"payloadType": "application/vnd.in-toto+json"},
        {"payloadType": "application/vnd.coldquorum.withdrawal+json\n"},
        {"payloadType": "application/vnd.coldquorum.Withdrawal+json"},
        {"payloadType": "application/vnd.coldquorum.+json"},
        {"payloadType": 1},
        {"payloadType": None},
        {"signatures": {}},
        {"signatures": None},
        {"signatures": [1]},
        {"signatures": [{}]},
        {"signatures": [{"keyid": "00" * 32, "sig": "AAAA"}]},
        {"signatures": [{"keyid": "00" * 31, "sig": base64.b64encode(bytes(64)).decode()}]},
        {"signatures": [{"keyid": "AA" * 32, "sig": base64.b64encode(bytes(64)).decode()}]},
        {"signatures": [{"keyid": "00" * 32, "sig": base64.b64encode(bytes(65)).decode()}]},
        {"signatures": [{"keyid": "00" * 32, "sig": base64.b64encode(bytes(64)).decode(), "x": 1}]},
        {"signatures": [{"sig": base64.b64encode(bytes(64)).decode()}]},
        {"extra": 1},
    ],
)
def test_malformed_envelopes_are_refused(changes):
    """Every field has one form."""
    with pytest.raises(BadInput):
        Envelope.parse(raw(**changes))


def test_too_many_signatures_are_refused():
    """A flood of signatures costs no verification time; the limit itself is taken."""
    entry = {"keyid": "00" * 32, "sig": base64.b64encode(bytes(64)).decode()}
    full = Envelope.parse(raw(signatures=[entry] * MAX_SIGNATURES))
    assert len(full.signatures) == MAX_SIGNATURES
    with pytest.raises(BadInput, match="at most"):
        Envelope.parse(raw(signatures=[entry] * (MAX_SIGNATURES + 1)))


def test_too_large_is_refused():
    """The size is checked before anything is parsed."""
    with pytest.raises(BadInput, match="too large"):
        Envelope.parse(b" " * (MAX_DOCUMENT + 1))


def test_another_kind_is_refused_by_name():
    """A policy given where a withdrawal is wanted is told apart."""
    with pytest.raises(BadInput, match="this is a withdrawal, not a policy"):
        Envelope.parse(raw(), kind="policy")


def test_a_signature_on_one_kind_says_nothing_on_another():
    """The payload type is signed: the same bytes relabelled have no valid signature."""
    relabelled = replace(envelope("alice"), payload_type=Envelope.wrap("policy", b"").payload_type)
    assert envelope("alice").valid_keys([key_id("alice")])
    assert not relabelled.valid_keys([key_id("alice")])


def test_any_changed_bit_invalidates():
    """Flipping any bit of the payload or the signature leaves no valid key."""
    there = envelope("alice")
    sig = there.signatures[0]
    candidates = [key_id("alice")]
    for bit in range(len(PAYLOAD) * 8):
        payload = bytearray(PAYLOAD)
        payload[bit // 8] ^= 1 << bit % 8
        assert not replace(there, payload=bytes(payload)).valid_keys(candidates)
    for bit in range(512):
        changed = bytearray(sig.sig)
        changed[bit // 8] ^= 1 << bit % 8
        forged = replace(there, signatures=(Signature(sig.keyid, bytes(changed)),))
        assert not forged.valid_keys(candidates)


def test_the_same_json_in_other_bytes_is_another_document():
    """Signatures cover received bytes: a blank more is another document."""
    assert not replace(envelope("alice"), payload=PAYLOAD + b" ").valid_keys([key_id("alice")])


def test_a_signature_under_another_officers_key_does_not_count():
    """Alice's signature labelled as Bob's is nobody's."""
    stolen = Signature(key_id("bob"), envelope("alice").signatures[0].sig)
    there = replace(envelope(), signatures=(stolen,))
    assert not there.valid_keys([key_id("alice"), key_id("bob")])


def test_keys_that_nobody_asked_about_do_not_count():
    """Only candidates are verified and given back."""
    there = envelope("alice", "mallory")
    assert there.valid_keys([key_id("alice"), key_id("bob")]) == {key_id("alice")}


def test_one_key_twice_counts_once():
    """Repeating a signature makes no second voice; a worthless copy hides no real one."""
    good = envelope("alice").signatures[0]
    bad = Signature(good.keyid, bytes(64))
    for order in ((good, good), (bad, good), (good, bad)):
        there = Envelope.parse(replace(envelope(), signatures=order).to_bytes())
        assert there.valid_keys([good.keyid]) == {good.keyid}


def test_a_malleated_signature_is_refused():
    """RFC 8032 section 5.1.7: S must be below the group order; S + L is not another signature."""
    order = 2**252 + 27742317777372353535851937790883648493
    good = envelope("alice").signatures[0]
    s = int.from_bytes(good.sig[32:], "little") + order
    bad = Signature(good.keyid, good.sig[:32] + s.to_bytes(32, "little"))
    with pytest.raises(InvalidSignature):
        key("alice").public_key().verify(bad.sig, envelope().pae())
    assert not replace(envelope(), signatures=(bad,)).valid_keys([good.keyid])


@pytest.mark.parametrize("keyid", ["", "zz" * 32, "00" * 31])
def test_a_key_id_that_is_no_key_is_simply_not_valid(keyid):
    """Hand-made envelopes with nonsense for a key verify as nobody's."""
    there = replace(envelope(), signatures=(Signature(keyid, bytes(64)),))
    assert not there.valid_keys([keyid])


def test_signing_again_replaces():
    """An officer who signs twice has one signature, also over a worthless one."""
    there = envelope("alice", "bob", "alice")
    assert [s.keyid for s in there.signatures] == [key_id("bob"), key_id("alice")]
    spoiled = replace(there, signatures=(Signature(key_id("alice"), bytes(64)),))
    mended = spoiled.signed(key("alice"))
    assert mended.valid_keys([key_id("alice")])
    assert len(mended.signatures) == 1


def test_a_kind_that_is_not_ours_is_refused():
    """The kind of a hand-made envelope with another payload type is refused."""
    with pytest.raises(BadInput, match="not a document of ours"):
        Envelope("text/plain", b"").expect("policy")
