"""`coldquorum policy`: write, check, propose and gather signatures for a vault's policy."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import show
from signer.cli.naming import UnclearCommand
from signer.cli.session import HomeOption, JsonFlag, Session, session
from signer.core.errors import Fault

if TYPE_CHECKING:
    from policies.change import Change
    from policies.envelope import Envelope
    from policies.policy import Policy
    from policies.quorum import Tally
    from signer.store.store import Store

VaultOption = Annotated[
    str, typer.Option("--vault", metavar="VAULT", help="A vault's name or id, or its file.")
]
Toml = Annotated[Path, typer.Argument(metavar="FILE", readable=False, help="A policy as TOML.")]
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

_STEP = 5
"""Signers judge policies in step 5."""


def new(
    context: typer.Context,
    *,
    vault: VaultOption,
    officer: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            readable=False,
            help="An officer's record (`coldsign officer show`); once for each.",
        ),
    ] = None,
    threshold: Annotated[
        int | None, typer.Option(metavar="K", help="Officers needed; a majority if not given.")
    ] = None,
    height: Annotated[
        int | None,
        typer.Option(metavar="N", help="The chain's height now, from which a delay counts."),
    ] = None,
    freeze: Annotated[
        bool, typer.Option("--freeze", help="The next policy, frozen: nothing but voids, at once.")
    ] = False,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Print a policy to edit, as TOML: the vault's first, or its next if it has one.

    coldquorum policy new --vault V --officer alice.json --officer bob.json > policy.toml

    The next one takes effect after the delay, as one that loosens has to. One that only tightens
    acts at once if its activation_height is lowered to any height that has passed.
    """
    from signer.build.policy_source import write_toml
    from signer.cli.online import inbox, policy_writing
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    records = [policy_writing.officer_record(path) for path in officer or ()]
    with Store(here.home) as store:
        found = inbox.vault(store, vault).vault
        first = not store.policies(found.id)
        if first or records:
            policy = policy_writing.first(found, records, threshold)
        else:
            last = [stored.withdrawal.height for stored in store.withdrawals(found.id)][-1:]
            before = inbox.policy_in_force(store, found.id).policy
            now = max(before.activation_height, *last) if height is None else height
            policy = policy_writing.following(before, now, freeze=freeze)
    toml = write_toml(policy)
    here.emit({"vault": found.id, "epoch": policy.epoch, "toml": toml}, toml.rstrip("\n"))
    show.note("next: edit it, then `coldquorum policy check FILE`")


def check(
    context: typer.Context, file: Toml, *, as_json: JsonFlag = False, home: HomeOption = None
) -> None:
    """Say in sentences what a policy demands, or where it is wrong."""
    from signer.cli import documents
    from signer.cli.online import policy_writing
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    policy = policy_writing.read_source(file)
    with Store(here.home) as store:
        policy_writing.check_with_vault(policy, store, file)
    here.emit(data(policy), "\n".join(documents.policy(policy)))
    show.note(f"next: coldquorum policy propose {show.safe(str(file))} -o policy.json")


def propose(
    context: typer.Context,
    file: Toml,
    *,
    output: Output = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Make the document that the admins sign; without -o it goes to stdout.

    A next policy is compared with the one before: what it changes, and which way.
    """
    from policies.envelope import Envelope
    from signer.cli import documents
    from signer.cli.online import inbox, policy_writing
    from signer.core.files import refuse_existing, write_new
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    if output is not None:
        refuse_existing(output)
    policy = policy_writing.read_source(file)
    envelope = Envelope.wrap("policy", policy.payload)
    with Store(here.home) as store:
        policy_writing.check_with_vault(policy, store, file)
        changes: tuple[Change, ...] = ()
        if policy.previous is not None:
            trusted, _ = inbox.policy_chain(store, policy.previous)
            changes = trusted.changes_to(policy)
        store.add_policy(envelope)
    if policy.previous is not None:
        show.note("\n".join(documents.changes(changes)))
    if output is None:
        show.out(envelope.to_bytes().decode().rstrip("\n"))
    else:
        write_new(output, envelope.to_bytes())
        here.emit(
            {
                "policy": policy.id,
                "epoch": policy.epoch,
                "changes": [change._asdict() for change in changes],
                "file": str(output),
            },
            show.columns(
                (
                    ("policy", show.grouped(policy.id)),
                    ("epoch", str(policy.epoch)),
                    ("written", str(output)),
                )
            ),
        )
    admins = policy.admins
    show.note(
        f"next: {admins.threshold} of {', '.join(admins.members)} run "
        f"`coldsign policy sign {show.safe(str(output or 'FILE'))}`, "
        "then `coldquorum policy import` takes all their files"
    )


def import_(
    context: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", readable=False, help="One policy, as the admins signed it."),
    ],
    *,
    output: Output = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Gather the admins' signatures; once enough have signed, the policy is in force.

    Signatures are kept from one time to the next, so that files may come one by one.
    """
    from signer.cli.online import inbox
    from signer.core.files import refuse_existing, write_new
    from signer.store.merge import merge
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    if output is not None:
        refuse_existing(output)
    merged = merge([inbox.read(path, inbox.POLICY) for path in files])
    with Store(here.home) as store:
        stored = store.add_policy(merged)
        _check_quorum(stored.policy, stored.envelope)
        inbox.policy_chain(store, stored.policy.id)  # the quorum of the epoch before, too
    if output is not None:
        write_new(output, stored.envelope.to_bytes())
        show.note(f"written to {show.safe(str(output))}")
    emit(here, stored.policy, stored.envelope)
    file = show.safe(str(output or "FILE"))
    show.note(f"next: every signer runs `coldsign enrol VAULT --policy {file} --key NAME`")


def show_(
    context: typer.Context,
    said: Annotated[
        str | None, typer.Argument(metavar="ID|FILE", help="Which one, if not the newest.")
    ] = None,
    *,
    vault: Annotated[
        str | None, typer.Option(metavar="VAULT", help="The newest of this vault.")
    ] = None,
    toml: Annotated[bool, typer.Option("--toml", help="As TOML, to edit.")] = False,
    output: Output = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Show a policy in sentences, and who has signed it."""
    from signer.build.policy_source import write_toml
    from signer.core.files import refuse_existing, write_new
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    if output is not None:
        refuse_existing(output)
    with Store(here.home) as store:
        policy, envelope = find(store, said, vault)
    if output is not None:
        write_new(output, envelope.to_bytes())
        show.note(f"written to {show.safe(str(output))}")
    if toml:
        text = write_toml(policy)
        here.emit({"policy": policy.id, "toml": text}, text.rstrip("\n"))
    else:
        emit(here, policy, envelope)


def data(policy: "Policy") -> dict[str, object]:
    """A policy as plain JSON values, its rules also in sentences."""
    return {
        "id": policy.id,
        "vault": policy.vault,
        "coin": policy.coin,
        "network": policy.network,
        "epoch": policy.epoch,
        "previous": policy.previous,
        "activation_height": policy.activation_height,
        "loosening_delay": policy.loosening_delay,
        "officers": dict(policy.officers),
        "roles": {
            role.name: {"members": list(role.members), "threshold": role.threshold}
            for role in policy.roles.values()
        },
        "rules": policy.tables()["rules"],
        "proposed_height": policy.proposed_height,
        "revoked": list(policy.revoked),
        "sentences": [sentence for rule in policy.rules for sentence in rule.explain()],
    }


def votes(tally: "Tally") -> dict[str, object]:
    """A tally as plain JSON values."""
    return {
        "role": tally.role,
        "threshold": tally.threshold,
        "signed": list(tally.signed),
        "eligible": list(tally.eligible),
        "discounted": list(tally.discounted),
        "missing": tally.missing,
        "reached": tally.reached,
    }


def emit(here: Session, policy: "Policy", envelope: "Envelope") -> None:
    """Print a policy and who of its admins has signed it."""
    from policies.epochs import count_admins
    from signer.cli import documents

    tally = count_admins(policy, envelope)
    state = "in force" if tally.reached else f"{tally.missing} more needed"
    here.emit(
        {**data(policy), "admins": votes(tally)},
        "\n".join((*documents.policy(policy), f"  signed    {tally.sentence}; {state}")),
    )


def _check_quorum(policy: "Policy", envelope: "Envelope") -> None:
    """Say who is missing, while signatures are still being gathered."""
    from policies.epochs import count_admins
    from signer.core.errors import Refusal, Refused

    tally = count_admins(policy, envelope)
    if tally.reached:
        return
    waiting = [name for name in tally.eligible if name not in tally.signed]
    raise Refused(
        Refusal(
            _STEP,
            "policy.new_quorum",
            f"kept, but not in force yet: {tally.missing} more of {', '.join(waiting)} needed",
            Fault.OFFICER,
            expected=f"{tally.threshold} of {', '.join(tally.eligible)}",
            found=", ".join(tally.signed) or "nobody",
            hint="signatures are kept: import the other admins' files when they come",
        )
    )


def find(store: "Store", said: str | None, vault: str | None) -> "tuple[Policy, Envelope]":
    """Find a policy by its file or id, or else the newest of a vault.

    Raises:
        BadInput: it is not here.
        Refused: the vault has proposals only.
    """
    from policies.policy import Policy
    from policies.strict_json import DIGEST
    from signer.cli.online import inbox
    from signer.core.names import DocumentId

    if said is not None and not DIGEST[0].fullmatch(said):
        envelope = inbox.read(Path(said), inbox.POLICY)
        return Policy.parse(envelope.payload), envelope
    if said is not None:
        stored = store.policy(DocumentId(said))
        return stored.policy, stored.envelope
    if vault is None:
        raise UnclearCommand("which policy?", hint="give its id or its file, or --vault VAULT")
    trusted = inbox.policy_in_force(store, inbox.vault(store, vault).vault.id)
    return trusted.policy, trusted.envelope
