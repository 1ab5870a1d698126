"""`coldquorum policy explain` and `policy diff`: what a policy says, and what another changes."""

import re
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from signer.cli import show
from signer.cli.session import HomeOption, JsonFlag, session
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from policies.change import Change
    from policies.policy import Policy
    from signer.store.store import Store

_LINE: Final = 76
"""Terminal cells of a sentence: 80 columns are what a console has."""

_SIDE: Final = 34
"""Terminal cells of one side of a comparison."""

_PIECES = re.compile(
    r"[\uff08\u300c]*"
    r"(?:(?:[!-~]|(?<=[0-9]) (?=[0-9]{3}\b))+ ?| |[^ -~])"
    r"[\u3001\u3002\uff09\u300d\uff1a\u30fc\u30a1-\u30a9\u30c3\u30e3\u30e5\u30e7\u3063\u3083\u3085\u3087]*"
)
"""What stays on one line: a run of ASCII, a grouped number, or one character; with the brackets
that open it, and with what no Japanese line begins with (JIS X 4051: stops, closing brackets, the
long vowel, small kana)."""

_COLOURS: Final = {"looser": "red", "tighter": "green", "neutral": "dim"}


class Lang(StrEnum):
    """A language that policies are explained in."""

    EN = "en"
    JA = "ja"


def explain(
    context: typer.Context,
    said: Annotated[
        str | None, typer.Argument(metavar="FILE|ID", help="TOML, a document, or an id.")
    ] = None,
    *,
    vault: Annotated[
        str | None, typer.Option(metavar="VAULT", help="The newest of this vault.")
    ] = None,
    lang: Annotated[Lang, typer.Option(help="English or Japanese.")] = Lang.EN,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Say in plain sentences what a policy demands, in English or Japanese."""
    from signer.build.policy_words import explain as explained
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    with Store(here.home) as store:
        policy = named_policy(store, said, vault)
    sections = explained(policy, lang)
    here.emit(
        {
            "policy": policy.id,
            "epoch": policy.epoch,
            "lang": lang.value,
            "sections": [{"heading": h, "sentences": list(said)} for h, said in sections],
        },
        "\n".join(
            line
            for heading, sentences in sections
            for line in (heading, *(part for one in sentences for part in _indented(one)))
        ),
    )


def diff(
    context: typer.Context,
    old: Annotated[str, typer.Argument(metavar="OLD", help="TOML, a document, or an id.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="TOML, a document, or an id.")],
    *,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Show two policies side by side, each change marked tighter or looser.

    A policy that is nowhere looser acts at once; anything looser waits for the old one's delay.
    """
    from policies.change import loosens
    from policies.epochs import compare
    from signer.store.store import Store

    here = session(context, as_json=as_json, home=home)
    with Store(here.home) as store:
        before, after = (named_policy(store, said, None) for said in (old, new))
    if before.vault != after.vault:
        raise BadInput(
            "these are policies of two vaults",
            fault=Fault.OFFICER,
            expected=before.vault,
            found=after.vault,
        )
    changes = compare(before, after)
    waits = loosens(changes)
    here.emit(
        {
            "old": {"policy": before.id, "epoch": before.epoch},
            "new": {"policy": after.id, "epoch": after.epoch},
            "changes": [change._asdict() for change in changes],
            "loosens": waits,
            "delay": before.loosening_delay if waits else 0,
        },
        "\n".join(_compared(before, after, changes, waits=waits)),
    )


def named_policy(store: "Store", said: str | None, vault: str | None) -> "Policy":
    """Find a policy: TOML or a document in a file, an id, or the newest of a vault.

    Raises:
        BadInput: it is not here, or no policy.
        Refused: the vault has proposals only.
    """
    from policies.policy import MAX_POLICY
    from signer.cli.online import policies, policy_writing
    from signer.core.files import read_limited

    if said is not None and (path := Path(said)).is_file():
        # A document is base64 in JSON, about a third longer than what it holds.
        data = read_limited(path, limit=8 * MAX_POLICY, what="policy")
        if not data.lstrip().startswith(b"{"):
            return policy_writing.read_source(path)
    return policies.find(store, said, vault)[0]


def _compared(
    old: "Policy", new: "Policy", changes: "tuple[Change, ...]", *, waits: bool
) -> Iterator[str]:
    order = list(_COLOURS)
    columns = (f"epoch {old.epoch}", f"epoch {new.epoch}")
    yield _sides(*columns)
    for change in sorted(changes, key=lambda one: order.index(one.direction)):
        mark = show.paint(f"{change.direction:<8}", _COLOURS[change.direction])
        yield f"{mark} {show.safe(change.path)}"
        left, right = (_folded(text or "-", _SIDE) for text in (change.old, change.new))
        for at in range(max(len(left), len(right))):
            yield _sides(*(side[at] if at < len(side) else "" for side in (left, right)))
    if not changes:
        yield "nothing differs"
    elif waits:
        count = sum(change.direction == "looser" for change in changes)
        yield f"{count} looser: it waits {old.loosening_delay} blocks from when it is proposed"
    else:
        yield "nothing is looser: it acts at once"


def _sides(left: str, right: str) -> str:
    return f"  {left}{' ' * (_SIDE - show.width(left))}  | {right}".rstrip()


def _indented(sentence: str) -> Iterator[str]:
    first, *others = _folded(sentence, _LINE - 4)
    yield f"  - {first}"
    yield from (f"    {line}" for line in others)


def _folded(text: str, cells: int) -> list[str]:
    """Fold a text into lines of so many terminal cells, Japanese between any two characters."""
    lines = [""]
    for piece in _PIECES.findall(show.safe(text)):
        if lines[-1] and show.width(lines[-1] + piece.rstrip()) > cells:
            lines.append("")
        rest = piece
        while show.width(rest.rstrip()) > cells:  # a descriptor is longer than a line
            lines[-1:] = [rest[:cells], ""]
            rest = rest[cells:]
        lines[-1] += rest
    return [line.rstrip() for line in lines if line] or [""]
