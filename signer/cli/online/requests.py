"""`coldquorum request`: ask for a withdrawal, and see how its approvals stand."""

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import show
from signer.cli.naming import named
from signer.cli.online import chains
from signer.cli.online.payments import SYNTAX
from signer.cli.online.policies import VaultOption, votes
from signer.cli.session import HomeOption, JsonFlag, session
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from signer.store.rows import StoredWithdrawal
    from signer.store.store import Store

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


def new(
    context: typer.Context,
    *,
    vault: VaultOption,
    to: Annotated[
        list[str], typer.Option("--to", metavar=SYNTAX, help="A payment; once for each.")
    ],
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, for officers.")],
    initiator: Annotated[
        str, typer.Option(metavar="NAME", help="Who asks; that officer's approval won't count.")
    ],
    fee_ceiling: Annotated[
        str | None,
        typer.Option(metavar="AMOUNT", help="The most for the fee; the policy's if not given."),
    ] = None,
    expiry_blocks: Annotated[
        int | None,
        typer.Option(metavar="N", help="How long it may be signed; 144 or what the policy allows."),
    ] = None,
    documents: Documents = None,
    output: Output = None,
    node: chains.Node = None,
    node_user: chains.User = None,
    node_password_file: chains.PasswordFile = None,
    node_cookie: chains.Cookie = None,
    wallet: chains.Wallet = None,
    regtest: chains.Embedded = False,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Ask for a withdrawal: what the officers will approve.

    An amount is in satoshi (150000), or has its unit (0.0015BTC).
    """
    from policies.envelope import Envelope
    from policies.withdrawal import Withdrawal, check_terms
    from signer.build.typed import parse_amount
    from signer.cli.online import inbox, standing, terms
    from signer.cli.online.coins import free
    from signer.cli.online.payments import read_payments
    from signer.cli.online.standing import Standing
    from signer.core.files import refuse_existing, write_new
    from signer.core.names import Height
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    asked = chains.Asked(node, node_user, node_password_file, node_cookie, wallet, regtest)
    asked.check()
    if output is not None:
        refuse_existing(output)
    with Store(here.home) as store:
        inbox.keep(store, documents or ())
        found = inbox.vault(store, vault).vault
        payments = read_payments(to, found.coin, found.network)
        trusted = inbox.policy_in_force(store, found.id)
        ceiling = (
            parse_amount(fee_ceiling, found.coin) if fee_ceiling else terms.max_fee(trusted.policy)
        )
        earlier = store.withdrawals(found.id)
        with asked.open(here, found.network) as chain:
            tip, coins = chain.tip(), chain.coins(found)
        height = max(tip.height, earlier[-1].withdrawal.height if earlier else 0)
        needed = sum(payment.amount for payment in payments) + ceiling
        anchor = terms.anchor(found, free(found, coins, tip, store), needed)
        withdrawal = Withdrawal(
            coin=found.coin,
            network=found.network,
            vault=found.id,
            policy=trusted.policy.id,
            sequence=len(earlier) + 1,
            previous=earlier[-1].withdrawal.id if earlier else None,
            initiator=initiator,
            why=why,
            payments=payments,
            fee_ceiling=ceiling,
            height=Height(height),
            expiry=Height(height + terms.lifetime(trusted.policy, expiry_blocks)),
            anchor=anchor,
        )
        with named("", hint="see `coldquorum request new --help`", fault=Fault.OFFICER):
            # As everybody else will read it: a document that nobody takes is not written.
            payload = Withdrawal.parse(withdrawal.payload).payload
        envelope = Envelope.wrap("withdrawal", payload)
        check_terms(withdrawal, trusted.policy)
        with ExitStack() as undo:
            # The number is only taken once the document is out: a failure leaves neither.
            if output is not None:
                write_new(output, envelope.to_bytes())
                undo.callback(output.unlink, missing_ok=True)
            store.add_withdrawal(envelope)
            undo.pop_all()
    standing.emit(here, withdrawal, envelope, found, trusted.policy, stands=Standing("requested"))
    if output is None:
        show.note(f"next: coldquorum request show {found.name}/{withdrawal.sequence} -o FILE")
    count, file = trusted.policy.approvers.threshold, show.safe(str(output or "FILE"))
    show.note(f"next: {count} officers run `coldsign approve {file}`")


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
    node: chains.Node = None,
    node_user: chains.User = None,
    node_password_file: chains.PasswordFile = None,
    node_cookie: chains.Cookie = None,
    wallet: chains.Wallet = None,
    regtest: chains.Embedded = False,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Show a withdrawal: who has approved it, how many are missing, and where it is.

    Approvals in the files are kept, so that they may come one by one. With a chain, it also tells
    whether the transaction has confirmed.
    """
    from signer.cli.online import inbox, standing
    from signer.core.files import refuse_existing, write_new
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    asked = chains.Asked(node, node_user, node_password_file, node_cookie, wallet, regtest)
    if asked.is_given:
        asked.check()
    if output is not None:
        refuse_existing(output)
    with Store(here.home) as store:
        inbox.keep(store, documents or ())
        stored = given(store, files)
        vault = store.vault(stored.withdrawal.vault).vault
        policy = store.policy(stored.withdrawal.policy).policy
        stands = standing.known(store, stored, policy)
        if asked.is_given:
            with asked.open(here, vault.network) as chain:
                stands = standing.ask(chain, store, stored, stands)
        if output is not None:
            write_new(output, stored.envelope.to_bytes())
            show.note(f"written to {show.safe(str(output))}")
    standing.emit(here, stored.withdrawal, stored.envelope, vault, policy, stands=stands)


def list_(context: typer.Context, *, as_json: JsonFlag = False, home: HomeOption = None) -> None:
    """List all withdrawals, with their approvals."""
    from policies.withdrawal import count_approvals
    from signer.cli.online import standing
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
                policy = store.policy(w.policy).policy
                tally = count_approvals(stored.envelope, policy)
                state = standing.known(store, stored, policy).state
                rows.append(
                    (
                        f"{vault.name}/{w.sequence}",
                        format_amount(w.total, w.coin).rjust(24),
                        f"{len(tally.signed)} of {tally.threshold} approved",
                        state,
                        f"to block {w.expiry}",
                        w.why,
                    )
                )
                listed.append(
                    {
                        "handle": f"{vault.name}/{w.sequence}",
                        "id": w.id,
                        "total": w.total,
                        "expiry": w.expiry,
                        "why": w.why,
                        "state": state,
                        "approvals": votes(tally),
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
