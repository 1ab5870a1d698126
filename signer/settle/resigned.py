"""Files that are one file but for their signatures, recognised without parsing them again.

A signer puts its signatures at the end of each input's map and changes nothing else. What is the
same byte for byte as in a file that was read strictly needs no second reading.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from signer.core.psbt import MAX_PSBT, PartialSig, Psbt
from signer.core.psbt_fields import INPUT, Input
from signer.core.script import COMPRESSED, MAX_KEYS

_HEADS: Final = tuple(bytes((1 + COMPRESSED, Input.PARTIAL_SIG, sign)) for sign in (2, 3))
"""How a signature's field begins: its key's length, its type, a compressed key's first byte."""

_LENGTH: Final = 2 + COMPRESSED
"""Bytes from there to the signature's length; the key is the last of them."""

_SIZES: Final = INPUT[Input.PARTIAL_SIG].value.sizes
"""Bytes that a signature may have, as the parser has it."""


class Bare:
    """A PSBT without its signatures, to compare others with.

    Args:
        known: read strictly.
    """

    __slots__ = ("_known", "_maps", "_rest")

    def __init__(self, known: Psbt) -> None:
        self._known, at = known, 0
        self._maps: list[bytes] = []  # of each input, from the end of the one before
        for said, end in zip(known.inputs, known.ends, strict=True):
            signatures = b"".join(map(_field, said.partial_sigs))
            # Signatures that stand elsewhere in the map are for the parser to find.
            if not known.raw.endswith(signatures, at, end):
                break
            self._maps.append(known.raw[at : end - len(signatures)])
            at = end
        self._rest = known.raw[at:]

    def signatures(self, raw: bytes) -> Sequence[tuple[PartialSig, ...]] | None:
        """Of each input of `raw`, if it is the known PSBT with other signatures at its maps' ends.

        Args:
            raw: a binary PSBT that nobody vouches for.

        Returns:
            All still to be verified; None if the bytes differ in anything else, or hold a
            signature that has no form: then parse them, for the reason.
        """
        read = self._read(raw)
        return read and read[0]

    def resigned(self, raw: bytes) -> Psbt | None:
        """The known PSBT with the signatures of `raw`; None as above."""
        read = self._read(raw)
        if read is None:
            return None
        pairs = zip(self._known.inputs, read[0], strict=True)
        inputs = tuple([said._replace(partial_sigs=found) for said, found in pairs])
        return replace(self._known, raw=raw, inputs=inputs, ends=tuple(read[1]))

    def _read(self, raw: bytes) -> tuple[list[tuple[PartialSig, ...]], list[int]] | None:
        """The signatures of each input, and where the zero byte is that closes its map."""
        at, found, ends = 0, [], []
        if len(raw) > MAX_PSBT:
            return None
        try:
            for bare in self._maps:
                if not raw.startswith(bare, at):
                    return None
                at += len(bare)
                here: dict[bytes, PartialSig] = {}
                while raw[at]:
                    start = at + _LENGTH
                    key, end = raw[at + 2 : start], start + 1 + raw[start]
                    formed = raw.startswith(_HEADS, at) and raw[start] in _SIZES
                    if not formed or key in here or len(here) == MAX_KEYS:
                        return None
                    here[key] = PartialSig(key, raw[start + 1 : end])
                    at = end
                found.append(tuple(here.values()))
                ends.append(at)
        except IndexError:  # cut short
            return None
        alike = len(ends) == len(self._known.ends) and raw[at:] == self._rest
        return (found, ends) if alike else None


def _field(signature: PartialSig) -> bytes:
    """As it stands in a map: both lengths take one byte."""
    key, value = signature.pubkey, signature.signature
    return b"%c%c%b%c%b" % (1 + len(key), Input.PARTIAL_SIG, key, len(value), value)
