"""What it costs to start: whole processes, from the interpreter's first byte on."""

import subprocess
import sys
import tempfile
from pathlib import Path

from bench.home import enrolled, environment

_BARE = """import typer

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def first(name: str) -> None:
    "Do one thing."


@app.command()
def second(name: str, many: int = 3) -> None:
    "Do another."


app()
"""


def version():
    """What starts."""
    from importlib.metadata import version as of

    return f"this tree, typer {of('typer')}"


def _process(arguments, home=None):
    command = [sys.executable, "-P", *map(str, arguments)]
    where = environment(home)

    def run():
        return subprocess.run(command, env=where, capture_output=True, check=True).stdout

    return run, bytes, lambda: 0


def python(case, *, ground):
    """The bare interpreter."""
    return _process(["-c", "pass"])


def bare(case, *, ground):
    """A Typer program of two commands, without rich."""
    path = Path(case.folder) / "bare.py"
    path.write_text(_BARE)
    # Typer imports rich where it is installed, unless it is told not to.
    return _process([path, "--help"])


def coldsign(case, *, ground):
    """`coldsign --help`."""
    return _process(["-m", "signer.cli.coldsign", "--help"])


def coldquorum(case, *, ground):
    """`coldquorum --help`."""
    return _process(["-m", "signer.cli.coldquorum", "--help"])


def selftest(case, *, ground):
    """`coldsign selftest`: what each `coldsign sign` does before it reads anything."""
    return _process(["-m", "signer.cli.coldsign", "selftest", "--json"])


def inspect(case, *, ground):
    """`coldsign inspect`, of a vault that is enrolled."""
    home = enrolled(Path(tempfile.mkdtemp(dir=case.folder)), keys=False)
    return _process(
        ["-m", "signer.cli.coldsign", "inspect", Path(case.folder) / "psbt", "--json"], home
    )


JOBS = {
    "python": python,
    "bare": bare,
    "coldsign": coldsign,
    "coldquorum": coldquorum,
    "selftest": selftest,
    "inspect": inspect,
}
