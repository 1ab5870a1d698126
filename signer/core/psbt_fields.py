"""The fields that a PSBT's maps may hold: their type numbers, names and shapes.

Sources: BIP174 "Specification", BIP371 (taproot), BIP373 (MuSig2), BIP370 for the fields that
belong to version 2 alone. A field that is not in these tables is kept as it came. A public key is
checked for its form, not for lying on the curve: one that does not, equals no key of a vault.
"""

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass
from typing import Final

from signer.core.wire import Reader

_TAP_DEPTH: Final = 128  # BIP341: a control block has at most so many hashes
_MOST: Final = 1 << 32  # more than any field has bytes


@dataclass(frozen=True, slots=True)
class Form:
    """What a key's data, or a value, has to be.

    Attributes:
        sizes: bytes that it may have; none if that does not tell, and `read` does.
        expected: the same, for errors.
        heads: where it matters, each size with the first bytes that it may have.
        wrong: what anything else is, for errors.
        read: reads what is in there, or raises BadInput; bytes that it leaves are refused by its
            caller.
    """

    sizes: Container[int]
    expected: str
    heads: Mapping[int, bytes] | None = None
    wrong: str = "wrong size"
    read: Callable[[Reader], object] | None = None


class Global:
    """Types of the global map that this program gives a meaning."""

    UNSIGNED_TX: Final = 0x00
    XPUB: Final = 0x01
    VERSION: Final = 0xFB


class Input:
    """Types of an input's map that this program gives a meaning."""

    PREVIOUS_TX: Final = 0x00
    WITNESS_UTXO: Final = 0x01
    PARTIAL_SIG: Final = 0x02
    SIGHASH: Final = 0x03
    REDEEM_SCRIPT: Final = 0x04
    WITNESS_SCRIPT: Final = 0x05
    DERIVATION: Final = 0x06
    FINAL_SCRIPT_SIG: Final = 0x07
    FINAL_SCRIPT_WITNESS: Final = 0x08


class Output:
    """Types of an output's map that this program gives a meaning."""

    REDEEM_SCRIPT: Final = 0x00
    WITNESS_SCRIPT: Final = 0x01
    DERIVATION: Final = 0x02


PROPRIETARY: Final = 0xFC

_ANY: Final = range(_MOST)

ANYTHING: Final = Form(_ANY, "")
NOTHING: Final = Form((0,), "no bytes")
_20: Final = Form((20,), "20 bytes")
_32: Final = Form((32,), "32 bytes")
_33: Final = Form((33,), "33 bytes")
_PUBLIC_KEY: Final = Form(
    (33, 65), "33 or 65 bytes of SEC1", {33: b"\x02\x03", 65: b"\x04"}, "not a public key"
)
_SCHNORR: Final = Form((64, 65), "64 or 65 bytes")
_ORIGIN: Final = Form(range(4, _MOST, 4), "4 bytes, and 4 a step")
_MUSIG_KEY: Final = Form((66, 98), "66 or 98 bytes")
_PARTICIPANTS: Final = Form(range(33, _MOST, 33), "33 bytes a key")


def _tap_origin(reader: Reader) -> None:
    reader.take(32 * reader.count(32))
    if reader.left not in _ORIGIN.sizes:
        reader.fail("wrong size", expected=_ORIGIN.expected, found=f"{reader.left} bytes")
    reader.rest()


def _tap_tree(reader: Reader) -> None:
    """A binary tree in depth-first order: two neighbours of one depth make their parent."""
    depths: list[int] = []
    while reader.left or not depths:
        depths.append(reader.u8())
        if depths[-1] > _TAP_DEPTH:
            reader.fail("deeper than 128")
        if reader.u8() & 1:
            reader.fail("odd leaf version")
        reader.var_bytes()
        while depths[-2:-1] == depths[-1:]:
            depths.pop()
            depths[-1] -= 1
    if depths != [0]:
        reader.fail("not a whole tree")


def _proprietary(reader: Reader) -> None:
    reader.var_bytes()
    reader.compact_size()
    reader.rest()


def _version_2(reader: Reader) -> None:
    reader.fail("has no place in version 0", hint="save the file as psbt version 0 (BIP174)")


@dataclass(frozen=True, slots=True)
class FieldType:
    """What is known of one type of field.

    Attributes:
        name: for errors.
        key: the form of the key after its type.
        value: the form of the value; by default anything will do, or `psbt.py` reads it itself.
    """

    name: str
    key: Form = NOTHING
    value: Form = ANYTHING


_SIGNATURE: Final = Form(range(9, 74), "9 to 73 bytes of DER and the sighash type")  # BIP66
_CONTROL_BLOCK: Final = Form(range(33, 34 + 32 * _TAP_DEPTH, 32), "33 bytes, and 32 a hash")
_LEAF_SCRIPT: Final = Form(range(1, _MOST), "a leaf script")
_TAP_ORIGIN: Final = Form((), "", read=_tap_origin)
_VERSION_2: Final = FieldType("version 2 field", Form((), "", read=_version_2))
_OWN: Final = FieldType("proprietary field", Form((), "", read=_proprietary))

GLOBAL: Final[Mapping[int, FieldType]] = {
    Global.UNSIGNED_TX: FieldType("unsigned transaction"),
    Global.XPUB: FieldType("extended public key", Form((78,), "78 bytes"), _ORIGIN),
    Global.VERSION: FieldType("version"),
    PROPRIETARY: _OWN,
} | dict.fromkeys(range(0x02, 0x07), _VERSION_2)

INPUT: Final[Mapping[int, FieldType]] = {
    Input.PREVIOUS_TX: FieldType("previous transaction"),
    Input.WITNESS_UTXO: FieldType("witness utxo"),
    Input.PARTIAL_SIG: FieldType("partial signature", _PUBLIC_KEY, _SIGNATURE),
    Input.SIGHASH: FieldType("sighash type"),
    Input.REDEEM_SCRIPT: FieldType("redeem script"),
    Input.WITNESS_SCRIPT: FieldType("witness script"),
    Input.DERIVATION: FieldType("key origin", _PUBLIC_KEY, _ORIGIN),
    Input.FINAL_SCRIPT_SIG: FieldType("final script sig"),
    Input.FINAL_SCRIPT_WITNESS: FieldType("final witness"),
    0x09: FieldType("proof of reserves"),
    0x0A: FieldType("ripemd160 preimage", _20),
    0x0B: FieldType("sha256 preimage", _32),
    0x0C: FieldType("hash160 preimage", _20),
    0x0D: FieldType("hash256 preimage", _32),
    0x13: FieldType("taproot key signature", value=_SCHNORR),
    0x14: FieldType("taproot script signature", Form((64,), "64 bytes"), _SCHNORR),
    0x15: FieldType("taproot leaf script", _CONTROL_BLOCK, _LEAF_SCRIPT),
    0x16: FieldType("taproot key origin", _32, _TAP_ORIGIN),
    0x17: FieldType("taproot internal key", value=_32),
    0x18: FieldType("taproot merkle root", value=_32),
    0x1A: FieldType("musig2 participants", _33, _PARTICIPANTS),
    0x1B: FieldType("musig2 public nonce", _MUSIG_KEY, Form((66,), "66 bytes")),
    0x1C: FieldType("musig2 partial signature", _MUSIG_KEY, _32),
    PROPRIETARY: _OWN,
} | dict.fromkeys(range(0x0E, 0x13), _VERSION_2)

OUTPUT: Final[Mapping[int, FieldType]] = {
    Output.REDEEM_SCRIPT: FieldType("redeem script"),
    Output.WITNESS_SCRIPT: FieldType("witness script"),
    Output.DERIVATION: FieldType("key origin", _PUBLIC_KEY, _ORIGIN),
    0x03: _VERSION_2,
    0x04: _VERSION_2,
    0x05: FieldType("taproot internal key", value=_32),
    0x06: FieldType("taproot tree", value=Form((), "", read=_tap_tree)),
    0x07: FieldType("taproot key origin", _32, _TAP_ORIGIN),
    0x08: FieldType("musig2 participants", _33, _PARTICIPANTS),
    PROPRIETARY: _OWN,
}
