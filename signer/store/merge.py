"""Copies of one document, each with some signatures, become one with all of them."""

from collections.abc import Sequence
from dataclasses import replace

from policies.envelope import Envelope, Signature
from signer.core.errors import BadInput, Fault


def merge(envelopes: Sequence[Envelope]) -> Envelope:
    """Gather the signatures of several copies of one document, sorted by key.

    Signatures that do not verify under their own key are left behind: else a worthless one under
    an officer's key could push out the real one.

    Raises:
        BadInput: nothing to merge, or the documents differ.
    """
    if not envelopes:
        raise BadInput("no document to merge", fault=Fault.OFFICER)
    first = envelopes[0]
    found: dict[str, Signature] = {}
    for envelope in envelopes:
        if (envelope.payload_type, envelope.payload) != (first.payload_type, first.payload):
            raise BadInput(
                "these are different documents",
                fault=Fault.OFFICER,
                expected=f"{first.kind} {first.id}",
                found=f"{envelope.kind} {envelope.id}",
                hint="gather signatures of the same file only",
            )
        for signature in envelope.signatures:
            alone = replace(envelope, signatures=(signature,))
            if signature.keyid not in found and alone.valid_keys([signature.keyid]):
                found[signature.keyid] = signature
    return replace(first, signatures=tuple(found[keyid] for keyid in sorted(found)))
