"""Who holds the keys that came from other wallets: officers' names, and kinds of signer.

Both are part of the vault's document, and neither is guessed in a way that could flatter: a signer
counts as enforcing only if our own record of its key says so, or the officer does.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Final, NoReturn

import typer

from signer.carry.wallets.makers import MAKERS, UNKNOWN
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:
    from signer.carry.wallets.wallet import Holder
    from signer.core.vault import VaultSigner

Officers = Annotated[
    list[str] | None,
    typer.Option(
        "--officer",
        metavar="FINGERPRINT=NAME",
        help="Who holds a key that came from another wallet; once for each.",
    ),
]
Signers = Annotated[
    list[str] | None,
    typer.Option(
        "--signer",
        metavar="FINGERPRINT=KIND",
        help="What holds it: coldcard, jade, ledger, ... or enforcing (coldsign); once for each.",
    ),
]

_DEVICES: Final = (*sorted(set(MAKERS.values())), UNKNOWN)


def names_said(options: Sequence[str] | None) -> dict[str, str]:
    """Read `--officer FINGERPRINT=NAME`, several times.

    Raises:
        BadInput: of another form, a fingerprint twice, or no name.
    """
    from policies.strict_json import NAME

    found = _said(options, "--officer")
    for name in found.values():
        if not NAME[0].fullmatch(name):
            _bad("--officer: not a name", expected=NAME[1], found=ascii(name[:40]))
    return found


def kinds_said(options: Sequence[str] | None) -> dict[str, str]:
    """Read `--signer FINGERPRINT=KIND`, several times.

    Raises:
        BadInput: of another form, a fingerprint twice, or an unknown kind.
    """
    from signer.core.vault import ENFORCING

    found = _said(options, "--signer")
    known = (ENFORCING, *_DEVICES)
    for kind in found.values():
        if kind not in known:
            _bad("--signer: unknown kind", expected=", ".join(known), found=ascii(kind[:40]))
    return found


def signers(
    holders: "Sequence[Holder]", names: Mapping[str, str], kinds: Mapping[str, str]
) -> "tuple[VaultSigner, ...]":
    """The holders of a vault's keys, in the order of the keys.

    What the officer says comes first, then what the file says. A key that neither names an officer
    for is called by its fingerprint, and its signer is of the kind `unknown`.

    Args:
        holders: as the file says.
        names: of officers, by fingerprint.
        kinds: of signers, by fingerprint.

    Raises:
        BadInput: a name or a kind of a key that is not there.
    """
    from signer.carry.wallets.wallet import plain_name
    from signer.core.vault import VaultSigner

    present = [holder.fingerprint for holder in holders]
    for fingerprint in (*names, *kinds):
        if fingerprint not in present:
            _bad(
                "no key has this fingerprint",
                expected=", ".join(present),
                found=ascii(fingerprint[:40]),
            )
    told = Counter(plain_name(holder.name) for holder in holders)
    own = {name for name, times in told.items() if name and times == 1}
    return tuple(
        VaultSigner(
            names.get(holder.fingerprint)
            or (name if (name := plain_name(holder.name)) in own else holder.fingerprint),
            holder.fingerprint,
            kinds.get(holder.fingerprint) or holder.device or UNKNOWN,
        )
        for holder in holders
    )


def _said(options: Sequence[str] | None, option: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in options or ():
        fingerprint, mark, word = text.partition("=")
        fingerprint = fingerprint.lower()
        if not mark or fingerprint in found:
            _bad(f"{option}: not FINGERPRINT=WORD, or one twice", found=ascii(text[:60]))
        found[fingerprint] = word
    return found


def _bad(what: str, *, expected: str = "", found: str = "") -> NoReturn:
    raise BadInput(
        what,
        fault=Fault.OFFICER,
        expected=expected,
        found=found,
        hint="for instance --officer 0f056943=alice --signer 0f056943=coldcard",
    )
