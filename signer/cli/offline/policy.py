"""`coldsign policy`: an admin reads a policy and puts a signature under its exact bytes."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import documents, show
from signer.cli.naming import HINTS, named
from signer.cli.offline import consent, identity, outputs, own_wallets
from signer.cli.offline.approve import OfficerOption
from signer.cli.offline.outputs import OutputOption
from signer.cli.prompt import PassphraseFile
from signer.cli.session import HomeOption, JsonFlag, session
from signer.core.errors import BadInput, Fault, Refusal, Refused

if TYPE_CHECKING:
    from policies.policy import Policy
    from signer.core.names import KeyId

_STEP = 5
"""Every signer judges policies in step 5."""


def sign(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", readable=False, help="The policy.")],
    *,
    officer: OfficerOption = None,
    output: OutputOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; test networks only.")] = False,
    passphrase_file: PassphraseFile = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Sign a policy as one of its admins, or as an admin of the one before."""
    from policies.envelope import MAX_DOCUMENT, Envelope
    from policies.epochs import count_admins
    from policies.policy import Policy
    from signer.core.files import read_limited, write_new
    from signer.core.journal import Journal
    from signer.sign.state import State

    here = session(context, as_json=as_json, home=home)
    with named(file, hint=HINTS["policy"]):
        raw = read_limited(file, limit=MAX_DOCUMENT, what="policy")
        envelope = Envelope.parse(raw, kind="policy")
        policy = Policy.parse(envelope.payload)
    consent.refuse_shortcut(policy.coin, policy.network, yes=yes)
    state = State(here.home)
    memory = state.vaults.get(policy.vault)
    before = memory.enrolment.policy.policy if memory else None
    _check_newer(policy, before)
    name, key = identity.chosen(here, officer)
    admin = _admin(name, key, policy, before)
    target = outputs.chosen(output, file, admin, ".json")
    show.note("\n".join((*documents.policy(policy), "")))
    if memory and memory.enrolment.policy.policy.id != policy.id:
        changes = memory.enrolment.policy.changes_to(policy)
        show.note("\n".join((*documents.changes(changes), "")))
    own_wallets.tell(policy, (one.enrolment.vault for one in state.vaults.values()))
    if before is None and policy.epoch > 1:
        show.warn("its vault is not enrolled here: compare the policy before it yourself")
    consent.ask(f"sign it as {admin}?", policy.coin, policy.network, yes=yes)
    private = identity.unlocked(here, name, passphrase_file)
    Journal.open(here.home).append(
        "policy", vault=policy.vault, epoch=policy.epoch, policy=policy.id, officer=admin
    )
    signed = envelope.signed(private)
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
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; test networks only.")] = False,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Accept a vault's next policy on this machine, after reading what it changes.

    A policy that only tightens acts here from now on: withdrawals of the one before are dead. One
    that loosens anything waits for its block.
    """
    from dataclasses import asdict

    from policies.envelope import MAX_DOCUMENT, Envelope
    from policies.policy import Policy
    from signer.core.files import read_limited
    from signer.sign.state import State

    here = session(context, as_json=as_json, home=home)
    with named(file, hint=HINTS["policy"]):
        raw = read_limited(file, limit=MAX_DOCUMENT, what="policy")
        envelope = Envelope.parse(raw, kind="policy")
        policy = Policy.parse(envelope.payload)
    consent.refuse_shortcut(policy.coin, policy.network, yes=yes)
    state = State(here.home)
    if policy.vault not in state.vaults:
        raise BadInput(
            "the policy's vault is not enrolled here",
            fault=Fault.OFFICER,
            found=policy.vault,
            hint="a first policy comes with its vault: `coldsign enrol VAULT --policy FILE`",
        )
    enrolment = state.vaults[policy.vault].enrolment
    known = policy.id == enrolment.policy.policy.id
    trusted = enrolment.policy if known else enrolment.policy.advance(envelope)
    start = f"from block {policy.activation_height} on" if trusted.waits else "at once"
    show.note("\n".join((*documents.policy(policy), "")))
    show.note("\n".join((*documents.changes(trusted.changes), "")))
    own_wallets.tell(policy, (one.enrolment.vault for one in state.vaults.values()))
    show.note(
        f"  it takes effect {start}; this machine has verified block {enrolment.known.height}"
    )
    if not known:
        consent.ask("accept these changes?", policy.coin, policy.network, yes=yes)
        state.accept(envelope)
    data = {
        "policy": policy.id,
        "epoch": policy.epoch,
        "waits": trusted.waits,
        "activation_height": policy.activation_height,
        "changes": [asdict(change) for change in trusted.changes],
    }
    here.emit(data, f"{'accepted already' if known else 'accepted'}: takes effect {start}")


def _check_newer(policy: "Policy", before: "Policy | None") -> None:
    """Refuse a policy that no signer who knows what is known here would follow."""
    if before is None or policy.id == before.id or policy.epoch > before.epoch:
        return
    raise Refused(
        Refusal(
            _STEP,
            "policy.rollback",
            "this machine trusts a policy of that epoch, or a later one, already",
            Fault.COORDINATOR,
            expected=f"epoch {before.epoch + 1}",
            found=f"epoch {policy.epoch}",
            hint="propose it anew as the next epoch",
        )
    )


def _admin(name: str, key: "KeyId", policy: "Policy", before: "Policy | None") -> str:
    """What the admin is called in the policy, or in the one before, whose quorum counts too."""
    for document in (policy, before):
        called = identity.called(document.officers, key) if document else ""
        if document and called in document.admins.members:
            return called
    raise Refused(
        Refusal(
            _STEP,
            "policy.admin",
            f"{name} is not an admin of this policy",
            Fault.OFFICER,
            expected=f"one of {', '.join(policy.admins.members)}",
            found=f"{name}, {key}",
            hint="the key must be the one in the policy: `coldsign officer show`",
        )
    )
