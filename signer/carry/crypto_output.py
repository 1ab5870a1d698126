"""`crypto-output`: an output descriptor as CBOR.

Source: BCR-2020-010, with its tags for taproot (409) and a lone cosigner's key (410). What comes
out is the descriptor's text, which `signer/core/descriptor.py` parses and judges.
"""

from functools import partial
from typing import Final

from signer.carry import cbor
from signer.carry.cbor import Fields, Tagged, Value
from signer.carry.hdkey import HDKey, key_item, parse_key
from signer.core.descriptor import Descriptor, checksum
from signer.core.errors import BadInput, Fault
from signer.core.names import Fingerprint
from signer.core.script import MAX_KEYS

OUTPUT: Final = 308
"""The tag of a descriptor inside other CBOR (BCR-2020-006)."""

SH, WSH = 400, 401
COSIGNER: Final = 410

_WRAPPERS: Final = {SH: "sh", WSH: "wsh"}
_WRAPS: Final = {"p2wsh": (WSH,), "p2sh-p2wsh": (SH, WSH), "p2sh": (SH,)}
_SINGLES: Final = {402: "pk", 403: "pkh", 404: "wpkh", 405: "combo", 409: "tr"}
_MULTIS: Final = {406: "multi", 407: "sortedmulti"}
_SORTED: Final = 407

_bad = partial(BadInput, fault=Fault.OFFICER)


def descriptor_text(data: bytes) -> str:
    """The descriptor that the CBOR of a `crypto-output` stands for, with its checksum.

    Raises:
        BadInput: malformed, of a form not known here, or with a private key.
    """
    body = expression(cbor.decode(data, "crypto-output"))
    return f"{body}#{checksum(body)}"


def encode(descriptor: Descriptor) -> bytes:
    """The CBOR of the descriptor of a vault of Bitcoin, the one coin that others read here."""
    keys: tuple[Value, ...] = tuple(
        key_item(key.origin, key.xpub, descriptor.network, branches=True) for key in descriptor.keys
    )
    item = Tagged(_SORTED, {1: descriptor.threshold, 2: keys})
    for tag in reversed(_WRAPS[descriptor.script_type]):
        item = Tagged(tag, item)
    return cbor.encode(item)


def expression(value: Value, master: Fingerprint | None = None) -> str:
    """A script expression as text, without checksum.

    Args:
        value: what CBOR gave.
        master: the fingerprint for keys whose path names none.

    Raises:
        BadInput: as `descriptor_text`.
    """
    if not isinstance(value, Tagged):
        raise _bad("crypto-output: a script expression was expected")
    if value.tag in _WRAPPERS:
        return f"{_WRAPPERS[value.tag]}({expression(value.item, master)})"
    if value.tag in _SINGLES:
        return f"{_SINGLES[value.tag]}({parse_key(value.item, master)})"
    if value.tag not in _MULTIS:
        raise _bad("crypto-output: a form that is not read here", found=f"tag {value.tag}")
    fields = Fields(value.item, "multisig")
    threshold, items = fields.unsigned(1, MAX_KEYS), fields.array(2, MAX_KEYS)
    fields.finish()
    keys = [parse_key(item, master) for item in items]
    if len({key.network for key in keys if isinstance(key, HDKey)}) > 1:
        raise _bad("crypto-output: keys of different networks")
    return f"{_MULTIS[value.tag]}({threshold},{','.join(map(str, keys))})"
