"""codex32 (BIP93): a BIP32 master seed as one string, or in k-of-n shares of it.

    ms 1 | threshold 1 | identifier 4 | index 1 | payload | checksum 13 (or 15)    (characters)

Each character is five bits, in bech32's alphabet. The index `s` is the secret itself, every other a
share: Shamir's scheme over GF(32), character by character, so that shares can be made and checked
with pen and paper. *Any k shares give a secret*: nothing but the key's fingerprint tells whether
they belong together.

Errors never quote a character of a payload.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from typing import Final

from signer.core.bch import behind, pairs, polymod
from signer.core.bech32 import CHARSET
from signer.core.errors import BadInput, Fault
from signer.keys.entropy import hedged

PREFIX: Final = "ms1"
MAX_SHARES: Final = 31  # every index but `s`
MAX_THRESHOLD: Final = 9  # BIP93, "codex32": one digit

_UNSHARED: Final = "s"
_INDICES: Final = "acdefghjklmnpqrtuvwxyz023456789"  # BIP93, "For a fresh secret": in this order
_HEAD: Final = 6  # characters before the payload, without the prefix
_SEED: Final = range(16, 65)  # bytes: BIP93, "Master seed format"
_bad = partial(BadInput, fault=Fault.OFFICER)


@dataclass(frozen=True, slots=True)
class Checksum:
    """One of the two BCH codes over GF(32).

    Attributes:
        length: characters of the checksum.
        longest: characters of data and checksum.
        target: what a valid string comes to.
        remainder: of pairs of values, see `signer.core.bch`.
    """

    length: int
    longest: int
    target: int
    remainder: Callable[[Iterable[int]], int]

    def of(self, values: Sequence[int]) -> int:
        """The remainder of a string's values: `target` if they are right."""
        # BIP93: the prefix `ms` is in this state already
        return self.remainder(pairs(behind(0x23181B3, values)))


SHORT: Final = Checksum(  # BIP93, "Checksum"
    13,
    93,
    0x10CE0795C2FD1E62A,
    polymod(
        65,
        (
            *(0x19DC500CE73FDE210, 0x1BFAE00DEF77FE529, 0x1FBD920FFFE7BEE52),
            *(0x1739640BDEEE3FDAD, 0x07729A039CFC75F5A),
        ),
    ),
)
LONG: Final = Checksum(  # BIP93, "Long codex32"
    15,
    124,
    0x43381E570BF4798AB26,
    polymod(
        75,
        (
            *(0x3D59D273535EA62D897, 0x7A9BECB6361C6C51507, 0x543F9B7E6C38D8A2A0E),
            *(0x0C577EAECCF1990D13C, 0x1887F74F8DC71B10651),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Share:
    """A string that is right.

    Attributes:
        threshold: how many shares give the secret, 2 to 9; 0 if it was not shared.
        identifier: 4 characters, the same on all shares of one sharing.
        index: `s` for the secret, another character for a share.
        payload: 5-bit values.
    """

    threshold: int
    identifier: str
    index: str
    payload: bytes = field(repr=False)

    @property
    def place(self) -> str:
        """Which share it is, for people."""
        return f"{self.identifier.upper()}, share {self.index.upper()}"


def split(seed: bytes | bytearray, threshold: int, count: int) -> tuple[Share, ...]:
    """Share a seed anew, under a random identifier.

    Args:
        seed: 16 to 64 bytes.
        threshold: how many shares give it, 2 to 9; or 0 for one unshared string.
        count: how many shares, at most 31; 1 for an unshared string.

    Raises:
        BadInput: numbers that cannot be.
    """
    shared = 2 <= threshold <= min(count, MAX_THRESHOLD) and count <= MAX_SHARES  # noqa: PLR2004 -- BIP93
    if (not shared and (threshold, count) != (0, 1)) or len(seed) not in _SEED:
        raise _bad(
            "no such sharing",
            expected=f"2 to {MAX_THRESHOLD} of at most {MAX_SHARES}, of 16 to 64 bytes",
        )
    identifier = "".join(secrets.choice(CHARSET) for _ in range(4))
    size = -(-len(seed) * 8 // 5)
    number = int.from_bytes(seed, "big") << 5 * size - 8 * len(seed)
    whole = bytes(number >> 5 * at & 31 for at in reversed(range(size)))
    if not shared:
        return (Share(0, identifier, _UNSHARED, whole),)
    points = {_value(_UNSHARED): whole} | {
        _value(index): bytes(byte & 31 for byte in hedged(size, seed, _value(index)))
        for index in _INDICES[: threshold - 1]
    }
    return tuple(
        Share(threshold, identifier, index, _interpolate(points, _value(index)))
        for index in _INDICES[:count]
    )


def combine(shares: Sequence[Share]) -> bytearray:
    """The seed. Shares beyond the threshold are not needed, but must fit as well.

    Raises:
        BadInput: too few shares, of different sharings, or one twice. Whether exactly as many as
            are needed belong together is not found out here: look at the key's fingerprint.
    """
    missing = lacking(shares)
    if missing:
        raise _bad("too few shares", found=f"missing: {'; '.join(missing)}")
    points = {_value(share.index): share.payload for share in shares}
    used = dict(list(points.items())[: shares[0].threshold or 1])
    if any(_interpolate(used, at) != payload for at, payload in points.items()):
        raise _bad(
            "the shares do not fit together",
            hint="one of them is of another secret, or was forged: try others of the set",
        )
    whole = _interpolate(used, _value(_UNSHARED))
    number = reduce(lambda value, five: value << 5 | five, whole, 0)
    size = len(whole) * 5 // 8
    return bytearray((number >> len(whole) * 5 - size * 8).to_bytes(size, "big"))


def lacking(shares: Sequence[Share]) -> tuple[str, ...]:
    """What is still missing, for people; nothing if the shares suffice.

    Raises:
        BadInput: shares that do not belong together.
    """
    if not shares:
        return ("the first share",)
    first = shares[0]
    for share in shares:
        if (share.identifier, len(share.payload)) != (first.identifier, len(first.payload)):
            raise _bad(
                "shares of different secrets",
                expected=f"identifier {first.identifier.upper()}, and the same length",
                found=f"identifier {share.identifier.upper()}",
            )
        if share.threshold != first.threshold:
            raise _bad("the shares differ in their threshold", found=share.place)
    if len({share.index for share in shares}) < len(shares):
        raise _bad("one share twice", hint="bring another one of this set")
    enough = any(share.index == _UNSHARED for share in shares) or len(shares) >= first.threshold
    return () if enough else (f"{first.threshold - len(shares)} of {first.identifier.upper()}",)


def text(share: Share) -> str:
    """The string, in capitals, as it is to be written by hand (BIP93, "codex32")."""
    head = f"{share.threshold}{share.identifier}{share.index}"
    data = [*map(_value, head), *share.payload]
    code = SHORT if len(data) + SHORT.length <= SHORT.longest else LONG
    check = code.of(data + [0] * code.length) ^ code.target
    data += [check >> 5 * at & 31 for at in reversed(range(code.length))]
    return (PREFIX + "".join(CHARSET[value] for value in data)).upper()


def values(typed: bytes | bytearray) -> list[int]:
    """The 5-bit values of a string behind `ms1`, blanks left out, its checksum unproven.

    Raises:
        BadInput: no such prefix, length or character, or mixed case.
    """
    given = b"".join(bytes(typed).split()).decode("ascii", "replace")
    if given not in (given.lower(), given.upper()):
        raise _bad("the string mixes capitals and small letters", hint="write it in capitals")
    body = given.lower().removeprefix(PREFIX)
    if len(body) == len(given):
        raise _bad("not a codex32 string", expected="MS1 at the start")
    size = len(body)
    if size > LONG.longest or size < _HEAD + SHORT.length:
        raise _bad("the length of the string is wrong", found=f"{size + len(PREFIX)} characters")
    unknown = [str(at) for at, c in enumerate(body, 1 + len(PREFIX)) if c not in CHARSET]
    if unknown:
        raise _bad(
            f"never in such a string: character {', '.join(unknown)}",
            hint="the letters B, I, O and the digit 1 do not occur: 8, L, 0 and L perhaps",
        )
    return [_value(character) for character in body]


def code_of(data: Sequence[int]) -> Checksum:
    """Which checksum values of this length have."""
    return SHORT if len(data) <= SHORT.longest else LONG


def parse(typed: bytes | bytearray) -> Share:
    """Read a string; blanks do not matter.

    Raises:
        BadInput: as `values`; a wrong checksum, threshold, index or payload.
    """
    data = values(typed)
    code = code_of(data)
    if code.of(data) != code.target:
        raise _bad("the checksum of the string is wrong", hint="a character is misread")
    head = "".join(CHARSET[value] for value in data[:_HEAD])
    payload = bytes(data[_HEAD : -code.length])
    threshold, identifier, index = head[0], head[1:-1], head[-1]
    if threshold not in "023456789" or (threshold == "0" and index != _UNSHARED):
        raise _bad("the string's threshold cannot be", expected="2 to 9, or 0 with the index S")
    # An incomplete byte of more than 4 bits could be left out: BIP93, "Unshared Secret".
    if len(payload) * 5 // 8 not in _SEED or len(payload) * 5 % 8 > 4:  # noqa: PLR2004 -- as said
        raise _bad("the length of the string is wrong", found=f"{len(data) + 3} characters")
    if code is LONG and len(data) - code.length <= SHORT.longest - SHORT.length:
        raise _bad("the string has the wrong kind of checksum for its length")
    return Share(int(threshold), identifier, index, payload)


def _value(character: str) -> int:
    return CHARSET.index(character)


def multiply(a: int, b: int) -> int:
    """The product in GF(32): polynomials modulo x^5 + x^3 + 1 (BIP173)."""
    product = 0
    for bit in range(5):
        product ^= a << bit if b >> bit & 1 else 0
    for bit in range(8, 4, -1):
        product ^= 0b101001 << bit - 5 if product >> bit & 1 else 0
    return product


def _interpolate(points: Mapping[int, bytes], at: int) -> bytes:
    """The value at `at` of the polynomials through points, character by character (Lagrange)."""
    result = bytes(len(next(iter(points.values()))))
    for x, value in points.items():
        weight = 1
        for other in points:
            if other != x:
                weight = multiply(weight, multiply(other ^ at, _inverse(other ^ x)))
        result = bytes(a ^ multiply(weight, b) for a, b in zip(result, value, strict=True))
    return result


def _inverse(a: int) -> int:
    return next(b for b in range(1, 32) if multiply(a, b) == 1)
