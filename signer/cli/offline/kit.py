"""`coldsign kit`: an officer checks the offline kit, and signs it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import kits, prompt, show
from signer.cli.naming import named
from signer.cli.offline import identity
from signer.cli.offline.approve import OfficerOption
from signer.cli.offline.options import PassphraseFile
from signer.cli.session import HomeOption, JsonFlag, session
from signer.core.errors import Fault, Refusal, Refused

if TYPE_CHECKING:
    from signer.carry.kit import Kit, Officers

KitArgument = Annotated[
    Path, typer.Argument(metavar="KIT", readable=False, help="The kit's folder.")
]

_STEP = 1
"""A kit is read before anything else is."""


def check(
    context: typer.Context, kit: KitArgument, *, as_json: JsonFlag = False, home: HomeOption = None
) -> None:
    """Compare every file of a kit with its manifest, and count the signatures."""
    from signer.carry.kit import read

    here = session(context, as_json=as_json, home=home)
    found = read(kit)
    here.emit({**kits.data(found), "same_installer": _same_installer(found)}, kits.text(found))
    _tell_installer(found)


def sign(
    context: typer.Context,
    kit: KitArgument,
    *,
    officer: OfficerOption = None,
    manifest: Annotated[
        str | None,
        typer.Option(metavar="HEX", help="The manifest's SHA-256, in place of the question."),
    ] = None,
    before: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            readable=False,
            help="officers.json of the release before: sign as one of those, who hand over.",
        ),
    ] = None,
    passphrase_file: PassphraseFile = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Sign a kit as one of its releasing officers: the signature is a new file in its folder."""
    from policies.envelope import Envelope
    from signer.carry.kit import KIND, SIGNATURES, read
    from signer.core.files import refuse_existing, write_new
    from signer.core.journal import Journal
    from signer.record import judge

    here = session(context, as_json=as_json, home=home)
    found = read(kit)
    name, key = identity.chosen(here, officer)
    officers = found.officers if before is None else _officers(before)
    called = judge.called(officers.keys, key)
    if not called:
        raise _refused(
            "kit.officer",
            f"{name} does not release this kit",
            expected=f"one of {', '.join(officers.keys)}",
            found=f"{name}, {key}",
            hint="the key must be the one in officers.json: `coldsign officer show`",
        )
    target = kit / SIGNATURES / f"{called}{'' if before is None else '-before'}.json"
    refuse_existing(target)
    show.note(f"{kits.text(found)}\n")
    _tell_installer(found)
    _consent(found, called, manifest)
    private = identity.unlocked(here, name, passphrase_file)
    made = found.manifest
    Journal.open(here.home).append(
        "kit", release=made.release, platform=made.platform, manifest=made.id, officer=called
    )
    signed = Envelope.wrap(KIND, made.payload).signed(private)
    (kit / SIGNATURES).mkdir(exist_ok=True)  # a copy may have left the empty folder out
    write_new(target, signed.to_bytes())
    tally = read(kit).tally
    data = {
        "manifest": made.id,
        "release": made.release,
        "officer": called,
        "signed_by": list(tally.signed),
        "missing": tally.missing,
        "file": str(target),
    }
    still = f"{tally.missing} still needed" if tally.missing else "the quorum is reached"
    here.emit(data, f"signed   {tally.sentence}; {still}\nwritten  {show.safe(str(target))}")


def _officers(path: Path) -> "Officers":
    from policies.envelope import MAX_DOCUMENT
    from signer.carry.kit import Officers
    from signer.core.files import read_limited

    with named(path, hint="it stands beside the installed coldsign"):
        return Officers.parse(read_limited(path, limit=MAX_DOCUMENT, what="officers"))


def _consent(found: "Kit", called: str, manifest: str | None) -> None:
    if manifest is not None and manifest != found.manifest.id:
        raise _refused(
            "kit.manifest",
            "this is another kit than the one that was asked for",
            expected=manifest,
            found=found.manifest.id,
            hint="compare the manifest's SHA-256 with the other officers",
        )
    question = f"did another machine make the very same kit, and do you sign it as {called}?"
    if manifest is None and not prompt.confirm(question):
        raise _refused(
            "officer.declined", "the officer did not say yes", expected="yes", found="another word"
        )


def _same_installer(found: "Kit") -> bool:
    from importlib.resources import files

    return found.installer == (files("signer.carry") / "kit_install.py").read_bytes()


def _tell_installer(found: "Kit") -> None:
    if not _same_installer(found):
        show.warn(
            "its install.py is not the one that this coldsign would give: read it, and take its "
            "SHA-256 anew to everybody's paper"
        )


def _refused(rule: str, what: str, *, expected: str, found: str, hint: str = "") -> Refused:
    return Refused(Refusal(_STEP, rule, what, Fault.OFFICER, expected, found, hint))
