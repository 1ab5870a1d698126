"""`coldsign approve`: an officer reads a withdrawal and puts a signature under its exact bytes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import documents, show, statements
from signer.cli.naming import HINTS, named
from signer.cli.offline import consent, identity, outputs, receipts, stating
from signer.cli.offline.options import OutputOption, PassphraseFile, ReceiptOption
from signer.cli.session import HomeOption, JsonFlag, Session, session

if TYPE_CHECKING:
    from policies.envelope import Envelope
    from signer.record.case import Case

OfficerOption = Annotated[
    str | None, typer.Option("--officer", metavar="NAME", help="Who, if several live here.")
]
Papers = Annotated[
    list[Path] | None,
    typer.Option(
        "--with",
        metavar="FILE",
        readable=False,
        help="The price sheet or the balance snapshot that the withdrawal names.",
    ),
]


def approve(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", readable=False, help="The withdrawal.")],
    *,
    officer: OfficerOption = None,
    documents: Papers = None,
    output: OutputOption = None,
    receipt: ReceiptOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; test networks only.")] = False,
    passphrase_file: PassphraseFile = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Approve a withdrawal, a price sheet, or a balance snapshot.

    Its vault must be enrolled here (`enrol --officer-only` will do).
    """
    from signer.record.basis import keep_papers

    here = session(context, as_json=as_json, home=home)
    keep_papers(here.home, map(_paper, documents or ()))
    if (paper := _stated(file)) is not None:
        stating.approve(
            here, paper, file, officer, output=output, passphrase_file=passphrase_file, yes=yes
        )
        return
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


def _paper(file: Path) -> "Envelope":
    """A price sheet or a balance snapshot that a withdrawal names."""
    from policies.envelope import MAX_DOCUMENT, Envelope
    from policies.gather import READERS
    from signer.core.files import read_limited

    with named(file, hint=HINTS["prices"]):
        paper = Envelope.parse(read_limited(file, limit=MAX_DOCUMENT, what="document"))
        READERS.get(paper.kind, READERS["prices"])(paper.payload)
        return paper


def _stated(file: Path) -> "Envelope | None":
    """The file as a price sheet or a balance snapshot; None if it is something else, or torn."""
    from policies.envelope import MAX_DOCUMENT, Envelope
    from policies.gather import READERS
    from signer.core.errors import BadInput
    from signer.core.files import read_limited

    try:
        envelope = Envelope.parse(read_limited(file, limit=MAX_DOCUMENT, what="document"))
    except BadInput:
        return None  # the approval of a withdrawal says what is wrong with it
    return envelope if envelope.kind in READERS else None


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
    from policies.envelope import MAX_DOCUMENT, Envelope
    from policies.withdrawal import Withdrawal, count_approvals
    from signer.core.files import read_limited, write_new
    from signer.record.archive import EVIDENCE, keep
    from signer.record.basis import basis
    from signer.record.judge import approval
    from signer.sign.state import State

    with named(file, hint=HINTS["withdrawal"]):
        raw = read_limited(file, limit=MAX_DOCUMENT, what="withdrawal")
    state = State(here.home)
    name, key = identity.chosen(here, officer)
    case.judges(raw, state, officer=name, key=key)
    with named(file, hint=HINTS["withdrawal"]):
        document = Withdrawal.parse(Envelope.parse(raw, kind="withdrawal").payload)
        found = approval(raw, state.vaults, name, key, basis(here.home, document))
    withdrawal, vault, approver = found.withdrawal, found.vault, found.approver
    consent.refuse_shortcut(vault.coin, vault.network, yes=yes)
    target = outputs.chosen(output, file, approver, ".json")
    names = {known: memory.enrolment.vault.name for known, memory in state.vaults.items()}
    told = documents.withdrawal(withdrawal, vault.name, found.votes)
    show.note("\n".join((*told, *statements.basis(withdrawal, found.evidence, names), "")))
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
