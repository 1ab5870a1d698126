"""The documents that travel inside a PSBT."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psbt_samples import vault_psbt

from policies.envelope import Envelope
from signer.carry.bundle import Documents, documents, fields, open_bundle
from signer.core.errors import BadInput, Fault
from signer.core.psbt import Psbt

DOCUMENTS = Documents(
    Envelope.wrap("withdrawal", b'{"kind":"withdrawal"}'),
    (b'{"sequence":1}', b'{"sequence":2}'),
    (Envelope.wrap("policy", b'{"epoch":1}'), Envelope.wrap("policy", b'{"epoch":2}')),
)


def carried(own):
    """What is found in a PSBT with these fields."""
    return documents(Psbt.parse(vault_psbt(1, own)))


def test_documents_come_back():
    """What went in comes out, to the byte and in order."""
    raw = vault_psbt(1, fields(DOCUMENTS))
    bundle = open_bundle(raw)
    assert bundle.documents == DOCUMENTS
    assert bundle.psbt.raw == raw


def test_first_withdrawal_has_no_predecessors():
    """An empty list is not an absent one."""
    alone = Documents(DOCUMENTS.withdrawal, (), DOCUMENTS.policies)
    assert carried(fields(alone)) == alone


@given(st.lists(st.binary(max_size=600), max_size=5))
def test_predecessors_of_any_bytes(payloads):
    """Payloads are not looked into here."""
    given_documents = Documents(DOCUMENTS.withdrawal, tuple(payloads), ())
    assert carried(fields(given_documents)) == given_documents


@pytest.mark.parametrize("subtype", [0, 1, 2])
def test_each_field_is_required(subtype):
    """A wallet that strips them gets a refusal that says which is gone, and what to do."""
    own = fields(DOCUMENTS)
    del own[subtype]
    with pytest.raises(BadInput, match="the psbt does not hold its") as caught:
        carried(own or {9: b""})
    assert f"0x{subtype:02x}" in caught.value.expected
    assert caught.value.fault is Fault.COORDINATOR
    assert "stripped" in caught.value.hint


@pytest.mark.parametrize(
    ("subtype", "value", "reason"),
    [
        (0, b"", "withdrawal"),
        (0, b"{", "withdrawal"),
        (0, DOCUMENTS.policies[0].to_bytes(), "a policy, not a withdrawal"),
        (1, b"", "earlier withdrawals: cut short"),
        (1, b"\xfe\xff\xff\xff\xff", "earlier withdrawals: count is larger"),
        (1, b"\x01\x05abc", "earlier withdrawals: cut short"),
        (1, b"\x01\x03abcd", "earlier withdrawals: trailing bytes"),
        (2, b"\x00\x00", "policies: trailing bytes"),
        (2, b"\x01\x02{}", "policy"),
    ],
)
def test_garbled_documents_are_refused(subtype, value, reason):
    """Framing and envelopes are read strictly."""
    with pytest.raises(BadInput, match=reason):
        carried(fields(DOCUMENTS) | {subtype: value})
