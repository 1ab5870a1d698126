"""From papers that came along to evidence; and from a policy in yen to one in coins.

Nothing is believed here: papers are only sorted, and their signatures counted.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from itertools import groupby
from typing import Any

from policies import balances, prices
from policies.chain import Known
from policies.envelope import Envelope
from policies.errors import BadInput, Fault, Refusal
from policies.evidence import Evidence, Presented
from policies.grounds import NO_GROUNDS
from policies.names import DocumentId
from policies.policy import Policy
from policies.rules import Destinations
from policies.rules.group import VaultGroup
from policies.rules.hot import Hot
from policies.rules.prices import Prices
from policies.rules.rule import Rule, refusal
from policies.value import Priced, Value
from policies.withdrawal import KIND, Withdrawal, count_votes

READERS: Mapping[str, Callable[[bytes], prices.PriceSheet | balances.Snapshot]] = {
    prices.KIND: prices.PriceSheet.parse,
    balances.KIND: balances.Snapshot.parse,
}
"""The papers that are signed."""


def gather(
    policy: Policy,
    head: Withdrawal,
    papers: Sequence[Envelope],
    known: Mapping[DocumentId, Known],
) -> Evidence:
    """Find what a withdrawal names among the papers that came with it.

    Args:
        policy: whose officers' signatures count.
        head: the withdrawal.
        papers: sheets, snapshots, and other vaults' withdrawals, in any order.
        known: what this signer has verified, by vault.

    Raises:
        BadInput: a paper is malformed, or of another kind.
    """
    grounds, rules = head.grounds or NO_GROUNDS, {rule.NAME: rule for rule in policy.rules}
    for paper in papers:
        if paper.kind not in (*READERS, KIND):
            expected = ", ".join((*READERS, KIND))
            raise BadInput("a strange paper", fault=Fault.COORDINATOR, expected=expected)
    by_id = {paper.id: paper for paper in papers}

    def presented(wanted: DocumentId | None, kind: str, rule: Rule | None) -> Presented | None:
        found = by_id.get(wanted) if wanted else None
        if found is None or found.kind != kind or rule is None:
            return None
        votes = count_votes(found, policy, rule.every_demand(), frozenset(policy.revoked))
        return Presented(READERS[kind](found.payload), votes)

    links = sorted(
        (Withdrawal.parse(paper.payload) for paper in by_id.values() if paper.kind == KIND),
        key=lambda link: (link.vault, link.sequence),
    )
    hot = (rule.groups for rule in policy.rules if isinstance(rule, Hot))
    names = {name for groups in hot for name in groups}
    lists = [rule.groups for rule in policy.rules if isinstance(rule, Destinations)]
    return Evidence(
        presented(grounds.prices, prices.KIND, rules.get(Prices.NAME)),
        presented(grounds.balances, balances.KIND, rules.get(Hot.NAME)),
        {
            known_id: prices.PriceSheet.parse(paper.payload)
            for known_id, paper in by_id.items()
            if paper.kind == prices.KIND
        },
        {vault: tuple(chain) for vault, chain in groupby(links, key=lambda link: link.vault)},
        known,
        frozenset(
            entry.name
            for groups in lists
            for name in names & groups.keys()
            for entry in groups[name].entries
        ),
    )


def unasked(policy: Policy, head: Withdrawal) -> Iterator[Refusal]:
    """Refuse grounds that no rule of the policy looks at: a signer would remember them unjudged."""
    grounds, asked = head.grounds or NO_GROUNDS, {rule.NAME for rule in policy.rules}
    for name, given, rule in (
        ("prices", grounds.prices, Prices.NAME),
        ("balances", grounds.balances, Hot.NAME),
        ("chains", grounds.chains, VaultGroup.NAME),
    ):
        if given and rule not in asked:
            what, hint = f"the withdrawal names {name} that the policy does not use", "leave them"
            yield refusal(f"grounds.{name}", what, f"rules.{rule}", "no such rule", hint)


def priced(policy: Policy, evidence: Evidence) -> Policy:
    """Give the policy with each limit in value as an amount of its coin, rounded down.

    It keeps its id. Without a price for its coin it is as it was, and no payment is within a value.
    """
    sheet = evidence.sheet
    if sheet is None or policy.coin not in sheet.coins:
        return policy
    price = sheet.coins[policy.coin]

    def resolved(setting: Any) -> Any:
        if isinstance(setting, Value):
            same = setting.unit == sheet.unit
            return Priced.at(setting, price.price, price.per) if same else setting
        if isinstance(setting, tuple):
            return tuple(map(resolved, setting))
        if isinstance(setting, Mapping):
            return {key: resolved(inner) for key, inner in setting.items()}
        if is_dataclass(setting) and not isinstance(setting, type):
            return replace(
                setting, **{f.name: resolved(getattr(setting, f.name)) for f in fields(setting)}
            )
        return setting

    rules = (r if isinstance(r, VaultGroup) else resolved(r) for r in policy.rules)
    made = replace(policy, rules=tuple(rules))
    object.__setattr__(made, "payload", policy.payload)
    return made
