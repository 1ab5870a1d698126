"""A program and its commands as a table: what is in it is imported when it is asked for.

`--help` lists what the table says; everything else about a command (its options, its whole help)
stands at its function. `tests/cli_offline/test_command_table.py` sees that both say the same.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final, NamedTuple

from signer.cli.surroundings import settled


class Plain(NamedTuple):
    """A command's plain lines: one file and, once each, options that are written out.

    Attributes:
        place: the function for them below `signer.cli`. It takes the session, the file's path, and
            what the options are named for here, as keywords.
        flags: options without a value, such as `--yes`.
        words: options with a word after them.
        files: options with a file's path after them.
    """

    place: str
    flags: Mapping[str, str] = {}
    words: Mapping[str, str] = {}
    files: Mapping[str, str] = {}


class Command(NamedTuple):
    """One command.

    Attributes:
        name: what people type.
        place: its function below `signer.cli`, for instance `offline.sign:sign`.
        about: the first sentence of the function's docstring.
        plain: the lines of it that are read without typer, if it has such.
    """

    name: str
    place: str
    about: str
    plain: Plain | None = None


class Group(NamedTuple):
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


class Program(NamedTuple):
    """A program.

    Attributes:
        name: what people type.
        about: one line for `--help`.
        table: its commands.
        home: the variable of the environment that names its folder.
        folder: where that is if nothing says.
        begin: called with the command's name before any command runs.
    """

    name: str
    about: str
    table: tuple[Entry, ...]
    home: str
    folder: str
    begin: Callable[[str | None], None]

    def place(self, home: Path | None) -> Path:
        """The program's folder: what `--home` said, or the environment, or the default."""
        return (home or Path(os.environ.get(self.home) or self.folder)).expanduser()

    def run(self, words: Sequence[str]) -> int:
        """Do what a command line says.

        Returns:
            The exit code.

        Raises:
            Usage: it cannot be understood.
        """
        if (line := plain_line(self.table, words)) is None:
            from signer.cli import typed

            return typed.run(typed.program(self), self.name, words)
        self.begin(line.command)
        here = settled(self.place(line.home), as_json=line.as_json)
        function(line.place)(here, line.file, **line.options)
        return 0


class Line(NamedTuple):
    """A plain command line, read.

    Attributes:
        command: its name.
        place: of the command's function for plain lines.
        file: what it is about.
        as_json: whether `--json` was given.
        home: what `--home` said.
        options: the others that were given, by the names of the function's parameters.
    """

    command: str
    place: str
    file: Path
    as_json: bool
    home: Path | None
    options: Mapping[str, object]


def plain_line(table: Sequence[Entry], words: Sequence[str]) -> Line | None:
    """Read a command line that needs no parser, or none: then it is typer's to read, or to refuse.

    Importing typer takes three times as long as a bare interpreter. What is read here is only:
    the command's name first; one file; and, each once, `--json`, `--home DIR` and the options of
    the command's `Plain`, a value in a word of its own that is not empty and begins with no dash.
    typer reads each such line the same (`tests/cli_offline/test_plain_lines.py` tries them all).
    """
    name, *rest = words or ("",)
    plain = next((c.plain for c in table if isinstance(c, Command) and c.name == name), None)
    if plain is None:
        return None
    flags = {"--json": "as_json", **plain.flags}
    files = {"--home": "home", **plain.files}
    found: dict[str, Any] = {}
    left = iter(rest)
    for word in left:
        value: object = True
        if (key := flags.get(word)) is None:
            key = files.get(word) or plain.words.get(word) or "file"
            given = word if key == "file" else next(left, "")
            if not given or given.startswith("-"):
                return None
            value = given if word in plain.words else Path(given)
        if key in found:
            return None
        found[key] = value
    if "file" not in found:
        return None
    file, as_json, home = found.pop("file"), found.pop("as_json", False), found.pop("home", None)
    return Line(name, plain.place, file, as_json, home, found)


def function(place: str) -> Callable[..., Any]:
    """Import a command's function; `place` is as in `Command`."""
    module, _, name = place.partition(":")
    found: Callable[..., Any] = getattr(import_module(f"signer.cli.{module}"), name)
    return found


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
