"""`coldquorum ceremony`: the playbook for a theft, and the report after anything."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import show
from signer.cli.online import chains
from signer.cli.online.vaults import VaultArgument
from signer.cli.session import HomeOption, JsonFlag, session

if TYPE_CHECKING:
    from policies.policy import Policy
    from policies.withdrawal import Withdrawal
    from signer.ceremony.report import PolicyLine, WithdrawalLine
    from signer.chain.chain import Chain
    from signer.core.vault import Vault
    from signer.store.store import Store

_OVER = ("void", "confirmed", "expired")
"""States of a withdrawal that needs no void any more."""


@chains.options
def playbook(
    context: typer.Context,
    vault: VaultArgument,
    *,
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="DIR", readable=False, help="A new folder for the papers."
        ),
    ],
    asked: chains.Asked,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Write what to do when something is stolen, with the policies that shut the doors.

    Print it before it is needed. With a chain, it knows which withdrawals are over.
    """
    from signer.build.policy_source import write_toml
    from signer.build.rotation import locked_down
    from signer.ceremony import playbook as paper
    from signer.cli.online import inbox, policy_writing
    from signer.cli.online.folders import new_folder
    from signer.core.files import refuse_existing
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    if asked.is_given:
        asked.check()
    refuse_existing(output)
    with Store(here.home) as store:
        found = inbox.vault(store, vault).vault
        policy = inbox.policy_in_force(store, found.id).policy
        if asked.is_given:
            with asked.open(here, found.coin, found.network) as chain:
                lines = _withdrawals(store, found, chain)
        else:
            lines = _withdrawals(store, found, None)
        flying = [
            stored.withdrawal
            for stored, line in zip(store.withdrawals(found.id), lines, strict=True)
            if line.state not in _OVER and line.purpose != "void"
        ]
        own = _own(policy, store)
    frozen = policy_writing.following(policy, policy.activation_height, freeze=True)
    shut = locked_down(policy, frozen)
    papers = {"freeze.toml": write_toml(frozen)}
    if shut is not None:
        papers["lockdown.toml"] = write_toml(shut)
    papers["playbook.md"] = paper.playbook(
        found, policy, flying=flying, own=own, files=sorted(papers), lockdown=shut is not None
    )
    with new_folder(output, {name: text.encode() for name, text in papers.items()}):
        pass
    here.emit(
        {
            "vault": found.id,
            "folder": str(output),
            "files": sorted(papers),
            "lockdown": shut is not None,
            "sweeps_to": own,
            "under_way": [one.sequence for one in flying],
        },
        show.columns(
            (
                ("written", str(output / "playbook.md")),
                ("beside it", ", ".join(sorted(set(papers) - {"playbook.md"}))),
                ("a sweep may go to", ", ".join(own) or "no vault yet: see `vault rotate`"),
            )
        ),
    )
    show.note("next: print it, and keep it where it is found without this machine")


@chains.options
def report(
    context: typer.Context,
    vault: VaultArgument,
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", readable=False, help="Markdown; never overwrites."
        ),
    ] = None,
    asked: chains.Asked,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Tell what happened: policies and who signed them, withdrawals, what each vault holds."""
    from signer.ceremony.report import Holding
    from signer.ceremony.report import report as paper
    from signer.cli.online import inbox
    from signer.cli.online.coins import listed
    from signer.core.files import refuse_existing, write_new
    from signer.core.names import Sats
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    asked.check()
    if output is not None:
        refuse_existing(output)
    holdings: list[Holding] = []
    with Store(here.home) as store:
        found = inbox.vault(store, vault).vault
        known = [stored.vault for stored in store.vaults()]
        with asked.open(here, found.coin, found.network) as chain:
            height = chain.tip().height
            for one in sorted(known, key=lambda other: other.id != found.id):
                if (one.coin, one.network) == (found.coin, found.network):
                    amounts = [coin.amount for coin in listed(one, chain)]
                    holdings.append(Holding(one.name, len(amounts), Sats(sum(amounts))))
            withdrawals = _withdrawals(store, found, chain)
        policies = _policies(store, found)
    text = paper(found, height, policies, withdrawals, holdings)
    if output is not None:
        write_new(output, text.encode())
        show.note(f"written to {show.safe(str(output))}")
    here.emit(
        {
            "vault": found.id,
            "height": height,
            "policies": [asdict(one) for one in policies],
            "withdrawals": [asdict(one) for one in withdrawals],
            "holdings": [asdict(one) for one in holdings],
        },
        text.rstrip("\n"),
    )


def _own(policy: "Policy", store: "Store") -> list[str]:
    """The vaults known here that a policy lists as the house's own."""
    from signer.build.rotation import is_open_to

    return [stored.vault.name for stored in store.vaults() if is_open_to(policy, stored.vault)]


def _policies(store: "Store", vault: "Vault") -> "list[PolicyLine]":
    from policies.epochs import compare, count_admins
    from signer.ceremony.report import PolicyLine

    known = {stored.policy.id: stored for stored in store.policies(vault.id)}
    lines = []
    for stored in known.values():
        policy = stored.policy
        before = known.get(policy.previous) if policy.previous else None
        changes = compare(before.policy, policy) if before else ()
        lines.append(
            PolicyLine(
                policy.epoch,
                policy.id,
                policy.activation_height,
                count_admins(policy, stored.envelope).signed,
                tuple(f"{change.path} ({change.direction})" for change in changes),
            )
        )
    return lines


def _withdrawals(store: "Store", vault: "Vault", chain: "Chain | None") -> "list[WithdrawalLine]":
    from policies.withdrawal import count_approvals
    from signer.ceremony.report import WithdrawalLine
    from signer.cli.online import grounding, standing

    stored_ones = store.withdrawals(vault.id)
    numbers = {stored.withdrawal.id: stored.withdrawal.sequence for stored in stored_ones}
    lines = []
    for stored in stored_ones:
        withdrawal: Withdrawal = stored.withdrawal
        policy = store.policy(withdrawal.policy).policy
        policy = grounding.priced(store, withdrawal, policy)
        before = stands = standing.known(store, stored, policy)
        if chain is not None:
            stands = standing.ask(chain, store, stored, before)
        # that it was cancelled tells more than that it is too late
        over = before.state == "void" and stands.state == "expired"
        lines.append(
            WithdrawalLine(
                withdrawal.sequence,
                withdrawal.purpose,
                numbers.get(withdrawal.voids) if withdrawal.voids else None,
                tuple(payment.beneficiary for payment in withdrawal.payments),
                withdrawal.total,
                withdrawal.fee_ceiling,
                withdrawal.why,
                count_approvals(stored.envelope, policy).signed,
                before.state if over else stands.state,
                stands.txid,
                stands.status.block if stands.status else None,
            )
        )
    return lines
