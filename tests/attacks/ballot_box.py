"""Ways to count approvals that a careless signer might have."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from policies.envelope import Envelope
from policies.policy import Policy
from policies.quorum import Tally, Votes
from policies.withdrawal import Withdrawal


def every_signature(envelope: Envelope, policy: Policy, _read: Withdrawal) -> Votes:
    """Count each good signature: whoever's it is, and however often."""
    names = {key: name for name, key in policy.officers.items()}
    signed = tuple(
        names.get(s.keyid, "a stranger")
        for s in envelope.signatures
        if _good(s.keyid, s.sig, envelope.pae())
    )
    return _votes(envelope, policy, signed)


def every_name(envelope: Envelope, policy: Policy, _read: Withdrawal) -> Votes:
    """Count each name of an approver that stands there, without looking at the signature."""
    named = {s.keyid for s in envelope.signatures}
    members = policy.roles["approvers"].members
    return _votes(envelope, policy, tuple(n for n in members if policy.officers[n] in named))


def _votes(envelope: Envelope, policy: Policy, signed: tuple[str, ...]) -> Votes:
    demands = policy.demands(Withdrawal.parse(envelope.payload))
    return Votes(tuple(Tally(d.role, d.count, signed, ()) for d in demands))


def _good(key: str, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(signature, message)
    except InvalidSignature:
        return False
    return True
