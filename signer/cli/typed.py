"""A program's table as typer reads it: the module of a command is imported when it is asked for."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

import typer
from typer.core import TyperCommand, TyperGroup

from signer.cli import session, show
from signer.cli.commands import Entry, Group, Program, function
from signer.cli.exits import Usage
from signer.cli.session import HomeOption, JsonFlag

# Older typers raise click's UsageError, newer ones that of a click of their own: this is either.
_UsageError: Final = cast("type[Exception]", typer.BadParameter.__mro__[1])


def program(of: Program) -> typer.Typer:
    """A whole program."""
    app = typer.Typer(
        name=of.name,
        cls=_listing(of.table),
        help=of.about,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,  # plain help: half the start-up time, the same on every terminal
        pretty_exceptions_enable=False,  # they print local variables
    )

    @app.callback()
    def root(context: typer.Context, *, as_json: JsonFlag = False, home: HomeOption = None) -> None:
        of.begin(context.invoked_subcommand)
        session.begin(context, home=of.place(home), as_json=as_json)

    return app


def run(app: typer.Typer, name: str, words: Sequence[str]) -> int:
    """Run a command line.

    Raises:
        Usage: it cannot be understood.
        KeyboardInterrupt: the person stopped it.
    """
    try:
        command = typer.main.get_command(app)
        result = command.main(args=list(words), prog_name=name, standalone_mode=False)
    except _UsageError as error:
        raise _usage(error) from None
    except typer.Abort:
        raise KeyboardInterrupt from None
    return result if isinstance(result, int) else 0


def _usage(error: Exception) -> Usage:
    """What is wrong with a command line."""
    context = getattr(error, "ctx", None)
    message = str(getattr(error, "format_message", error.__str__)())
    if type(error).__name__ == "NoArgsIsHelpError":  # its message is the whole help text
        show.note(message)
        return Usage("a command is missing", helped=True)
    path = getattr(context, "command_path", "")
    hint = f"{path} --help" if path else ""
    return Usage(message.rstrip("."), hint=hint)


def _listing(table: Sequence[Entry]) -> type[TyperGroup]:
    """The class of a group of commands, for `typer.Typer(cls=...)`."""

    class Listing(TyperGroup):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            self.commands = cast("dict[str, Any]", _Commands(table))

        def list_commands(self, ctx: object) -> list[str]:  # noqa: ARG002 -- click's signature
            return [entry.name for entry in table]

        def format_commands(self, ctx: object, formatter: Any) -> None:  # noqa: ARG002 -- as above
            with formatter.section("Commands"):
                formatter.write_dl([(entry.name, entry.about) for entry in table])

    return Listing


class _Commands(Mapping[str, "TyperCommand | TyperGroup"]):
    """The commands of a table under their names, each made when it is asked for."""

    def __init__(self, table: Sequence[Entry]) -> None:
        self._table = {entry.name: entry for entry in table}
        self._made: dict[str, TyperCommand | TyperGroup] = {}

    def __getitem__(self, name: str) -> "TyperCommand | TyperGroup":
        if name not in self._made:
            self._made[name] = _make(self._table[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


def _make(entry: Entry) -> "TyperCommand | TyperGroup":
    if isinstance(entry, Group):
        app = session.group(entry.about, _listing(entry.commands))
    else:
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(entry.name)(function(entry.place))
    made = cast("TyperCommand | TyperGroup", typer.main.get_command(app))
    made.name = entry.name
    return made
