"""The chain that a vault's withdrawals form (step 6).

Each withdrawal names the one before it by id, so that the quorum that approves the newest commits
to all of them. The chain's heights are the vault's clock: a transaction's nLockTime is its
withdrawal's height, and heights never decrease.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from policies.errors import Refused
from policies.names import DocumentId, Height
from policies.withdrawal import GENESIS, MAX_HEIGHT, VOID, Withdrawal, no


class Known(NamedTuple):
    """What a signer has verified of a vault's chain, down to the first withdrawal.

    Attributes:
        ids: by sequence number, of the newest ones.
        height: of the newest; heights never decrease, so it is the largest.
        approved: ids, by sequence number, of what an officer approved here on its own: nothing is
            known of what comes before them.
        voided: ids of withdrawals for which a void was verified.
        papers: number and id of the newest paper of each kind that was signed for.
    """

    ids: Mapping[int, DocumentId] = MappingProxyType({})
    height: Height = GENESIS
    approved: Mapping[int, DocumentId] = MappingProxyType({})
    voided: frozenset[DocumentId] = frozenset()
    papers: Mapping[str, tuple[int, DocumentId]] = MappingProxyType({})

    @property
    def newest(self) -> int:
        """The largest sequence number, or 0."""
        return max(self.ids, default=0)

    def at(self, sequence: int) -> DocumentId | None:
        """The id of a sequence number, as far as it is known."""
        return self.ids.get(sequence, self.approved.get(sequence))


NOTHING = Known()


def verify_chain(
    head: Withdrawal,
    predecessors: Sequence[Withdrawal],
    known: Known = NOTHING,
    *,
    since: Height = MAX_HEIGHT,
) -> tuple[Withdrawal, ...]:
    """Check the chain of withdrawals that leads to `head` (step 6).

    What is carried must join what the signer knows, or begin with the vault's first: else a
    withdrawal that approves nothing, but claims to be old, could hide newer ones behind it from
    the windows. And it must reach back beyond every window, since only what is carried is counted.

    Args:
        head: the newest, whose approvers commit to all before it.
        predecessors: as received, oldest first, `head` not among them.
        known: what this signer has verified before.
        since: the longest window of the rules counts what is later than this height.

    Returns:
        The withdrawals before `head`, oldest first.

    Raises:
        Refused: a missing, foreign, unlinked or back-dated one, or one that this signer knows
            otherwise; this signer is behind; what a void names is not there, or `head` is voided.
    """
    first = head.sequence - len(predecessors)
    if first < 1:
        raise _broken("length", head.sequence, f"{head.sequence - 1} before it", "more")
    if first > known.newest + 1:
        raise Refused(
            no(
                "chain.behind",
                "this signer is behind: it does not know what was withdrawn before",
                f"withdrawals from {known.newest + 1} on",
                f"withdrawals from {first} on",
                "`coldquorum request export-history`, then `coldsign enrol --history FILE`",
            )
        )
    chain = (*predecessors, head)
    _check_links(chain, first, known)
    if first > 1 and chain[0].height > since:
        raise _broken(
            "window", first, f"one of height {since} or earlier", f"height {chain[0].height}"
        )
    if head.sequence < known.newest and head.sequence not in known.ids:
        raise _broken("known", head.sequence, "a newer one", "one older than this signer recalls")
    if head.purpose == VOID:
        _check_void(head, predecessors)
    return chain[:-1]


def check_alone(withdrawal: Withdrawal, known: Known) -> None:
    """Check a withdrawal that comes without its chain, as far as that goes (step 6).

    Raises:
        Refused: this signer knows another one of this number or of the one before, or a later
            height, or has verified a void for it.
    """
    _check_links((withdrawal,), withdrawal.sequence, known)


def _check_links(chain: Sequence[Withdrawal], first: int, known: Known) -> None:
    """Refuse a chain of which one is not what belongs at its place; its first is at `first`."""
    head, remembered = chain[-1], {**known.approved, **known.ids}
    previous = remembered.get(first - 1, chain[0].previous) if first > 1 else None
    least = known.height if first > known.newest else chain[0].height
    for at, link in enumerate(chain, first):
        own = link.id
        life = "void" if link is head and own in known.voided else "one that lives"
        came = (link.sequence, link.previous, link.coin, link.network, link.vault, own, life)
        fits = (
            at,
            previous,
            head.coin,
            head.network,
            head.vault,
            remembered.get(at, own),
            "one that lives",
        )
        for rule, expected, found in zip(_LINKED, fits, came, strict=True) if fits != came else ():
            if expected != found:
                raise _broken(rule, at, str(expected), str(found))
        if link.height < least:
            raise _broken("height", at, f"height {least} or later", f"height {link.height}")
        previous, least = own, link.height


_LINKED = ("sequence", "previous", "coin", "network", "vault", "known", "voided")
"""What is compared of each link, by the name of its refusal; all at once while it is right."""


def _check_void(head: Withdrawal, history: Sequence[Withdrawal]) -> None:
    """Refuse a void that would not make what it names impossible."""
    for link in history:
        if link.anchor == head.anchor and link.purpose != VOID and link.id == head.voids:
            return
    raise _broken(
        "voids", head.sequence, "an earlier one, not itself a void, and its anchor", str(head.voids)
    )


_TEXT = {
    "known": "another withdrawal {} was approved or signed here",
    "voided": "withdrawal {} was cancelled by a void",
    "voids": "the void {} does not cancel what it names",
    "window": "the chain from {} on does not reach back beyond the policy's windows",
}


def _broken(rule: str, sequence: int, expected: str, found: str) -> Refused:
    text = _TEXT.get(rule, f"the chain of withdrawals breaks at {{}}: its {rule} is wrong")
    hint = "ask the other officers what they have seen of it"
    return Refused(no(f"chain.{rule}", text.format(sequence), expected, found, hint))
