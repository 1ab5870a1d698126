"""The number in a signed message's header leads back to the key."""

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from signer.carry.signed_message import recovery_id
from signer.core import secp
from signer.core.hashes import sha256


def test_therecovery_id_leads_back_to_the_key():
    """One number names the signer's key; for another key, digest or length there is none."""
    seen = set()
    for number in range(1, 20):
        secret, digest = number.to_bytes(32, "big"), sha256(bytes((number,)))
        key, other = secp.public_key(secret), secp.public_key((number + 1).to_bytes(32, "big"))
        r, s = decode_dss_signature(secp.sign_ecdsa(digest, secret))
        compact = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        found = recovery_id(digest, compact, key)
        seen.add(found)
        assert recovery_id(digest, compact, other) is None
        assert recovery_id(digest[::-1], compact, key) is None
        high = compact[:32] + (secp.ORDER - s).to_bytes(32, "big")
        assert recovery_id(digest, high, key) == found ^ 1  # -R in place of R
    assert seen == {0, 1}
    for wrong in (compact[:-1], compact + b"\0", b"", bytes(64), b"\xff" * 64):
        assert recovery_id(digest, wrong, key) is None
    assert recovery_id(digest[:-1], compact, key) is None
