"""Documents for the store: two vaults, a policy, a chain of withdrawals, officers with keys."""

import json
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from policies.envelope import Envelope
from policies.names import DocumentId, KeyId
from policies.withdrawal import Anchor, Payment, Withdrawal
from signer.build.policy_source import read_toml, template

DESCRIPTOR = (
    "wsh(sortedmulti(2,[4ba43603/48h/1h/0h/2h]tpubDDwf2gdFxFahr9RUtDQCuZmsx34CfdZ7RALAirwC2FGeLBzW1"
    "TDiEpqFeRdxLdZD7rfsbZHYwSaT6CLM3TAcYRw6xfRv4U6KCQt4Zuhvjkz/<0;1>/*,[8dfc9b34/48h/1h/0h/2h]tpub"
    "DEXiq2SVhhqALktxfVFgj3C9M3T2G7xL11iezYg2LJAf245YkNyqp2K9TrvHABDCp2232k34UegU4aKEtUZNigit8EEqoLN"
    "e2JKMzMiLwYq/<0;1>/*,[56c4fac3/48h/1h/0h/2h]tpubDEg3kqr2jo5ergkJbFqRHvCpiob7wR7Hi44J7y987G1JZfb"
    "zBND77XKTyPZzGvh3uyDf8kexMJnFD9W8FuraJ4wLMsx6YuZVXRSRRcx6QdD/<0;1>/*))#fq8gmhj6"
)
OFFICERS = ("alice", "bob", "carol")


def key(officer: str) -> Ed25519PrivateKey:
    """An officer's approval key."""
    return Ed25519PrivateKey.from_private_bytes(sha256(officer.encode()).digest())


def key_id(officer: str) -> KeyId:
    """Its id."""
    return KeyId(key(officer).public_key().public_bytes_raw().hex())


def signed(envelope: Envelope, *officers: str) -> Envelope:
    """With these officers' signatures besides those that it has."""
    for officer in officers:
        envelope = envelope.signed(key(officer))
    return envelope


def signers(envelope: Envelope) -> set[str]:
    """Whose signatures an envelope has."""
    keys = {signature.keyid for signature in envelope.signatures}
    return {officer for officer in OFFICERS if key_id(officer) in keys}


def vault_paper(name: str = "cold", birth_height: int = 0) -> Envelope:
    """A vault."""
    fingerprints = ("4ba43603", "8dfc9b34", "56c4fac3")
    document = {
        "kind": "vault",
        "version": 1,
        "name": name,
        "coin": "BTC",
        "network": "regtest",
        "descriptor": DESCRIPTOR,
        "birth_height": birth_height,
        "signers": [
            {"officer": officer, "fingerprint": fingerprint, "type": "enforcing"}
            for officer, fingerprint in zip(OFFICERS, fingerprints, strict=True)
        ],
    }
    return Envelope.wrap("vault", json.dumps(document).encode())


def policy_paper(vault: DocumentId, activation_height: int = 0) -> Envelope:
    """A policy for a vault."""
    toml = template(
        coin="BTC",
        network="regtest",
        vault=vault,
        officers={officer: key_id(officer) for officer in OFFICERS},
        activation_height=activation_height,
    )
    return Envelope.wrap("policy", read_toml(toml).payload)


def withdrawal_paper(vault: DocumentId, sequence: int = 1, **changes: Any) -> Envelope:
    """A withdrawal of a vault; the first one, unless `previous` is given."""
    fields: dict[str, Any] = {
        "coin": "BTC",
        "network": "regtest",
        "vault": vault,
        "policy": DocumentId("ab" * 32),
        "sequence": sequence,
        "previous": None,
        "initiator": "dave",
        "why": "hot wallet refill",
        "payments": (Payment("bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", 1, "Acme", "hot"),),
        "fee_ceiling": 20_000,
        "height": 200,
        "expiry": 300,
        "anchor": Anchor("cd" * 32, sequence),
    }
    return Envelope.wrap("withdrawal", Withdrawal(**{**fields, **changes}).payload)
