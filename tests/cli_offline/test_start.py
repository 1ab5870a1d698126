"""How coldsign starts: tested whole where a key may be touched, and with little where none is."""

import subprocess
import sys

import pytest
from coldsign_terminal import ROOT

from signer.cli import coldsign, exits
from signer.cli.commands import Group
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


def test_inspect_loads_nothing_that_opens_a_key(tmp_path):
    """In the real program: no keystore, no second engine, no words, up to the step that fails."""
    torn = tmp_path / "torn.psbt"
    torn.write_bytes(b"psbt\xff\x01")
    code = (
        "import sys\n"
        "from signer.cli.coldsign import main\n"
        "try:\n    main()\nfinally:\n    print(*sys.modules, sep='\\n')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "--home", tmp_path / "home", "inspect", torn],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    loaded = done.stdout.split()
    assert done.returncode == 4, done.stderr
    assert f"error: {torn}:" in done.stderr
    assert "signer.sign.check" in loaded
    assert [m for m in loaded if m.startswith(KEYS)] == ["signer.keys.hardening"]
