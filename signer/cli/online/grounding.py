"""What a withdrawal rests on, on the coordinator's side: which papers it names, and which travel.

Nothing here is believed by a signer; what is chosen wrongly is refused.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from policies.balances import KIND as BALANCES
from policies.balances import Snapshot
from policies.chain import NOTHING
from policies.envelope import Envelope
from policies.evidence import Evidence
from policies.gather import gather
from policies.gather import priced as priced_with
from policies.grounds import NO_GROUNDS, Grounds, Stand
from policies.policy import Policy
from policies.prices import KIND as PRICES
from policies.prices import Life, PriceSheet
from policies.rules.group import Member, VaultGroup
from policies.rules.prices import Prices
from policies.rules.stated import Stated
from policies.withdrawal import PAYING, Withdrawal
from signer.build.carried import carried
from signer.cli.online import inbox
from signer.core.errors import BadInput, Fault
from signer.core.names import DocumentId, Height
from signer.core.vault import Vault
from signer.sign.check import Enrolment
from signer.store.store import Store


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a new withdrawal names.

    Attributes:
        grounds: as it names them, or None.
        last: the last height to which it may live for its papers' sake, or None.
    """

    grounds: Grounds | None
    last: Height | None


@dataclass(frozen=True, slots=True)
class Travelling:
    """What goes with a withdrawal, beside its own chain.

    Attributes:
        papers: sheets, a snapshot, and other vaults' withdrawals.
        others: what signers know of those vaults before that.
    """

    papers: tuple[Envelope, ...]
    others: Mapping[DocumentId, Enrolment]


def keep(store: Store, kind: str, files: Sequence[Path]) -> Envelope | None:
    """Keep the copies of one paper, each with some signatures, and give it; None without files.

    Raises:
        BadInput: another kind of document, or several different ones.
    """
    found = [store.add_paper(inbox.read(file, kind)) for file in files]
    if len({one.id for one in found}) > 1:
        raise BadInput(
            f"these are different {kind}",
            fault=Fault.OFFICER,
            expected="copies of one, each with some signatures",
            found=", ".join(one.id[:8] for one in found),
        )
    return found[-1] if found else None


def choose(
    store: Store,
    vault: Vault,
    policy: Policy,
    purpose: str,
    *,
    prices: Envelope | None,
    balances: Envelope | None,
) -> Chosen:
    """Choose what a new withdrawal names: the papers given, and the newest sheet if none is.

    Raises:
        BadInput: the policy counts by value and no sheet is here, or a vault of its group is not.
    """
    rules = [rule for rule in policy.rules if isinstance(rule, Prices)]
    if purpose not in PAYING or not (rules or prices or balances):
        return Chosen(None, None)
    if prices is None and rules:
        fitting = [
            one
            for one in store.papers(PRICES)
            if PriceSheet.parse(one.payload).life(vault.coin, vault.id)
        ]
        if not fitting:
            raise BadInput(
                "the policy counts by value, and no price sheet is here",
                fault=Fault.OFFICER,
                expected=f"a sheet of {vault.coin} for this vault, in {rules[0].unit}",
                hint="make one: `coldquorum prices new`; or give one: --prices FILE",
            )
        prices = fitting[-1]
    last: list[int] = []
    for paper, life in (
        (prices, prices and PriceSheet.parse(prices.payload).life(vault.coin, vault.id)),
        (balances, balances and Snapshot.parse(balances.payload).life(vault.coin, vault.id)),
    ):
        stated = [rule for rule in policy.rules if isinstance(rule, Stated)]
        if paper and isinstance(life, Life):
            ages = [rule.max_age for rule in stated if paper.kind == rule.KIND]
            last += [life.expiry, *(life.height + age for age in ages)]
    stands = []
    for member in _others(policy, vault.id):
        chain = store.withdrawals(store.vault(member.vault).vault.id)
        newest = chain[-1].withdrawal if chain else None
        stands.append(Stand(member.vault, len(chain), newest.id if newest else None))
    grounds = Grounds(
        prices.id if prices else None, balances.id if balances else None, tuple(stands)
    )
    return Chosen(grounds, Height(min(last)) if last else None)


def travelling(
    store: Store, head: Withdrawal, policy: Policy, links: Iterable[Withdrawal]
) -> Travelling:
    """Find what goes with a withdrawal.

    Args:
        store: where everything is.
        head: the withdrawal.
        policy: that governs it.
        links: of its own chain, that are carried along.
    """
    grounds = head.grounds or NO_GROUNDS
    signed = _signed(store)
    others: dict[DocumentId, Enrolment] = {}
    foreign: list[Withdrawal] = []
    sheet = signed.get(grounds.prices or DocumentId(""))
    for member in _others(policy, head.vault):
        stand = grounds.chain(member.vault)
        if stand is None:
            continue
        other = store.vault(member.vault).vault
        chain = [one.withdrawal for one in store.withdrawals(other.id)][: stand.sequence]
        first = 1
        if chain:
            load = carried(
                chain[-1],
                chain[:-1],
                max(0, chain[-1].height - _since(sheet, policy, member)),
                (),
                store.signed_up_to(other.id) | snapshot_reach(store, head, other.id),
            )
            foreign += [*load.links, chain[-1]]
            first = chain[-1].sequence - len(load.links)
        before = inbox.known_before(chain, first)
        others[other.id] = Enrolment(other, inbox.policy_in_force(store, other.id), before)
    named = [grounds.prices, grounds.balances]
    named += [(link.grounds or NO_GROUNDS).prices for link in (*links, *foreign)]
    papers = [signed[one] for one in dict.fromkeys(named) if one and one in signed]
    papers += [Envelope.wrap(inbox.WITHDRAWAL, link.payload) for link in foreign]
    return Travelling(tuple(papers), others)


def snapshot_reach(store: Store, head: Withdrawal, vault: DocumentId) -> dict[str, int]:
    """How far back a chain has to reach for the snapshot's sake, as `carried` takes it."""
    named = (head.grounds or NO_GROUNDS).balances
    for envelope in store.papers(BALANCES):
        cold = Snapshot.parse(envelope.payload).cold.get(vault)
        if envelope.id == named and cold:
            return {"": cold.sequence}
    return {}


def evidence(store: Store, head: Withdrawal, policy: Policy) -> Evidence:
    """What rules may count with, from everything that is known here."""
    chain = [one.withdrawal for one in store.withdrawals(head.vault)][: head.sequence - 1]
    found = travelling(store, head, policy, chain)
    known = {vault: other.known for vault, other in found.others.items()}
    return gather(policy, head, found.papers, {head.vault: NOTHING, **known})


def priced(store: Store, head: Withdrawal, policy: Policy) -> Policy:
    """The policy with its values as amounts, at the prices that a withdrawal names."""
    if head.grounds is None:
        return policy
    signed = _signed(store)
    papers = [signed[one] for one in (head.grounds.prices, head.grounds.balances) if one in signed]
    return priced_with(policy, gather(policy, head, papers, {}))


def _others(policy: Policy, vault: DocumentId) -> tuple[Member, ...]:
    groups = (rule.vaults for rule in policy.rules if isinstance(rule, VaultGroup))
    return tuple(member for group in groups for member in group if member.vault != vault)


def _signed(store: Store) -> dict[DocumentId, Envelope]:
    return {one.id: one for kind in inbox.PAPERS for one in store.papers(kind)}


def _since(sheet: Envelope | None, policy: Policy, member: Member) -> int:
    """The height of another chain after which its withdrawals are in the longest window."""
    price = PriceSheet.parse(sheet.payload).coins.get(member.coin) if sheet else None
    hours = [w.hours for r in policy.rules if isinstance(r, VaultGroup) for w in r.windows]
    return (price.life.height if price else 0) - max(hours, default=0) * member.blocks_per_hour
