"""Where money may go: groups of addresses and of whole wallets, each with limits of its own.

A destination is compared as a whole. It may be in several groups (by itself, and as an address of
a wallet); one that lets it pass is enough, so that taking an entry off a list can only tighten it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar, Final

from policies.change import Change
from policies.errors import Refusal
from policies.explain import PLAIN, Words
from policies.names import Height
from policies.rules.rule import Rule, Table, changed, refusal
from policies.rules.setting import (
    AGE,
    WINDOWS,
    Kind,
    Setting,
    plain,
    read_windows,
    said,
    windows_tighter,
)
from policies.rules.windows import Overfull, Window, longest, overfull
from policies.spend import Spend, canonical
from policies.strict_json import ADDRESS, Fields, Word
from policies.withdrawal import INTERNAL, MAX_HEIGHT

LISTED: Final = "listed"
_MODES: Final = (LISTED, "any")

MAX_RANGE: Final = 1_000
"""Addresses of a wallet on each branch: to derive them takes a signer a quarter of a second."""

_DESCRIPTOR: Word = (re.compile(r"[!-~]{1,4096}"), "an output descriptor")
"""Only the Bitcoin side can tell whether it is one."""

_HINT = "compare the whole address; only a new policy can add a destination"

_ALIKE: Final = 6
"""Characters at each end of an address: what people compare, and thieves imitate."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What may be paid.

    Attributes:
        name: an address in the coin's canonical notation, or a wallet's descriptor.
        range: how many addresses of the wallet on each branch; 0 for an address.
        since: the height from which the cooling period counts.
    """

    name: str
    range: int
    since: Height

    def narrows(self, older: Iterable["Entry"]) -> bool:
        """Whether one of some older entries allowed all that this one does."""
        same = [old for old in older if old.name == self.name]
        return any(self.range <= old.range and self.since >= old.since for old in same)

    def explain(self, words: Words, group: str) -> str:
        """Say what may be paid."""
        kind = "destinations.wallet" if self.range else "destinations.address"
        since, many = words.number(self.since), words.number(self.range)
        return words.say(kind, group=group, name=self.name, range=many, since=since)


@dataclass(frozen=True, slots=True)
class Group:
    """Destinations that share limits.

    Attributes:
        entries: what belongs to it.
        windows: the most that all of them together receive within some blocks.
        internal: whether they are the house's own, so that internal moves may go there.
    """

    entries: tuple[Entry, ...] = ()
    windows: tuple[Window, ...] = ()
    internal: bool = False

    def addresses(self, spend: Spend, height: int = MAX_HEIGHT) -> frozenset[str]:
        """Every address that was listed at a height."""
        listed = [entry.name for entry in self.entries if entry.since <= height]
        return frozenset(listed).union(*(spend.wallets.get(name, ()) for name in listed))


Groups = Mapping[str, Group]


def _read_groups(fields: Fields, key: str) -> Groups:
    inner, groups = fields.named(key), {}
    seen: dict[str, str] = {}
    for name in inner.raw:
        known = ("addresses", "descriptors", "windows", "internal")
        table = inner.table(name, required=(), optional=known)
        entries = (*_read_entries(table, "addresses"), *_read_entries(table, "descriptors"))
        for entry in entries:
            if entry.name in seen:
                inner.bad(name, f"without what {seen[entry.name]} has", entry.name)
            seen[entry.name] = name
        if not entries:
            inner.bad(name, "a group with addresses or descriptors", list(table.raw))
        windows = read_windows(table, "windows") if "windows" in table.raw else ()
        groups[name] = Group(entries, windows, "internal" in table.raw and table.flag("internal"))
    return MappingProxyType(groups)


def _read_entries(table: Fields, key: str) -> Iterator[Entry]:
    if key not in table.raw:
        return
    name, *ranged = ("address",) if key == "addresses" else ("descriptor", "range")
    for one in table.tables(key, required=(name, *ranged, "since")):
        found = one.word(name, _DESCRIPTOR if ranged else ADDRESS)
        if not ranged and canonical(found) != found:
            one.bad(name, "written in lower case", found)
        many = one.integer("range", least=1, most=MAX_RANGE) if ranged else 0
        yield Entry(found, many, Height(one.integer("since", most=MAX_HEIGHT)))


def _write_group(group: Group) -> dict[str, object]:
    addresses = [{"address": e.name, "since": e.since} for e in group.entries if not e.range]
    wallets = [
        {"descriptor": e.name, "range": e.range, "since": e.since} for e in group.entries if e.range
    ]
    lists = {"addresses": addresses, "descriptors": wallets, "windows": plain(group.windows)}
    return {"internal": group.internal} | {key: one for key, one in lists.items() if one}


def _read_mode(fields: Fields, key: str) -> str:
    found = str(fields.raw[key])
    return found if found in _MODES else fields.bad(key, " or ".join(_MODES), found)


MODE: Kind = {
    "setting": Setting(
        _read_mode,
        lambda _old, new: new == LISTED,
        lambda words, value: ({"value": words.say(f"destinations.{value}")},),
    )
}
GROUPS: Kind = {"setting": Setting(_read_groups, lambda _old, _new: False, lambda _w, _v: ())}


@dataclass(frozen=True, slots=True)
class Destinations(Rule):
    """Which destinations are paid. A policy without it pays anywhere.

    Attributes:
        mode: `listed`: nobody else is paid; or `any`: others are paid without a group's limits.
        groups: by name.
        cooling: blocks that a newly listed entry waits; only in mode `listed`.
    """

    NAME: ClassVar[str] = "destinations"
    mode: str = field(metadata=MODE)
    groups: Groups = field(metadata=GROUPS)
    cooling: int | None = field(default=None, metadata=AGE)

    def to_table(self) -> Table:
        """Give the rule's table, addresses and wallets in lists of their own."""
        groups = {name: _write_group(group) for name, group in self.groups.items()}
        return {**Rule.to_table(self), "groups": groups}

    @property
    def window(self) -> int:
        """The longest window of any group."""
        return longest(window for group in self.groups.values() for window in group.windows)

    @property
    def wallets(self) -> dict[str, int]:
        """The range of each listed wallet, by descriptor: what the Bitcoin side has to derive."""
        entries = (entry for group in self.groups.values() for entry in group.entries)
        return {entry.name: entry.range for entry in entries if entry.range}

    def early(self, old: "Destinations | None", start: Height) -> tuple[str, ...]:
        """Give entries that are new since an older policy, and claim to be older than that.

        Args:
            old: the older policy's rule. Where that paid anybody, nothing is new.
            start: when the newer policy takes effect.
        """
        if old is None or old.mode != LISTED:
            return ()
        known = [entry for group in old.groups.values() for entry in group.entries]
        return tuple(
            entry.name
            for group in self.groups.values()
            for entry in group.entries
            if entry.since < start and not entry.narrows(known)
        )

    def compare(self, new: "Destinations") -> tuple[Change, ...]:
        """Compare groups entry by entry: on a list, one less is tighter."""
        where, listed = f"rules.{self.NAME}.groups", new.mode == LISTED
        changes = [change for change in Rule.compare(self, new) if change.path != where]
        for name in sorted(self.groups.keys() | new.groups.keys()):
            before, after = (rule.groups.get(name, Group()) for rule in (self, new))
            path, old, kept = f"{where}.{name}", before.entries, after.entries
            changes += [
                changed(path, entry.explain(PLAIN, name), "", tighter=listed)
                for entry in old
                if entry not in kept
            ]
            changes += [
                changed(path, "", entry.explain(PLAIN, name), tighter=listed and entry.narrows(old))
                for entry in kept
                if entry not in old
            ]
            if not old or not kept:
                continue
            if before.windows != after.windows:
                texts = (said(WINDOWS, group.windows) for group in (before, after))
                tighter = windows_tighter(before.windows, after.windows)
                changes.append(changed(f"{path}.windows", *texts, tighter=tighter))
            if before.internal != after.internal:
                texts = ("yes" if group.internal else "" for group in (before, after))
                changes.append(changed(f"{path}.internal", *texts, tighter=before.internal))
        return tuple(changes)

    def check(self, spend: Spend) -> tuple[Refusal, ...]:
        """Find the groups of each destination, and whether one of them lets it pass."""
        return tuple(self._judge(spend)) if spend.externals else ()

    def _judge(self, spend: Spend) -> Iterator[Refusal]:
        if missing := [name for name in self.wallets if name not in spend.wallets]:
            what, hint = "the addresses of a listed wallet are not known", "derive them first"
            yield refusal("destinations.wallets", what, "every listed wallet", missing[0], hint)
        ripe = spend.head.height - (self.cooling or 0) if self.mode == LISTED else MAX_HEIGHT
        inside = {name: group.addresses(spend) for name, group in self.groups.items()}
        cooled = {name: group.addresses(spend, ripe) for name, group in self.groups.items()}
        full = self._full(spend, inside)
        internal = spend.head.purpose == INTERNAL
        for found in dict.fromkeys(output.name for output in spend.externals):
            groups = [name for name, addresses in inside.items() if found in addresses]
            own = [name for name in groups if self.groups[name].internal or not internal]
            ready = [name for name in own if found in cooled[name]]
            if internal and not own:
                what, expected = "not a wallet of the house", "a destination of an internal group"
                yield refusal("destinations.internal", what, expected, found, _HINT)
            elif not own and self.mode == LISTED:
                what, expected = "not a listed destination", "one of the policy's destinations"
                yield refusal("destinations.listed", what, expected, found, _HINT)
            elif own and not ready:
                what, expected = "listed too recently", f"listed at height {ripe} or earlier"
                yield refusal("destinations.cooling", what, expected, found, "request it later")
            elif own and all(name in full for name in ready):
                over = full[ready[0]]
                what = f"too much for {ready[0]} within {over.blocks} blocks"
                hint = "a smaller withdrawal, or a later one"
                yield refusal("destinations.windows", what, over.expected, over.found, hint)

    def _full(self, spend: Spend, inside: Mapping[str, frozenset[str]]) -> dict[str, Overfull]:
        """The groups that would receive too much, with a window that says so."""
        now = Counter[str]()
        for output in spend.externals:
            for name, addresses in inside.items():
                now[name] += output.amount * (output.name in addresses)
        full = {}
        for name, group in self.groups.items():
            links, own = spend.since(longest(group.windows)) if now[name] else [], inside[name]
            paid = [
                (link, p) for link in links for p in link.payments if canonical(p.address) in own
            ]
            earlier, amounts = [link for link, _ in paid], [p.amount for _, p in paid]
            for over in overfull(group.windows, spend, now[name], earlier, amounts):
                full[name] = over
        return full

    def warn(self, spend: Spend) -> tuple[str, ...]:
        """Warn of an address that begins and ends like a listed one, and is another."""
        known = {a for group in self.groups.values() for a in group.addresses(spend)}
        alike = {(address[:_ALIKE], address[-_ALIKE:]): address for address in known}
        return tuple(
            f"{found} begins and ends like {alike[ends]}, which is listed, and is another address"
            for found in dict.fromkeys(output.address for output in spend.externals)
            if (ends := (found[:_ALIKE], found[-_ALIKE:])) in alike and found not in known
        )

    def explain(self, words: Words = PLAIN) -> tuple[str, ...]:
        """Say who is paid: every group with every entry."""
        sentences = [*self.summary(words)]
        for name, group in self.groups.items():
            sentences += [entry.explain(words, name) for entry in group.entries]
            for told in WINDOWS["setting"].tell(words, group.windows):
                sentences.append(words.say("destinations.windows", group=name, **told))
            if group.internal:
                sentences.append(words.say("destinations.internal", group=name))
        return tuple(sentences)
