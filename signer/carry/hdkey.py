"""Keys inside URs: `crypto-hdkey`, its path, its network, and `crypto-eckey`.

Sources: BCR-2020-007 (hdkey, keypath, coin-info), BCR-2020-008 (eckey). Public keys only: whoever
shows a private one to a camera is told so, and it is not read. What comes out is text as in
descriptors (BIP380), which `signer/core` parses again.
"""

from dataclasses import dataclass
from functools import partial
from typing import Final

from signer.carry.cbor import Fields, Tagged, Value
from signer.core.bip32 import HARDENED, ExtendedPublicKey, Origin, format_path
from signer.core.coins import Network, network
from signer.core.errors import BadInput, Fault
from signer.core.names import Fingerprint

HDKEY, KEYPATH, COININFO, ECKEY = 303, 304, 305, 306
"""Tags, BCR-2020-006."""

_MAX_STEPS: Final = 255  # BIP32: the depth is one byte
_U31, _U32 = HARDENED - 1, 2**32 - 1
_NETWORKS: Final = {0: "main", 1: "test"}
_NO_PARENT: Final = bytes(4)

_bad = partial(BadInput, fault=Fault.OFFICER)


@dataclass(frozen=True, slots=True)
class HDKey:
    """A public key with where it comes from and what is derived from it.

    Attributes:
        xpub: the extended public key.
        origin: the master key's fingerprint and the path from it, or None if not told.
        children: the steps behind it as descriptors write them, for instance `/<0;1>/*`, or empty.
        network: of the coin Bitcoin, "main" or "test" (which is all the format knows).
    """

    xpub: ExtendedPublicKey
    origin: Origin | None
    children: str
    network: str

    def __str__(self) -> str:
        version = network("BTC", self.network).xpub
        return f"{self.origin or ''}{self.xpub.to_text(version)}{self.children}"


def parse_key(value: Value, master: Fingerprint | None = None) -> HDKey | str:
    """Read a tagged key: an extended one, or a plain public key as hex.

    Args:
        value: what CBOR gave.
        master: the fingerprint for a path that names none.

    Raises:
        BadInput: not a key, or a private one.
    """
    if isinstance(value, Tagged) and value.tag == HDKEY:
        return _hdkey(value.item, master)
    if isinstance(value, Tagged) and value.tag == ECKEY:
        fields = Fields(value.item, "eckey")
        curve, private = fields.unsigned(1, 0, default=0), fields.flag(2)
        if curve or private:
            raise _private()
        key = fields.fixed(3, 33)
        fields.finish()
        return key.hex()
    raise _bad("ur: a key was expected", expected=f"tag {HDKEY} or {ECKEY}")


def key_item(origin: Origin, xpub: ExtendedPublicKey, place: Network, branches: bool) -> Tagged:
    """A key with its origin, for CBOR.

    Args:
        origin: where it comes from.
        xpub: the key.
        place: whose coin it is for; all but main count as the test network.
        branches: whether the steps `/<0;1>/*` follow.
    """
    entries: dict[Value, Value] = {3: xpub.key, 4: xpub.chain_code}
    if not place.valuable:
        entries[5] = Tagged(COININFO, {2: 1})
    steps = tuple(part for step in origin.path for part in (step & _U31, step >= HARDENED))
    path: dict[Value, Value] = {1: steps, 2: int(origin.fingerprint, 16), 3: xpub.depth}
    entries[6] = Tagged(KEYPATH, path)
    if branches:
        entries[7] = Tagged(KEYPATH, {1: ((0, False, 1, False), (), False)})
    if xpub.parent != _NO_PARENT:
        entries[8] = int.from_bytes(xpub.parent, "big")
    return Tagged(HDKEY, entries)


def _hdkey(value: Value, master: Fingerprint | None) -> HDKey:
    fields = Fields(value, "hdkey")
    if fields.flag(1) or fields.flag(2):
        raise _private()
    key, chain_code = fields.fixed(3, 33), fields.fixed(4, 32)
    place = _network(fields.tagged(5, COININFO))
    path, source, depth = _origin(fields.tagged(6, KEYPATH))
    children = _children(fields.tagged(7, KEYPATH))
    # With a single step, the ancestor at the start of the path is the parent.
    told = int(source, 16) if source and len(path) == 1 else 0
    parent = fields.unsigned(8, _U32, default=told).to_bytes(4, "big")
    fields.text(9, 200), fields.text(10, 2000)  # a name and a note, which decide nothing
    fields.finish()
    last = path[-1] if path else 0
    xpub = ExtendedPublicKey(key, chain_code, depth, parent, last)
    version = network("BTC", place).xpub
    xpub = ExtendedPublicKey.parse(xpub.to_text(version), version)  # a point on the curve?
    fingerprint = source or master
    return HDKey(xpub, Origin(fingerprint, path) if fingerprint else None, children, place)


def _network(value: Value | None) -> str:
    if value is None:
        return _NETWORKS[0]
    fields = Fields(value, "coin-info")
    coin, place = fields.unsigned(1, _U31, default=0), fields.unsigned(2, _U31, default=0)
    fields.finish()
    if coin or place not in _NETWORKS:
        raise _bad("ur: a key for another coin", expected="bitcoin", found=f"{coin}, {place}")
    return _NETWORKS[place]


def _origin(value: Value | None) -> tuple[tuple[int, ...], Fingerprint | None, int]:
    """The path, the fingerprint at its start, and the depth."""
    if value is None:
        return (), None, 0
    fields = Fields(value, "keypath")
    parts = _components(fields)
    source = fields.unsigned(2, _U32, default=0)
    steps = tuple(
        index + (HARDENED if hardened else 0)
        for index, hardened in zip(parts[::2], parts[1::2], strict=False)
        if isinstance(index, int) and index <= _U31 and type(hardened) is bool
    )
    if 2 * len(steps) != len(parts):
        raise _bad("keypath: an origin with ranges or wildcards")
    depth = fields.unsigned(3, _MAX_STEPS, default=len(steps))
    fields.finish()
    if steps and depth < len(steps):
        found = f"depth {depth}, {format_path(steps)}"
        raise _bad("keypath: the depth does not fit", found=found)
    return steps, Fingerprint(f"{source:08x}") if source else None, depth


def _children(value: Value | None) -> str:
    """The steps behind a key as descriptors write them."""
    if value is None:
        return ""
    fields = Fields(value, "keypath")
    parts = list(reversed(_components(fields)))
    fields.unsigned(2, _U32, default=0), fields.unsigned(3, _MAX_STEPS, default=0)
    fields.finish()
    steps = []
    while parts:
        step = parts.pop()
        match step:
            case (int(receive), False, int(change), False):
                steps.append(f"/<{receive};{change}>")
                continue
            case ():
                steps.append("/*")
            case bool():
                raise _bad("keypath: steps that are not understood")
            case int() if step <= _U31:
                steps.append(f"/{step}")
            case _:
                raise _bad("keypath: steps that are not understood")
        if not parts or parts.pop() is not False:
            raise _bad("keypath: hardened steps behind a public key")
    return "".join(steps)


def _components(fields: Fields) -> tuple[Value, ...]:
    return fields.array(1, 2 * _MAX_STEPS, least=0)


def _private() -> BadInput:
    return _bad(
        "this code holds a private key: do not show it to cameras",
        expected="a public key",
        hint="treat that key as seen by others; restore keys with `coldsign key restore`",
    )
