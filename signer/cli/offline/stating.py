"""`coldsign approve` of a price sheet or a balance snapshot: an officer says what is true."""

from pathlib import Path
from typing import TYPE_CHECKING

from signer.cli import show, statements
from signer.cli.naming import HINTS, named
from signer.cli.offline import consent, identity, outputs
from signer.cli.session import Session

if TYPE_CHECKING:
    from policies.envelope import Envelope


def approve(
    here: Session,
    envelope: "Envelope",
    file: Path,
    officer: str | None,
    *,
    output: Path | None,
    passphrase_file: Path | None,
    yes: bool,
) -> None:
    """Show a paper, and sign it if the officer says yes.

    Raises:
        BadInput: no such paper, officer or passphrase.
        Refused: nobody would count this officer's signature, or an older paper was signed here
            under that number or a later one.
    """
    from signer.core.files import write_new
    from signer.core.journal import Journal
    from signer.record.basis import keep_papers
    from signer.record.statement import EVENT, statement
    from signer.sign.state import State

    state = State(here.home)
    name, key = identity.chosen(here, officer)
    with named(file, hint=HINTS[envelope.kind]):
        found = statement(envelope, state, name, key)
    paper, vault = found.paper, found.vault
    consent.refuse_shortcut(vault.coin, vault.network, yes=yes)
    target = outputs.chosen(output, file, found.officer, ".json")
    names = {known: memory.enrolment.vault.name for known, memory in state.vaults.items()}
    show.note("\n".join((*statements.text(paper, names, found.counted(envelope)), "")))
    consent.ask(f"sign it as {found.officer}?", vault.coin, vault.network, yes=yes)
    private = identity.unlocked(here, name, passphrase_file)
    keep_papers(here.home, [envelope])
    Journal.open(here.home).append(
        EVENT,
        vault=vault.id,
        kind=envelope.kind,
        number=paper.number,
        paper=paper.id,
        officer=found.officer,
    )
    signed = envelope.signed(private)
    write_new(target, signed.to_bytes())
    counted = found.counted(signed)
    rows = [(one, f"{votes.sentence}") for one, votes in counted]
    here.emit(
        {**statements.data(signed, counted), "officer": found.officer, "file": str(target)},
        show.columns((*rows, ("written", str(target)))),
    )
