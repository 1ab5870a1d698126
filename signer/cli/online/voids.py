"""`coldquorum request void` and `export-history`: cancel a withdrawal; tell signers the chain."""

from pathlib import Path
from typing import Annotated

import typer

from signer.cli import show
from signer.cli.online import asking, chains
from signer.cli.online.policies import VaultOption
from signer.cli.online.requests import Output
from signer.cli.session import HomeOption, JsonFlag, session


@chains.options
def void(
    context: typer.Context,
    withdrawal: Annotated[
        str, typer.Argument(metavar="ID", help="As VAULT/NUMBER, or the withdrawal's id.")
    ],
    *,
    why: asking.Why,
    initiator: asking.Initiator,
    fee_ceiling: asking.FeeCeiling = None,
    expiry_blocks: asking.ExpiryBlocks = None,
    output: Output = None,
    asked: chains.Asked,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Cancel a withdrawal: ask for a transaction that spends its anchor back into the vault.

    Once signatures may be out, nothing less cancels. It is approved, built and signed like any
    other; whichever of the two confirms first, the other never can. What is cancelled still counts
    in the policy's windows.

    On Bitcoin Cash nodes keep what they saw first: there a void helps before the payment is sent.
    """
    from policies.withdrawal import VOID
    from signer.cli.online import inbox, standing
    from signer.cli.online.standing import Standing
    from signer.core import coins
    from signer.core.files import refuse_existing
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    asked.check()
    if output is not None:
        refuse_existing(output)
    with Store(here.home) as store:
        target = inbox.withdrawal(store, withdrawal).withdrawal
        asking.check_voidable(target)
        vault = store.vault(target.vault).vault
        stored, policy = asking.ask(
            here,
            store,
            asked,
            vault,
            purpose=VOID,
            payments=(),
            voids=target,
            initiator=initiator,
            why=why,
            fee_ceiling=fee_ceiling,
            expiry_blocks=expiry_blocks,
            output=output,
        )
    standing.emit(
        here, stored.withdrawal, stored.envelope, vault, policy, stands=Standing("requested")
    )
    if not coins.coin(vault.coin).replaceable:
        show.note(
            f"nodes of {vault.coin} keep what they saw first: if the withdrawal was sent already, "
            "it confirms, and this void never will"
        )
    show.note(f"next: officers run `coldsign approve {show.safe(str(output or 'FILE'))}`")


def export_history(
    context: typer.Context,
    *,
    vault: VaultOption,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="FILE", readable=False, help="Never overwrites."),
    ],
    since: Annotated[
        int, typer.Option("--from", metavar="NUMBER", min=1, help="The first that is told.")
    ] = 1,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Write a vault's withdrawals to a file, for signers that are behind.

    A signer verifies them link by link: `coldsign enrol VAULT --history FILE`.
    """
    from signer.carry.history import write_history
    from signer.cli.online import inbox
    from signer.core.errors import BadInput, Fault
    from signer.core.files import write_new
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    with Store(here.home) as store:
        found = inbox.vault(store, vault).vault
        chain = [stored.withdrawal for stored in store.withdrawals(found.id)][since - 1 :]
    if not chain:
        raise BadInput(
            "no such withdrawals yet",
            fault=Fault.OFFICER,
            found=f"from {since} on",
            hint="`coldquorum request list` tells which there are",
        )
    write_new(output, write_history(chain))
    newest = chain[-1]
    here.emit(
        {
            "vault": found.id,
            "first": chain[0].sequence,
            "last": newest.sequence,
            "newest": newest.id,
            "file": str(output),
        },
        show.columns(
            (
                ("withdrawals", f"{chain[0].sequence} to {newest.sequence}"),
                ("newest", show.grouped(newest.id)),
                ("written", str(output)),
            )
        ),
    )
    show.note(f"next: `coldsign enrol VAULT --history {show.safe(str(output))}` on each signer")
