"""A file that is another one but for its signatures, recognised without parsing it again.

A signer puts its signatures at the end of each input's map and changes nothing else. What is the
same byte for byte as in a file that was read strictly needs no second reading.
"""

from dataclasses import replace

from signer.core.errors import BadInput
from signer.core.psbt import MAX_PSBT, PartialSig, Psbt
from signer.core.psbt_fields import INPUT, Input
from signer.core.psbt_map import MAX_IN_ALL, FieldMap
from signer.core.wire import Reader, var_bytes

_SIGNATURES = frozenset((Input.PARTIAL_SIG,))


def resigned(known: Psbt, raw: bytes) -> Psbt | None:
    """Read `raw` if it is `known` with other signatures at the ends of its inputs' maps.

    Args:
        known: read strictly.
        raw: a binary PSBT that nobody vouches for.

    Returns:
        `known` with the signatures of `raw`, all still to be verified; None if the bytes differ in
        anything else, or hold a signature that has no form: then parse them, for the reason.
    """
    if len(raw) > MAX_PSBT:
        return None
    reader, room, at = Reader(raw, "psbt"), iter(range(MAX_IN_ALL)), 0
    inputs, ends = [], []
    for said, end in zip(known.inputs, known.ends, strict=True):
        signatures = b"".join(map(_field, said.partial_sigs))
        bare = known.raw[at : end - len(signatures)]
        # Signatures that stand elsewhere in the map are for the parser to find.
        if not known.raw.endswith(signatures, at, end) or not raw.startswith(bare, reader.position):
            return None
        try:
            reader.skip(len(bare))
            fields = FieldMap(reader, "psbt", INPUT, room)
        except BadInput:
            return None
        if fields.others(_SIGNATURES):
            return None
        found = fields.all(Input.PARTIAL_SIG)
        partial_sigs = tuple(PartialSig(*one) for one in found)
        inputs.append(said._replace(partial_sigs=partial_sigs))
        ends.append(fields.end)
        at = end + 1
    if reader.rest() != known.raw[at:]:
        return None
    return replace(known, raw=raw, inputs=tuple(inputs), ends=tuple(ends))


def _field(signature: PartialSig) -> bytes:
    key = bytes((Input.PARTIAL_SIG,)) + signature.pubkey
    return var_bytes(key) + var_bytes(signature.signature)
