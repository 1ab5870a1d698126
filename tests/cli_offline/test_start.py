"""How coldsign starts: tested whole where a key may be touched, and with little where none is."""

import subprocess
import sys

import pytest
from coldsign_terminal import ROOT

from signer.cli import coldsign, exits
from signer.cli.commands import Group, plain_line
from signer.core.errors import Fault, SelfTestFailed
from signer.keys import hardening
from signer.sign import selftest

COMMANDS = [
    command
    for entry in coldsign._TABLE
    for command in (
        [(entry.name, inner.name) for inner in entry.commands]
        if isinstance(entry, Group)
        else [(entry.name,)]
    )
]
KEYS = ("signer.keys.", "signer.sign.softkey", "signer.sign.sign", "embit")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_all_but_inspect_start_with_the_whole_self_test(monkeypatch, command, capsys, tmp_path):
    """Each command of the table: only the one that no key can be reached from leaves a part out."""
    asked = []
    monkeypatch.setattr(hardening, "harden", lambda: asked.append("hardened"))
    monkeypatch.setattr(selftest, "run", lambda *, keyless=False: asked.append(keyless))
    assert exits.run(coldsign.app, ["--home", str(tmp_path), *command, "--help"]) == 0
    assert asked == ["hardened", command == ("inspect",)]
    assert "Usage:" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["inspect", "sign"])
def test_a_plain_line_starts_as_any_other(monkeypatch, command, tmp_path):
    """What is read without typer is hardened and tested before it reads a file."""
    asked, gone = [], str(tmp_path / "gone.psbt")
    monkeypatch.setattr(hardening, "harden", lambda: asked.append("hardened"))
    monkeypatch.setattr(selftest, "run", lambda *, keyless=False: asked.append(keyless))
    words = [command, gone, "--home", str(tmp_path / "home")]
    assert plain_line(coldsign._TABLE, words)
    assert exits.run(coldsign.app, words) == 4
    assert asked == ["hardened", command == "inspect"]


@pytest.mark.parametrize("command", ["inspect", "sign"])
def test_a_plain_line_does_nothing_where_the_self_test_fails(monkeypatch, command, tmp_path):
    """No self-test, no start: not even the home is made."""

    def fails(*, keyless=False):
        raise SelfTestFailed("broken", fault=Fault.MACHINE)

    monkeypatch.setattr(hardening, "harden", lambda: None)
    monkeypatch.setattr(selftest, "run", fails)
    words = [command, str(tmp_path / "gone.psbt"), "--home", str(tmp_path / "home")]
    assert exits.run(coldsign.app, words) == 1
    assert not (tmp_path / "home").exists()


def modules(command, folder):
    """What the real program has loaded when it looks for its file, and finds none."""
    gone = folder / "gone.psbt"
    code = (
        "import sys\n"
        "from signer.cli.coldsign import main\n"
        "try:\n    main()\nfinally:\n    print(*sys.modules, sep='\\n')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "--home", folder / "home", command, gone],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4, done.stderr
    assert str(gone) in done.stderr
    return done.stdout.split()


def test_inspect_loads_nothing_that_opens_a_key(tmp_path):
    """In the real program: no keystore, no second engine, no words, up to the step that fails."""
    loaded = modules("inspect", tmp_path)
    assert "signer.sign.check" in loaded
    assert [m for m in loaded if m.startswith(KEYS)] == ["signer.keys.hardening"]


@pytest.mark.parametrize("command", ["inspect", "sign"])
def test_what_reads_a_transaction_does_not_even_load_sockets(tmp_path, command):
    """The audit hook would stop a socket; the module that makes them is not there to be used.

    `importlib.metadata` brings it, by way of e-mail's, and costs two bare starts: only a receipt,
    which names the version that judged, needs it.
    """
    assert not {"socket", "ssl", "importlib.metadata"} & set(modules(command, tmp_path))
