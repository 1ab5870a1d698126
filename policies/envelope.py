"""Signed documents: DSSE envelopes over the bytes that were received.

Source: Dead Simple Signing Envelope v1.0.2, protocol.md and envelope.md
(github.com/secure-systems-lab/dsse). Signatures cover the payload's type and its exact bytes, so
that nothing is ever serialised again in order to be verified, and a signature on one kind of
document says nothing about another kind. Signatures are Ed25519 (RFC 8032).
"""

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from policies import strict_json
from policies.errors import BadInput, Fault
from policies.names import DocumentId, KeyId
from policies.strict_json import Fields, shown

MAX_DOCUMENT = 1 << 20
"""Bytes of an envelope. A withdrawal of 2,000 payments takes about 400 kB."""

MAX_SIGNATURES = 100
"""Above any quorum; bounds the time that verifying a hostile envelope takes (10 ms)."""

_TYPE = re.compile(r"application/vnd\.coldquorum\.([a-z]+)\+json")
_SIGNATURE_BYTES = 64


def document_id(payload: bytes) -> DocumentId:
    """Give a document's id: the SHA-256 of its payload bytes as received."""
    return DocumentId(sha256(payload).hexdigest())


def payload_type(kind: str) -> str:
    """Give the DSSE payload type of our `kind` of document."""
    return f"application/vnd.coldquorum.{kind}+json"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature, not yet verified.

    Attributes:
        keyid: the Ed25519 public key that it claims to be of.
        sig: 64 bytes, RFC 8032 section 5.1.6.
    """

    keyid: KeyId
    sig: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload and the signatures that came with it, none of them believed yet.

    Attributes:
        payload_type: `application/vnd.coldquorum.<kind>+json`.
        payload: the document's bytes as received.
        signatures: in the order received. A key may occur twice; it never counts twice.
    """

    payload_type: str
    payload: bytes = field(repr=False)
    signatures: tuple[Signature, ...] = ()

    @classmethod
    def wrap(cls, kind: str, payload: bytes) -> "Envelope":
        """Put a fresh document into an envelope without signatures."""
        return cls(payload_type(kind), payload)

    @classmethod
    def parse(cls, data: bytes, *, kind: str | None = None) -> "Envelope":
        """Read an envelope file, which must hold a `kind` of document if one is given.

        Raises:
            BadInput: not an envelope, malformed, too large, or of another kind.
        """
        what = kind or "document"
        raw = strict_json.load(data, limit=MAX_DOCUMENT, what=what)
        fields = Fields(raw, what, ("payload", "payloadType", "signatures"))
        entries = fields.tables("signatures", required=("keyid", "sig"), least=0)
        if len(entries) > MAX_SIGNATURES:
            fields.bad("signatures", f"a list of at most {MAX_SIGNATURES}", len(entries))
        signatures = []
        for entry in entries:
            sig = entry.base64("sig")
            if len(sig) != _SIGNATURE_BYTES:
                entry.bad("sig", f"{_SIGNATURE_BYTES} bytes", f"{len(sig)} bytes")
            signatures.append(Signature(KeyId(entry.digest("keyid")), sig))
        envelope = cls(str(fields.raw["payloadType"]), fields.base64("payload"), tuple(signatures))
        envelope.expect(kind or envelope.kind)
        return envelope

    @property
    def kind(self) -> str:
        """The kind of document that the payload type names.

        Raises:
            BadInput: a payload type that is not ours.
        """
        match = _TYPE.fullmatch(self.payload_type)
        if match is None:
            raise BadInput(
                "not a document of ours",
                fault=Fault.COORDINATOR,
                expected=payload_type("<kind>"),
                found=shown(self.payload_type),
            )
        return match[1]

    def expect(self, kind: str) -> None:
        """Check that this is a `kind` of document.

        Raises:
            BadInput: it is another kind.
        """
        if self.kind != kind:
            raise BadInput(
                f"this is a {self.kind}, not a {kind}",
                fault=Fault.OFFICER,
                expected=kind,
                found=self.kind,
                hint="give another file",
            )

    @property
    def id(self) -> DocumentId:
        """The document's id."""
        return document_id(self.payload)

    def to_bytes(self) -> bytes:
        """Write the envelope file, with a line end after it."""
        table = {
            "payload": _base64(self.payload),
            "payloadType": self.payload_type,
            "signatures": [{"keyid": s.keyid, "sig": _base64(s.sig)} for s in self.signatures],
        }
        return strict_json.dump(table) + b"\n"

    def pae(self) -> bytes:
        """Give the bytes that are signed: DSSE's pre-authentication encoding (protocol.md)."""
        kind = self.payload_type.encode("utf-8")
        return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(self.payload), self.payload)

    def signed(self, private: Ed25519PrivateKey) -> "Envelope":
        """Add a signature. An earlier one of the same key gives way."""
        keyid = KeyId(private.public_key().public_bytes_raw().hex())
        others = tuple(s for s in self.signatures if s.keyid != keyid)
        return replace(self, signatures=(*others, Signature(keyid, private.sign(self.pae()))))

    def valid_keys(self, candidates: Iterable[KeyId]) -> frozenset[KeyId]:
        """Give those of the candidate keys that validly signed the received bytes."""
        wanted, signed_bytes = frozenset(candidates), self.pae()
        return frozenset(
            s.keyid for s in self.signatures if s.keyid in wanted and _verifies(s, signed_bytes)
        )


def _verifies(signature: Signature, signed_bytes: bytes) -> bool:
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(signature.keyid))
        key.verify(signature.sig, signed_bytes)
    except (InvalidSignature, ValueError):  # ValueError: not 32 bytes, or not hex
        return False
    return True


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
