"""The signatures that a vault may have, and how its script wants them."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from signer.core import schnorr, secp
from signer.core.script import push


class Scheme(NamedTuple):
    """One kind of signature.

    Attributes:
        name: as in documents.
        size: bytes of the longest, its sighash byte included.
        verify: whether a signature (without its sighash byte) of a digest is by a key.
        dummy: the script that pushes OP_CHECKMULTISIG's extra element, given the places of the
            keys that signed and how many keys there are.
    """

    name: str
    size: int
    verify: Callable[[bytes, bytes, bytes], bool]
    dummy: Callable[[Iterable[int], int], bytes]


def _null(_places: Iterable[int], _count: int) -> bytes:
    """Nothing (BIP147)."""
    return push(b"")


def checkbits(places: Iterable[int], count: int) -> bytes:
    """Which keys signed: a bit a key, little-endian, in as few bytes as all keys need.

    Source: Bitcoin Cash, "2019-11-15 Schnorr multisig".
    """
    bits = sum(1 << place for place in places)
    return push(bits.to_bytes(-(-count // 8), "little"))


# s is low, and r is not ground to be (design, 11): 71 bytes of DER.
ECDSA = Scheme("ecdsa", 72, secp.verify_ecdsa, _null)
SCHNORR = Scheme("schnorr", 65, schnorr.verify, checkbits)

SCHEMES: Mapping[str, Scheme] = MappingProxyType({one.name: one for one in (ECDSA, SCHNORR)})
"""By name."""
