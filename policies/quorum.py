"""Who signed, who counts, and how many are missing.

A verification gives a tally, never a bare yes, so that a refusal can name who is missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from policies.names import KeyId
from policies.strict_json import Fields

_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P
"""Edwards curve constant, RFC 8032 section 5.1."""

_SMALL_ORDER_Y = frozenset(
    {
        0,
        1,
        _P - 1,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
    }
)
"""The y of the eight points of small order, for whose keys anybody can make signatures that
verify. The all-zero key, a natural placeholder in a policy, is one of them."""


def officer_key(fields: Fields, key: str) -> KeyId:
    """Read an officer's Ed25519 public key that somebody can, and not anybody could, sign for.

    Raises:
        BadInput: not 64 hex digits, no point of the curve (RFC 8032 section 5.1.3), or a point of
            small order.
    """
    found = fields.digest(key)
    y = int.from_bytes(bytes.fromhex(found), "little") & (2**255 - 1)
    x_squared = (y * y - 1) * pow(_D * y * y + 1, -1, _P) % _P
    if y >= _P or y in _SMALL_ORDER_Y or pow(x_squared, (_P - 1) // 2, _P) != 1:
        fields.bad(key, "a usable Ed25519 key", found, "take it from `coldsign officer show`")
    return KeyId(found)


@dataclass(frozen=True, slots=True)
class Role:
    """Some officers, any `threshold` of whom may act.

    Attributes:
        name: for instance `admins`.
        members: officers' names, distinct.
        threshold: at least 1, at most the number of members.
    """

    name: str
    members: tuple[str, ...]
    threshold: int


@dataclass(frozen=True, slots=True)
class Demand:
    """What a rule demands: so many members of a role.

    Attributes:
        role: the role's name.
        count: how many of its members have to approve.
    """

    role: str
    count: int


class Tally(NamedTuple):
    """How a role's vote stands.

    Attributes:
        role: the role's name.
        threshold: how many are needed.
        signed: members whose signatures verify and count, in the role's order.
        eligible: members who may count at all.
        discounted: members who signed validly but do not count, such as the initiator.
    """

    role: str
    threshold: int
    signed: tuple[str, ...]
    eligible: tuple[str, ...]
    discounted: tuple[str, ...] = ()

    @property
    def missing(self) -> int:
        """How many more are needed; 0 when the quorum is reached."""
        return max(0, self.threshold - len(self.signed))

    @property
    def reached(self) -> bool:
        """Whether enough have signed."""
        return len(self.signed) >= self.threshold

    @property
    def sentence(self) -> str:
        """The tally in words, for instance `2 of 3 needed signed: alice, bob`."""
        names = ", ".join(self.signed) or "nobody"
        return f"{len(self.signed)} of {self.threshold} needed {self.role} signed: {names}"


class Votes(NamedTuple):
    """How the votes of all roles stand that have to approve one withdrawal.

    Attributes:
        tallies: at least one. A member of several roles counts in each.
    """

    tallies: tuple[Tally, ...]

    @property
    def reached(self) -> bool:
        """Whether every role's quorum is reached; never without a role."""
        return bool(self.tallies) and all(one.reached for one in self.tallies)

    @property
    def missing(self) -> int:
        """How many more are needed at least; 0 when all quorums are reached."""
        return max((one.missing for one in self.tallies), default=1)

    @property
    def signed(self) -> tuple[str, ...]:
        """Everybody whose approval counts in some role."""
        return self._names("signed")

    @property
    def eligible(self) -> tuple[str, ...]:
        """Everybody whose approval could count in some role."""
        return self._names("eligible")

    @property
    def discounted(self) -> tuple[str, ...]:
        """Everybody who signed validly without counting, such as the initiator."""
        return self._names("discounted")

    @property
    def needed(self) -> str:
        """What is demanded in words, for instance `2 of treasury, 1 of compliance`."""
        return ", ".join(f"{one.threshold} of {one.role}" for one in self.tallies)

    @property
    def sentence(self) -> str:
        """All tallies in words."""
        return "; ".join(one.sentence for one in self.tallies)

    def _names(self, kind: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for one in self.tallies for name in getattr(one, kind)))


def tally(
    role: Role,
    officers: Mapping[str, KeyId],
    keys: frozenset[KeyId],
    excluded: frozenset[str] = frozenset(),
) -> Tally:
    """Count the members of a role whose key is among `keys` (keys whose signatures verified).

    Args:
        role: whose vote it is. A member who is not an officer never counts.
        officers: each officer's key.
        keys: the keys that validly signed; others' keys among them are ignored.
        excluded: officers who may not count here.
    """
    voices: dict[KeyId, str] = {}  # by key: one key is one voice, whatever it is called
    for name in role.members:
        if name in officers and name not in excluded:
            voices.setdefault(officers[name], name)
    signed = tuple(name for key, name in voices.items() if key in keys)
    discounted = tuple(n for n in role.members if n in excluded and officers.get(n) in keys)
    return Tally(role.name, role.threshold, signed, tuple(voices.values()), discounted)
