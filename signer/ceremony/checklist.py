"""What people do in a rotation, in order, with this vault's names: a list to tick off."""

from collections.abc import Sequence
from pathlib import Path

from policies.policy import Policy
from signer.build.sweep import Batch
from signer.ceremony.printing import fill
from signer.core.amounts import format_amount
from signer.core.names import Fingerprint, Height
from signer.core.vault import Vault

_TEMPLATE = Path(__file__).parent / "papers" / "rotation.md"


def rotation(
    old: Vault,
    new: Vault,
    policy: Policy,
    *,
    gone: Fingerprint,
    opens: bool,
    activation: Height,
    batches: Sequence[Batch],
) -> str:
    """Write the list, in Markdown.

    Args:
        old: the vault that is left.
        new: the vault that takes its place.
        policy: that governs the old vault now.
        gone: the key that goes.
        opens: whether the old vault's next policy has to be signed first.
        activation: the height from which that one governs.
        batches: the sweep, as the coins are now.

    Raises:
        BadInput: jinja2 is not installed.
    """
    stays = {signer.fingerprint for signer in old.signers} - {gone}
    return fill(
        _TEMPLATE,
        escape=False,
        old=old,
        new=new,
        leaving=next(s for s in old.signers if s.fingerprint == gone),
        coming=next(s for s in new.signers if s.fingerprint not in stays),
        admins=f"{policy.admins.threshold} of {', '.join(policy.admins.members)}",
        holders=", ".join(signer.officer for signer in new.signers),
        opens=opens,
        activation=activation,
        batches=batches,
        money=lambda amount: format_amount(amount, old.coin),
    )
