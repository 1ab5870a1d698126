"""`coldquorum build` and `inspect`: from an approved withdrawal to a PSBT, and what a PSBT does."""

import re
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import show
from signer.cli.naming import HINTS, named
from signer.cli.online import chains
from signer.cli.online.requests import Documents, given
from signer.cli.session import HomeOption, JsonFlag, session
from signer.core.errors import BadInput, Fault, Refused

if TYPE_CHECKING:
    from signer.chain.chain import Chain, FeeRate
    from signer.sign.check import Checked
    from signer.sign.review import Review
    from signer.store.store import Store

_TARGET = 6
"""Blocks within which it should confirm, about an hour, if no fee rate is given."""

_RATE = re.compile(r"([0-9]{1,6})(?:\.([0-9]{1,3}))?")

_MAX_RATE = 10_000
"""sat/vB. Ten times the highest that the chain has seen; more is a slip of the finger."""


def build(
    context: typer.Context,
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE|ID", help="The withdrawal as approved, one file for each officer."
        ),
    ],
    *,
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="FILE", readable=False, help="The PSBT; never overwrites."
        ),
    ],
    fee_rate: Annotated[
        str | None,
        typer.Option(metavar="SAT/VB", help="For instance 12 or 2.5; else the node's estimate."),
    ] = None,
    target: Annotated[
        int, typer.Option(metavar="BLOCKS", help="For the estimate: how soon it should confirm.")
    ] = _TARGET,
    node: chains.Node = None,
    node_user: chains.User = None,
    node_password_file: chains.PasswordFile = None,
    node_cookie: chains.Cookie = None,
    wallet: chains.Wallet = None,
    regtest: chains.Embedded = False,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Build an approved withdrawal as a PSBT for the signers.

    Give the officers' files, and any vault, policy or earlier withdrawal that is not known here.
    The result has passed the signers' own checks.
    """
    from policies.withdrawal import approve_check
    from signer.build.draft import draft
    from signer.carry.file import write_psbt
    from signer.cli import review as screen
    from signer.cli.online import inbox
    from signer.cli.online.coins import change_index, free
    from signer.core.files import refuse_existing
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    asked = chains.Asked(node, node_user, node_password_file, node_cookie, wallet, regtest)
    asked.check()
    refuse_existing(output)
    rate = None if fee_rate is None else _rate(fee_rate)
    with Store(here.home) as store:
        stored = given(store, files)
        withdrawal = stored.withdrawal
        vault = store.vault(withdrawal.vault).vault
        trusted, policies = inbox.policy_chain(store, withdrawal.policy)
        approved = approve_check(stored.envelope, trusted.policy)
        earlier = store.withdrawals(vault.id)[: withdrawal.sequence - 1]
        with asked.open(here, vault.network) as chain:
            tip = chain.tip()
            coins = free(vault, chain.coins(vault), tip, store, besides=withdrawal.id)
            built = draft(
                vault,
                approved,
                predecessors=[link.withdrawal.payload for link in earlier],
                trusted=trusted,
                policies=policies,
                coins=coins,
                previous=lambda coin: chain.transaction(coin.outpoint.txid, coin.height),
                fee_rate=rate or _estimate(chain, target),
                change_index=change_index(vault, chain, store, withdrawal.id, withdrawal.sequence),
                tip=tip.height,
            )
        reviewed = _review(built.checked)
        store.add_draft(
            withdrawal.id,
            built.raw,
            [coin.coin for coin in built.checked.facts.inputs],
            reviewed.change.index if reviewed.change else None,
        )
        write_psbt(output, built.raw)
    here.emit({**screen.data(reviewed), "file": str(output)}, screen.text(reviewed, sys.stdout))
    show.note(
        f"next: carry {show.safe(str(output))} to {vault.threshold} of "
        f"{', '.join(signer.officer for signer in vault.signers)}, for `coldsign sign`"
    )


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
    reviewed = _review(checked)
    here.emit(
        {"signable": True, "review": screen.data(reviewed)}, screen.text(reviewed, sys.stdout)
    )


def _examined(raw: bytes, store: "Store") -> "Checked":
    """What a signer without memory would find."""
    from policies.withdrawal import Withdrawal
    from signer.carry.bundle import open_bundle
    from signer.cli.online import inbox
    from signer.sign.check import Enrolment, examine

    document = open_bundle(raw).documents.withdrawal
    withdrawal = Withdrawal.parse(document.payload)
    vault = store.vault(withdrawal.vault).vault
    trusted, _ = inbox.policy_chain(store, withdrawal.policy)
    return examine(raw, {vault.id: Enrolment(vault, trusted)})


def _review(checked: "Checked") -> "Review":
    from signer.sign.review import review

    return review(checked, known_epoch=checked.policy.policy.epoch, signed_before=())


def _rate(text: str) -> "FeeRate":
    """Read sat/vB with up to three decimals."""
    from signer.chain.chain import FeeRate

    match = _RATE.fullmatch(text)
    rate = int(match[1]) * 1000 + int((match[2] or "").ljust(3, "0")) if match else 0
    if not 0 < rate <= _MAX_RATE * 1000:
        raise BadInput(
            "not a fee rate",
            fault=Fault.OFFICER,
            expected=f"sat/vB, up to {_MAX_RATE}, with at most three decimals",
            found=ascii(text[:40]),
            hint="write for instance 12 or 2.5",
        )
    return FeeRate(rate)


def _estimate(chain: "Chain", target: int) -> "FeeRate":
    from signer.chain.chain import MIN_RELAY_FEE
    from signer.chain.errors import ChainError

    rate = chain.fee_rate(target)
    if rate is None:
        raise ChainError(
            "the node has no fee estimate yet", hint="give one: --fee-rate SAT/VB, for instance 5"
        )
    return max(rate, MIN_RELAY_FEE)
