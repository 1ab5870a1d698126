"""The table of commands: it says what the commands say, and loads none that is not asked for."""

import inspect
import json
import re
import subprocess
import sys
from importlib import import_module

import pytest
import typer

from signer.cli import coldquorum, coldsign, exits, typed
from signer.cli.commands import QR, Group

PROGRAMS = {"coldsign": (coldsign, "offline"), "coldquorum": (coldquorum, "online")}
ENTRIES = [
    (name, group, command)
    for name, (program, _) in PROGRAMS.items()
    for entry in program._TABLE
    for group, commands in [
        (entry.name, entry.commands) if isinstance(entry, Group) else ("", (entry,))
    ]
    for command in commands
]
HEAVY = ("btclib_secp256k1", "cryptography", "embit", "policies.policy", "rich", "pydantic")


@pytest.mark.parametrize(
    ("program", "group", "command"), ENTRIES, ids=[f"{p} {g} {c.name}" for p, g, c in ENTRIES]
)
def test_the_help_says_what_the_command_says(program, group, command):
    """The line in the table is the first sentence of the function, which is where it stands."""
    module, _, function = command.place.partition(":")
    doc = inspect.getdoc(getattr(import_module(f"signer.cli.{module}"), function))
    first = " ".join(doc.split("\n\n")[0].split())
    assert command.about == re.split(r"(?<=\.)\s", first)[0]
    # An import by name is one that the import contracts do not see.
    assert module == "qr" or module.startswith(f"{PROGRAMS[program][1]}.")


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_name_stands_once(name):
    """One command a name, in each group; and the codes are carried alike by both programs."""
    table = PROGRAMS[name][0]._TABLE
    for entries in (table, *(entry.commands for entry in table if isinstance(entry, Group))):
        names = [entry.name for entry in entries]
        assert sorted(set(names)) == sorted(names)
    assert QR in table


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_help_loads_no_command(name):
    """No command's module, no key, no policy, no curve is imported to print the help."""
    code = (
        "import json, sys\n"
        f"from signer.cli import {name} as program\n"
        f"sys.argv = [{name!r}, '--help']\n"
        "try:\n    program.main()\nexcept SystemExit as end:\n    code = end.code\n"
        "print(json.dumps([code, sorted(sys.modules)]), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    ended, loaded = json.loads(done.stderr)
    assert ended == 0
    package = f"signer.cli.{PROGRAMS[name][1]}."
    assert not [m for m in loaded if m.startswith((*HEAVY, package))]
    for entry in PROGRAMS[name][0]._TABLE:
        assert re.search(
            rf"^  {entry.name} +{re.escape(entry.about[:20])}", done.stdout, re.MULTILINE
        )


def test_a_mistyped_command_is_met_with_the_nearest(capsys):
    """The names to compare with are those of the table; a name that is not there is none."""
    assert exits.run(coldsign.app, ["enroll"]) == 2
    assert "No such command 'enroll'. Did you mean 'enrol'?" in capsys.readouterr().err
    group = typer.main.get_command(typed.program(coldsign.app))
    assert list(group.commands) == group.list_commands(None)
    assert len(group.commands) == len(coldsign._TABLE)
    assert group.commands.get("nothing") is None
