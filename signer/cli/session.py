"""`--json` and `--home`: the two options of every command, before the command's name or after it.

A program's root callback calls `begin`; groups of commands are made by `group`; each command takes
`as_json: JsonFlag = False` and `home: HomeOption = None` after its own parameters, and asks
`session(context, ...)` for the answer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from signer.cli import show
from signer.core.errors import BadInput, Fault

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
HomeOption = Annotated[
    Path | None, typer.Option("--home", metavar="DIR", help="The folder of this program's files.")
]


@dataclass(frozen=True, slots=True)
class Session:
    """What a command knows about its surroundings.

    Attributes:
        home: the program's folder; `session` has made it.
        as_json: print JSON on stdout.
    """

    home: Path
    as_json: bool

    def emit(self, data: Mapping[str, object], text: str) -> None:
        """Print the result: JSON or text, as asked."""
        show.emit(self.as_json, data, text)

    def render(self, data: Callable[[], Mapping[str, object]], text: Callable[[], str]) -> None:
        """As `emit`, where each form takes a while to make: only the one that was asked for is."""
        self.emit(data() if self.as_json else {}, "" if self.as_json else text())


def begin(context: typer.Context, *, home: Path, as_json: bool) -> None:
    """Keep what was given before the command's name. For the root callback."""
    context.obj = Session(home.expanduser(), as_json)


def group(about: str, cls: type[TyperGroup]) -> typer.Typer:
    """A group of commands that also takes the two options between its name and the command's."""
    app = typer.Typer(
        cls=cls, help=about, no_args_is_help=True, add_completion=False, rich_markup_mode=None
    )

    @app.callback()
    def between(
        context: typer.Context, *, as_json: JsonFlag = False, home: HomeOption = None
    ) -> None:
        root = _root(context)
        place = root.home if home is None else home.expanduser()
        context.find_root().obj = Session(place, as_json or root.as_json)

    return app


def session(context: typer.Context, *, as_json: bool, home: Path | None) -> Session:
    """The session of a command; makes the home folder, for its owner only (0700), if missing.

    Raises:
        BadInput: the home cannot be a folder.
    """
    root = _root(context)
    place = root.home if home is None else home.expanduser()
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(
            f"the home folder cannot be made: {place}",
            fault=Fault.MACHINE,
            found=(error.strerror or "").lower(),
            hint="choose another with --home DIR",
        ) from error
    return Session(place, as_json or root.as_json)


def _root(context: typer.Context) -> Session:
    root = context.find_root().obj
    if not isinstance(root, Session):
        raise TypeError("the root callback did not begin a session")
    return root
