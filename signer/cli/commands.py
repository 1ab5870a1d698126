"""A program's commands as a table: the module of each is imported when the command is asked for.

`--help` lists what the table says; everything else about a command (its options, its whole help)
stands at its function. `tests/cli_offline/test_command_table.py` sees that both say the same.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, cast

import typer
from typer.core import TyperCommand, TyperGroup

from signer.cli import session


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        name: what people type.
        place: its function below `signer.cli`, for instance `offline.sign:sign`.
        about: the first sentence of the function's docstring.
    """

    name: str
    place: str
    about: str


@dataclass(frozen=True, slots=True)
class Group:
    """Commands that share their first word.

    Attributes:
        name: that word.
        about: one line for `--help`.
        commands: in the order of the help.
    """

    name: str
    about: str
    commands: tuple[Command, ...]


Entry = Command | Group


def group(name: str, about: str, *commands: Command) -> Group:
    """Write a group down."""
    return Group(name, about, commands)


QR: Final = group(
    "qr",
    "QR codes: shown here, or read from a camera or pictures.",
    Command("show", "qr:show_", "Show a file as QR codes: on the screen, or with -o in files."),
    Command(
        "scan",
        "qr:scan",
        "Read QR codes from a camera, pictures, films or a hand scanner into a new file.",
    ),
)
"""The same for both programs."""


def listing(*table: Entry) -> type[TyperGroup]:
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

    def __init__(self, table: tuple[Entry, ...]) -> None:
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
        app = session.group(entry.about, listing(*entry.commands))
    else:
        module, _, function = entry.place.partition(":")
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(entry.name)(getattr(import_module(f"signer.cli.{module}"), function))
    made = cast("TyperCommand | TyperGroup", typer.main.get_command(app))
    made.name = entry.name
    return made
