"""Wallets that a policy calls the house's own: are they vaults that this machine has enrolled?

A rotation moves everything to such a wallet. Its descriptor is too long to compare by eye, so the
machine compares it with what its officer enrolled, and says when it cannot.
"""

from typing import TYPE_CHECKING

from signer.cli import show

if TYPE_CHECKING:
    from collections.abc import Iterable

    from policies.policy import Policy
    from signer.core.vault import Vault


def tell(policy: "Policy", enrolled: "Iterable[Vault]") -> None:
    """Say of each wallet in an internal group which vault it is, or warn that none is known.

    Args:
        policy: that is to be signed or accepted.
        enrolled: the vaults of this machine.
    """
    from policies.rules import Destinations

    known = {vault.descriptor: vault for vault in enrolled}
    for rule in policy.rules:
        if not isinstance(rule, Destinations):
            continue
        own = [(name, group) for name, group in rule.groups.items() if group.internal]
        for name, entry in ((n, e) for n, group in own for e in group.entries if e.range):
            if entry.name in known:
                vault = known[entry.name]
                show.note(f"  the house's own {name}: {vault.name}, enrolled here, vault id")
                show.note(f"    {show.grouped(vault.id)}")
            else:
                show.warn(
                    f"the house's own {name} is a wallet that is not enrolled here: enrol its "
                    "vault first, or compare its descriptor with the others yourself"
                )
