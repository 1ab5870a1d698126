"""What happened to a vault: policies and who signed them, withdrawals, what is left."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from signer.ceremony.printing import fill
from signer.core.amounts import format_amount
from signer.core.names import Height, Sats
from signer.core.vault import Vault

_TEMPLATE = Path(__file__).parent / "papers" / "report.md"


@dataclass(frozen=True, slots=True)
class PolicyLine:
    """One epoch, or a proposal for one.

    Attributes:
        epoch: its number.
        id: of the document.
        activation_height: from which it governs.
        signed: its own admins who signed it.
        changes: paths, each with which way it points.
    """

    epoch: int
    id: str
    activation_height: int
    signed: tuple[str, ...]
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WithdrawalLine:
    """One withdrawal.

    Attributes:
        sequence: its number.
        purpose: payment, consolidation, internal or void.
        voids: the number that it cancels, or None.
        to: beneficiaries.
        total: satoshi.
        fee_ceiling: satoshi.
        why: as asked.
        approved: whose approvals count.
        state: as `request show` says.
        txid: of its transaction, or None.
        block: that holds it, or None.
    """

    sequence: int
    purpose: str
    voids: int | None
    to: tuple[str, ...]
    total: Sats
    fee_ceiling: Sats
    why: str
    approved: tuple[str, ...]
    state: str
    txid: str | None
    block: str | None


@dataclass(frozen=True, slots=True)
class Holding:
    """What a vault holds, confirmed.

    Attributes:
        name: the vault's.
        coins: how many.
        amount: satoshi.
    """

    name: str
    coins: int
    amount: Sats


def report(
    vault: Vault,
    height: Height,
    policies: Sequence[PolicyLine],
    withdrawals: Sequence[WithdrawalLine],
    holdings: Sequence[Holding],
) -> str:
    """Write it, in Markdown. A bar in somebody's words would break a table's line: it is escaped.

    Raises:
        BadInput: jinja2 is not installed.
    """
    return fill(
        _TEMPLATE,
        escape=False,
        vault=vault,
        height=height,
        policies=policies,
        withdrawals=withdrawals,
        holdings=holdings,
        money=lambda amount: format_amount(amount, vault.coin),
        cell=lambda text: text.replace("\\", "\\\\").replace("|", "\\|"),
    )
