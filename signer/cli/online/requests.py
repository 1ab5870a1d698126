"""`coldquorum request`: ask for a withdrawal, and see how its approvals stand."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import show
from signer.cli.naming import UnclearCommand
from signer.cli.online import asking, chains
from signer.cli.online.payments import SYNTAX
from signer.cli.online.policies import VaultOption
from signer.cli.session import HomeOption, JsonFlag, session
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from policies.policy import Policy
    from signer.store.rows import StoredWithdrawal
    from signer.store.store import Store


class Purpose(StrEnum):
    """What a new withdrawal may be for. A void is asked for otherwise: `request void`."""

    PAYMENT = "payment"
    CONSOLIDATION = "consolidation"
    INTERNAL = "internal"


Documents = Annotated[
    list[Path] | None,
    typer.Option(
        "--with",
        metavar="FILE",
        readable=False,
        help="A document that is not known here yet: vault, policy, an earlier withdrawal.",
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FILE",
        readable=False,
        help="Write the document; never overwrites.",
    ),
]


Prices = Annotated[
    list[Path] | None,
    typer.Option(
        "--prices",
        metavar="FILE",
        readable=False,
        help="The price sheet, one file for each officer; the newest known if not given.",
    ),
]
Balances = Annotated[
    list[Path] | None,
    typer.Option(
        "--balances",
        metavar="FILE",
        readable=False,
        help="The balance snapshot, for a refill of a hot wallet; one file for each officer.",
    ),
]


@chains.options
def new(
    context: typer.Context,
    *,
    vault: VaultOption,
    to: Annotated[
        list[str] | None, typer.Option("--to", metavar=SYNTAX, help="A payment; once for each.")
    ] = None,
    purpose: Annotated[
        Purpose,
        typer.Option(help="A consolidation pays nobody; an internal move stays in the house."),
    ] = Purpose.PAYMENT,
    why: asking.Why,
    initiator: asking.Initiator,
    fee_ceiling: asking.FeeCeiling = None,
    expiry_blocks: asking.ExpiryBlocks = None,
    prices: Prices = None,
    balances: Balances = None,
    documents: Documents = None,
    output: Output = None,
    asked: chains.Asked,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Ask for a withdrawal: what the officers will approve.

    An amount is in satoshi (150000), or has its unit (0.0015BTC).
    """
    from signer.cli.online import grounding, inbox, standing
    from signer.cli.online.payments import read_payments
    from signer.cli.online.standing import Standing
    from signer.core.files import refuse_existing
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    asked.check()
    if bool(to) is (purpose is Purpose.CONSOLIDATION):
        raise UnclearCommand(
            "a consolidation pays nobody, and anything else somebody",
            hint=f"give --to {SYNTAX} once for each payment, or --purpose consolidation without",
        )
    if output is not None:
        refuse_existing(output)
    with Store(here.home) as store:
        inbox.keep(store, documents or ())
        found = inbox.vault(store, vault).vault
        stored, policy = asking.ask(
            here,
            store,
            asked,
            found,
            purpose=purpose.value,
            payments=read_payments(to or (), found.coin, found.network),
            voids=None,
            initiator=initiator,
            why=why,
            fee_ceiling=fee_ceiling,
            expiry_blocks=expiry_blocks,
            output=output,
            prices=grounding.keep(store, "prices", prices or ()),
            balances=grounding.keep(store, "balances", balances or ()),
        )
    standing.emit(
        here, stored.withdrawal, stored.envelope, found, policy, stands=Standing("requested")
    )
    what = show.safe(str(output or f"FILE  (coldquorum request show {found.name}/... -o FILE)"))
    show.note(f"next: {_needed(stored, policy)} run `coldsign approve {what}`")


@chains.options
def show_(
    context: typer.Context,
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE|ID", help="Its files as approved, or VAULT/NUMBER, or its id."
        ),
    ],
    *,
    documents: Documents = None,
    output: Output = None,
    asked: chains.Asked,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Show a withdrawal: who has approved it, how many are missing, and where it is.

    Approvals in the files are kept, so that they may come one by one. With a chain, it also tells
    whether the transaction has confirmed.
    """
    from signer.cli.online import grounding, inbox, standing
    from signer.core.files import refuse_existing, write_new
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    if asked.is_given:
        asked.check()
    if output is not None:
        refuse_existing(output)
    with Store(here.home) as store:
        inbox.keep(store, documents or ())
        stored = given(store, files)
        vault = store.vault(stored.withdrawal.vault).vault
        policy = store.policy(stored.withdrawal.policy).policy
        policy = grounding.priced(store, stored.withdrawal, policy)
        stands = standing.known(store, stored, policy)
        if asked.is_given:
            with asked.open(here, vault.coin, vault.network) as chain:
                stands = standing.ask(chain, store, stored, stands)
        if output is not None:
            write_new(output, stored.envelope.to_bytes())
            show.note(f"written to {show.safe(str(output))}")
    standing.emit(here, stored.withdrawal, stored.envelope, vault, policy, stands=stands)


def list_(context: typer.Context, *, as_json: JsonFlag = False, home: HomeOption = None) -> None:
    """List all withdrawals, with their approvals."""
    from policies.withdrawal import count_approvals
    from signer.cli.online import grounding, standing
    from signer.core.amounts import format_amount
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    rows: list[tuple[str, ...]] = []
    listed: list[dict[str, object]] = []
    with Store(here.home) as store:
        for stored_vault in store.vaults():
            vault = stored_vault.vault
            for stored in store.withdrawals(vault.id):
                w = stored.withdrawal
                policy = grounding.priced(store, w, store.policy(w.policy).policy)
                tally = count_approvals(stored.envelope, policy)
                state = standing.known(store, stored, policy).state
                rows.append(
                    (
                        f"{vault.name}/{w.sequence}",
                        format_amount(w.total, w.coin).rjust(24),
                        f"{len(tally.signed)} of {tally.needed} approved",
                        state,
                        f"to block {w.expiry}",
                        w.why,
                    )
                )
                listed.append(
                    {
                        "handle": f"{vault.name}/{w.sequence}",
                        "id": w.id,
                        "purpose": w.purpose,
                        "total": w.total,
                        "expiry": w.expiry,
                        "why": w.why,
                        "state": state,
                        "approvals": standing.tallies(tally),
                    }
                )
    here.emit({"withdrawals": listed}, show.columns(rows) or "none yet")


def given(store: "Store", said: Sequence[str]) -> "StoredWithdrawal":
    """The withdrawal that a command is about: the newest in its files, or the one it names.

    What reads as `VAULT/NUMBER` or as an id is never taken for a file (`./` makes it one).

    Raises:
        BadInput: no withdrawal among them, or two different ones of one number.
    """
    from signer.cli.online import inbox

    if len(said) == 1 and inbox.HANDLE.fullmatch(said[0]):
        return inbox.withdrawal(store, said[0])
    kept = inbox.keep(store, [Path(one) for one in said])
    newest = [document for document in kept if document.kind == inbox.WITHDRAWAL][-1:]
    if not newest:
        raise BadInput(
            "no withdrawal among the files",
            fault=Fault.OFFICER,
            expected="the file that `coldquorum request new -o` or `coldsign approve` wrote",
            found=", ".join(
                f"{document.kind} in {file}" for document, file in zip(kept, said, strict=True)
            ),
            hint="give the withdrawal's own file, or VAULT/NUMBER",
        )
    return store.withdrawal_by_id(newest[0].id)


def _needed(stored: "StoredWithdrawal", policy: "Policy") -> str:
    from policies.withdrawal import count_approvals

    return count_approvals(stored.envelope, policy).needed
