"""What a PSBT does, and what the eleven steps say to it. Nothing is signed."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from signer.cli import exits, review, show
from signer.cli.naming import HINTS, named
from signer.cli.offline import clock
from signer.cli.surroundings import Session
from signer.core.errors import BadInput, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from signer.cli.claims import Claims
    from signer.sign.check import Checked
    from signer.sign.review import Review
    from signer.sign.state import State

_PARSING: Final = 1
"""The step of whatever is no refusal but a document that cannot be read."""


def inspected(here: Session, file: Path, coin: str = "BTC", network: str = "main") -> None:
    """Show a file.

    Args:
        here: the session.
        file: a PSBT, binary or base64.
        coin: for amounts, if no vault says.
        network: for addresses, if no vault says.

    Raises:
        BadInput: it is no PSBT, an unknown coin or network, or this machine's memory is damaged.
    """
    from signer.carry.file import read_psbt
    from signer.sign.check import examine
    from signer.sign.state import State

    with named(file, hint=HINTS["psbt"]):
        raw = read_psbt(file)
    state = State(here.home)
    try:
        checked = examine(raw, state.enrolments, clock.local_time())
    except (BadInput, Refused) as problem:
        _refused(here, file, raw, problem, (coin, network))
        return
    seen = gathered(checked, state)
    here.render(
        lambda: {**_verdict(None), "review": review.data(seen)},
        lambda: f"{review.text(seen, sys.stdout)}\n\n{review.steps(review.SIGNING)}",
    )


def _refused(
    here: Session, file: Path, raw: bytes, problem: BadInput | Refused, default: tuple[str, str]
) -> None:
    """Show what a PSBT claims that `sign` would refuse, and why it would.

    Raises:
        BadInput: it is no PSBT, or an unknown coin or network was asked for.
    """
    from signer.cli import claims
    from signer.core.psbt import Psbt

    with named(file, hint=HINTS["psbt"]):
        psbt = Psbt.parse(raw)
    found = claims.claims(psbt, *(claims.named(psbt) or default))
    here.render(
        lambda: {**_verdict(problem), "claims": show.data(found)},
        lambda: "\n".join(_unverified(found, problem)),
    )


def gathered(checked: "Checked", state: "State") -> "Review":
    """The review of a checked transaction, with what this signer remembers of its vault."""
    from signer.sign.review import review as gather

    memory = state.vaults[checked.facts.vault.id]
    return gather(
        checked,
        known_epoch=memory.enrolment.policy.policy.epoch,
        signed_before=memory.signed.get(checked.approved.withdrawal.sequence, ()),
    )


def _verdict(problem: "BadInput | Refused | None") -> dict[str, object]:
    failed = review.SIGNING if problem is None else _step(problem)
    return {
        "signable": problem is None,
        "steps": [
            {"step": step, "check": words, "passed": review.passed(step, failed)}
            for step, words in review.STEPS.items()
        ],
        "refusals": [
            {**show.data(refusal), "fault": str(refusal.fault)} for refusal in problem.refusals
        ]
        if isinstance(problem, Refused)
        else [{"step": _PARSING, "rule": "parse", **exits.fields(problem)}]
        if problem
        else [],
    }


def _step(problem: "BadInput | Refused") -> int:
    return problem.refusals[0].step if isinstance(problem, Refused) else _PARSING


def _unverified(found: "Claims", problem: "BadInput | Refused") -> "Iterator[str]":
    from signer.cli import claims

    yield from claims.text(found)
    yield ""
    yield review.steps(_step(problem))
    yield ""
    yield f"{show.paint('would be refused:', 'red')} {show.safe(problem.what)}"
    rows = (("expected", problem.expected), ("found", problem.found), ("hint", problem.hint))
    yield show.columns((row for row in rows if row[1]), indent=2)
