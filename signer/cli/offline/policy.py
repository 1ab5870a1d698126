"""`coldsign policy`: an admin reads a policy and puts a signature under its exact bytes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import documents, show
from signer.cli.naming import HINTS, named
from signer.cli.offline import consent, identity, outputs, own_wallets, receipts
from signer.cli.offline.approve import OfficerOption
from signer.cli.offline.options import OutputOption, PassphraseFile, ReceiptOption
from signer.cli.session import HomeOption, JsonFlag, Session, session

if TYPE_CHECKING:
    from signer.record.case import Case


def sign(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", readable=False, help="The policy.")],
    *,
    officer: OfficerOption = None,
    output: OutputOption = None,
    receipt: ReceiptOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; test networks only.")] = False,
    passphrase_file: PassphraseFile = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Sign a policy as one of its admins, or as an admin of the one before."""
    here = session(context, as_json=as_json, home=home)
    with receipts.given(here, "policy-sign", receipt) as case:
        _sign(
            here,
            case,
            file,
            officer,
            output=output,
            passphrase_file=passphrase_file,
            yes=yes,
        )


def _sign(
    here: Session,
    case: "Case",
    file: Path,
    officer: str | None,
    *,
    output: Path | None,
    passphrase_file: Path | None,
    yes: bool,
) -> None:
    from policies.epochs import count_admins
    from signer.core.files import write_new
    from signer.core.journal import Journal
    from signer.record.archive import EVIDENCE, keep
    from signer.record.judge import signature
    from signer.sign.state import State

    raw, state = _read(file), State(here.home)
    name, key = identity.chosen(here, officer)
    case.judges(raw, state, officer=name, key=key)
    with named(file, hint=HINTS["policy"]):
        found = signature(raw, state.vaults, name, key)
    policy, before, admin = found.policy, found.before, found.admin
    consent.refuse_shortcut(policy.coin, policy.network, yes=yes)
    target = outputs.chosen(output, file, admin, ".json")
    show.note("\n".join((*documents.policy(policy), "")))
    if before and before.policy.id != policy.id:
        show.note("\n".join((*documents.changes(before.changes_to(policy)), "")))
    own_wallets.tell(policy, (one.enrolment.vault for one in state.vaults.values()))
    if before is None and policy.epoch > 1:
        show.warn("its vault is not enrolled here: compare the policy before it yourself")
    consent.ask(f"sign it as {admin}?", policy.coin, policy.network, yes=yes)
    private = identity.unlocked(here, name, passphrase_file)
    keep(here.home, EVIDENCE, policy.payload)
    Journal.open(here.home).append(
        "policy", vault=policy.vault, epoch=policy.epoch, policy=policy.id, officer=admin
    )
    signed = found.envelope.signed(private)
    write_new(target, signed.to_bytes())
    tally = count_admins(policy, signed)
    data = {
        "policy": policy.id,
        "epoch": policy.epoch,
        "officer": admin,
        "signed_by": list(tally.signed),
        "missing": tally.missing,
        "file": str(target),
    }
    still = f"{tally.missing} still needed" if tally.missing else "the quorum is reached"
    here.emit(data, f"signed   {tally.sentence}; {still}\nwritten  {show.safe(str(target))}")


def accept(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", readable=False, help="The signed policy.")
    ],
    *,
    receipt: ReceiptOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; test networks only.")] = False,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Accept a vault's next policy on this machine, after reading what it changes.

    A policy that only tightens acts here from now on: withdrawals of the one before are dead. One
    that loosens anything waits for its block.
    """
    here = session(context, as_json=as_json, home=home)
    with receipts.given(here, "policy-accept", receipt) as case:
        _accept(here, case, file, yes=yes)


def _accept(here: Session, case: "Case", file: Path, *, yes: bool) -> None:

    from signer.record.judge import acceptance
    from signer.sign.state import State

    raw, state = _read(file), State(here.home)
    case.judges(raw, state)
    with named(file, hint=HINTS["policy"]):
        found = acceptance(raw, state.vaults)
    policy, trusted = found.policy, found.trusted
    consent.refuse_shortcut(policy.coin, policy.network, yes=yes)
    height = state.vaults[policy.vault].enrolment.known.height
    start = f"from block {policy.activation_height} on" if trusted.waits else "at once"
    show.note("\n".join((*documents.policy(policy), "")))
    show.note("\n".join((*documents.changes(trusted.changes), "")))
    own_wallets.tell(policy, (one.enrolment.vault for one in state.vaults.values()))
    show.note(f"  it takes effect {start}; this machine has verified block {height}")
    if not found.known:
        consent.ask("accept these changes?", policy.coin, policy.network, yes=yes)
        state.accept(found.envelope)
    data = {
        "policy": policy.id,
        "epoch": policy.epoch,
        "waits": trusted.waits,
        "activation_height": policy.activation_height,
        "changes": [change._asdict() for change in trusted.changes],
    }
    here.emit(data, f"{'accepted already' if found.known else 'accepted'}: takes effect {start}")


def _read(file: Path) -> bytes:
    from policies.envelope import MAX_DOCUMENT
    from signer.core.files import read_limited

    with named(file, hint=HINTS["policy"]):
        return read_limited(file, limit=MAX_DOCUMENT, what="policy")
