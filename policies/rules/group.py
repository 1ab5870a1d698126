"""Limits that several vaults share: what left any of them within some hours, by value.

The withdrawal names where the chain of each other vault stands, so that its approvers commit to
that. Those chains come along and are verified link by link, like the own one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from policies.chain import verify_chain
from policies.errors import Refusal, Refused
from policies.explain import PLAIN, Words
from policies.grounds import NO_GROUNDS, Stand
from policies.names import DocumentId, Height
from policies.rules.rule import Rule, refusal
from policies.rules.setting import Kind, Setting, Told
from policies.spend import Spend
from policies.strict_json import Fields
from policies.value import Value, read_limit
from policies.withdrawal import INTERNAL, Withdrawal

_HINT = "request it anew: `coldquorum request new` names the newest of each vault"

MAX_HOURS = 8_784
"""A leap year."""

MAX_PACE = 3_600
"""Blocks an hour: one a second."""


@dataclass(frozen=True, slots=True)
class Member:
    """A vault of the group.

    Attributes:
        vault: its id.
        coin: its coin.
        blocks_per_hour: what an hour is counted as; more is stricter.
    """

    vault: DocumentId
    coin: str
    blocks_per_hour: int


@dataclass(frozen=True, slots=True)
class Hours:
    """A ceiling on what leaves all vaults together.

    Attributes:
        hours: the window's length.
        limit: the most that leaves in it.
    """

    hours: int
    limit: Value


def _read_members(fields: Fields, key: str) -> tuple[Member, ...]:
    members = tuple(
        Member(
            one.digest("vault"),
            one.code("coin"),
            one.integer("blocks_per_hour", least=1, most=MAX_PACE),
        )
        for one in fields.tables(key, required=("vault", "coin", "blocks_per_hour"), least=2)
    )
    if len({member.vault for member in members}) != len(members):
        fields.bad(key, "each vault once", [member.vault for member in members])
    return members


def _members_tighter(old: tuple[Member, ...], new: tuple[Member, ...]) -> bool:
    return all(
        any(
            (n.vault, n.coin) == (o.vault, o.coin) and n.blocks_per_hour >= o.blocks_per_hour
            for n in new
        )
        for o in old
    )


def _tell_members(words: Words, members: tuple[Member, ...]) -> Told:
    return tuple(
        {"vault": m.vault, "coin": m.coin, "pace": words.number(m.blocks_per_hour)} for m in members
    )


def _read_hours(fields: Fields, key: str) -> tuple[Hours, ...]:
    windows = []
    for one in fields.tables(key, required=("hours", "limit")):
        limit = read_limit(one, "limit", least=0)
        if not isinstance(limit, Value):
            one.bad("limit", 'a value as "5_000_000 JPY": coins differ', limit)
        windows.append(Hours(one.integer("hours", least=1, most=MAX_HOURS), limit))
    return tuple(windows)


def _hours_tighter(old: tuple[Hours, ...], new: tuple[Hours, ...]) -> bool:
    return all(any(n.hours >= o.hours and n.limit <= o.limit for n in new) for o in old)


def _tell_hours(words: Words, windows: tuple[Hours, ...]) -> Told:
    return tuple({"value": words.money(w.limit), "hours": words.number(w.hours)} for w in windows)


MEMBERS: Kind = {"setting": Setting(_read_members, _members_tighter, _tell_members)}
HOURS: Kind = {"setting": Setting(_read_hours, _hours_tighter, _tell_hours)}


@dataclass(frozen=True, slots=True)
class VaultGroup(Rule):
    """Vaults whose payments count together, in the unit of `rules.prices`. Internal moves do not.

    Attributes:
        vaults: all of the group, this one among them.
        windows: the most that payments of all of them come to within some hours.
    """

    NAME: ClassVar[str] = "group"
    vaults: tuple[Member, ...] = field(metadata=MEMBERS)
    windows: tuple[Hours, ...] = field(metadata=HOURS)

    @property
    def window(self) -> int:
        """The longest window, in blocks of the fastest chain: no shorter than the own one's."""
        return self._hours * max(member.blocks_per_hour for member in self.vaults)

    @property
    def _hours(self) -> int:
        return max(window.hours for window in self.windows)

    def check(self, spend: Spend) -> tuple[Refusal, ...]:
        """Verify the chains that are named, and sum what left them."""
        stands = (spend.head.grounds or NO_GROUNDS).chains
        if not stands and not spend.externals:
            return ()
        return (*self._named(spend, stands), *self._over_time(spend))

    def _named(self, spend: Spend, stands: tuple[Stand, ...]) -> Iterator[Refusal]:
        members = {member.vault: member for member in self.vaults}
        wanted, named = members.keys() - {spend.vault}, {stand.vault for stand in stands}
        if spend.vault not in members or wanted != named:
            what = "it does not say where the chains of the group's other vaults stand"
            expected, found = ", ".join(sorted(wanted)), ", ".join(sorted(named)) or "nothing"
            yield refusal("group.chains", what, expected, found, _HINT)
        for stand in stands:
            if stand.vault in wanted:
                yield from self._chain(spend, members[stand.vault], stand)

    def _chain(self, spend: Spend, member: Member, stand: Stand) -> Iterator[Refusal]:
        chain = spend.evidence.chains.get(stand.vault, ())
        known = spend.evidence.known.get(stand.vault)
        if known is None:
            what, hint = "a vault of the group is not enrolled here", "`coldsign enrol` it first"
            yield refusal("group.enrolled", what, stand.vault, "not enrolled", hint)
            return
        own = spend.evidence.known.get(spend.vault)
        newest = max((known.newest, *known.approved))
        if own and spend.head.sequence <= own.newest:
            newest = 0  # it is known by its id: whatever came later has counted it
        if stand.sequence < newest:
            what = "a vault of the group has withdrawn more than it says"
            expected, found = f"withdrawal {newest} or later", f"withdrawal {stand.sequence}"
            yield refusal("group.rollback", what, expected, f"{found} of {stand.vault}", _HINT)
        head = chain[-1] if chain else None
        came = Stand(stand.vault, head.sequence, head.id) if head else Stand(stand.vault, 0, None)
        if came != stand:
            what, expected = "a chain of the group is not here", f"withdrawal {stand.sequence}"
            found = f"withdrawal {head.sequence}, {head.id}" if head else "nothing"
            yield refusal("group.absent", what, f"{expected}, {stand.id}", found, _HINT)
        elif head:
            if (head.coin, head.network) != (member.coin, spend.network):
                what, expected = "a chain of the group is of another coin", member.coin
                yield refusal(
                    "group.coin",
                    what,
                    f"{expected} {spend.network}",
                    f"{head.coin} {head.network}",
                    _HINT,
                )
            try:
                since = self._start(spend, member, self._hours)
                verify_chain(head, chain[:-1], known, since=since)
            except Refused as refused:
                yield from refused.refusals

    def _over_time(self, spend: Spend) -> Iterator[Refusal]:
        counted, head, now = spend.evidence.counted, spend.head, 0
        if head.purpose != INTERNAL:
            now = sum(counted(head, output.amount) for output in spend.externals)
        for window in self.windows if now else ():
            total = now
            for member in self.vaults:
                own = member.vault == spend.vault
                chain = spend.history if own else spend.evidence.chains.get(member.vault, ())
                start = self._start(spend, member, window.hours)
                total += sum(counted(w, w.total) for w in chain if _counts(w, start))
            if total > window.limit.amount:
                what = f"too much from all vaults of the group within {window.hours} hours"
                told = spend.evidence.told
                money, hint = PLAIN.money, "a smaller withdrawal, or a later one"
                found = f"{money(told(total))}, {money(told(now))} of it now"
                expected = f"at most {money(window.limit)}"
                yield refusal("group.windows", what, expected, found, hint)

    def _start(self, spend: Spend, member: Member, hours: int) -> Height:
        """The height after which a member's withdrawals are in a window that ends now.

        Of another chain, now is when the price sheet was made: that quorum is the clock, and
        being older than the withdrawal it only lets more count.
        """
        sheet = spend.evidence.sheet
        price = sheet.coins.get(member.coin) if sheet else None
        height = price.life.height if price else 0
        if member.vault == spend.vault:
            height = spend.head.height
        return Height(height - hours * member.blocks_per_hour)


def _counts(link: Withdrawal, start: Height) -> bool:
    return link.height > start and link.purpose != INTERNAL
