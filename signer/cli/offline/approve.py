"""`coldsign approve`: an officer reads a withdrawal and puts a signature under its exact bytes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import documents, show
from signer.cli.naming import HINTS, named
from signer.cli.offline import consent, identity, outputs
from signer.cli.offline.outputs import OutputOption
from signer.cli.prompt import PassphraseFile
from signer.cli.session import HomeOption, JsonFlag, session
from signer.core.errors import Fault, Refusal, Refused

if TYPE_CHECKING:
    from policies.quorum import Votes
    from policies.withdrawal import Withdrawal

_STEP = 6
"""Every signer judges approvals in step 6: these are the same refusals, only earlier."""

OfficerOption = Annotated[
    str | None, typer.Option("--officer", metavar="NAME", help="Who, if several live here.")
]


def approve(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", readable=False, help="The withdrawal.")],
    *,
    officer: OfficerOption = None,
    output: OutputOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; test networks only.")] = False,
    passphrase_file: PassphraseFile = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Approve a withdrawal. Its vault must be enrolled here (`enrol --officer-only` will do)."""
    from policies.chain import check_alone
    from policies.envelope import MAX_DOCUMENT, Envelope
    from policies.withdrawal import Withdrawal, check_terms, count_approvals
    from signer.core.address import script_of
    from signer.core.files import read_limited, write_new
    from signer.sign.check import check_alive
    from signer.sign.facts import enrolled
    from signer.sign.state import State

    here = session(context, as_json=as_json, home=home)
    with named(file, hint=HINTS["withdrawal"]):
        raw = read_limited(file, limit=MAX_DOCUMENT, what="withdrawal")
        envelope = Envelope.parse(raw, kind="withdrawal")
        withdrawal = Withdrawal.parse(envelope.payload)
    state = State(here.home)
    vault = enrolled(withdrawal, {known: e.vault for known, e in state.enrolments.items()})
    consent.refuse_shortcut(vault.coin, vault.network, yes=yes)
    enrolment = state.enrolments[vault.id]
    policy = enrolment.governing(withdrawal.height).policy
    check_terms(withdrawal, policy)
    check_alive(withdrawal, enrolment.known.height)
    check_alone(withdrawal, enrolment.known)
    for payment in withdrawal.payments:
        script_of(payment.address, vault.coin, vault.network)
    name, key = identity.chosen(here, officer)
    approver = identity.called(policy.officers, key)
    before = count_approvals(envelope, policy)
    _check_approver(approver or name, approver, withdrawal, before)
    target = outputs.chosen(output, file, approver, ".json")
    show.note("\n".join((*documents.withdrawal(withdrawal, vault.name, before), "")))
    consent.ask(f"approve it as {approver}?", vault.coin, vault.network, yes=yes)
    private = identity.unlocked(here, name, passphrase_file)
    state.approve(withdrawal, approver)
    signed = envelope.signed(private)
    write_new(target, signed.to_bytes())
    votes = count_approvals(signed, policy)
    data = {
        "withdrawal": withdrawal.id,
        "officer": approver,
        "approved_by": list(votes.signed),
        "missing": votes.missing,
        "file": str(target),
    }
    still = f"{votes.missing} still needed" if votes.missing else "the quorum is reached"
    here.emit(data, f"approved  {votes.sentence}; {still}\nwritten   {show.safe(str(target))}")


def _check_approver(name: str, approver: str, withdrawal: "Withdrawal", votes: "Votes") -> None:
    """Refuse an approval that no signer would count.

    Args:
        name: whom to name in the refusal.
        approver: what the policy calls this officer; empty if it does not know the key.
        withdrawal: what is to be approved.
        votes: so far.

    Raises:
        Refused: not an approver of it, or the officer who asked.
    """
    if approver in votes.eligible:
        return
    initiator = approver == withdrawal.initiator
    raise Refused(
        Refusal(
            _STEP,
            "approvals.initiator" if initiator else "approvals.approver",
            f"{name} asked for this withdrawal, so that approval would not count"
            if initiator
            else f"{name} may not approve this under the policy: no approver, revoked, or too much",
            Fault.OFFICER,
            expected=f"one of {', '.join(votes.eligible)}",
            found=name,
            hint="let another officer approve it",
        )
    )
