"""Lines that are read without typer: typer reads each of them the same, and all others itself."""

import inspect
import itertools
import subprocess
import sys
from importlib import import_module

import pytest
from coldsign_terminal import ROOT

from signer.cli import coldsign, session, typed
from signer.cli.commands import Command, function, plain_line
from signer.cli.surroundings import Session

PLAIN = {c.name: c.plain for c in coldsign._TABLE if isinstance(c, Command) and c.plain}
COMMON = ("--json", "--home", "-x", "--", "-", "", "a")
LINES = {
    "inspect": ((*COMMON, "b", "--coin", "--json=1", "--home=a"), 5),
    "sign": (
        (*COMMON, "--yes", "--key", "-o", "--output", "--passphrase-file", "-oa", "--receipt"),
        4,
    ),
}
"""Words that a line may be made of, and how many of them after the command's name."""


@pytest.fixture
def typer_reads(monkeypatch):
    """What typer makes of a line, without doing it: the arguments of the same function."""
    read = {}
    monkeypatch.setattr(session, "settled", Session)
    app = typed.program(coldsign.app._replace(begin=lambda _command: None))

    def reads(plain, words):
        module, _, name = plain.place.partition(":")
        does = getattr(import_module(f"signer.cli.{module}"), name)
        command = import_module(f"signer.cli.offline.{words[0]}")
        monkeypatch.setattr(
            command, name, lambda *given, **named: read.update(bound(does, given, named))
        )
        read.clear()
        assert typed.run(app, "coldsign", words) == 0
        return dict(read)

    return reads


def bound(function, given, named):
    """The arguments of a call by name, those left out with their defaults."""
    call = inspect.signature(function).bind(*given, **named)
    call.apply_defaults()
    return call.arguments


@pytest.mark.parametrize("name", PLAIN)
def test_typer_reads_every_plain_line_the_same(typer_reads, name):
    """All short lines of the command: what is read plainly, typer reads the same."""
    (words, most), accepted, plain = LINES[name], 0, PLAIN[name]
    assert set(words) >= {"--json", "--home", *plain.flags, *plain.words, *plain.files}
    for count in range(most + 1):
        for rest in itertools.product(words, repeat=count):
            if (line := plain_line(coldsign._TABLE, (name, *rest))) is None:
                continue
            accepted += 1
            here = Session(coldsign.app.place(line.home), line.as_json)
            does = function(line.place)
            plainly = bound(does, (here, line.file), line.options)
            assert plainly == typer_reads(plain, (name, *rest))
    if name == "inspect":
        assert accepted == 2 + 4 + 8 + 24  # the file alone; with --json; with --home; with both
    assert accepted > 30


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("",),
        ("inspect",),
        ("inspect", "a", "b"),
        ("inspect", "a", "--json", "--json"),
        ("inspect", "a", "--home"),
        ("inspect", "a", "--home", "-b"),
        ("inspect", "--help"),
        ("inspect", "-"),
        ("--json", "inspect", "a"),
        ("key", "inspect", "a"),
        ("key",),
        ("enrol", "a"),
        ("sign", "a", "--device", "d"),
        ("sign", "a", "-o", "b", "--output", "c"),
        ("sign", "a", "-ob"),
    ],
)
def test_any_other_line_is_typers(words):
    """A mistake, a repetition, another order, another command: nothing of it is guessed at."""
    assert plain_line(coldsign._TABLE, words) is None


def test_the_real_program_starts_alike_by_both_ways(tmp_path):
    """One file asked about plainly and by way of typer: one answer, and only one loads typer."""
    file = tmp_path / "no.psbt"
    file.write_bytes(b"no psbt")
    code = (
        "import sys\nfrom signer.cli.coldsign import main\n"
        "try:\n    main()\nfinally:\n    print('typer' in sys.modules, file=sys.stderr)\n"
    )
    said = []
    for words in (["inspect", file, "--json"], ["--json", "inspect", file]):
        done = subprocess.run(
            [sys.executable, "-c", code, *words],
            cwd=ROOT,
            env={"COLDSIGN_HOME": str(tmp_path / "home"), "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        *told, typer = done.stderr.splitlines()
        said.append((done.returncode, done.stdout, told))
        assert typer == str(words[0] == "--json")
    assert said[0] == said[1]
    assert said[0][0] == 4
