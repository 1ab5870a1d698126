"""Documents as officers read them before they sign or pin one: whole, and in plain words."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Final

from policies.explain import Words
from policies.withdrawal import CONSOLIDATION, PAYING, VOID
from signer.cli import show
from signer.cli.review import counted, indented, listed, told
from signer.core.amounts import format_amount

if TYPE_CHECKING:
    from policies.change import Change
    from policies.policy import Policy
    from policies.quorum import Votes
    from policies.withdrawal import Withdrawal
    from signer.core.vault import Vault

_NOTE: Final = 45
"""Cells of a terminal's 80 that an amount leaves."""


PURPOSES: Final = {
    CONSOLIDATION: "joins coins of the vault: pays nobody",
    VOID: "cancels an earlier withdrawal: spends its anchor back into the vault",
}


def vault(document: "Vault", *, own: str = "", first: str) -> Iterator[str]:
    """A vault: its keys, its id, its first receive address.

    Args:
        document: the vault.
        own: fingerprint of this machine's key, or empty.
        first: the first receive address, derived twice.
    """
    from signer.cli.assurance import assurance  # it loads the curve, which may be missing

    quorum = f"{document.threshold} of {len(document.keys)}"
    heading = f"vault {document.name} ({document.coin} {document.network})"
    yield show.safe(heading)
    scheme = "" if document.scheme.name == "ecdsa" else f", {document.scheme.name} signatures"
    yield f"  {quorum}, {document.script_type}{scheme}"
    yield show.columns(
        (
            (s.officer, s.fingerprint, s.type, "this machine" if s.fingerprint == own else "")
            for s in document.signers
        ),
        indent=2,
    )
    yield f"  {assurance(document).sentence}"
    yield "  vault id"
    yield from indented(document.id, 2)
    yield "  first receive address"
    yield from indented(first, 2)


def policy(document: "Policy") -> Iterator[str]:
    """A policy: who may do what, and every rule as a sentence."""
    heading = f"policy epoch {document.epoch} ({document.coin} {document.network})"
    yield show.safe(heading)
    yield "  policy id"
    yield from indented(document.id, 2)
    yield "  for the vault"
    yield from indented(document.vault, 2)
    rows = [
        (role.name, f"{role.threshold} of {', '.join(role.members)}")
        for role in document.roles.values()
    ]
    delay = counted(document.loosening_delay, "block")
    rows += [
        ("revoked", ", ".join(document.revoked) or "nobody"),
        ("proposed", f"at block {document.proposed_height}"),
        ("in force", f"for withdrawals from block {document.activation_height} on"),
        ("successor", f"at once if it only tightens; else {delay} after it is proposed"),
    ]
    words = Words(coin=document.coin)
    rows += [("rule", sentence) for rule in document.rules for sentence in rule.explain(words)]
    yield listed(rows)
    yield show.columns(
        (("officer", name, show.grouped(key, 8)) for name, key in document.officers.items()),
        indent=2,
    )


def changes(found: "Iterable[Change]") -> Iterator[str]:
    """What a policy changes, each change marked tighter or looser, the looser ones first."""
    order = ("looser", "tighter", "neutral")
    rows = sorted(found, key=lambda change: order.index(change.direction))
    yield "what it changes"
    yield listed((change.direction, told(change)) for change in rows) or "  nothing"


def history(chain: "Sequence[Withdrawal]") -> Iterator[str]:
    """A history of withdrawals: its extent, and its newest id, which stands for all."""
    yield f"withdrawals {chain[0].sequence} to {chain[-1].sequence}, to block {chain[-1].height}"
    yield "  the newest one's id"
    yield from indented(chain[-1].id, 2)


def withdrawal(document: "Withdrawal", name: str, approvals: "Votes") -> Iterator[str]:
    """A withdrawal that waits for approvals.

    Args:
        document: the withdrawal.
        name: of its vault.
        approvals: so far.
    """
    heading = f"withdrawal {document.sequence} from {name} ({document.coin} {document.network})"
    yield show.safe(heading)
    yield ""
    if document.purpose not in PAYING:
        yield f"  {PURPOSES[document.purpose]}"
    if document.voids:
        yield "  voids the withdrawal"
        yield from indented(document.voids, 2)
    for payment in document.payments:
        amount = format_amount(payment.amount, document.coin)
        head = f"  pays {amount:>26}"
        note = show.folded(f"{payment.beneficiary} ({payment.label})", _NOTE)
        yield from (f"{' ' * len(head) if at else head}  {line}" for at, line in enumerate(note))
        yield from indented(payment.address, 2)
    if len(document.payments) > 1:
        amount = format_amount(document.total, document.coin)
        yield f"  in all {amount:>24}  {counted(len(document.payments), 'payment')}"
    amount = format_amount(document.fee_ceiling, document.coin)
    yield f"  fee up to {amount:>21}"
    yield ""
    yield listed(
        (
            ("why", document.why),
            ("asked by", document.initiator),
            ("approved by", ", ".join(approvals.signed) or "nobody yet"),
            ("needed", approvals.needed),
            ("still needed", str(approvals.missing)),
            ("valid", f"from block {document.height} to block {document.expiry}"),
        )
    )
    yield f"  must spend output {document.anchor.vout} of"
    yield from indented(document.anchor.txid, 2)
    yield "  withdrawal id"
    yield from indented(document.id, 2)
    yield "  vault id"
    yield from indented(document.vault, 2)
