"""`qr show` and `qr scan`: the same for both programs.

A file goes out as a film of codes on the screen, as pictures, or on paper; codes come in from a
camera, from pictures and films, or as text from a hand scanner. Both sides show the same digits of
the SHA-256 of what is carried, for the officers to compare.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import cycle, islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from signer.cli import session, show
from signer.cli.session import HomeOption, JsonFlag
from signer.core.errors import BadInput, Fault

if TYPE_CHECKING:  # a command imports what it needs when it runs
    from signer.carry.payload import Payload
    from signer.carry.qr_reader import ReaderFailed
    from signer.carry.series import Session as Scan

_PICTURES = (".gif", ".html", ".png", ".svg")
_TRIES = 3
"""How often a camera's decoder is started again after it crashed."""


class Way(StrEnum):
    """How the codes are coded."""

    BBQR = "bbqr"
    """Every code needed, fewest codes: compressed."""
    UR = "ur"
    """Any codes will do, if enough: a lost one costs no second round."""


def show_(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What to show.")],
    *,
    way: Annotated[Way, typer.Option("--format", help="How the codes are coded.")] = Way.BBQR,
    name: Annotated[
        str | None, typer.Option("--as", metavar="TYPE", help="The UR type, for --format ur.")
    ] = None,
    density: Annotated[
        int | None, typer.Option("--density", metavar="1-40", help="The largest QR version.")
    ] = None,
    rate: Annotated[float, typer.Option("--rate", min=0.2, max=30, help="Codes a second.")] = 4,
    rounds: Annotated[
        int | None, typer.Option("--rounds", min=1, help="End after so many rounds.")
    ] = None,
    still: Annotated[bool, typer.Option("--still", help="All codes at once, no film.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="FILE", help="A film (.gif), pictures (.png .svg), a page."
        ),
    ] = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Show a file as QR codes: on the screen, or with -o in files."""
    from signer.carry import qr
    from signer.cli import animation, carried

    here = session.session(context, as_json=as_json, home=home)
    if name is not None and way is not Way.UR:
        raise BadInput("--as is for --format ur", fault=Fault.OFFICER, hint="add --format ur")
    payload = carried.load(file, name)
    film = output is None and not here.as_json and not still and sys.stdout.isatty()
    wanted = qr.DEFAULT_VERSION if density is None else density
    version = animation.fitting(wanted) if film else wanted
    series = _series(payload, way, name, version)
    count, about = len(series.first), _about(payload)
    files: list[Path] = []
    if film:
        every = _captioned(series.endless, count, f"{about}  ctrl-c ends")
        seen = every if rounds is None else islice(every, rounds * count)
        animation.play(seen, series.version, rate)
    elif output is not None:
        files = _write(output, payload, series, rate)
    elif not here.as_json:
        captions = _captioned(iter(series.first), count, about)
        show.out(animation.still(captions, series.version))
    data: dict[str, object] = {**_facts(payload), "format": str(way), "density": series.version}
    data |= {"files": [str(path) for path in files]} if files else {"codes": list(series.first)}
    rows = [("shown", f"{payload.kind}, {show.number(len(payload.data))} bytes")]
    rows += [("codes", f"{show.number(count)} {way}, density {series.version}")]
    rows += [("sha256", f"{payload.mark}  compare it on the other side")]
    rows += [("written", str(path)) for path in files]
    here.emit(data, show.columns(rows))


def scan(
    context: typer.Context,
    sources: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="Pictures and films; - for lines of text."),
    ] = None,
    *,
    camera: Annotated[
        str | None, typer.Option("--camera", metavar="DEVICE", help="For instance /dev/video0.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Where to write it.")
    ] = None,
    as_json: JsonFlag = False,
    home: HomeOption = None,
) -> None:
    """Read QR codes from a camera, pictures, films or a hand scanner into a new file."""
    from signer.carry.qr_reader import ReaderFailed
    from signer.carry.series import Session as Scan
    from signer.cli import carried
    from signer.core.files import refuse_existing, write_new

    here = session.session(context, as_json=as_json, home=home)
    if not sources and camera is None:
        raise BadInput(
            "nothing to read from",
            fault=Fault.OFFICER,
            expected="pictures, films, - or --camera DEVICE",
            hint="for instance: qr scan --camera /dev/video0",
        )
    if output is not None:
        refuse_existing(output)
    taken = Scan()
    failures: list[ReaderFailed] = []
    for codes in _sources(sources or [], camera):
        try:
            _take(codes, taken)
        except ReaderFailed as problem:
            failures.append(problem)
            show.warn(problem.what)
        if taken.progress.complete:
            break
    _finish_line()
    if failures and not taken.progress.complete:
        raise _incomplete(taken, failures[0])
    payload = taken.payload()
    content = carried.content(payload)
    target = output or carried.default_name(payload)
    write_new(target, content)
    progress = taken.progress
    here.emit(
        {**_facts(payload), "format": progress.way, "count": progress.need, "file": str(target)},
        show.columns(
            (
                ("read", f"{payload.kind}, {show.number(len(payload.data))} bytes"),
                ("codes", str(progress)),
                ("sha256", f"{payload.mark}  compare it with the other side"),
                ("written", str(target)),
            )
        ),
    )


@dataclass(frozen=True, slots=True)
class _Series:
    """What is shown.

    Attributes:
        first: the least number of codes, each needed.
        endless: all of them, for as long as anybody looks.
        version: of every code.
    """

    first: tuple[str, ...]
    endless: Iterator[str]
    version: int


def _series(payload: "Payload", way: Way, name: str | None, version: int) -> _Series:
    from signer.carry import bbqr, qr, ur

    characters = qr.capacity(version)
    if way is Way.BBQR:
        first = bbqr.split(payload, characters)
        endless: Iterator[str] = cycle(first)
    else:
        series = ur.Series(payload, characters, name)
        first, endless = series.first(), series.endless()
    return _Series(first, endless, qr.version_for(first[0]) if len(first) == 1 else version)


def _write(output: Path, payload: "Payload", series: _Series, rate: float) -> list[Path]:
    """Write pictures; names that are taken are refused before anything is drawn."""
    from signer.carry import picture, qr
    from signer.core.files import refuse_existing, write_new

    suffix = output.suffix.lower()
    if suffix not in _PICTURES:
        expected = ", ".join(_PICTURES)
        raise BadInput("no such picture", fault=Fault.OFFICER, expected=expected, found=suffix)
    count = len(series.first)
    names = [output]
    if suffix in (".png", ".svg") and count > 1:
        digits = len(str(count))
        names = [
            output.with_name(f"{output.stem}-{number:0{digits}}{output.suffix}")
            for number in range(1, count + 1)
        ]
    for path in names:
        refuse_existing(path)
    if suffix == ".gif":
        # Twice as many as are enough: who films it once may lose some.
        texts = islice(series.endless, count if count == 1 else 2 * count)
        codes = (qr.draw(text, series.version) for text in texts)
        write_new(output, picture.gif(codes, round(100 / rate)))
        return names
    drawn = [qr.draw(text, series.version) for text in series.first]
    if suffix == ".html":
        lines = [f"sha256 {payload.sha256}", f"compare: {payload.mark}"]
        title = f"{payload.kind}, {show.number(len(payload.data))} bytes"
        write_new(output, picture.page(drawn, title, lines).encode())
        return names
    for path, code in zip(names, drawn, strict=True):
        write_new(path, picture.png(code) if suffix == ".png" else picture.svg(code).encode())
    return names


def _sources(files: list[Path], camera: str | None) -> Iterator[Iterator[bytes]]:
    from signer.carry.qr_reader import read_file

    for path in files:
        yield _lines() if str(path) == "-" else read_file(path)
    if camera is not None:
        yield _camera(camera)


def _lines() -> Iterator[bytes]:
    """Codes as a hand scanner types them: a line each."""
    from signer.carry.series import MAX_CODE

    while line := sys.stdin.buffer.readline(MAX_CODE + 2):
        if code := line.rstrip(b"\r\n"):
            yield code


def _camera(device: str) -> Iterator[bytes]:
    """A camera's codes; its decoder is started again when it crashed in the middle."""
    from signer.carry.qr_reader import ReaderFailed, read_camera

    for left in reversed(range(_TRIES)):
        seen = False
        try:
            for code in read_camera(device):
                seen = True
                yield code
        except ReaderFailed as problem:
            if not seen or not left:
                raise
            show.warn(f"{problem.what}; starting it again")
        else:
            return


def _take(codes: Iterator[bytes], taken: "Scan") -> None:
    """Take codes in until the series is whole, and say how far it is."""
    said = ""
    for code in codes:
        if not code:
            continue
        progress = taken.receive(code)
        if str(progress) != said and sys.stderr.isatty():
            said = str(progress)
            sys.stderr.write(f"\r{said[:78]}\x1b[K")
            sys.stderr.flush()
        if progress.complete:
            return


def _finish_line() -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def _incomplete(taken: "Scan", failure: "ReaderFailed") -> BadInput:
    return BadInput(
        failure.what,
        fault=failure.fault,
        expected=failure.expected,
        found=", ".join(filter(None, (failure.found, str(taken.progress)))),
        hint="show the missing codes again, from another source",
    )


def _captioned(codes: Iterator[str], count: int, about: str) -> Iterator[tuple[str, str]]:
    for number, code in enumerate(codes, 1):
        yield code, f"{(number - 1) % count + 1}/{count}  {about}"


def _about(payload: "Payload") -> str:
    return f"{payload.kind}  {show.number(len(payload.data))} bytes  sha256 {payload.mark}"


def _facts(payload: "Payload") -> dict[str, object]:
    return {"kind": str(payload.kind), "bytes": len(payload.data), "sha256": payload.sha256}
