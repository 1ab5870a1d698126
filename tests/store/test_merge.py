"""Copies of one document, each with some signatures."""

from dataclasses import replace
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from policies.envelope import Envelope, Signature
from policies.errors import BadInput
from signer.store.merge import merge

PAYLOAD = b'{"kind":"withdrawal"}'


def key(name):
    """An officer's private key."""
    return Ed25519PrivateKey.from_private_bytes(sha256(name.encode()).digest())


def key_id(name):
    """An officer's key id."""
    return key(name).public_key().public_bytes_raw().hex()


def sign(kind, payload, *names):
    """An envelope with the named officers' signatures."""
    there = Envelope.wrap(kind, payload)
    for name in names:
        there = there.signed(key(name))
    return there


def envelope(*names):
    """The document that is merged, with signatures."""
    return sign("withdrawal", PAYLOAD, *names)


def test_merge_gathers_distinct_signatures():
    """The order of the copies does not matter."""
    both = merge([envelope("alice"), envelope("bob"), envelope("alice", "bob")])
    assert both == merge([envelope("bob"), envelope("alice")])
    assert both.valid_keys([key_id("alice"), key_id("bob")]) == {key_id("alice"), key_id("bob")}
    assert len(both.signatures) == 2


def test_merge_drops_worthless_signatures():
    """A thief's worthless signature under Alice's key does not push out her real one."""
    spoiled = replace(envelope(), signatures=(Signature(key_id("alice"), bytes(64)),))
    for order in ([spoiled, envelope("alice")], [envelope("alice"), spoiled]):
        assert merge(order).signatures == envelope("alice").signatures
    assert merge([spoiled]).signatures == ()


@pytest.mark.parametrize(
    "other", [sign("withdrawal", PAYLOAD + b" ", "bob"), sign("policy", PAYLOAD, "bob")]
)
def test_merge_refuses_different_documents(other):
    """Signatures of another document or kind are not mixed in."""
    with pytest.raises(BadInput, match="different documents"):
        merge([envelope("alice"), other])


def test_merge_of_nothing_is_refused():
    """There must be a document."""
    with pytest.raises(BadInput, match="no document"):
        merge([])
