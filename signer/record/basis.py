"""The papers that a withdrawal names, as this machine keeps them for its officers' questions.

An officer's machine judges an approval with the prices that the withdrawal names; the same prices
must be there when the question is asked again. So they are evidence, found by their ids.
"""

from collections.abc import Iterable
from pathlib import Path

from policies import balances, prices
from policies.envelope import Envelope
from policies.withdrawal import Withdrawal
from signer.core.errors import BadInput, Fault
from signer.core.names import DocumentId
from signer.record.archive import EVIDENCE, keep, kept


def keep_papers(home: Path, papers: Iterable[Envelope]) -> None:
    """Keep what papers say; their signatures are for signers to count.

    Raises:
        BadInput: the disk does not take it.
    """
    for paper in papers:
        keep(home, EVIDENCE, paper.payload)


def basis(home: Path, withdrawal: Withdrawal) -> tuple[Envelope, ...]:
    """The sheet and the snapshot that a withdrawal names.

    Raises:
        BadInput: one of them is not here.
    """
    grounds = withdrawal.grounds
    if grounds is None:
        return ()
    named = ((prices.KIND, grounds.prices), (balances.KIND, grounds.balances))
    return tuple(_kept(home, kind, one) for kind, one in named if one)


def _kept(home: Path, kind: str, paper: DocumentId) -> Envelope:
    try:
        return Envelope.wrap(kind, kept(home, EVIDENCE, paper))
    except BadInput:
        raise BadInput(
            f"the {kind} that the withdrawal names are not here",
            fault=Fault.OFFICER,
            expected=f"{kind} {paper}",
            hint="give their file: --with FILE",
        ) from None
