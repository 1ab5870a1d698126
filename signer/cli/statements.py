"""Price sheets and balance snapshots as officers read them before they sign: in plain words."""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from policies.balances import Snapshot
from policies.explain import PLAIN
from policies.names import DocumentId
from signer.cli import show
from signer.cli.review import indented, listed
from signer.core.amounts import format_amount

if TYPE_CHECKING:
    from policies.envelope import Envelope
    from policies.evidence import Evidence
    from policies.prices import Life, PriceSheet
    from policies.quorum import Votes
    from policies.withdrawal import Withdrawal


def text(
    paper: "PriceSheet | Snapshot",
    vaults: "Mapping[DocumentId, str]",
    signed: "Iterable[tuple[str, Votes]]",
) -> Iterator[str]:
    """A sheet or a snapshot, and who has signed it.

    Args:
        paper: the document.
        vaults: names of the vaults that are known here, by id.
        signed: by the name of each vault that counts with it, the signatures so far.
    """
    if isinstance(paper, Snapshot):
        yield show.safe(f"balance snapshot {paper.number} ({paper.network})")
        yield ""
        yield show.columns(
            (
                *(("hot", format_amount(a, coin).rjust(26), "") for coin, a in paper.hot.items()),
                *(
                    (
                        "cold",
                        format_amount(one.amount, one.coin).rjust(26),
                        f"{vaults.get(vault, vault[:8])}/{one.sequence}, {_life(one.life)}",
                    )
                    for vault, one in paper.cold.items()
                ),
            ),
            indent=2,
        )
        yield "  withdrawals up to those have arrived, or never will; signers count the later ones"
    else:
        yield show.safe(f"price sheet {paper.number} ({paper.network})")
        yield ""
        yield show.columns(
            (
                (
                    format_amount(price.per, coin),
                    f"{show.number(price.price)} {paper.unit}".rjust(26),
                    _life(price.life),
                )
                for coin, price in paper.coins.items()
            ),
            indent=2,
        )
        known = (vaults.get(DocumentId(vault), vault) for vault in paper.vaults)
        yield listed([("for", ", ".join(known))])
    rows = [(f"{name}", f"{votes.sentence}; {_missing(votes)}") for name, votes in signed]
    yield listed(rows or [("signed", "no policy here says who signs it")])
    yield "  id"
    yield from indented(paper.id, 2)


def basis(
    withdrawal: "Withdrawal", evidence: "Evidence", vaults: "Mapping[DocumentId, str]"
) -> Iterator[str]:
    """What a withdrawal rests on, with its worth."""
    grounds = withdrawal.grounds
    if grounds is None:
        return
    rows = []
    for word, paper in (("prices", evidence.sheet), ("balances", evidence.snapshot)):
        if paper:
            rows.append((word, f"number {paper.number}, {paper.id[:16]}"))
    price = evidence.sheet.coins.get(withdrawal.coin) if evidence.sheet else None
    if price:
        worth = PLAIN.money(evidence.told(price.worth(withdrawal.total)))
        whole = PLAIN.money(evidence.told(price.price))
        since = f"at block {price.life.height}"
        rows.append(
            ("worth", f"{worth}; {format_amount(price.per, withdrawal.coin)} is {whole} {since}")
        )
    rows += [
        (
            "with",
            f"{vaults.get(stand.vault, stand.vault)} up to its withdrawal {stand.sequence}"
            + (f", {stand.id[:16]}" if stand.id else ""),
        )
        for stand in grounds.chains
    ]
    yield listed(rows)


def data(envelope: "Envelope", signed: "Iterable[tuple[str, Votes]]") -> dict[str, object]:
    """The same as plain JSON values."""
    return {
        "id": envelope.id,
        "kind": envelope.kind,
        "document": json.loads(envelope.payload),
        "signed": [
            {"vault": name, "signed": list(votes.signed), "missing": votes.missing}
            for name, votes in signed
        ],
    }


def _life(life: "Life") -> str:
    return f"block {life.height} to {life.expiry}"


def _missing(votes: "Votes") -> str:
    return f"{votes.missing} still needed" if votes.missing else "the quorum is reached"
