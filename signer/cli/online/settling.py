"""`coldquorum combine`, `finalize`, `broadcast`: from the officers' signatures to the chain."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import show
from signer.cli.online import chains
from signer.cli.online.requests import Documents
from signer.cli.session import HomeOption, JsonFlag, session

if TYPE_CHECKING:
    from signer.settle.consensus import Verdict

NewFile = Annotated[
    Path,
    typer.Option(
        "-o", "--output", metavar="FILE", readable=False, help="The new file; never overwrites."
    ),
]


def combine(
    context: typer.Context,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", readable=False, help="The PSBT as each officer signed it."),
    ],
    *,
    output: NewFile,
    documents: Documents = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Put the officers' signatures together, each verified.

    It says who has signed, and who is missing.
    """
    from signer.carry.file import write_psbt
    from signer.cli.online import inbox, sending
    from signer.core.files import refuse_existing
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    refuse_existing(output)
    with Store(here.home) as store:
        inbox.keep(store, documents or ())
        result = sending.combined(store, files)
        sending.note_signers(store, result)
    write_psbt(output, result.raw)
    vault = result.facts.vault
    here.emit(
        {
            "txid": result.facts.psbt.tx.txid,
            "withdrawal": result.facts.withdrawal.id,
            "threshold": vault.threshold,
            "signed": list(result.signed),
            "unsigned": list(result.unsigned),
            "missing": result.missing,
            "complete": not result.missing,
            "shares": [{"officer": s.officer, "inputs": s.inputs} for s in result.shares],
            "file": str(output),
        },
        show.columns(
            (
                ("signed by", ", ".join(result.signed) or "nobody"),
                ("not signed", ", ".join(result.unsigned) or "nobody"),
                ("missing", f"{result.missing} of {vault.threshold}"),
                ("written", str(output)),
            )
        ),
    )
    if result.missing:
        show.note("next: let more officers sign, then combine their files with this one")
    else:
        show.note(f"next: coldquorum finalize {show.safe(str(output))} -o tx.hex")


def finalize(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="IN", readable=False, help="The combined PSBT.")],
    *,
    output: NewFile,
    documents: Documents = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Make the finished transaction, in hex.

    Bitcoin Core's own consensus code judges it, if py-bitcoinkernel is installed.
    """
    from signer.chain.weight import vsize
    from signer.cli.online import inbox, sending
    from signer.core.files import refuse_existing, write_new
    from signer.settle.finalize import finalize as finish
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    refuse_existing(output)
    with Store(here.home) as store:
        inbox.keep(store, documents or ())
        result = sending.combined(store, [file])
        final = finish(result)
        sending.remember(store, result, final)
        write_new(output, final.raw.hex().encode() + b"\n")
    here.emit(
        {
            "txid": final.tx.txid,
            "withdrawal": final.withdrawal.id,
            "vsize": vsize(final.tx),
            **_verdict(final.verdict),
            "file": str(output),
        },
        show.columns(
            (
                ("txid", show.grouped(final.tx.txid)),
                ("size", f"{vsize(final.tx)} vB"),
                ("fee", f"{show.number(final.verdict.fee)} sat"),
                ("consensus", final.verdict.sentence),
                ("written", str(output)),
            )
        ),
    )
    show.note(f"next: coldquorum broadcast {show.safe(str(output))}")


@chains.options
def broadcast(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="TX", readable=False, help="The finished transaction.")
    ],
    *,
    psbt: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", readable=False, help="What it was finalised from, if not known here."
        ),
    ] = None,
    documents: Documents = None,
    asked: chains.Asked,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Send a finished transaction.

    Once it was sent, the same command tells where it is.
    """
    from signer.cli.online import inbox, sending, standing
    from signer.settle.broadcast import broadcast as send
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    asked.check()
    with Store(here.home) as store:
        inbox.keep(store, documents or ())
        final = sending.final_of(store, file, psbt)
        with asked.open(here, final.vault.coin, final.vault.network) as chain:
            sent = send(final, chain)
            tested = chain.can_test
        depth = standing.depth_of(store, final.withdrawal)
        if sent.status.confirmations >= depth and store.withdrawal(
            final.vault.id, final.withdrawal.sequence
        ):
            store.settle(final.withdrawal.id)
    words = "known already" if sent.was_known else "sent"
    here.emit(
        {
            "sent": not sent.was_known,
            "tested": tested,
            "withdrawal": final.withdrawal.id,
            **standing.status_data(sent.txid, sent.status, depth),
            **_verdict(sent.verdict),
        },
        show.columns(
            (
                (words, show.grouped(sent.txid)),
                ("chain", standing.status_words(sent.status)),
                ("consensus", sent.verdict.sentence),
            )
        ),
    )
    if not tested and not sent.was_known:
        show.note("sent without a test: an electrum server only says no once it is sent")
    if 0 < sent.status.confirmations < depth:
        show.note(standing.unsettled_words(sent.status, depth))
    if not sent.status.confirmations:
        vault, number = final.vault.name, final.withdrawal.sequence
        show.note(f"next: coldquorum request show {vault}/{number}, once a block has come")


def _verdict(verdict: "Verdict") -> dict[str, object]:
    return {
        "fee": verdict.fee,
        "verified": verdict.verified,
        "engine": verdict.engine,
        "verdict": verdict.sentence,
    }
