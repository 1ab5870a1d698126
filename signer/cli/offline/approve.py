"""`coldsign approve`: an officer reads a withdrawal and puts a signature under its exact bytes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import documents, show
from signer.cli.naming import HINTS, named
from signer.cli.offline import consent, identity, outputs, receipts
from signer.cli.offline.outputs import OutputOption
from signer.cli.offline.receipts import ReceiptOption
from signer.cli.prompt import PassphraseFile
from signer.cli.session import HomeOption, JsonFlag, Session, session

if TYPE_CHECKING:
    from signer.record.refuse import Case

OfficerOption = Annotated[
    str | None, typer.Option("--officer", metavar="NAME", help="Who, if several live here.")
]


def approve(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", readable=False, help="The withdrawal.")],
    *,
    officer: OfficerOption = None,
    output: OutputOption = None,
    receipt: ReceiptOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; test networks only.")] = False,
    passphrase_file: PassphraseFile = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Approve a withdrawal. Its vault must be enrolled here (`enrol --officer-only` will do)."""
    here = session(context, as_json=as_json, home=home)
    with receipts.given(here, "approve", receipt) as case:
        _approve(
            here,
            case,
            file,
            officer,
            output=output,
            passphrase_file=passphrase_file,
            yes=yes,
        )


def _approve(
    here: Session,
    case: "Case",
    file: Path,
    officer: str | None,
    *,
    output: Path | None,
    passphrase_file: Path | None,
    yes: bool,
) -> None:
    from policies.envelope import MAX_DOCUMENT
    from policies.withdrawal import count_approvals
    from signer.core.files import read_limited, write_new
    from signer.record.archive import EVIDENCE, keep
    from signer.record.judge import approval
    from signer.sign.state import State

    with named(file, hint=HINTS["withdrawal"]):
        raw = read_limited(file, limit=MAX_DOCUMENT, what="withdrawal")
    state = State(here.home)
    name, key = identity.chosen(here, officer)
    case.judges(raw, state, officer=name, key=key)
    with named(file, hint=HINTS["withdrawal"]):
        found = approval(raw, state.vaults, name, key)
    withdrawal, vault, approver = found.withdrawal, found.vault, found.approver
    consent.refuse_shortcut(vault.coin, vault.network, yes=yes)
    target = outputs.chosen(output, file, approver, ".json")
    show.note("\n".join((*documents.withdrawal(withdrawal, vault.name, found.votes), "")))
    consent.ask(f"approve it as {approver}?", vault.coin, vault.network, yes=yes)
    private = identity.unlocked(here, name, passphrase_file)
    keep(here.home, EVIDENCE, withdrawal.payload)
    state.approve(withdrawal, approver)
    signed = found.envelope.signed(private)
    write_new(target, signed.to_bytes())
    votes = count_approvals(signed, found.policy)
    data = {
        "withdrawal": withdrawal.id,
        "officer": approver,
        "approved_by": list(votes.signed),
        "missing": votes.missing,
        "file": str(target),
    }
    still = f"{votes.missing} still needed" if votes.missing else "the quorum is reached"
    here.emit(data, f"approved  {votes.sentence}; {still}\nwritten   {show.safe(str(target))}")
