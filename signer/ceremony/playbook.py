"""What to do when something is stolen, written for one vault before it happens."""

from collections.abc import Sequence
from pathlib import Path

from policies.policy import Policy
from policies.withdrawal import Withdrawal
from signer.ceremony.printing import fill
from signer.core.vault import Vault

_TEMPLATE = Path(__file__).parent / "papers" / "playbook.md"


def playbook(
    vault: Vault,
    policy: Policy,
    *,
    flying: Sequence[Withdrawal],
    own: Sequence[str],
    files: Sequence[str],
    lockdown: bool,
) -> str:
    """Write it, in Markdown.

    Args:
        vault: that it is for.
        policy: in force.
        flying: withdrawals that may still confirm.
        own: where a sweep may go, by name; empty if nowhere.
        files: that lie beside it.
        lockdown: whether one of them is a policy that still lets a sweep through.

    Raises:
        BadInput: jinja2 is not installed.
    """
    return fill(
        _TEMPLATE,
        escape=False,
        vault=vault,
        policy=policy,
        holders=", ".join(signer.officer for signer in vault.signers),
        admins=f"{policy.admins.threshold} of {', '.join(policy.admins.members)}",
        flying=flying,
        own=own,
        sweeps=bool(own),
        files=files,
        lockdown=lockdown,
    )
