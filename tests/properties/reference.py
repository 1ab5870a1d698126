"""What a signer should do, said again in plain words: no class of the product is used here.

Documents are small records, a signer's memory is three sets and a number, and a verdict is the
step that has to refuse, or 0. Scripts, signatures and bytes are other tests' business.
"""

from dataclasses import dataclass, field
from functools import cached_property

LIFETIME = 144
CEILING = 50_000
"""What every withdrawal says that its fee may be."""


@dataclass(frozen=True, eq=False)
class Law:
    """A policy: epoch `number`, following `before`.

    Attributes:
        number: 1 for the first.
        before: the law that it follows.
        proposed: the height at which the admins were asked.
        active: it governs from here, if it waits.
        delay: blocks that its successor waits if that one is looser.
        most: for one payment.
        window: blocks, and the most that leaves within them.
        frozen: nothing but voids.
        voters: who may approve; two must.
        signers: admins who signed it. Its own admins are the same three for ever.
    """

    number: int
    before: "Law | None"
    proposed: int
    active: int
    delay: int
    most: int
    window: tuple[int, int]
    frozen: bool
    voters: frozenset[str]
    signers: frozenset[str]

    def loosens(self, old: "Law") -> bool:
        """Whether it allows anything that an older law does not."""
        return (
            self.most > old.most
            or self.window[1] > old.window[1]
            or (old.frozen and not self.frozen)
            or not self.voters <= old.voters
            or self.delay < old.delay
        )

    def passes_by(self, height: int) -> "list[Law]":
        """The laws that may still be waiting or govern when this one, trusted, meets a height."""
        found = [self]
        while found[-1].before and found[-1].waits and height < found[-1].active:
            found.append(found[-1].before)
        return found

    @cached_property
    def path(self) -> "list[Law]":
        """Every law up to this one, oldest first."""
        return [*(self.before.path if self.before else ()), self]

    @property
    def overtaken(self) -> "list[Law]":
        """The laws before it that it would set aside when it takes effect."""
        return self.before.passes_by(self.active) if self.before else []

    @cached_property
    def waits(self) -> bool:
        """Whether it takes effect at its height only."""
        return any(self.loosens(old) for old in self.overtaken)

    def governs(self, height: int) -> "Law":
        """The law at a height, for somebody who trusts this one."""
        return self.passes_by(height)[-1]

    def enough(self, since: int | None) -> bool:
        """Whether a signer takes it up: two admins, and not looser too early.

        Args:
            since: what the signer has seen under the laws before; None if an officer read it.
        """
        heights = [self.proposed] if since is None else [self.proposed, since]
        delay = max(old.delay for old in self.overtaken)
        late = all(self.active >= height + delay for height in heights)
        return len(self.signers) > 1 and (late or not self.waits)


@dataclass(frozen=True, eq=False)
class Request:
    """A withdrawal.

    Attributes:
        before: the one that it follows.
        law: under which it was asked.
        height, expiry: its life.
        asker: who asked for it.
        amount: paid out; a void pays nothing.
        voids: the one that it cancels, or None.
    """

    before: "Request | None"
    law: Law
    height: int
    expiry: int
    asker: str
    amount: int
    voids: "Request | None"

    @cached_property
    def path(self) -> "tuple[Request, ...]":
        """Every withdrawal up to this one, oldest first."""
        return (*(self.before.path if self.before else ()), self)

    @property
    def number(self) -> int:
        """Its sequence number."""
        return len(self.path)


@dataclass(frozen=True)
class Bundle:
    """What a coordinator sends to a signer.

    Attributes:
        links: the withdrawals that travel along, oldest first; the last is to be fulfilled.
        laws: that travel along, oldest first.
        voters: who approved.
        fee: of the transaction.
        spends_anchor: whether it spends the withdrawal's own coin.
    """

    links: tuple[Request, ...]
    laws: list[Law]
    voters: frozenset[str]
    fee: int
    spends_anchor: bool


@dataclass
class Memory:
    """What a signer knows.

    Attributes:
        law: the newest that it trusts.
        links: every withdrawal that it has verified, by number.
        approved: what its officer approved, by number.
        height: the largest height that it has verified.
        voided: withdrawals for which it has verified a void.
    """

    law: Law
    links: dict[int, Request] = field(default_factory=dict)
    approved: dict[int, Request] = field(default_factory=dict)
    height: int = 0
    voided: set[Request] = field(default_factory=set)

    def copy(self) -> "Memory":
        """What a backup holds."""
        return Memory(
            self.law, dict(self.links), dict(self.approved), self.height, set(self.voided)
        )

    def _knows_otherwise(self, one: Request) -> bool:
        mine = self.links.get(one.number, self.approved.get(one.number))
        return mine is not None and mine is not one

    @property
    def newest(self) -> int:
        """The largest number that it has verified."""
        return max(self.links, default=0)

    def approves(self, one: Request) -> bool:
        """Whether its officer may approve a withdrawal that comes alone."""
        before = self.links.get(one.number - 1, self.approved.get(one.number - 1))
        return not (
            self._knows_otherwise(one)
            or (before is not None and before is not one.before)
            or one in self.voided
            or (one.number > self.newest and one.height < self.height)
        )

    def follows(self, laws: "list[Law]", links: "tuple[Request, ...] | None") -> "Law | None":
        """The newest law after somebody brings some; None if they must be refused (step 5).

        Args:
            laws: oldest first.
            links: the withdrawals that came with them; None if an officer has read the laws.
        """
        trusted = self.law
        for at, law in enumerate(laws):
            if law.number > trusted.number:
                seen = [one.height for one in links or () if one.law not in laws[at:]]
                since = None if links is None else max([self.height, *seen])
                if law.before is not trusted or not law.enough(since):
                    return None
                trusted = law
        alive = trusted
        while alive is not laws[-1]:
            if not alive.waits or alive.before is None:
                return None
            alive = alive.before
        return trusted

    def refuses(self, bundle: Bundle) -> int:
        """The step that refuses a transaction, or 0."""
        links, laws = bundle.links, bundle.laws
        one = links[-1]
        newest = self.follows(laws, links[:-1])
        if newest is None:
            return 5
        law = newest.governs(max(one.height, self.height))
        chained = self._chain_holds(links, one.height - law.window[0])
        if not chained or not _approved(one, bundle.voters, law) or one.expiry < self.height:
            return 6
        if not bundle.spends_anchor:
            return 7
        return 0 if bundle.fee <= CEILING and _allowed(one, links[:-1], law) else 8

    def believes(self, links: "tuple[Request, ...]", laws: "list[Law]") -> bool:
        """Whether it takes up a history, and laws that its officer has read."""
        return self.follows(laws, None) is not None and self._chain_holds(links, None)

    def _chain_holds(self, links: "tuple[Request, ...]", since: int | None) -> bool:
        one, first = links[-1], links[0].number
        height = self.height if first > self.newest else links[0].height
        for link in links:
            least = height if link is links[0] else link.before.height
            if self._knows_otherwise(link) or link.height < least:
                return False
        before = self.links.get(first - 1, self.approved.get(first - 1))
        joins = first == 1 or (
            first <= self.newest + 1
            and (before is None or before is links[0].before)
            and (since is None or links[0].height <= since)
        )
        forgotten = one.number < self.newest and one.number not in self.links
        return joins and one not in self.voided and not forgotten and _void_fits(one, links[:-1])

    def takes(self, bundle: Bundle) -> None:
        """Remember a transaction that was signed."""
        self.law = self.follows(bundle.laws, bundle.links[:-1])
        self.learns(bundle.links)

    def learns(self, links: "tuple[Request, ...]") -> None:
        """Remember withdrawals that were verified."""
        new = [link for link in links if link.number not in self.links]
        self.links |= {link.number: link for link in new}
        self.voided |= {link.voids for link in new if link.voids}
        self.height = max([self.height, *(link.height for link in links)])


def _void_fits(one: Request, links: "tuple[Request, ...]") -> bool:
    """Whether what it cancels is among what travels along."""
    return one.voids is None or one.voids in links


def _approved(one: Request, voters: frozenset[str], law: Law) -> bool:
    """Whether it is of the law, alive, and two approved who did not ask for it."""
    current = one.voids is not None or (one.law is law and one.height >= law.active)
    counted = (voters & law.voters) - {one.asker}
    return current and one.height <= one.expiry and len(counted) > 1


def _allowed(one: Request, links: "tuple[Request, ...]", law: Law) -> bool:
    """Whether the rules let it pass; a void has to keep to the lifetime only."""
    if one.expiry - one.height > LIFETIME:
        return False
    if one.voids:
        return True
    blocks, most = law.window
    left = sum(link.amount for link in links if link.height > one.height - blocks)
    small = one.amount <= law.most and left + one.amount <= most
    return small and not law.frozen
