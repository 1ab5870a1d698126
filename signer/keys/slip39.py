"""SLIP-39: a secret in shares of words. So many groups of so many are needed, so many shares each.

    share = identifier 15 | extendable 1 | exponent 4 | group 4 | group threshold - 1 4 |
            groups - 1 4 | member 4 | threshold - 1 4 | padding, value | checksum 30    (bits)

The secret is encrypted with a passphrase (empty unless given), the result is shared among the
groups, and each group's part among its members: Shamir's scheme over GF(256), with a digest that
tells whether the shares belong together. *No passphrase is wrong*: each gives another secret.

Errors never quote a word: they tell its place.
Source: https://github.com/satoshilabs/slips/blob/master/slip-0039.md
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial, reduce
from typing import Final

from signer.core.errors import BadInput, Fault
from signer.core.wordlist import SHARE_WORDS
from signer.keys.entropy import hedged

MAX_SHARES: Final = 16
"""Members of a group, and groups ("Format of the share mnemonic": 4 bits each)."""

MAX_SECRET: Final = 64
"""Bytes: the longest BIP32 seed. The standard sets no limit of its own."""

_MIN_SECRET: Final = 16  # "Master secret": at least 128 bits, in steps of 16
_PLACES: Final = {word: place for place, word in enumerate(SHARE_WORDS)}
_BITS: Final = 10  # a word's
_HEAD: Final = 4  # words before the value
_CHECK: Final = 3  # words of checksum
_DIGEST_AT: Final = 254  # "Shamir's secret sharing": where the polynomial holds the digest,
_SECRET_AT: Final = 255  # and where the secret
_DIGEST: Final = 4  # bytes
_ENCRYPT: Final = range(4)  # "Encryption of the master secret": rounds
_DECRYPT: Final = range(3, -1, -1)
_BASE_ITERATIONS: Final = 2500  # each round's: 10,000 in all
_EXPONENT: Final = 1  # 20,000 iterations, as the reference implementation writes
_GENERATOR: Final = (  # "Checksum"
    *(0xE0E040, 0x1C1C080, 0x3838100, 0x7070200, 0xE0E0009),
    *(0x1C0C2412, 0x38086C24, 0x3090FC48, 0x21B1F890, 0x3F3F120),
)
_bad = partial(BadInput, fault=Fault.OFFICER)


@dataclass(frozen=True, slots=True)
class Group:
    """How a group's part is shared.

    Attributes:
        threshold: how many members bring it back, 1 to `count`.
        count: how many there are, 1 to 16; with a threshold of 1 a single one.
    """

    threshold: int
    count: int


@dataclass(frozen=True, slots=True)
class Common:
    """What all shares of one backup have in common.

    Attributes:
        identifier: 15 random bits.
        extendable: whether the encryption leaves the identifier out, so that one secret and
            passphrase can be shared anew.
        exponent: the encryption's iterations are 10,000 times 2 to this power.
        group_threshold: how many groups are needed.
        groups: how many there are.
        size: bytes of the secret.
    """

    identifier: int
    extendable: bool
    exponent: int
    group_threshold: int
    groups: int
    size: int


@dataclass(frozen=True, slots=True)
class Share:
    """One member's share.

    Attributes:
        common: what all shares have in common.
        group: the group's number, from 0.
        member: the member's number in it, from 0.
        threshold: how many members of this group are needed.
        value: as long as the secret.
    """

    common: Common
    group: int
    member: int
    threshold: int
    value: bytes = field(repr=False)

    @property
    def place(self) -> str:
        """Which share it is, for people, who count from 1."""
        return f"group {self.group + 1}, share {self.member + 1}"


def split(
    secret: bytes | bytearray,
    groups: Sequence[Group],
    group_threshold: int,
    passphrase: bytes | bytearray = b"",
) -> tuple[Share, ...]:
    """Share a secret anew: no two calls give shares that fit together.

    Args:
        secret: 16 to 64 bytes, an even number.
        groups: at most 16.
        group_threshold: how many of the groups are needed.
        passphrase: printable ASCII; empty is the standard's own default.

    Raises:
        BadInput: numbers that cannot be, or other characters in the passphrase.
    """
    if not (1 <= group_threshold <= len(groups) <= MAX_SHARES) or any(
        not 1 <= group.threshold <= group.count <= MAX_SHARES
        or (group.threshold == 1 and group.count > 1)
        for group in groups
    ):
        raise _bad(
            "no such sharing",
            expected=f"at most {MAX_SHARES} groups of at most {MAX_SHARES}, no threshold beyond",
            hint="1 of several is refused: give the one share to several people",
        )
    if len(secret) % 2 or not _MIN_SECRET <= len(secret) <= MAX_SECRET:
        raise _bad("a secret of this length has no shares", found=f"{len(secret)} bytes")
    identifier = secrets.randbits(15)
    common = Common(identifier, True, _EXPONENT, group_threshold, len(groups), len(secret))
    encrypted = _crypt(bytes(secret), common, passphrase, _ENCRYPT)
    parts = _share(group_threshold, len(groups), encrypted)
    return tuple(
        Share(common, number, member, group.threshold, value)
        for number, (group, part) in enumerate(zip(groups, parts, strict=True))
        for member, value in enumerate(_share(group.threshold, group.count, part))
    )


def combine(shares: Sequence[Share], passphrase: bytes | bytearray = b"") -> bytearray:
    """The secret. Shares beyond the thresholds are not needed, but must fit as well.

    Raises:
        BadInput: too few shares, shares of another secret, one twice, a threshold that differs, or
            a passphrase with other characters. A wrong passphrase is not found out here.
    """
    missing = lacking(shares)
    if missing:
        raise _bad("too few shares", found=f"missing: {'; '.join(missing)}")
    common = shares[0].common
    parts = {}
    for number in sorted({share.group for share in shares}):
        members = [share for share in shares if share.group == number]
        points = {share.member: share.value for share in members}
        if len(points) < members[0].threshold:
            raise _bad(
                "shares that prove nothing: their group is not whole",
                found=f"group {number + 1}",
                hint="bring its other shares, or leave these out",
            )
        parts[number] = _recover(members[0].threshold, points, f"the shares of group {number + 1}")
    whole = _recover(common.group_threshold, parts, "the groups")
    return bytearray(_crypt(whole, common, passphrase, _DECRYPT))


def lacking(shares: Sequence[Share]) -> tuple[str, ...]:
    """What is still missing, for people; nothing if the shares suffice.

    Raises:
        BadInput: shares that do not belong together.
    """
    if not shares:
        return ("the first share",)
    common = shares[0].common
    thresholds = {share.group: share.threshold for share in reversed(shares)}
    for share in shares:
        if share.common != common:
            raise _bad(
                "shares of different secrets, or of one that was shared twice",
                expected=f"set {common.identifier}",
                found=f"set {share.common.identifier}",
                hint="take all shares from one set",
            )
        if share.threshold != thresholds[share.group]:
            raise _bad("the shares of a group differ in its threshold", found=share.place)
    if len({(share.group, share.member) for share in shares}) < len(shares):
        raise _bad("one share twice", hint="bring another one of this set")
    found = {group: sum(s.group == group for s in shares) for group in thresholds}
    whole = sum(found[group] >= thresholds[group] for group in thresholds)
    if whole >= common.group_threshold:
        return ()
    begun = [
        f"{thresholds[group] - count} of group {group + 1}"
        for group, count in sorted(found.items())
        if count < thresholds[group]
    ]
    others = common.group_threshold - whole - len(begun)
    return (*begun, *([f"{others} more group(s)"] if others > 0 else []))


def words(share: Share) -> tuple[str, ...]:
    """The words of a share."""
    common = share.common
    head = common.identifier
    for value, bits in (
        (common.extendable, 1),
        (common.exponent, 4),
        (share.group, 4),
        (common.group_threshold - 1, 4),
        (common.groups - 1, 4),
        (share.member, 4),
        (share.threshold - 1, 4),
    ):
        head = head << bits | value
    count = -(-common.size * 8 // _BITS)
    data = _numbers(head, _HEAD) + _numbers(int.from_bytes(share.value, "big"), count)
    check = polymod(data + [0] * _CHECK, extendable=common.extendable) ^ 1
    return tuple(SHARE_WORDS[number] for number in data + _numbers(check, _CHECK))


def parse(text: bytes | bytearray) -> Share:
    """Read a share; letter case and the width of blanks do not matter.

    Raises:
        BadInput: not a share: the number of words, an unknown word, checksum, padding, numbers.
    """
    given = [word.decode("ascii", "replace") for word in bytes(text).lower().split()]
    bits = (len(given) - _HEAD - _CHECK) * _BITS
    size = bits // 16 * 2
    # More than 8 bits of padding would be another length's: "Format of the share mnemonic".
    if not _MIN_SECRET <= size <= MAX_SECRET or bits - size * 8 > 8:  # noqa: PLR2004 -- as said
        raise _bad(
            "the number of words of a share is wrong",
            expected="20 or 33 (59 for the seed of BIP39 words)",
            found=str(len(given)),
        )
    unknown = [str(place) for place, word in enumerate(given, 1) if word not in _PLACES]
    if unknown:
        raise _bad(
            f"not in the SLIP-39 list: word {', '.join(unknown)}", hint="look at the paper again"
        )
    data = [_PLACES[word] for word in given]
    head, value = _value(data[:_HEAD]), _value(data[_HEAD:-_CHECK])
    extendable = bool(head >> 24 & 1)
    if polymod(data, extendable=extendable) != 1:
        raise _bad(
            "the checksum of the share is wrong", hint="a word is misread, or two have swapped"
        )
    group, needed, groups, member, threshold = (head >> at & 15 for at in (16, 12, 8, 4, 0))
    if value >> size * 8 or max(needed, group) > groups:
        raise _bad("the share's numbers cannot be", hint="it was not made as the standard says")
    common = Common(head >> 25, extendable, head >> 20 & 15, needed + 1, groups + 1, size)
    return Share(common, group, member, threshold + 1, value.to_bytes(size, "big"))


def polymod(values: Iterable[int], *, extendable: bool) -> int:
    """RS1024 of 10-bit values behind the standard's prefix: 1 if they end in their checksum."""
    state = 1
    for value in (*(b"shamir_extendable" if extendable else b"shamir"), *values):
        top = state >> 20
        state = (state & 0xFFFFF) << _BITS ^ value
        for bit, term in enumerate(_GENERATOR):
            state ^= term if top >> bit & 1 else 0
    return state


def _numbers(value: int, count: int) -> list[int]:
    return [value >> _BITS * place & len(SHARE_WORDS) - 1 for place in reversed(range(count))]


def _value(numbers: Iterable[int]) -> int:
    return reduce(lambda value, number: value << _BITS | number, numbers, 0)


def _crypt(
    data: bytes, common: Common, passphrase: bytes | bytearray, rounds: Iterable[int]
) -> bytes:
    """The Feistel network of "Encryption of the master secret"; backwards it decrypts."""
    if any(not 32 <= byte <= 126 for byte in passphrase):  # noqa: PLR2004 -- "Passphrase": printable ASCII
        raise _bad("the share passphrase holds letters that are not printable ASCII")
    salt = b"" if common.extendable else b"shamir" + common.identifier.to_bytes(2, "big")
    half = len(data) // 2
    left, right = data[:half], data[half:]
    count = _BASE_ITERATIONS << common.exponent
    for number in rounds:
        key = hashlib.pbkdf2_hmac(
            "sha256", bytes((number,)) + passphrase, salt + right, count, dklen=half
        )
        left, right = right, _xor(left, key)
    return right + left


def _share(threshold: int, count: int, secret: bytes) -> list[bytes]:
    """A secret in so many shares ("Shamir's secret sharing", SplitSecret)."""
    if threshold == 1:
        return [secret] * count
    points = {at: hedged(len(secret), secret, at) for at in range(threshold - 2)}
    pad = hedged(len(secret) - _DIGEST, secret, _DIGEST_AT)
    points |= {_DIGEST_AT: _digest(pad, secret) + pad, _SECRET_AT: secret}
    return [_interpolate(points, at) for at in range(count)]


def _recover(threshold: int, points: dict[int, bytes], what: str) -> bytes:
    """A secret from its shares, all of which must fit (the same, RecoverSecret)."""
    used = dict(list(points.items())[:threshold])
    secret, digest = _interpolate(used, _SECRET_AT), _interpolate(used, _DIGEST_AT)
    right = threshold == 1 or digest[:_DIGEST] == _digest(digest[_DIGEST:], secret)
    if not right or any(_interpolate(used, at) != value for at, value in points.items()):
        raise _bad(
            f"{what} do not fit together",
            hint="one of them is of another secret, or was forged: try others of the set",
        )
    return secret


def _digest(pad: bytes, secret: bytes) -> bytes:
    return hmac.digest(pad, secret, "sha256")[:_DIGEST]


def _interpolate(points: dict[int, bytes], at: int) -> bytes:
    """The value at `at` of the polynomials through points, byte by byte (Lagrange over GF(256))."""
    if at in points:
        return points[at]
    result = bytes(len(next(iter(points.values()))))
    for x, value in points.items():
        log = sum(_LOG[other ^ at] - _LOG[other ^ x] for other in points if other != x) % 255
        result = _xor(result, bytes(_EXP[(_LOG[b] + log) % 255] if b else 0 for b in value))
    return result


def _xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def _logarithms() -> tuple[list[int], dict[int, int]]:
    """Powers of x + 1 modulo x^8 + x^4 + x^3 + x + 1, and their inverse."""
    powers = [1]
    while len(powers) < 255:  # noqa: PLR2004 -- the order of the group
        doubled = powers[-1] << 1 ^ powers[-1]
        powers.append(doubled ^ (0x11B if doubled > 0xFF else 0))  # noqa: PLR2004 -- a byte
    return powers, {power: log for log, power in enumerate(powers)}


_EXP, _LOG = _logarithms()
