"""`--json` and `--home`: the two options of every command, before the command's name or after it.

A program's root callback calls `begin`; groups of commands are made by `group`; each command takes
`as_json: JsonFlag = False` and `home: HomeOption = None` after its own parameters, and asks
`session(context, ...)` for the answer.
"""

from pathlib import Path
from typing import Annotated

import typer
from typer.core import TyperGroup

from signer.cli.surroundings import Session, settled

__all__ = ["HomeOption", "JsonFlag", "Session", "begin", "group", "session"]

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home", metavar="DIR", readable=False, help="The folder of this program's files."
    ),
]


def begin(context: typer.Context, *, home: Path, as_json: bool) -> None:
    """Keep what was given before the command's name. For the root callback."""
    context.obj = Session(home, as_json)


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
    return settled(place, as_json=as_json or root.as_json)


def _root(context: typer.Context) -> Session:
    root = context.find_root().obj
    if not isinstance(root, Session):
        raise TypeError("the root callback did not begin a session")
    return root
