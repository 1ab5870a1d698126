"""How programs end: exit codes and the lines about what went wrong."""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from coldsign_terminal import PROGRAM, ROOT, coldsign

from signer.chain.errors import NodeAuth, NodeSyncing
from signer.cli import exits, typed
from signer.core.errors import BadInput, Fault, Refusal, Refused, SelfTestFailed

SWAPPED = Refusal(
    7, "outputs.destination", "a destination was not approved", Fault.COORDINATOR,
    expected="bcrt1qapproved", found="bcrt1qthief", hint="do not sign; tell the others",
)  # fmt: skip
FEE = Refusal(8, "fees.absolute", "the fee is too high", Fault.COORDINATOR)


def run(error, *arguments, capsys):
    """Run a program of one command that raises an error; give code, stdout and stderr."""
    app = typer.Typer(name="trial", rich_markup_mode=None)

    @app.command()
    def only(json: bool = False):
        if error is not None:
            raise error
        typer.echo(f"fine {json}")

    trial = SimpleNamespace(name="trial", run=partial(typed.run, app, "trial"))
    code = exits.run(trial, arguments)
    return (code, *capsys.readouterr())


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, 0),
        (BadInput("no", fault=Fault.OFFICER), 4),
        (Refused(SWAPPED), 3),
        (Refused(SWAPPED, FEE), 3),
        (NodeAuth("no"), 6),
        (NodeSyncing("no"), 6),
        (SelfTestFailed("no", fault=Fault.MACHINE), 1),
        (ValueError("abandon"), 1),
        (RecursionError("abandon"), 1),
        (OSError(28, "No space left on device", "/somewhere"), 4),
        (KeyboardInterrupt(), 130),
        (typer.Exit(7), 7),
        (typer.Abort(), 130),
        (typer.BadParameter("no"), 2),
    ],
    ids=repr,
)
def test_every_end_has_its_code(capsys, error, code):
    """As the table in the module says; a failure prints nothing on stdout without --json."""
    got, out, err = run(error, capsys=capsys)
    assert got == code
    assert (out == "") == (error is not None)
    assert "Traceback" not in err
    assert "abandon" not in err


def test_a_refusal_tells_everything(capsys):
    """Reason, step, rule, fault, expected, found, hint: for people."""
    _, _, err = run(Refused(SWAPPED, FEE), capsys=capsys)
    assert err.splitlines() == [
        "refused: a destination was not approved [step 7, outputs.destination]",
        "  at fault: coordinator",
        "  expected: bcrt1qapproved",
        "  found: bcrt1qthief",
        "  hint: do not sign; tell the others",
        "refused: the fee is too high [step 8, fees.absolute]",
        "  at fault: coordinator",
    ]


def test_a_refusal_for_programs(capsys):
    """With --json the same, as one object on stdout."""
    code, out, _ = run(Refused(SWAPPED, FEE), "--json", capsys=capsys)
    error = json.loads(out)["error"]
    assert (error["exit_code"], error["kind"]) == (code, "Refused") == (3, "Refused")
    assert error["what"] == "a destination was not approved"
    assert [refusal["rule"] for refusal in error["refusals"]] == [SWAPPED.rule, FEE.rule]
    assert error["refusals"][0]["found"] == "bcrt1qthief"


def test_errors_are_safe_for_the_terminal(capsys):
    """What an error quotes from a document cannot repaint the screen or add lines."""
    error = BadInput("bad\n\x1b[2Jname", fault=Fault.OFFICER, found="a\u202eb")
    _, _, err = run(error, capsys=capsys)
    assert err == "error: bad\\n\\x1b[2Jname\n  at fault: officer\n  found: a\\u202eb\n"


def test_usage_errors(capsys):
    """Code 2, one line and the way to the help; an object with --json."""
    code, out, err = run(None, "--nonsense", "--json", capsys=capsys)
    assert code == 2
    assert "hint: trial --help" in err
    assert json.loads(out)["error"]["kind"] == "Usage"


@pytest.mark.parametrize("arguments", [(), ("key",), ("officer",)])
def test_no_command_prints_the_help(arguments):
    """On stderr, with code 2; with --json there is an object as well."""
    done = coldsign(*arguments)
    assert (done.code, done.out) == (2, "")
    assert "Usage: coldsign" in done.err
    done = coldsign(*arguments, "--json")
    assert done.code == 2
    assert json.loads(done.out)["error"]["exit_code"] == 2


def test_a_reader_that_went_away():
    """A closed pipe is no error to tell: quiet, with the code that shells use."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*PROGRAM, "selftest"], cwd=ROOT, stdout=write, stderr=subprocess.PIPE, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_a_full_disk_behind_stdout():
    """A result that could not be written is a failure, told in one line."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*PROGRAM, "selftest"], cwd=ROOT, stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 4
    assert (
        done.stderr.decode().splitlines()[0] == "error: the machine says: no space left on device"
    )


def test_an_ascii_terminal_is_no_failure():
    """Names that the terminal's encoding lacks are written another way."""
    done = coldsign("key", "xpub", "ä\udcff", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.code == 4
    assert "not a name for a key" in done.err


def test_the_self_test_at_every_start(tmp_path):
    """A broken library stops every command before it does anything, with code 1."""
    code = (
        "import signer.core.secp as secp; secp.verify_ecdsa = lambda *_: True\n"
        "from signer.cli import coldsign; coldsign.main()"
    )
    home = tmp_path / "home"
    done = coldsign("key", "list", "--home", home, program=(sys.executable, "-c", code))
    assert done.code == 1
    assert "self-test failed" in done.err
    assert not home.exists()


def test_the_command_shows_the_self_test():
    """Each check by name; the vectors and defences of the design are among them."""
    told = coldsign("selftest").out
    assert "ok  core dumps off\n" in told
    for name in ("libsecp256k1", "BIP32", "BIP143", "RFC 6979", "Ed25519", "Argon2id", "socket"):
        assert name in told
