"""Lines that are read without typer: typer reads each of them the same, and all others itself."""

import itertools
import subprocess
import sys

import pytest
from coldsign_terminal import ROOT

from signer.cli import coldsign, session, typed
from signer.cli.commands import plain_line

WORDS = ("--json", "--home", "--coin", "-x", "--", "-", "", "--json=1", "--home=a", "a", "b")


@pytest.fixture
def typer_reads(monkeypatch):
    """What typer makes of a line of `inspect`, without doing it."""
    read = []
    monkeypatch.setattr(coldsign, "_begin", lambda _command: None)
    monkeypatch.setattr(session, "settled", lambda home, *, as_json: (home, as_json))
    import signer.cli.offline.inspect as command

    monkeypatch.setattr(command, "inspected", lambda *given: read.append(given))
    app = typed.program(coldsign.app._replace(begin=lambda _command: None))

    def reads(words):
        read.clear()
        assert typed.run(app, "coldsign", words) == 0
        return read.pop()

    return reads


def test_typer_reads_every_plain_line_the_same(typer_reads):
    """All lines of up to five words after the command's, of words that a line may be made of."""
    accepted = 0
    for count in range(6):
        for rest in itertools.product(WORDS, repeat=count):
            words = ("inspect", *rest)
            if (line := plain_line(coldsign._TABLE, words)) is None:
                continue
            accepted += 1
            here, file, coin, network = typer_reads(words)
            assert here == (coldsign.app.place(line.home), line.as_json)
            assert (file, coin, network) == (line.file, "BTC", "main")
            assert not line.options
    assert accepted == 2 + 4 + 8 + 24  # the file alone; with --json; with --home; with both


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
