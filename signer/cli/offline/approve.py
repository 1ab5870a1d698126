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
    from policies.policy import Policy
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
    policy = enrolment.policy.policy
    check_terms(withdrawal, policy)
    check_alive(withdrawal, enrolment.height)
    state.check_known(withdrawal)
    for payment in withdrawal.payments:
        script_of(payment.address, vault.coin, vault.network)
    name, key = identity.chosen(here, officer)
    approver = identity.called(policy.officers, key)
    _check_approver(approver or name, approver, withdrawal, policy)
    target = outputs.chosen(output, file, approver, ".json")
    before = count_approvals(envelope, policy)
    show.note("\n".join((*documents.withdrawal(withdrawal, vault.name, before), "")))
    consent.ask(f"approve it as {approver}?", vault.coin, vault.network, yes=yes)
    private = identity.unlocked(here, name, passphrase_file)
    state.approve(withdrawal, approver)
    signed = envelope.signed(private)
    write_new(target, signed.to_bytes())
    tally = count_approvals(signed, policy)
    data = {
        "withdrawal": withdrawal.id,
        "officer": approver,
        "approved_by": list(tally.signed),
        "missing": tally.missing,
        "file": str(target),
    }
    still = f"{tally.missing} still needed" if tally.missing else "the quorum is reached"
    here.emit(data, f"approved  {tally.sentence}; {still}\nwritten   {show.safe(str(target))}")


def _check_approver(name: str, approver: str, withdrawal: "Withdrawal", policy: "Policy") -> None:
    """Refuse an approval that no signer would count.

    Args:
        name: whom to name in the refusal.
        approver: what the policy calls this officer; empty if it does not know the key.
        withdrawal: what is to be approved.
        policy: in force.

    Raises:
        Refused: not an approver, or the officer who asked.
    """
    members = policy.approvers.members
    if approver in members and approver != withdrawal.initiator:
        return
    initiator = approver == withdrawal.initiator and approver in members
    raise Refused(
        Refusal(
            _STEP,
            "approvals.initiator" if initiator else "approvals.approver",
            f"{name} asked for this withdrawal, so that approval would not count"
            if initiator
            else f"{name} is not an approver under this policy",
            Fault.OFFICER,
            expected=f"one of {', '.join(m for m in members if m != withdrawal.initiator)}",
            found=name,
            hint="let another officer approve it",
        )
    )
