"""`coldquorum build`, `bump`, `inspect`: from an approved withdrawal to a PSBT; what one does."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli.naming import HINTS, named
from signer.cli.online import chains, drafting
from signer.cli.online.requests import Documents, given
from signer.cli.session import HomeOption, JsonFlag, session
from signer.core.errors import BadInput, Refused

if TYPE_CHECKING:
    from signer.sign.check import Checked
    from signer.store.store import Store


@chains.options
def build(
    context: typer.Context,
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE|ID", help="The withdrawal as approved, one file for each officer."
        ),
    ],
    *,
    output: drafting.NewPsbt,
    fee_rate: drafting.Rate = None,
    target: drafting.Target = drafting.TARGET,
    asked: chains.Asked,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Build an approved withdrawal as a PSBT for the signers.

    Give the officers' files, and any vault, policy or earlier withdrawal that is not known here.
    The result has passed the signers' own checks.
    """
    from signer.carry.file import write_psbt
    from signer.core.files import refuse_existing
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    asked.check()
    refuse_existing(output)
    with Store(here.home) as store:
        stored = given(store, files)
        built = drafting.make(
            here, store, asked, stored, fee_rate=fee_rate, target=target, bump=False
        )
        write_psbt(output, built.raw)
    drafting.tell(here, built, output)


@chains.options
def bump(
    context: typer.Context,
    withdrawal: Annotated[
        str, typer.Argument(metavar="ID", help="As VAULT/NUMBER, or the withdrawal's id.")
    ],
    *,
    output: drafting.NewPsbt,
    fee_rate: drafting.Rate = None,
    target: drafting.Target = drafting.TARGET,
    asked: chains.Asked,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Raise the fee of a withdrawal: another transaction for it, within its fee ceiling.

    All its transactions spend its anchor, so only one of them can confirm, whether the earlier
    ones were sent, signed by some, or by nobody. Nodes take the new one in place of an old one
    (BIP125); those of Bitcoin Cash keep what they saw first, so there it is refused once one was
    sent. It needs no new approvals, and new signatures.
    """
    from signer.carry.file import write_psbt
    from signer.cli.online import inbox
    from signer.core.files import refuse_existing
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    asked.check()
    refuse_existing(output)
    with Store(here.home) as store:
        stored = inbox.withdrawal(store, withdrawal)
        built = drafting.make(
            here, store, asked, stored, fee_rate=fee_rate, target=target, bump=True
        )
        write_psbt(output, built.raw)
    drafting.tell(here, built, output)


def inspect(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", readable=False, help="A PSBT, or any document.")
    ],
    *,
    documents: Documents = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Show a PSBT or a document.

    A PSBT goes through the signers' checks, steps 1 to 8.

    A PSBT that signers would refuse is shown with the reason, and that is no failure here.
    """
    from signer.cli import claims
    from signer.cli import review as screen
    from signer.cli.online import inbox, papers
    from signer.core.files import read_limited
    from signer.core.psbt import MAX_PSBT, Psbt
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    with named(file, hint=HINTS["document"]):
        raw = papers.psbt_in(read_limited(file, limit=2 * MAX_PSBT, what="psbt or document"))
    with Store(here.home) as store:
        inbox.keep(store, documents or ())
        if raw is None:
            papers.show_document(here, store, file)
            return
        with named(file, hint=HINTS["psbt"]):
            psbt = Psbt.parse(raw)
        try:
            checked = _examined(psbt.raw, store)
        except (BadInput, Refused) as problem:
            found = claims.claims(psbt, *(claims.named(psbt) or ("BTC", "main")))
            here.emit(
                {"signable": False, **papers.problem_data(problem), "claims": asdict(found)},
                "\n".join((*claims.text(found), "", *papers.problem_text(problem))),
            )
            return
    seen = drafting.reviewed(checked)
    here.emit({"signable": True, "review": screen.data(seen)}, screen.text(seen, sys.stdout))


def _examined(raw: bytes, store: "Store") -> "Checked":
    """What a signer would find who knows what is known here."""
    from policies.withdrawal import Withdrawal
    from signer.carry.bundle import open_bundle
    from signer.cli.online import grounding, inbox
    from signer.sign.check import examine

    withdrawal = Withdrawal.parse(open_bundle(raw).documents.withdrawal.payload)
    own = inbox.enrolment(store, withdrawal)
    policy = own.governing(withdrawal.height).policy
    others = grounding.travelling(store, withdrawal, policy, ()).others
    return examine(raw, {**others, withdrawal.vault: own})
