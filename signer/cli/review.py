"""The review screen: what an officer reads before a signature, and what `inspect` prints.

Rules of this screen: money first; one fact a line; whole addresses and ids in groups of four;
every amount with all its digits, so that they align; anything unusual last, next to the question.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final, TextIO

from signer.cli import show
from signer.core.amounts import format_amount

if TYPE_CHECKING:
    from policies.change import Change
    from signer.sign.review import Review

STEPS: Final = {
    1: "the file is what it says",
    2: "the vault is enrolled here",
    3: "every input is the vault's, at its true amount",
    4: "change returns to the vault",
    5: "the policy is the newest, and signed by its admins",
    6: "the withdrawal follows the chain, is approved, and alive",
    7: "it pays exactly what was approved",
    8: "every rule of the policy passes",
    9: "an officer reviews and confirms",
    10: "the journal is written",
    11: "two libraries sign, and agree",
}
"""The checks, as DESIGN numbers them, in an officer's words."""

SIGNING: Final = 9
"""From this step on, it takes an officer."""

_HEX_LINE: Final = 32
_TEXT: Final = 62
_NOTE: Final = 43  # what 80 columns leave beside an amount
_HIGH_FEE: Final = 100  # one in so many: a fee over 1% of the payments is worth a second look


def text(review: "Review", stream: TextIO) -> str:
    """The screen, for a stream that may be a terminal."""
    heading = f"withdrawal {review.sequence} from {review.vault} ({review.coin} {review.network})"
    if review.purpose != "payment":
        heading += f": {review.purpose}"
    return "\n".join((show.paint(heading, "bold", stream), *_lines(review, stream)))


def _lines(review: "Review", stream: TextIO) -> Iterator[str]:
    def amount(label: str, sats: int, note: str) -> Iterator[str]:
        head = f"  {label:<9}{format_amount(sats, review.coin):>24}"
        for at, line in enumerate(show.folded(note, _NOTE)):
            yield f"{' ' * len(head) if at else head}  {line}"

    yield ""
    for paid in review.payments:
        yield from amount("pays", paid.amount, f"{paid.beneficiary} ({paid.label})")
        yield from indented(paid.address, 2)
    if len(review.payments) > 1:
        yield from amount("in all", review.total, f"{len(review.payments)} payments")
    yield from amount("fee", review.fee, fee_words(review))
    if review.change is None:
        yield from amount("returns", 0, "nothing returns to the vault")
    else:
        yield from amount("returns", review.change.amount, f"change address {review.change.index}")
        yield from indented(review.change.address, 2)
    yield from amount("spends", review.spent, f"{counted(review.inputs, 'coin')} of the vault")
    yield ""
    approved = f"{', '.join(review.approved)} ({review.needed} needed)"
    yield listed(
        (
            ("why", review.why),
            ("asked by", review.initiator),
            ("approved by", approved),
            ("signed by", ", ".join(review.signed) or "nobody yet"),
            ("valid", f"from block {review.height} to block {review.expiry}"),
            *(("rests on", sentence) for sentence in review.rests_on),
            ("policy", f"epoch {review.epoch}; passed:"),
            *(("", f"- {passed.sentence}") for passed in review.passed),
        )
    )
    yield ""
    for label, digest in (
        ("vault id", review.vault_id),
        ("withdrawal", review.withdrawal),
        *((("voids the withdrawal", review.voids),) if review.voids else ()),
        ("txid", review.txid),
    ):
        yield f"  {label}"
        yield from indented(digest, 2)
    for warning in warnings(review):
        yield f"{show.paint('look:', 'yellow', stream)} {show.safe(warning)}"


def warnings(review: "Review") -> Iterator[str]:
    """What is allowed and yet worth a second look."""
    if review.adopted:
        yield (
            f"policy epoch {review.adopted.epoch} is new to this signer; "
            "both the old and the new admins have signed it"
        )
        yield from (f"{one.direction}: {told(one)}" for one in review.adopted.changes)
    for txid in review.earlier:
        yield (
            f"you have signed another transaction for this withdrawal: {txid}; "
            "both spend the anchor, so only one of them can confirm"
        )
    yield from review.warned
    if review.fee * _HIGH_FEE > (review.total or review.spent):
        yield f"the fee is {review.percent}% of {_base(review)}"


def told(change: "Change") -> str:
    """A change of a policy in one line."""
    old, new = change.old or "nothing", change.new or "nothing"
    return f"{change.path}: {old} -> {new}"


def fee_words(review: "Review") -> str:
    """The fee in every way that an officer may think of it."""
    sats = show.number(review.fee)
    return f"{sats} sat, {review.rate} sat/vB, {review.percent}% of {_base(review)}"


def _base(review: "Review") -> str:
    return "payments" if review.total else "what is spent"


def listed(rows: Iterable[tuple[str, str]]) -> str:
    """Labels and texts, a long text over several lines: 80 columns are what a console has."""
    lines: list[tuple[str, str]] = []
    for label, words in rows:
        for at, line in enumerate(show.folded(words, _TEXT)):
            hanging = "  " if at and words.startswith("- ") else ""
            lines.append(("" if at else label, hanging + line))
    return show.columns(lines, indent=2)


def indented(value: str, indent: int) -> Iterator[str]:
    """An address or a digest in groups of four, 32 characters a line."""
    for start in range(0, len(value), _HEX_LINE):
        yield " " * indent + " " * 4 + show.grouped(value[start : start + _HEX_LINE])


def counted(number: int, word: str) -> str:
    """`1 coin`, `2 coins`."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def data(review: "Review") -> dict[str, object]:
    """The review as plain JSON values, with what it computes."""
    computed = {"total": review.total, "rate": review.rate, "percent": review.percent}
    return {**show.data(review), **computed, "warnings": list(warnings(review))}


def passed(step: int, failed: int) -> bool | None:
    """Whether a step passed, or None: it was not reached. `SIGNING` as failed: none failed."""
    return True if step < failed else False if step == failed < SIGNING else None


def steps(failed: int) -> str:
    """The eleven steps with marks; the arguments are as for `passed`."""
    marks = {True: "ok", False: "refused", None: "-"}
    return show.columns(
        ((f"{step:>2}", marks[passed(step, failed)], words) for step, words in STEPS.items()),
        indent=2,
    )
