"""`coldquorum bundle`: the offline kit, for the releasing officers to sign."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import kits, show
from signer.cli.naming import HINTS, UnclearCommand, named
from signer.cli.session import HomeOption, JsonFlag, session
from signer.core.errors import Fault

if TYPE_CHECKING:
    from signer.carry.kit import Officers

_MAX_RECORD = 4096
"""Bytes of an officer's record; they take about 150."""


def bundle(
    context: typer.Context,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The kit's folder: a new one.")],
    *,
    release: Annotated[
        int | None, typer.Option(metavar="N", help="The release's number: one more than before.")
    ] = None,
    officer: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            readable=False,
            help="A releasing officer's record (`coldsign officer show`); once for each.",
        ),
    ] = None,
    threshold: Annotated[
        int | None, typer.Option(metavar="M", help="How many of them have to sign.")
    ] = None,
    platform: Annotated[
        str | None, typer.Option(help="For instance linux-x86_64; this machine's unless told.")
    ] = None,
    python: Annotated[
        str | None, typer.Option(help="For instance 3.12; this one's unless told.")
    ] = None,
    extra: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Add an extra: camera.")
    ] = None,
    like: Annotated[
        Path | None,
        typer.Option(
            metavar="KIT", readable=False, help="Make another's kit again, and compare the two."
        ),
    ] = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Make the kit that installs coldsign where there is no network.

    It takes the packages from the registry, so it needs the network itself. The officers then sign
    it with `coldsign kit sign`; docs/offline-kit.md tells how, and what to compare in person.
    """
    from signer.carry import kit
    from signer.core.files import refuse_existing
    from signer.release import bundle as making
    from signer.release.gather import Target

    here = session(context, as_json=as_json, home=home)
    refuse_existing(out)
    if like is not None:
        if any(given is not None for given in (release, officer, threshold, platform, python)):
            raise UnclearCommand(
                "--like takes everything from the other kit", hint="leave the other options out"
            )
        made = making.make_again(kit.read(like))
    else:
        if release is None or not officer or threshold is None:
            raise UnclearCommand(
                "which release, and who releases?",
                hint="give --release N, --officer FILE once for each, and --threshold M",
            )
        host = Target(kits.platform_here(), kits.python_here())
        target = Target(platform or host.platform, python or host.python)
        made = making.make(
            release=release,
            target=target,
            officers=_officers(officer, threshold),
            extras=sorted(set(extra or ())),
        )
    making.write(made, out)
    found = kit.read(out)
    here.emit(kits.data(found), kits.text(found))
    if like is not None:
        show.note("the same, byte for byte, from this machine's code and registry")
    show.note(f"next: coldsign kit sign {show.safe(str(out))}, on each releasing officer's machine")


def _officers(files: list[Path], threshold: int) -> "Officers":
    from policies import strict_json
    from policies.strict_json import Fields
    from signer.carry.kit import Officers
    from signer.core.files import read_limited
    from signer.core.names import KeyId

    keys: dict[str, KeyId] = {}
    for path in files:
        with named(path, hint=HINTS["officer"]):
            raw = read_limited(path, limit=_MAX_RECORD, what="officer")
            table = strict_json.load(raw, limit=_MAX_RECORD, what="officer", fault=Fault.OFFICER)
            required = ("kind", "version", "name", "key")
            fields = Fields(table, "officer", required, fault=Fault.OFFICER)
            fields.exactly("kind", "officer")
            fields.exactly("version", 1)
            name = fields.name("name")
            if name in keys:
                fields.bad("name", "another officer's", name)
            keys[name] = KeyId(fields.digest("key"))
    made = Officers(threshold, keys)
    with named("", hint="see `coldquorum bundle --help`", fault=Fault.OFFICER):
        return Officers.parse(made.to_bytes())
