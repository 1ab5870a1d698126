"""What a file holds, shown: documents in words, and why a PSBT would be refused."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from policies.policy import Policy
from policies.withdrawal import Withdrawal
from signer.carry.file import decode
from signer.cli import show
from signer.cli.online import grounding, inbox, policies, standing, vaults
from signer.cli.online.standing import Standing
from signer.cli.session import Session
from signer.core.errors import BadInput, Refused
from signer.core.vault import Vault
from signer.store.store import Store

_PARSING = 1
"""The step of whatever cannot be read at all."""


def psbt_in(raw: bytes) -> bytes | None:
    """The binary PSBT in a file's bytes, or None if it holds a JSON document.

    Raises:
        BadInput: it is neither.
    """
    return None if raw.lstrip().startswith(b"{") else decode(raw)


def show_document(here: Session, store: Store, file: Path) -> None:
    """Show a vault, a policy or a withdrawal; nothing of it is kept.

    Raises:
        BadInput: another kind of file, or a withdrawal whose vault or policy is not known here.
    """
    envelope = inbox.read(file)
    if envelope.kind == inbox.VAULT:
        vault = Vault.parse(envelope.payload)
        here.emit(vaults.data(vault), vaults.text(vault))
    elif envelope.kind == inbox.POLICY:
        policies.emit(here, Policy.parse(envelope.payload), envelope)
    else:
        envelope.expect(inbox.WITHDRAWAL)
        withdrawal = Withdrawal.parse(envelope.payload)
        vault = store.vault(withdrawal.vault).vault
        policy = store.policy(withdrawal.policy).policy
        policy = grounding.priced(store, withdrawal, policy)
        known = store.withdrawal(vault.id, withdrawal.sequence)
        same = known is not None and known.withdrawal.id == withdrawal.id
        stands = standing.known(store, known, policy) if known and same else Standing("requested")
        standing.emit(here, withdrawal, envelope, vault, policy, stands=stands)


def problem_data(problem: BadInput | Refused) -> dict[str, object]:
    """Why a PSBT would be refused, as plain JSON values."""
    if isinstance(problem, Refused):
        refusals = [asdict(one) | {"fault": str(one.fault)} for one in problem.refusals]
    else:
        said = {name: getattr(problem, name) for name in ("what", "expected", "found", "hint")}
        refusals = [{"step": _PARSING, "rule": "parse", "fault": str(problem.fault), **said}]
    return {"refusals": refusals}


def problem_text(problem: BadInput | Refused) -> Iterator[str]:
    """The same for people."""
    reasons = problem.refusals if isinstance(problem, Refused) else (problem,)
    for reason in reasons:
        yield f"{show.paint('would be refused:', 'red')} {show.safe(reason.what)}"
        rows = (("expected", reason.expected), ("found", reason.found), ("hint", reason.hint))
        yield show.columns((row for row in rows if row[1]), indent=2)
