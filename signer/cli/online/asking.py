"""What `request new` and `request void` share: the next withdrawal in a vault's chain."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from policies.withdrawal import VOID, Payment, Withdrawal
from signer.cli.naming import named
from signer.cli.online import chains
from signer.cli.session import Session
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from policies.envelope import Envelope
    from policies.policy import Policy
    from signer.core.vault import Vault
    from signer.store.rows import StoredWithdrawal
    from signer.store.store import Store

Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, for officers.")]
Initiator = Annotated[
    str, typer.Option(metavar="NAME", help="Who asks; that officer's approval won't count.")
]
FeeCeiling = Annotated[
    str | None,
    typer.Option(metavar="AMOUNT", help="The most for the fee; the policy's if not given."),
]
ExpiryBlocks = Annotated[
    int | None,
    typer.Option(metavar="N", help="How long it may be signed; 144 or what the policy allows."),
]


def ask(
    here: Session,
    store: "Store",
    asked: chains.Asked,
    vault: "Vault",
    *,
    purpose: str,
    payments: Sequence[Payment],
    voids: "Withdrawal | None",
    initiator: str,
    why: str,
    fee_ceiling: str | None,
    expiry_blocks: int | None,
    output: Path | None,
    prices: "Envelope | None" = None,
    balances: "Envelope | None" = None,
) -> "tuple[StoredWithdrawal, Policy]":
    """Make the next withdrawal, and keep it.

    Returns:
        It, and the policy that governs it.

    Raises:
        BadInput: too few coins, or no such ceiling or lifetime; the name of the output is taken.
        Refused: the vault has no policy that governs it.
        ChainError: the chain cannot be asked.
    """
    from policies.envelope import Envelope
    from policies.withdrawal import Anchor, check_terms
    from signer.build.typed import parse_amount
    from signer.cli.online import grounding, inbox, terms
    from signer.cli.online.coins import free, listed
    from signer.core.files import write_new
    from signer.core.names import Height

    earlier = [stored.withdrawal for stored in store.withdrawals(vault.id)]
    newest = inbox.policy_in_force(store, vault.id)
    with asked.open(here, vault.coin, vault.network) as chain:
        tip, coins = chain.tip(), listed(vault, chain)
    height = Height(max(tip.height, earlier[-1].height if earlier else 0))
    policy = newest.at(height).policy
    ceiling = (
        parse_amount(fee_ceiling, vault.coin) if fee_ceiling else terms.max_fee(policy, purpose)
    )
    chosen = grounding.choose(store, vault, policy, purpose, prices=prices, balances=balances)
    needed = sum(payment.amount for payment in payments) + ceiling
    if voids is None:
        anchor: Anchor = terms.anchor(vault, free(vault, coins, tip, store), needed)
    else:
        anchor = voids.anchor
    lifetime = terms.lifetime(policy, expiry_blocks)
    if expiry_blocks is None and chosen.last is not None:
        lifetime = max(0, min(lifetime, chosen.last - height))
    withdrawal = Withdrawal(
        coin=vault.coin,
        network=vault.network,
        vault=vault.id,
        policy=policy.id,
        sequence=len(earlier) + 1,
        previous=earlier[-1].id if earlier else None,
        initiator=initiator,
        why=why,
        payments=tuple(payments),
        fee_ceiling=ceiling,
        height=height,
        expiry=Height(height + lifetime),
        anchor=anchor,
        purpose=purpose,
        voids=voids.id if voids else None,
        grounds=chosen.grounds,
    )
    with named("", hint="see `coldquorum request new --help`", fault=Fault.OFFICER):
        # As everybody else will read it: a document that nobody takes is not written.
        envelope = Envelope.wrap("withdrawal", Withdrawal.parse(withdrawal.payload).payload)
    check_terms(withdrawal, policy)
    with ExitStack() as undo:
        # The number is only taken once the document is out: a failure leaves neither.
        if output is not None:
            write_new(output, envelope.to_bytes())
            undo.callback(output.unlink, missing_ok=True)
        stored = store.add_withdrawal(envelope)
        undo.pop_all()
    return stored, grounding.priced(store, withdrawal, policy)


def check_voidable(target: Withdrawal) -> None:
    """See that a withdrawal is one that a void may cancel.

    Raises:
        BadInput: it is a void itself.
    """
    if target.purpose == VOID:
        raise BadInput(
            "a void is not voided",
            fault=Fault.OFFICER,
            found=f"withdrawal {target.sequence} is a void",
            hint="raise its fee with `coldquorum bump`, or void again what it cancels",
        )
