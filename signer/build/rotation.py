"""The documents of a rotation: a vault with one key exchanged, and what both policies become.

A vault is its keys, so another key is another vault, with its own id, addresses and policy. Nothing
here is in force: key holders enrol the vault, admins sign the policies, approvers the sweep.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final, TypeVar

from policies.change import loosens
from policies.epochs import compare
from policies.policy import Policy
from policies.rules import Approvals, Destinations, Fees, Internal, Rule, Timing
from policies.rules.destinations import LISTED, Entry, Group
from signer.build.vault import create_vault
from signer.core import coins
from signer.core.descriptor import VaultKey
from signer.core.errors import BadInput, Fault
from signer.core.names import Fingerprint, Height
from signer.core.vault import Vault, VaultSigner

_R = TypeVar("_R", bound=Rule)

RANGE: Final = 100
"""Addresses of the new vault on each branch that the old one may pay: a sweep takes a few."""

MAX_INPUTS: Final = 500
"""Coins in one sweep, unless the policy says less: a 2-of-3's still fit into what nodes relay."""

_NUMBERED: Final = re.compile(r"(.*)-([1-9][0-9]{0,3})")


def exchange(
    old: Vault,
    gone: Fingerprint,
    key: VaultKey,
    signer: VaultSigner,
    *,
    name: str,
    birth_height: Height,
) -> Vault:
    """Make the vault in which one key has another one's place.

    Args:
        old: the vault.
        gone: the key that goes, by its master key's fingerprint.
        key: the key that comes, for the same coin, network and script.
        signer: who holds it.
        name: of the new vault.
        birth_height: of the new vault: no coin of it is older.

    Raises:
        BadInput: the old vault has no such key, the new one is in it already, or the vault that
            results is none.
    """
    places = [known.fingerprint for known in old.signers]
    if gone not in places:
        raise BadInput(
            "the vault has no such key",
            fault=Fault.OFFICER,
            expected=", ".join(f"{s.fingerprint} ({s.officer})" for s in old.signers),
            found=ascii(gone[:40]),
            hint="give the fingerprint of the key to replace",
        )
    at = places.index(gone)
    keys, signers = list(old.keys), list(old.signers)
    keys[at], signers[at] = key, signer
    return create_vault(
        name=name,
        coin=old.coin,
        network=old.network,
        script_type=old.script_type,
        threshold=old.threshold,
        keys=keys,
        signers=signers,
        birth_height=birth_height,
    )


def next_name(name: str) -> str:
    """The name of the vault after this one: `treasury-2` after `treasury`."""
    match = _NUMBERED.fullmatch(name)
    return f"{match[1]}-{int(match[2]) + 1}" if match else f"{name}-2"


def first_policy(old: Policy, vault: Vault, height: Height) -> Policy:
    """The first policy of a new vault: people and rules as they are in the old one's.

    Args:
        old: the policy that governs the old vault.
        vault: the new one.
        height: the chain's now.
    """
    return replace(
        old,
        vault=vault.id,
        epoch=1,
        previous=None,
        proposed_height=height,
        activation_height=height,
    )


def opened_to(following: Policy, vault: Vault) -> Policy:
    """The old vault's next policy, which lets everything go to the new vault and nowhere else new.

    Args:
        following: the next epoch, otherwise unchanged.
        vault: the new one; it becomes an internal destination.
    """
    entry = Entry(vault.descriptor, RANGE, following.activation_height)
    listed = _one(following.rules, Destinations) or Destinations("any", MappingProxyType({}))
    name = vault.name
    while name in listed.groups:
        name = next_name(name)
    groups = {**listed.groups, name: Group((entry,), internal=True)}
    rules = {rule.NAME: rule for rule in following.rules}
    rules[Destinations.NAME] = replace(listed, groups=MappingProxyType(groups))
    fees, approvals = _one(following.rules, Fees), _one(following.rules, Approvals)
    if Internal.NAME not in rules and fees and approvals:
        supply = coins.coin(vault.coin).max_money
        require = approvals.tiers[-1].require
        rules[Internal.NAME] = Internal(MAX_INPUTS, fees.max_fee, fees.max_rate, require, supply)
    return replace(following, rules=tuple(rules.values()))


def is_open_to(policy: Policy, vault: Vault) -> bool:
    """Whether a policy allows internal moves to a vault."""
    listed = _one(policy.rules, Destinations)
    return (
        listed is not None
        and _one(policy.rules, Internal) is not None
        and any(
            entry.name == vault.descriptor
            for group in listed.groups.values()
            for entry in group.entries
            if group.internal
        )
    )


def locked_down(policy: Policy, frozen: Policy) -> Policy | None:
    """The next policy that pays only to the house's own vaults, at once: tighter, and no freeze.

    Args:
        policy: in force.
        frozen: the next epoch, frozen, which acts at once.

    Returns:
        It, or None where it would not be: no vault of the house is listed, or it would not be
        tighter throughout.
    """
    listed = _one(policy.rules, Destinations)
    own = {} if listed is None else {n: g for n, g in listed.groups.items() if g.internal}
    if listed is None or not own or _one(policy.rules, Internal) is None:
        return None
    timing = _one(policy.rules, Timing)
    changed: dict[str, Rule] = {
        Destinations.NAME: replace(listed, mode=LISTED, groups=MappingProxyType(own)),
    }
    if timing is not None:
        changed[Timing.NAME] = timing
    made = replace(frozen, rules=tuple(changed.get(rule.NAME, rule) for rule in frozen.rules))
    return None if loosens(compare(policy, made)) else made


def _one(rules: Sequence[Rule], kind: type[_R]) -> _R | None:
    return next((rule for rule in rules if isinstance(rule, kind)), None)
